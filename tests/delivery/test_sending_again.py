"""«Renvoyer»: what leaves once more, what does not, and what is said of it."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import database_now, db
from app.delivery import by_hand, journal_acts, journal_routes, tick
from app.delivery.bouncing import bounced
from app.delivery.models import Delivery
from app.delivery.why import why
from app.library import judging, replacing, trashing
from app.library.deposit import Deposited
from app.library.models import Document
from app.library.receiving import receive
from tests.cast import Browser, House, signed_in
from tests.delivery.world import change, copies_of, switch_elm_on
from tests.papers import one_page_pdf
from tests.smtp import MailServer


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def asked(ada: Browser, *deliveries: Delivery, act: str = "resend") -> str:
    """What is said then."""
    ids = [str(delivery.id) for delivery in deliveries]
    data = {"act": act, "id": ids}
    page = ada.post("/deliveries", data=data, follow_redirects=True).text
    db.session.commit()
    found = re.search(r"[^<>\n]*prochain passage\.[^<>\n]*", page)
    assert found
    return found[0].strip()


def failed(house: House) -> tuple[Deposited, Document]:
    done = house.drop()
    change(done, state="failed", reason="refused")
    return done, db.session.get_one(Document, done.document.id)


def test_what_was_sent_again_and_has_arrived_is_not_said_to_leave(
    house: House, ada: Browser
) -> None:
    done, _document = failed(house)
    old = copies_of(done)[0]
    assert asked(ada, old) == "1 document partira au prochain passage."
    tick.run()
    assert asked(ada, *copies_of(done)).startswith("0 document partira")
    assert [copy.state for copy in copies_of(done)] == ["failed", "accepted"]


def buttons(ada: Browser, delivery: Delivery) -> tuple[bool, bool]:
    """Whether its line and its story offer to send it again."""
    line = f'value="resend {delivery.id}"' in ada.get("/deliveries").text
    story = 'value="resend"' in ada.get(f"/deliveries/{delivery.id}").text
    db.session.commit()
    return line, story


def test_what_was_sent_again_is_offered_no_more_but_what_became_of_it(
    house: House, ada: Browser
) -> None:
    done, document = failed(house)
    (old,) = copies_of(done)
    assert buttons(ada, old) == (True, True)
    asked(ada, old)
    assert buttons(ada, old) == (False, False)
    change(done, state="failed", reason="refused")
    old, new = copies_of(done)
    assert buttons(ada, old) == (False, False)
    assert buttons(ada, new) == (True, True)
    trashing.trash_document(document, by=house.admin)
    db.session.commit()
    assert buttons(ada, new) == (False, False)


def test_what_was_sent_again_since_is_not_called_off(
    house: House, ada: Browser
) -> None:
    """It has left: «will not leave» would be wrong, and the bounce is history."""
    done = house.drop()
    tick.run()
    assert bounced(copies_of(done)[0], "550 5.1.1 No such user")
    db.session.commit()
    first = copies_of(done)[0].id
    assert "Annuler" in ada.get(f"/deliveries/{first}").text
    assert by_hand.resend(copies_of(done)[0], by=house.admin)
    db.session.commit()
    tick.run()
    assert "Annuler" not in ada.get(f"/deliveries/{first}").text
    data = {"act": "cancel", "id": [str(copy.id) for copy in copies_of(done)]}
    page = ada.post("/deliveries", data=data, follow_redirects=True).text
    assert "2 laissés tels quels" in page.replace("\xa0", " ")
    assert [copy.state for copy in copies_of(done)] == ["bounced", "accepted"]


def test_two_lines_of_one_document_make_it_leave_once(
    house: House, ada: Browser, smtp: MailServer
) -> None:
    done, _document = failed(house)
    asked(ada, *copies_of(done))
    change(done, state="failed", reason="refused")
    said = asked(ada, *copies_of(done))
    assert said.startswith("1 document partira au prochain passage. 1 laissé tel quel")
    tick.run()
    assert len(smtp.messages) == 1


def test_what_is_held_all_the_same_is_said_to_be(house: House, ada: Browser) -> None:
    done, _document = failed(house)
    connection = house.dune_connection()
    for destination in connection.destinations:
        db.session.delete(destination)
    db.session.commit()
    said = asked(ada, *copies_of(done))
    assert said.endswith("1 reste en attente\u00a0: sa ligne dit pourquoi.")
    # And once more: it leaves by itself when its reason is gone.
    assert "1 laissé tel quel" in asked(ada, *copies_of(done)[1:])
    assert len(copies_of(done)) == 2


def test_released_it_may_be_held_by_its_connection(house: House, ada: Browser) -> None:
    done = house.drop()
    change(done, state="held", reason="duplicate_review")
    for destination in house.dune_connection().destinations:
        db.session.delete(destination)
    db.session.commit()
    assert "1 reste en attente" in asked(ada, *copies_of(done), act="release")


@pytest.mark.parametrize("why", ["refused", "trashed"])
def test_what_the_firm_refused_or_threw_away_does_not_leave(
    house: House, ada: Browser, smtp: MailServer, why: str
) -> None:
    done, document = failed(house)
    if why == "refused":
        judging.refuse(document, "illisible", by=house.admin)
    else:
        trashing.trash_document(document, by=house.admin)
    db.session.commit()
    assert "1 laissé tel quel" in asked(ada, *copies_of(done))
    connection = house.dune_connection()
    answer = ada.post(
        f"/documents/{document.id}/transmit", data={"connection": str(connection.id)}
    )
    assert answer.status_code == 422
    tick.run()
    assert smtp.messages == []
    assert len(copies_of(done)) == 1


def test_of_an_archived_company_nothing_is_said_to_leave(
    house: House, ada: Browser
) -> None:
    """It is only read: what is to be sent waits until it is opened again."""
    done, _document = failed(house)
    kept = house.drop("deux.pdf")
    change(kept, state="held", reason="duplicate_review")
    house.dune.archived_at = database_now()
    db.session.commit()
    assert "1 laissé tel quel" in asked(ada, *copies_of(done))
    assert "1 laissé tel quel" in asked(ada, *copies_of(kept), act="release")
    assert [len(copies_of(done)), len(copies_of(kept))] == [1, 1]
    ada.post("/deliveries", data={"act": "cancel", "id": str(copies_of(done)[0].id)})
    assert copies_of(done)[0].state == "cancelled"


def test_it_is_the_version_of_now_that_leaves(
    house: House, ada: Browser, smtp: MailServer
) -> None:
    """The tool refused the first one; the client brought a better one."""
    done = house.drop()
    change(done, state="bounced", reason="bounced")
    document = db.session.get_one(Document, done.document.id)
    better = one_page_pdf("lisible")
    replacing.replace(document, receive([better], "b.pdf"), by=house.manager)
    db.session.commit()
    asked(ada, *copies_of(done))
    tick.run()
    (mail,) = smtp.messages
    assert mail.content == better
    old, new = copies_of(done)
    assert (new.state, new.retry_of_id) == ("accepted", old.id)


def test_more_than_one_act_takes_is_said(
    house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_routes, "MOST_AT_ONCE", 2)
    for name in "abc":
        change(house.drop(f"{name}.pdf"), state="failed", reason="refused")
    every = db.session.scalars(select(Delivery)).all()
    said = asked(ada, *every)
    assert said == (
        "2 documents partiront au prochain passage. Au plus 2 lignes à la fois."
    )


def test_nobody_is_offered_to_send_what_the_firm_refused(
    house: House, ada: Browser
) -> None:
    done, document = failed(house)
    judging.refuse(document, "illisible", by=house.admin)
    db.session.commit()
    assert [because.action for because in why(document)] == [None]
    page = ada.get(f"/deliveries/{copies_of(done)[0].id}").text
    assert 'value="resend"' not in page


def test_two_people_s_choices_over_the_same_companies_do_not_lock_each_other(
    app: Flask, house: House, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes the companies in the same order, whatever lines are older."""
    switch_elm_on(house)
    drops = [
        house.drop("d1.pdf", company=house.elm),
        house.drop("a1.pdf"),
        house.drop("a2.pdf"),
        house.drop("d2.pdf", company=house.elm),
    ]
    for done in drops:
        change(done, state="failed", reason="refused")
    old_elm, old_dune, new_dune, new_elm = [
        str(done.deliveries[0].id) for done in drops
    ]
    db.session.commit()
    both_begun = threading.Barrier(2)
    real = journal_acts.ACTS["received"]

    def then_wait(delivery: Delivery) -> journal_acts.State:
        state = real(delivery)
        with suppress(threading.BrokenBarrierError):
            both_begun.wait(1)
        return state

    monkeypatch.setitem(journal_acts.ACTS, "received", then_wait)
    other = signed_in(app, house.admin)
    db.session.commit()

    def act(browser: Browser, *ids: str) -> int:
        data = {"act": "received", "id": list(ids)}
        return browser.post("/deliveries", data=data).status_code

    with ThreadPoolExecutor(2) as two:
        one = two.submit(act, ada, old_elm, new_dune)
        answers = [one, two.submit(act, other, old_dune, new_elm)]
    assert [answer.result() for answer in answers] == [303, 303]
    assert {copy.state for done in drops for copy in copies_of(done)} == {"delivered"}
