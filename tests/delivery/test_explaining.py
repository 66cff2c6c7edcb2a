"""Every state and reason has a sentence, and what can be done about it is a click."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.connectors import apps, connecting
from app.connectors.models import Destination
from app.db import database_now, db
from app.delivery import tick
from app.delivery.models import STATES, Delivery, Outage, Trouble
from app.delivery.why import Because, why
from app.firms.models import Firm
from app.library.deposit import Deposited
from app.library.receiving import receive
from app.library.replacing import replace
from tests.cast import House, signed_in
from tests.delivery.world import change
from tests.papers import one_page_pdf
from tests.smtp import MailServer

# state, reason → what is done about it («get» or «post», endpoint); None: it is waited
CASES: list[tuple[str, str | None, str | None]] = [
    ("pending", None, None),
    ("deferred", None, None),
    ("sending", None, None),
    ("in_doubt", None, None),
    ("accepted", None, None),
    ("delivered", "by_hand", None),
    ("delivered", None, None),
    *(("held", why, "get panel.show") for why in ("no_connection", "refused")),
    *(("held", why, "get panel.show") for why in ("revoked", "address_changed")),
    *(("held", why, "get library.show") for why in ("too_big", "bad_type", "empty")),
    *(("held", why, "get library.show") for why in ("damaged", "encrypted")),
    ("held", "duplicate_review", "post journal.act"),
    ("held", "something_new", "get journal.show"),
    *(("failed", why, "post journal.act") for why in ("refused", "expired")),
    ("failed", "worker_lost", "post journal.act"),
    *(("failed", why, "get library.show") for why in ("too_big", "damaged")),
    ("bounced", "bounced", "post journal.act"),
    ("unknown", "ambiguous", "get journal.show"),
    *(
        ("cancelled", why, "post delivery.transmit_create")
        for why in ("switch_off", "moved_out", "trashed", "replaced", "by_user")
    ),
]


def the_one(done: Deposited) -> Because:
    db.session.expire_all()
    (because,) = why(done.document)
    return because


def put(done: Deposited, state: str, reason: str | None) -> Because:
    is_done = state in {"accepted", "delivered"}
    change(
        done,
        state=state,
        reason=reason,
        accepted_at=database_now() if is_done else None,
        settled_at=database_now() if is_done else None,
    )
    return the_one(done)


@pytest.mark.parametrize(("state", "reason", "done_by"), CASES)
def test_each_says_why_and_what_to_do(
    house: House, state: str, reason: str | None, done_by: str | None
) -> None:
    done = house.drop()
    because = put(done, state, reason)
    assert because.state == state
    assert because.text.endswith((".", "…")) or ":" in because.text
    action = because.action
    found = f"{action.method} {action.endpoint}" if action else None
    assert found == done_by


def test_no_state_is_forgotten() -> None:
    assert {state for state, _reason, _done_by in CASES} == set(STATES)


def press(app: Flask, house: House, done: Deposited) -> None:
    """The one button or link of the document's page, as a browser does it."""
    action = the_one(done).action
    assert action
    browser = signed_in(app, house.admin)
    with app.test_request_context(base_url="http://alder.guichet.test"):
        url = action.url
    page = browser.get(f"/documents/{done.document.id}").text
    assert f'"{url.replace("&", "&amp;")}"' in page
    assert action.label.replace("'", "&#39;") in page
    if action.method == "get":
        assert browser.get(url).status_code == 200
    else:
        assert browser.post(url, data=action.fields).status_code == 303


@pytest.mark.parametrize(
    ("state", "reason"),
    [(s, r) for s, r, done_by in CASES if done_by and done_by.startswith("get")],
)
def test_what_is_offered_can_be_done(
    app: Flask, house: House, state: str, reason: str
) -> None:
    done = house.drop()
    put(done, state, reason)
    press(app, house, done)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(s, r) for s, r, done_by in CASES if done_by and done_by.startswith("post")],
)
def test_the_button_makes_it_leave(
    app: Flask, house: House, state: str, reason: str
) -> None:
    done = house.drop()
    put(done, state, reason)
    press(app, house, done)
    newest = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == done.document.id)
        .order_by(Delivery.id.desc())
        .execution_options(populate_existing=True)
    ).first()
    assert newest
    # What was held for review leaves itself; any other is a delivery of its own.
    assert (newest.retry_of_id is None) == (reason == "duplicate_review")
    assert newest.state == "pending"


