"""Two people, or a person and the automaton, at one moment: each in a session of its
own, the second one with what it read before the first one was done."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from app.companies import years
from app.companies.archiving import archive
from app.companies.assigning import assign
from app.companies.changing import change
from app.companies.managers import Manager, add_manager
from app.companies.models import Company
from app.connectors import switches
from app.connectors.models import Connection
from app.db import db, new_id
from app.delivery.models import Delivery
from app.errors import Refused
from app.library.commenting import comment, remove_comment
from app.library.deposit import Deposited, deposit
from app.library.making import make_folder
from app.library.models import Comment, Document, Folder
from app.library.moving import move_document, move_folder
from app.library.receiving import receive
from app.library.renaming import rename_document, rename_folder
from app.library.taking import take
from app.library.together import Hands, act_on_all, undo_all
from app.library.trashing import (
    restore_document,
    trash_document,
    trash_folder,
)
from app.library.tree import Sight, chain
from app.locks import lock_company
from app.people.models import Person
from app.search.catching_up import rebuild
from app.search.models import SearchEntry
from tests.cast import PURCHASES, House, World
from tests.conftest import POSTGRES
from tests.delivery.world import document_of
from tests.papers import one_page_pdf

pytestmark = pytest.mark.skipif(not POSTGRES, reason="SQLite takes one after another")

OCTOBER, NOVEMBER = f"{PURCHASES}/10 – Octobre", f"{PURCHASES}/11 – Novembre"
WAITS_FOR_A_LOCK = sa.text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
Act = Callable[[], object]


class Other:
    """Another session, that has read what it is about and then acts when told."""

    def __init__(self, app: Flask, threads: ThreadPoolExecutor) -> None:
        self.app, self.threads = app, threads

    def reads(self, prepare: Callable[[], Act]) -> "Other":
        """`prepare` reads in the other session and gives the act."""
        self.has_read, self.may_act = threading.Event(), threading.Event()
        self.ended = self.threads.submit(self._run, prepare)
        assert self.has_read.wait(10)
        return self

    def acts(self) -> "Future[object]":
        """Comes back when the act waits for a lock that this session has."""
        self.may_act.set()
        with db.engine.connect() as looking:
            while not looking.scalar(WAITS_FOR_A_LOCK):
                assert not self.ended.done(), self.ended.exception()
                time.sleep(0.005)
        return self.ended

    def _run(self, prepare: Callable[[], Act]) -> object:
        with self.app.app_context():
            act = prepare()
            self.has_read.set()
            assert self.may_act.wait(10)
            done = act()
            db.session.commit()
            return done


@pytest.fixture
def other(app: Flask) -> Iterator[Other]:
    with ThreadPoolExecutor(1) as threads:
        yield Other(app, threads)


@pytest.fixture
def house(world: World) -> House:
    world.alder.switch("on")
    return world.alder


def move_of(done: Deposited, to: Folder) -> Callable[[], Act]:
    document_id, folder_id = done.document.id, to.id

    def prepare() -> Act:
        document = db.session.get_one(Document, document_id)
        there = db.session.get_one(Folder, folder_id)
        return lambda: move_document(document, there, by=None)

    return prepare


def folder_move_of(folder: Folder, to: Folder) -> Callable[[], Act]:
    company_id, folder_id, to_id = folder.company_id, folder.id, to.id

    def prepare() -> Act:
        way = chain(to_id, company_id)  # as the page reads it
        moved = db.session.get_one(Folder, folder_id)
        return lambda: move_folder(moved, way[-1], by=None)

    return prepare


def states(done: Deposited) -> list[tuple[str, str | None]]:
    rows = db.session.execute(
        sa.select(Delivery.state, Delivery.reason)
        .where(Delivery.document_id == done.document.id)
        .order_by(Delivery.id)
    ).all()
    db.session.commit()
    return [(state, reason) for state, reason in rows]


def test_of_two_moves_at_once_the_second_is_told(house: House, other: Other) -> None:
    done = house.drop(path="Juridique")
    waiting = other.reads(move_of(done, house.folder("Social")))
    move_document(done.document, house.folder("Administratif"), by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused):
        ended.result(10)
    assert document_of(done).folder_id == house.folder("Administratif").id


IN_A_COMPANY: dict[str, Callable[[House], object]] = {
    "a folder made": lambda h: make_folder(h.dune, None, "a", by=h.admin),
    "a folder renamed": lambda h: rename_folder(
        h.folder("Juridique"), "Droit", by=h.admin
    ),
    "a folder moved": lambda h: move_folder(
        h.folder("Juridique"), h.folder("Social"), by=h.admin
    ),
    "a folder trashed": lambda h: trash_folder(h.folder("Juridique"), by=h.admin),
    "many documents trashed": lambda h: act_on_all(
        list(db.session.scalars(sa.select(Document.id))), "trash", hands_of(h)
    ),
    "an act on many taken back": lambda h: undo_all(new_id(), hands_of(h)),
    "a year opened": lambda h: years.open_year(
        h.dune, date(2031, 1, 1), date(2031, 12, 31), by=h.admin
    ),
    "its settings changed": lambda h: change(h.dune, {"name": "a"}, by=h.admin),
    "staff assigned": lambda h: assign(h.dune, set(), set(), by=h.admin),
    "a manager added": lambda h: add_manager(
        h.dune, Manager("a", "a@b.test"), by=h.admin, invites=False
    ),
}


def hands_of(house: House) -> Hands:
    return Hands(house.admin, house.dune, Sight(firm_side=True))


@pytest.mark.parametrize("what", IN_A_COMPANY)
def test_what_waited_while_the_company_was_archived_is_told_so(
    house: House, other: Other, what: str
) -> None:
    house.drop(path="Juridique")
    firm_id = house.firm.id

    def prepare() -> Act:
        db.session.info["firm_id"] = firm_id
        theirs = House(**{n: db.session.merge(v) for n, v in vars(house).items()})
        return lambda: IN_A_COMPANY[what](theirs)

    waiting = other.reads(prepare)
    archive(house.dune, by=house.admin)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused, match="Dune Alder"):
        ended.result(10)


def test_of_a_move_and_a_trashing_at_once_the_second_is_told(
    house: House, other: Other
) -> None:
    done = house.drop()
    waiting = other.reads(move_of(done, house.folder("Social")))
    trash_document(done.document, by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused):
        ended.result(10)
    assert states(done) == [("cancelled", "trashed")]


def test_a_document_moved_into_a_folder_that_is_just_trashed_stays(
    house: House, other: Other
) -> None:
    done = house.drop()
    waiting = other.reads(move_of(done, house.folder("Social")))
    trash_folder(house.folder("Social"), by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused):
        ended.result(10)
    assert states(done) == [("pending", None)]


def test_two_folders_moved_into_each_other_make_no_ring(
    house: House, other: Other
) -> None:
    """Each under a folder of the other one, so that neither is the target itself."""
    below = house.folder(OCTOBER)
    social = Folder(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        parent_id=house.folder("Social").id,
        name="Contrats",
    )
    db.session.add(social)
    db.session.commit()
    waiting = other.reads(folder_move_of(house.folder("Social"), below))
    move_folder(house.folder(), social, by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused):
        ended.result(10)
    db.session.expire_all()
    assert house.folder("Social").parent_id is None


def test_a_restoring_and_a_renaming_at_once_do_not_wait_for_each_other(
    house: House, other: Other
) -> None:
    done = house.drop()
    trash_document(done.document, by=house.staff)
    db.session.commit()
    document_id, document = done.document.id, done.document
    company_id, folder_id = document.company_id, document.folder_id

    def prepare() -> Act:
        trashed = db.session.get_one(Document, document_id)
        return lambda: restore_document(trashed, by=None)

    waiting = other.reads(prepare)
    # As far as the renaming has come when the restoring begins.
    lock_company(company_id, and_folder=folder_id)
    ended = waiting.acts()
    with pytest.raises(Refused):
        take(document)
    db.session.rollback()
    ended.result(10)
    assert document_of(done).trashed_at is None


def words_of(document_id: uuid.UUID) -> str:
    entry = db.session.get_one(SearchEntry, document_id, populate_existing=True)
    return entry.body


def test_a_comment_that_is_removed_during_a_renaming_leaves_the_new_name_found(
    house: House, other: Other
) -> None:
    done = house.drop("Facture.pdf")
    document_id = done.document.id
    comment_id = comment(done.document, "Oubliez", "shared", by=house.manager).id
    db.session.commit()

    def prepare() -> Act:
        there = db.session.get_one(Document, document_id)
        made = db.session.get_one(Comment, comment_id)
        author = db.session.get_one(Person, made.author_id)
        return lambda: remove_comment(there, made, by=author)

    waiting = other.reads(prepare)
    rename_document(done.document, "Avoir.pdf", by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    words = words_of(document_id)
    assert "avoir" in words
    assert "facture" not in words
    assert "oubliez" not in words


def test_an_index_that_is_made_anew_during_a_renaming_has_the_new_name(
    house: House, other: Other
) -> None:
    done = house.drop("Facture.pdf")
    document_id = done.document.id
    waiting = other.reads(lambda: rebuild)
    rename_document(done.document, "Avoir.pdf", by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    words = words_of(document_id)
    assert "avoir" in words
    assert "facture" not in words


def test_a_name_is_free_in_the_folder_where_the_document_is_by_now(
    house: House, other: Other
) -> None:
    house.drop("Bail.pdf", "Social")
    done = house.drop("Autre.pdf", "Juridique")
    document_id = done.document.id

    def prepare() -> Act:
        document = db.session.get_one(Document, document_id)
        return lambda: rename_document(document, "Bail.pdf", by=None)

    waiting = other.reads(prepare)
    move_document(done.document, house.folder("Social"), by=house.staff)
    lock_company(house.dune.id, and_folder=house.folder("Juridique").id)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused):
        ended.result(10)
    assert document_of(done).name == "Autre.pdf"


def test_moved_in_while_it_is_switched_off_it_is_not_due(
    house: House, other: Other
) -> None:
    done = house.drop(path="Juridique")
    connection = house.dune_connection()
    waiting = other.reads(move_of(done, house.folder()))
    switches.set_switch(house.folder(), connection, "purchases", "off", by=None)
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    assert states(done) == []


def test_switched_off_while_it_is_moved_in_it_is_cancelled(
    house: House, other: Other
) -> None:
    done = house.drop(path="Juridique")
    folder_id, connection_id = house.folder().id, house.dune_connection().id

    def prepare() -> Act:
        folder = db.session.get_one(Folder, folder_id)
        connection = db.session.get_one(Connection, connection_id)
        return lambda: switches.set_switch(
            folder, connection, "purchases", "off", by=None
        )

    waiting = other.reads(prepare)
    move_document(done.document, house.folder(), by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    assert states(done) == [("cancelled", "switch_off")]


def test_moved_in_while_its_folder_is_moved_under_a_switch_it_is_due(
    house: House, other: Other
) -> None:
    done = house.drop(path="Juridique")
    waiting = other.reads(move_of(done, house.folder("Social")))
    move_folder(house.folder("Social"), house.folder(), by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    assert states(done) == [("pending", None)]


def deposit_of(into: Folder, name: str = "Facture.pdf") -> Callable[[], Act]:
    """Its bytes are in the store, and it comes to its folder."""
    folder_id, received = into.id, receive([one_page_pdf("other")], name)

    def prepare() -> Act:
        there = db.session.get_one(Folder, folder_id)
        return lambda: deposit(received, into=there, by=None, channel="web")

    return prepare


def test_b46_two_files_of_one_name_at_once_are_two_documents(
    house: House, other: Other
) -> None:
    waiting = other.reads(deposit_of(house.folder()))
    received = receive([one_page_pdf("one")], "Facture.pdf")
    deposit(received, into=house.folder(), by=house.manager, channel="web")
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    names = db.session.scalars(sa.select(Document.name).order_by(Document.id)).all()
    assert sorted(names) == ["Facture (2).pdf", "Facture.pdf"]


@pytest.mark.parametrize("gone", [OCTOBER, PURCHASES])
def test_a_deposit_into_a_folder_that_is_just_trashed_is_told(
    house: House, other: Other, gone: str
) -> None:
    waiting = other.reads(deposit_of(house.folder(OCTOBER)))
    trash_folder(house.folder(gone), by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    with pytest.raises(Refused):
        ended.result(10)
    assert db.session.scalars(sa.select(Document)).all() == []


def test_a_folder_that_is_trashed_takes_along_what_was_just_deposited(
    house: House, other: Other
) -> None:
    folder_id = house.folder(OCTOBER).id

    def prepare() -> Act:
        folder = db.session.get_one(Folder, folder_id)
        return lambda: trash_folder(folder, by=None)

    waiting = other.reads(prepare)
    received = receive([one_page_pdf("one")], "a.pdf")
    done = deposit(received, into=house.folder(OCTOBER), by=None, channel="web")
    ended = waiting.acts()
    db.session.commit()
    assert ended.result(10) == 1
    assert document_of(done).trashed_with_id == folder_id
    assert states(done) == [("cancelled", "trashed")]


def test_a_deposit_into_a_folder_that_is_just_moved_goes_by_its_new_place(
    house: House, other: Other
) -> None:
    waiting = other.reads(deposit_of(house.folder("Juridique")))
    move_folder(house.folder("Juridique"), house.folder(), by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    done = ended.result(10)
    assert isinstance(done, Deposited)
    assert states(done) == [("pending", None)]


@pytest.mark.parametrize("first", ["trashed", "renamed", "moved"])
def test_of_two_who_act_on_one_folder_the_second_sees_what_the_first_did(
    house: House, other: Other, first: str
) -> None:
    folder = house.folder("Juridique")
    folder_id = folder.id

    def prepare() -> Act:
        there = db.session.get_one(Folder, folder_id)
        return lambda: trash_folder(there, by=None)

    waiting = other.reads(prepare)
    acts: dict[str, Act] = {
        "trashed": lambda: trash_folder(folder, by=house.staff),
        "renamed": lambda: rename_folder(folder, "Droit", by=house.staff),
        "moved": lambda: move_folder(folder, house.folder("Social"), by=house.staff),
    }
    acts[first]()
    ended = waiting.acts()
    db.session.commit()
    if first == "trashed":
        with pytest.raises(Refused):
            ended.result(10)
    else:
        ended.result(10)
    found = db.session.get_one(Folder, folder_id, populate_existing=True)
    assert found.trashed_at is not None
    assert found.name == ("Droit" if first == "renamed" else "Juridique")
    assert (found.parent_id is not None) == (first == "moved")


def test_two_folders_that_are_made_with_one_name_at_once_are_told_apart(
    house: House, other: Other
) -> None:
    parent, company_id = house.folder("Juridique"), house.dune.id
    parent_id = parent.id

    def prepare() -> Act:
        there = db.session.get_one(Folder, parent_id)
        company = db.session.get_one(Company, company_id)
        return lambda: make_folder(company, there, "Contrats", by=None)

    waiting = other.reads(prepare)
    make_folder(house.dune, parent, "Contrats", by=house.staff)
    ended = waiting.acts()
    db.session.commit()
    ended.result(10)
    below = sa.select(Folder.name).where(Folder.parent_id == parent_id)
    assert sorted(db.session.scalars(below)) == ["Contrats", "Contrats (2)"]
