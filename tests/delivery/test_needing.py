"""What waits for a person, until the person did something about it."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.connectors.models import Connection
from app.connectors.overview_search import blocked_of
from app.db import database_now, db
from app.delivery import blocked, by_hand, tick
from app.delivery.bouncing import bounced
from app.library import judging, replacing, trashing
from app.library.deposit import Deposited
from app.library.models import Document
from app.library.receiving import receive
from app.library.taking import current_version
from tests.cast import Browser, House, signed_in
from tests.delivery.world import change, copies_of
from tests.papers import one_page_pdf


def replaced(done: Deposited, house: House) -> None:
    document = db.session.get_one(Document, done.document.id)
    received = receive([one_page_pdf("Nouvelle")], "Nouvelle.pdf")
    replacing.replace(document, received, by=house.manager)
    db.session.commit()


def number_of(house: House) -> list[int]:
    """By the lists of the dashboard and the digest, and by the panel."""
    groups = blocked.blocked(blocked.of_firm(house.firm.id))
    at_tool = db.session.scalar(
        select(blocked_of())
        .select_from(Connection)
        .where(Connection.company_id == house.dune.id)
    )
    db.session.commit()
    return [sum(group.number for group in groups), at_tool or 0]


def row_of(ada: Browser, house: House) -> str:
    """The folder's page, which has one document."""
    folder = f"/companies/{house.dune.slug}/folders/{house.folder().id}"
    page = ada.get(folder).text
    db.session.commit()
    return page[page.index("data-document=") :]


def test_what_came_back_and_was_sent_again_waits_for_nobody_any_more(
    app: Flask, house: House
) -> None:
    done = house.drop()
    tick.run()
    assert bounced(copies_of(done)[0], "550 5.1.1 No such user")
    db.session.commit()
    ada = signed_in(app, house.admin)
    assert number_of(house) == [1, 1]
    assert "Refusé" in row_of(ada, house)
    assert by_hand.resend(copies_of(done)[0], by=house.admin)
    db.session.commit()
    assert number_of(house) == [0, 0]
    tick.run()
    assert [copy.state for copy in copies_of(done)] == ["bounced", "accepted"]
    assert number_of(house) == [0, 0]
    row = row_of(ada, house)
    assert "Refusé" not in row
    assert 'data-status="validated"' in row


def test_when_the_second_one_fails_too_it_is_that_one_that_waits(
    house: House,
) -> None:
    done = house.drop()
    change(done, state="failed", reason="refused")
    assert by_hand.resend(copies_of(done)[0], by=house.admin)
    change(done, state="failed", reason="refused")
    assert number_of(house) == [1, 1]


@pytest.mark.parametrize("state", ["failed", "bounced", "unknown"])
def test_nor_does_what_left_as_a_new_version(house: House, state: str) -> None:
    done = house.drop()
    change(done, state=state, reason="too_big")
    replaced(done, house)
    if state != "failed":  # it may be at the tool: the new one leaves by hand
        document = db.session.get_one(Document, done.document.id)
        by_hand.transmit(
            document,
            current_version(document),
            house.dune_connection(),
            "purchases",
            by=house.admin,
        )
        db.session.commit()
    tick.run()
    assert [copy.state for copy in copies_of(done)] == [state, "accepted"]
    assert number_of(house) == [0, 0]


@pytest.mark.parametrize("state", ["failed", "bounced", "unknown"])
def test_what_is_in_the_trash_waits_for_nobody_until_it_is_back(
    house: House, state: str
) -> None:
    done = house.drop()
    change(done, state=state, reason="refused")
    document = db.session.get_one(Document, done.document.id)
    trashing.trash_document(document, by=house.admin)
    db.session.commit()
    assert number_of(house) == [0, 0]
    trashing.restore_document(document, by=house.admin)
    db.session.commit()
    assert number_of(house) == [1, 1]


def test_nor_does_what_the_firm_refused_until_it_is_judged_anew(house: House) -> None:
    done = house.drop()
    change(done, state="failed", reason="refused")
    document = db.session.get_one(Document, done.document.id)
    judging.refuse(document, "illisible", by=house.admin)
    db.session.commit()
    assert number_of(house) == [0, 0]
    judging.validate(document, by=house.admin)
    db.session.commit()
    assert number_of(house) == [1, 1]


def test_the_digest_tells_nothing_of_a_company_that_is_archived(
    house: House,
) -> None:
    """Nor does the dashboard."""
    change(house.drop(), state="failed", reason="refused")
    house.dune.archived_at = database_now()
    db.session.commit()
    assert blocked.blocked(blocked.of_firm(house.firm.id)) == []
