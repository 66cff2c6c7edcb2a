"""What waits for a person's word about a new address goes on waiting for it, whatever
happens to its document meanwhile."""

from collections.abc import Callable

import pytest

from app.connectors import apps, connecting
from app.db import db
from app.delivery import tick
from app.delivery.models import Delivery
from app.library import judging, trashing
from app.library.deposit import Deposited
from app.library.models import Folder
from app.library.receiving import receive
from app.library.replacing import replace
from tests.cast import PURCHASES, House
from tests.delivery.world import copies_of
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
