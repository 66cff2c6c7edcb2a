"""«Retirer la marque»: a mistaken «Marquer reçu» leaves nothing but its trail."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.connectors import apps, connecting
from app.db import database_now, db
from app.delivery import by_hand, tick, unmarking
from app.delivery.bouncing import bounced
from app.delivery.models import Attempt, Delivery, MailEvent
from app.delivery.sheet import sheet
from app.library import trashing
from app.library.deposit import Deposited
from app.library.receiving import receive
from app.library.replacing import replace
from app.library.taking import current_version
from tests.cast import Browser, House, signed_in
from tests.delivery.world import change, copies_of, delivery_of, document_of, state_of
from tests.papers import one_page_pdf
from tests.smtp import MailServer


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def marked(done: Deposited, house: House) -> Delivery:
    delivery = copies_of(done)[0]
    assert by_hand.mark_received(delivery, by=house.admin)
    db.session.commit()
    return delivery


def unmarked(done: Deposited, house: House) -> str | None:
    state = unmarking.unmark_received(copies_of(done)[0], by=house.admin)
    db.session.commit()
    return state


@pytest.mark.parametrize(
    "before",
    [
        ("unknown", "ambiguous"),
        ("failed", "expired"),
        ("bounced", "bounced"),
        ("held", "too_big"),
    ],
)
def test_it_is_again_what_it_was_before_the_mark(
    house: House, before: tuple[str, str]
) -> None:
    done = house.drop()
    ended_at = database_now() - timedelta(days=3)
    change(done, state=before[0], reason=before[1], settled_at=ended_at)
    marked(done, house)
    assert document_of(done).status == "validated"
    assert unmarked(done, house) == before[0]
    assert state_of(done) == before
    assert delivery_of(done).settled_at == ended_at
    document = document_of(done)
    assert (document.status, document.validated_at) == ("received", None)
    assert document.validated_by_id is None
    verbs = list(db.session.scalars(select(Entry.verb).order_by(Entry.id)))
    assert verbs[-2:] == ["mark_taken_back", "validation_taken_back"]
    assert unmarked(done, house) is None


def test_one_that_was_validated_before_the_mark_stays_so(house: House) -> None:
    done = house.drop()
    change(done, state="unknown", reason="ambiguous")
    done.document.status, done.document.validated_at = "validated", database_now()
    done.document.validated_by_id = house.admin.id
    db.session.commit()
    marked(done, house)
    unmarked(done, house)
    assert document_of(done).status == "validated"


def test_the_journal_takes_it_back_in_the_row_and_in_bulk(
    house: House, ada: Browser
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    for done in (first, second):
        change(done, state="unknown", reason="ambiguous")
    one = marked(first, house)
    story = ada.get(f"/deliveries/{one.id}").text
    assert 'value="not_received"' in story
    assert "Retirer la marque" in story
    assert 'value="not_received"' in ada.get("/deliveries").text
    ids = [str(one.id), str(delivery_of(second).id)]
    data = {"act": "not_received", "id": ids}
    page = ada.post("/deliveries", data=data, follow_redirects=True).text
    said = re.sub(r"\s+", " ", page.replace("\xa0", " "))
    assert "1 document n’est plus marqué reçu. 1 laissé tel quel" in said
    assert state_of(first) == ("unknown", "ambiguous")
    assert 'value="not_received"' not in ada.get(f"/deliveries/{one.id}").text


def test_what_the_provider_told_meanwhile_counts_then(house: House) -> None:
    done = house.drop()
    change(done, state="unknown", reason="ambiguous", ambiguous=2)
    delivery = marked(done, house)
    assert not bounced(delivery, "550 no such user")
    db.session.add(
        MailEvent(
            **{"provider": "postmark", "event_id": "1", "kind": "bounced", "raw": "{}"},
            delivery_id=delivery.id,
            said="550 no such user",
            applied_at=database_now(),
        )
    )
    db.session.commit()
    assert unmarked(done, house) == "bounced"


def test_an_answer_that_came_late_counts_then(house: House) -> None:
    done = house.drop()
    change(done, state="unknown", reason="ambiguous", ambiguous=2)
    delivery = marked(done, house)
    late = Attempt(firm_id=delivery.firm_id, delivery_id=delivery.id, token=1)
    late.owner, late.phase, late.code, late.text = "w", "done", 250, "Ok"
    db.session.add(late)
    db.session.commit()
    assert unmarked(done, house) == "accepted"
    document = document_of(done)
    assert (document.status, document.validated_by_id) == ("validated", None)


def test_one_whose_access_is_back_leaves(house: House, smtp: MailServer) -> None:
    done = house.drop()
    connecting.revoke(house.dune_connection(), by=None)
    db.session.commit()
    marked(done, house)
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
    db.session.commit()
    assert unmarked(done, house) == "pending"
    tick.run()
    assert len(smtp.messages) == 1


def test_one_whose_folder_went_off_does_not_leave(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    connecting.revoke(house.dune_connection(), by=None)
    db.session.commit()
    marked(done, house)
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
    house.switch("off", connection=house.dune_connection())
    assert unmarked(done, house) == "cancelled"
    tick.run()
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", "switch_off")


def test_one_that_has_a_new_version_brings_that(house: House, smtp: MailServer) -> None:
    done = house.drop()
    change(done, state="held", reason="too_big")
    marked(done, house)
    replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=None)
    db.session.commit()
    assert unmarked(done, house) == "pending"
    tick.run()
    assert len(smtp.messages) == 1
    assert delivery_of(done).version_id == current_version(document_of(done)).id


def test_what_lies_in_the_trash_keeps_its_mark_until_it_is_back(house: House) -> None:
    done = house.drop()
    change(done, state="held", reason="too_big")
    marked(done, house)
    trashing.trash_document(done.document, by=house.admin)
    db.session.commit()
    assert unmarked(done, house) is None
    trashing.restore_document(done.document, by=house.admin)
    db.session.commit()
    assert unmarked(done, house) == "held"


def test_a_mark_is_told_with_its_own_time_and_by_its_own_name(
    house: House, ada: Browser
) -> None:
    done = house.drop()
    tick.run()
    sent = copies_of(done)[0]
    assert bounced(sent, "550 5.1.1 No such user")
    change(done, accepted_at=database_now().replace(year=2020))
    marked(done, house)
    page = ada.get(f"/documents/{done.document.id}").text
    assert "2020" not in page.split('data-why="delivered"')[1].split("</div>")[0]
    assert "Accepté par le serveur destinataire" not in page
    facts = sheet(document_of(done))["deliveries"][0]
    assert facts["by_hand"][-1]["verb"] == "marked_received"


def test_one_whose_new_version_was_sent_by_hand_does_not_bring_that_twice(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    change(done, state="held", reason="too_big")
    marked(done, house)
    replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=None)
    db.session.commit()
    connection = house.dune_connection()
    by_hand.transmit_current(done.document, connection, "purchases", by=house.admin)
    db.session.commit()
    assert unmarked(done, house) == "cancelled"
    tick.run()
    assert len(smtp.messages) == 1
    assert [copy.state for copy in copies_of(done)] == ["cancelled", "accepted"]
