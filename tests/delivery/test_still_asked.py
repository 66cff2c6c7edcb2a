"""What waits for a person's word about a new address goes on waiting for it, whatever
happens to its document meanwhile."""

from collections.abc import Callable

import pytest

from app.connectors import apps, connecting
from app.db import database_now, db
from app.delivery import lastlook, tick
from app.delivery.claiming import Claim
from app.delivery.models import Delivery
from app.library import judging, trashing
from app.library.deposit import Deposited
from app.library.models import Folder
from app.library.receiving import receive
from app.library.replacing import replace
from tests.cast import PURCHASES, House
from tests.delivery.world import (
    AtLast,
    copies_of,
)
from tests.papers import one_page_pdf
from tests.smtp import MailServer


def held_for_a_new_address(house: House) -> Deposited:
    done = house.drop()
    connection = house.dune_connection()
    connecting.revoke(connection, by=None)
    connecting.set_destination(connection, "purchases", "new@tool.test", by=None)
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
    db.session.commit()
    return done


def trashed_and_restored(done: Deposited, house: House) -> None:
    trashing.trash_document(done.document, by=house.admin)
    db.session.commit()
    trashing.restore_document(done.document, by=house.admin)
    db.session.commit()


def twice(done: Deposited, house: House) -> None:
    trashed_and_restored(done, house)
    trashed_and_restored(done, house)


def restored_with_its_folder(done: Deposited, house: House) -> None:
    folder = db.session.get_one(Folder, house.folder(PURCHASES).id)
    trashing.trash_folder(folder, by=house.admin)
    db.session.commit()
    trashing.restore_folder(folder, by=house.admin)
    db.session.commit()


def refused_and_replaced(done: Deposited, house: House) -> None:
    judging.refuse(done.document, "illisible", by=house.admin)
    db.session.commit()
    replace(done.document, receive([one_page_pdf("2")], "2.pdf"), by=None)
    db.session.commit()


HAPPENS: list[Callable[[Deposited, House], None]] = [
    trashed_and_restored,
    twice,
    restored_with_its_folder,
    refused_and_replaced,
]


def newest(done: Deposited) -> Delivery:
    return copies_of(done)[-1]


@pytest.mark.parametrize("what", HAPPENS, ids=lambda what: what.__name__)
def test_what_was_to_be_asked_about_does_not_leave_unasked(
    house: House, smtp: MailServer, what: Callable[[Deposited, House], None]
) -> None:
    done = held_for_a_new_address(house)
    what(done, house)
    tick.run()
    assert smtp.messages == []
    assert (newest(done).state, newest(done).reason) == ("held", "address_changed")
    assert connecting.resume(house.dune_connection(), by=house.admin) == 1
    db.session.commit()
    tick.run()
    assert len(smtp.messages) == 1


def test_what_was_asked_about_once_leaves_when_it_is_restored(
    house: House, smtp: MailServer
) -> None:
    done = held_for_a_new_address(house)
    trashed_and_restored(done, house)
    connecting.resume(house.dune_connection(), by=house.admin)
    db.session.commit()
    trashed_and_restored(done, house)
    tick.run()
    assert len(smtp.messages) == 1


@pytest.mark.parametrize("is_off_first", [True, False])
def test_an_address_that_changed_while_it_lay_in_the_trash_is_asked_about_too(
    house: House, smtp: MailServer, is_off_first: bool
) -> None:
    done = house.drop()
    connection = house.dune_connection()
    acts: list[Callable[[], object]] = [
        lambda: connecting.revoke(connection, by=None),
        lambda: trashing.trash_document(done.document, by=house.admin),
    ]
    for act in acts if is_off_first else reversed(acts):
        act()
        db.session.commit()
    connecting.set_destination(connection, "purchases", "new@tool.test", by=None)
    connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
    db.session.commit()
    trashing.restore_document(done.document, by=house.admin)
    db.session.commit()
    tick.run()
    assert smtp.messages == []
    assert (newest(done).state, newest(done).reason) == ("held", "address_changed")


@pytest.mark.parametrize("address", ["new@tool.test", None])
def test_one_that_was_under_way_when_the_access_went_off_and_came_back(
    house: House,
    smtp: MailServer,
    at_the_last_moment: AtLast,
    monkeypatch: pytest.MonkeyPatch,
    address: str | None,
) -> None:
    """The worker learns that it was off, and writes that when it is on again: held for
    that, nothing would let it go."""
    done = house.drop()
    at_the_last_moment(lambda: connecting.revoke(house.dune_connection(), by=None))
    why_not = lastlook.why_not

    def slowly(claim: Claim) -> tuple[str, str] | None:
        why = why_not(claim)
        connection = house.dune_connection()
        if address:
            connecting.set_destination(connection, "purchases", address, by=None)
        connecting.authorise(house.dune, apps.get("quickbooks"), by=house.admin)
        db.session.commit()
        return why

    monkeypatch.setattr(lastlook, "why_not", slowly)
    tick.run()
    monkeypatch.setattr(lastlook, "why_not", why_not)
    tick.run()
    if address:
        assert (newest(done).state, newest(done).reason) == ("held", "address_changed")
    else:
        assert newest(done).state == "accepted"
    assert len(smtp.messages) == (0 if address else 1)


def test_one_that_found_its_address_refused_leaves_where_that_is_mended_meanwhile(
    house: House,
    smtp: MailServer,
    at_the_last_moment: AtLast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = house.drop()

    def refuse() -> None:
        house.dune_connection().destinations[0].refused_at = database_now()

    at_the_last_moment(refuse)
    why_not = lastlook.why_not

    def slowly(claim: Claim) -> tuple[str, str] | None:
        why = why_not(claim)
        assert why == ("held", "refused")
        connecting.try_again(house.dune_connection(), by=house.admin)
        db.session.commit()
        return why

    monkeypatch.setattr(lastlook, "why_not", slowly)
    tick.run()
    monkeypatch.setattr(lastlook, "why_not", why_not)
    tick.run()
    assert newest(done).state == "accepted"