def test_a_file_that_failed_and_was_replaced_is_not_asked_for_again(
    house: House, app: Flask
) -> None:
    """It is the new one that leaves by hand."""
    done = house.drop()
    put(done, "failed", "too_big")
    house.switch("off", connection=house.dune_connection())
    replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=house.manager)
    db.session.commit()
    action = the_one(done).action
    assert action
    assert action.endpoint == "journal.act"
    press(app, house, done)
    tick.run()
    db.session.expire_all()
    assert [because.state for because in why(done.document)] == ["accepted"]


def test_before_the_switch_it_is_sent_by_hand(app: Flask, house: House) -> None:
    done = house.drop(path="Social")
    connection = house.dune_connection()
    house.switch("on", path="Social", connection=connection)
    assert the_one(done).state == "before_switch"
    press(app, house, done)
    assert the_one(done).state == "pending"


def test_where_no_folder_is_on_the_switch_is_a_link_away(house: House) -> None:
    done = house.drop(path="Social")
    action = the_one(done).action
    assert action
    assert action.values["folder_id"] == done.document.folder_id


def test_a_closed_connection_comes_first(house: House) -> None:
    done = house.drop()
    put(done, "cancelled", "by_user")
    connecting.revoke(house.dune_connection(), by=house.admin)
    db.session.commit()
    action = the_one(done).action
    assert action
    assert action.endpoint == "panel.show"


def test_a_refused_address_is_told_in_the_server_s_words(house: House) -> None:
    done = house.drop()
    db.session.execute(
        update(Destination).values(
            refused_at=database_now(), refusal="550 5.1.1 No such user"
        )
    )
    db.session.commit()
    assert "550 5.1.1 No such user" in put(done, "held", "refused").text


def test_a_ceiling_says_when_it_ends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(apps.get("quickbooks")), "daily_ceiling", 1)
    house.drop()
    tick.run()
    text = the_one(house.drop("Zweite.pdf")).text
    assert re.fullmatch(
        r"Plafond de 1 envois par jour atteint : partira (demain )?à partir de "
        r"\d\d:\d\d\.",
        text.replace("\xa0", " "),
    )


def test_a_doubt_is_not_said_to_be_tried_again_at_another_address(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    elsewhere = "older@tool.test"
    change(done, state="deferred", ambiguous=1, destination=elsewhere)
    because = the_one(done)
    assert because.text.startswith("Incertain")
    assert because.action
    assert because.action.endpoint == "journal.show"
    tick.run()
    assert the_one(done).state == "unknown"
    assert the_one(done).text == because.text


def test_an_address_in_trouble_says_so(house: House) -> None:
    done = house.drop()
    db.session.add(
        Trouble(
            address="purchases.dune-alder@tool.test",
            failures=5,
            retry_at=database_now() + timedelta(hours=1),
        )
    )
    db.session.commit()
    assert "purchases.dune-alder@tool.test" in the_one(done).text


def test_an_outage_of_the_mail_server_says_so(house: House) -> None:
    done = house.drop()
    db.session.add(Outage(said="timed out"))
    db.session.commit()
    assert the_one(done).text.startswith("Le serveur d’envoi ne répond")


def test_an_archived_company_and_a_suspended_firm_say_so(house: House) -> None:
    done = house.drop()
    house.dune.archived_at = database_now()
    db.session.commit()
    assert "archivée" in the_one(done).text
    db.session.execute(update(Firm).values(suspended_at=database_now()))
    db.session.commit()
    assert "suspendu" in the_one(done).text
