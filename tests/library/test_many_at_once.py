"""One act on many documents: all in one transaction, named where it cannot be, and
taken back as one."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.activity.models import Entry
from app.connectors.models import Connection
from app.db import db
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from app.library.judging import refuse
from app.library.models import Document, Folder
from app.library.moving import move_document
from app.library.together import MOST, Hands, act_on_all
from app.library.trashing import restore_document, trash_document, trash_folder
from app.library.tree import Sight
from app.search.models import SearchEntry
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.conftest import POSTGRES
from tests.delivery.world import change, document_of, verbs_of
from tests.statements import statements_of

SALES = PURCHASES.replace("Achats", "Ventes")


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def client(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


@pytest.fixture
def three(house: House) -> list[Deposited]:
    return [house.drop(f"{name}.pdf") for name in "abc"]


class Answer:
    def __init__(self, browser: Browser, house: House, act: str, **more: object):
        documents = more.pop("of", [])
        ids = [done.document.id for done in documents]  # type: ignore[attr-defined]
        data = {"act": act, "id": ids, "here": house.folder().id} | more
        url = f"/companies/{house.dune.slug}/documents/acts"
        self.answer = browser.post(url, data=data)
        self.status = self.answer.status_code
        self.text = self.answer.text

    def undo(self, browser: Browser) -> int:
        """By the button of the page that follows; gives the status."""
        page = self.text
        if self.status == 303:
            page = browser.get(self.answer.location).text
        forms = BeautifulSoup(page, "html.parser").select("form")
        [form] = [f for f in forms if f.select_one('[name="act"][value="undo"]')]
        fields = {f["name"]: f["value"] for f in form.select("input")}
        status: int = browser.post(str(form["action"]), data=fields).status_code
        return status


def folders(three: list[Deposited]) -> set[uuid.UUID]:
    return {document_of(done).folder_id for done in three}


def test_many_are_moved_and_come_back_by_one_undo(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    house.switch("on", SALES, slot="purchases")
    to = house.folder(SALES)
    moved = Answer(staff, house, "move", of=three, folder=to.id)
    assert moved.status == 303
    assert folders(three) == {to.id}
    assert all(verbs_of(done) == ["deposited", "moved"] for done in three)
    waiting = select(Delivery.state).distinct()
    assert db.session.scalars(waiting).all() == ["pending"]
    assert moved.undo(staff) == 303
    assert folders(three) == {house.folder().id}
    assert db.session.scalars(waiting).all() == ["cancelled"]


def test_with_the_move_of_many_the_numbers_that_it_gave_are_taken_back(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    names = [document_of(done).name for done in three]
    for name in names:
        house.drop(name, path=SALES)
    moved = Answer(staff, house, "move", of=three, folder=house.folder(SALES).id)
    assert all("(2)" in document_of(done).name for done in three)
    moved.undo(staff)
    assert [document_of(done).name for done in three] == names


def test_many_are_trashed_or_validated_and_come_back(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    for act in ("trash", "validate"):
        done = Answer(staff, house, act, of=three)
        assert done.status == 303
        states = {(bool(d.trashed_at), d.status) for d in map(document_of, three)}
        assert states == {
            (act == "trash", "received" if act == "trash" else "validated")
        }
        assert done.undo(staff) == 303
        states = {(bool(d.trashed_at), d.status) for d in map(document_of, three)}
        assert states == {(False, "received")}


def test_what_cannot_be_done_is_named_with_its_reason_and_the_rest_is_done(
    client: Browser, house: House, three: list[Deposited]
) -> None:
    three[1].document.status = "validated"
    db.session.commit()
    hidden = house.drop("Paie.pdf", path="Cabinet")
    done = Answer(client, house, "trash", of=[*three, hidden])
    assert done.status == 200
    assert "b.pdf" in done.text
    assert "a.pdf" not in done.text
    assert "Paie" not in done.text
    assert [bool(document_of(d).trashed_at) for d in three] == [True, False, True]
    assert document_of(hidden).trashed_at is None
    assert done.undo(client) == 303
    assert document_of(three[0]).trashed_at is None


def test_nothing_done_is_a_refusal(client: Browser, house: House) -> None:
    done = house.drop()
    done.document.status = "validated"
    db.session.commit()
    assert Answer(client, house, "trash", of=[done]).status == 422
    assert Answer(client, house, "trash").status == 422
    assert Answer(client, house, "nonsense", of=[done]).status == 422


def test_a_client_validates_nothing(
    client: Browser, house: House, three: list[Deposited]
) -> None:
    assert Answer(client, house, "validate", of=three).status == 422
    assert {document_of(done).status for done in three} == {"received"}


def test_the_folder_is_asked_for_and_bad_ones_are_told(
    staff: Browser, client: Browser, house: House, three: list[Deposited]
) -> None:
    asked = Answer(staff, house, "move", of=three)
    assert asked.status == 200
    soup = BeautifulSoup(asked.text, "html.parser")
    assert len(soup.select('input[name="id"]')) == 3
    assert soup.select_one('input[name="folder"]')
    bad = Answer(staff, house, "move", of=three, folder="x")
    assert bad.status == 422
    assert 'role="alert"' in bad.text
    elsewhere = house.folder("Juridique", house.elm).id
    assert Answer(staff, house, "move", of=three, folder=elsewhere).status == 404
    hidden = house.folder("Cabinet").id
    assert Answer(client, house, "move", of=three, folder=hidden).status == 404
    assert folders(three) == {house.folder().id}


def test_documents_of_another_company_are_not_there(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    foreign = house.drop("Elm.pdf", path="Juridique", company=house.elm)
    done = Answer(staff, house, "trash", of=[three[0], foreign])
    assert done.status == 200
    assert "Elm.pdf" not in done.text
    assert document_of(foreign).trashed_at is None


def test_nobody_takes_back_what_another_person_did(
    app: Flask, staff: Browser, house: House, three: list[Deposited]
) -> None:
    done = Answer(staff, house, "trash", of=three)
    other = signed_in(app, house.admin)
    page = staff.get(done.answer.location).text
    form = BeautifulSoup(page, "html.parser").select_one("form.toast-undo")
    assert form
    fields = {f["name"]: f["value"] for f in form.select("input")}
    other.post(str(form["action"]), data=fields | {"csrf_token": other.token})
    assert all(document_of(d).trashed_at for d in three)


def test_an_undo_leaves_what_somebody_moved_on_since(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    to = house.folder("Juridique")
    moved = Answer(staff, house, "move", of=three, folder=to.id)
    page = staff.get(moved.answer.location).text
    moved.status, moved.text = 200, page
    Answer(staff, house, "move", of=three[:1], folder=house.folder(SALES).id)
    assert moved.undo(staff) == 200
    places = [document_of(done).folder_id for done in three]
    assert places == [house.folder(SALES).id, *[house.folder().id] * 2]


def test_an_undo_leaves_what_somebody_restored_and_trashed_since(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    """By itself, or with the folder that it lies in."""
    trashed = Answer(staff, house, "trash", of=three)
    page = staff.get(trashed.answer.location).text
    trashed.status, trashed.text = 200, page
    for done in three[:2]:
        restore_document(done.document, by=house.admin)
    trash_document(three[0].document, by=house.admin)
    move_document(three[1].document, house.folder("Juridique"), by=house.admin)
    trash_folder(house.folder("Juridique"), by=house.admin)
    db.session.commit()
    assert trashed.undo(staff) == 200
    assert [bool(document_of(done).trashed_at) for done in three] == [True, True, False]


@pytest.mark.parametrize("act", ["move", "trash", "validate"])
def test_many_ask_no_more_of_the_database_than_two(
    house: House, three: list[Deposited], act: str
) -> None:
    """Under a switch, where each of them is due, or waits and is called off."""
    house.switch("on", SALES, slot="purchases")
    house.switch("on")
    more = [house.drop(f"{name}.pdf") for name in "defgh"]
    hands = Hands(house.staff, house.dune, Sight(firm_side=True))
    to = house.folder(SALES) if act == "move" else None

    def asked(documents: list[Deposited]) -> int:
        ids = [done.document.id for done in documents]
        return len(statements_of(lambda: act_on_all(ids, act, hands, to)))

    few = asked(more[:2])
    assert asked([*three, *more[2:]]) <= few


def test_names_that_are_taken_there_or_twice_among_them_get_numbers(
    house: House,
) -> None:
    there = house.drop("a.pdf", "Juridique")
    both = [house.drop("a.pdf"), house.drop("a.pdf", "Social"), house.drop("b.pdf")]
    hands = Hands(house.staff, house.dune, Sight(firm_side=True))
    ids = [done.document.id for done in both]
    act_on_all(ids, "move", hands, house.folder("Juridique"))
    db.session.commit()
    names = [document_of(done).name for done in (there, *both)]
    assert names == ["a.pdf", "a (2).pdf", "a (3).pdf", "b.pdf"]
    bodies = [db.session.get_one(SearchEntry, one).body.split() for one in ids]
    assert [len(words) for words in bodies] == [3, 3, 2]  # found by the number too


def test_many_that_are_moved_are_due_by_where_each_of_them_was(house: House) -> None:
    """What was under the same switch stays as it is, what was not is due, and what was
    refused waits for its new version."""
    house.switch("on")
    house.switch("on", SALES, slot="purchases")
    waits, new, refused = (
        house.drop("waits.pdf"),
        house.drop("new.pdf", "Juridique"),
        house.drop("refused.pdf", "Juridique"),
    )
    refuse(refused.document, "Illisible", by=house.staff)
    hands = Hands(house.staff, house.dune, Sight(firm_side=True))
    ids = [done.document.id for done in (waits, new, refused)]
    act_on_all(ids, "move", hands, house.folder(SALES))
    db.session.commit()
    found = [
        db.session.execute(
            select(Delivery.state, Delivery.reason).where(
                Delivery.document_id == done.document.id
            )
        ).all()
        for done in (waits, new, refused)
    ]
    assert found == [
        [("pending", None)],
        [("pending", None)],
        [("cancelled", "rejected")],
    ]


def test_of_many_that_come_back_only_what_never_left_is_due_to_each_tool(
    house: House,
) -> None:
    house.switch("on")
    house.switch("on", SALES, slot="purchases")
    never = house.drop("never.pdf", "Juridique")
    was = {
        "pending": None,
        "held": "refused",
        "accepted": None,
        "bounced": None,
        "cancelled": "moved_out",
    }
    before = [house.drop(f"{state}.pdf") for state in was]
    ids = [never.document.id, *(done.document.id for done in before)]
    for done, state in zip(before, was, strict=True):
        change(done, state=state, reason=was[state])
        document_of(done).folder_id = house.folder("Juridique").id
    db.session.commit()
    hands = Hands(house.staff, house.dune, Sight(firm_side=True))
    act_on_all(ids, "move", hands, house.folder(SALES))
    db.session.commit()
    assert states_by_name("quickbooks") == {
        "never.pdf": ["pending"],
        "pending.pdf": ["pending"],
        "held.pdf": ["held"],
        "accepted.pdf": ["accepted"],
        "bounced.pdf": ["bounced"],
        "cancelled.pdf": ["cancelled", "pending"],
    }
    act_on_all(ids, "move", hands, house.folder("Juridique"))
    db.session.commit()
    house.switch("on", SALES, connection=house.connect("dext"))
    act_on_all(ids, "move", hands, house.folder(SALES))
    db.session.commit()
    assert all(states == ["pending"] for states in states_by_name("dext").values())
    assert len(states_by_name("dext")) == len(ids)


def states_by_name(app_key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, state in db.session.execute(
        select(Delivery.file_name, Delivery.state)
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(Connection.app_key == app_key)
        .order_by(Delivery.id)
    ):
        found.setdefault(name, []).append(state)
    return found


def test_there_are_at_most_a_thousand(
    staff: Browser, house: House, three: list[Deposited]
) -> None:
    ids = [uuid.uuid4() for _ in range(MOST + 1)]
    url = f"/companies/{house.dune.slug}/documents/acts"
    assert staff.post(url, data={"act": "trash", "id": ids}).status_code == 422


@pytest.mark.skipif(not POSTGRES, reason="SQLite takes one after another")
def test_two_people_at_once_do_not_stop_each_other(
    app: Flask, house: House, three: list[Deposited]
) -> None:
    ids = [done.document.id for done in three]
    targets = [house.folder("Juridique").id, house.folder("Administratif").id]
    person_id, company_id = house.staff.id, house.dune.id
    ready = threading.Barrier(2)

    def move(number: int) -> int:
        with app.app_context():
            person = db.session.get_one(type(house.staff), person_id)
            company = db.session.get_one(type(house.dune), company_id)
            hands = Hands(person, company, Sight(firm_side=True))
            to = db.session.get_one(Folder, targets[number])
            ready.wait(10)
            order = ids if number else ids[::-1]
            outcome = act_on_all(order, "move", hands, to)
            db.session.commit()
            return len(outcome.done)

    db.session.commit()
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(move, range(2))) == [3, 3]
    places = db.session.scalars(
        select(Document.folder_id).where(Document.id.in_(ids)).distinct()
    ).all()
    assert len(places) == 1


@pytest.mark.parametrize("act", ["move", "trash"])
def test_an_undo_names_nothing_that_the_firm_has_taken_aside_since(
    client: Browser, house: House, three: list[Deposited], act: str
) -> None:
    """Nor does it bring that back: it is not there any more for the client."""
    Answer(client, house, act, of=three, folder=house.folder(SALES).id)
    wanted = select(Entry.details["together"].as_string()).where(
        Entry.document_id == three[0].document.id
    )
    [act_id] = [found for found in db.session.scalars(wanted) if found]
    aside = document_of(three[0])
    aside.folder, aside.name = house.folder("Cabinet"), "Litige en cours.pdf"
    db.session.commit()
    undone = Answer(client, house, "undo", together=act_id)
    assert undone.status == 200
    assert "Litige en cours" not in undone.text
    assert document_of(three[0]).folder.name == "Cabinet"
    assert bool(document_of(three[0]).trashed_at) is (act == "trash")
    assert document_of(three[1]).folder_id == house.folder().id
