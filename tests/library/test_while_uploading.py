"""A folder that is moved, trashed or renamed while a file flows into it: the file is
kept where the folder is, or refused with a sentence. Never lost without a word, never
a document that nobody can reach, never bytes that nobody refers to."""

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import delete, select, update

from app.db import db, utc_now
from app.delivery.models import Delivery
from app.library.judging import refuse
from app.library.models import Document, Folder, Version
from app.library.receiving import store
from app.people.models import Membership, Person
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.files import padded_pdf
from tests.library.test_depositing import HTMX, documents, form
from tests.library.test_page import url_of
from tests.pages.test_scanning import photo

OCTOBER = f"{PURCHASES}/10 – Octobre"
NOW = timedelta()
CONTENT = padded_pdf(300_000)
Act = Callable[[], object]


class Flowing(io.BytesIO):
    """A body in the middle of which something happens, once, beside the request."""

    def __init__(self, body: bytes, meanwhile: Act) -> None:
        super().__init__(body)
        self.half, self.meanwhile = len(body) // 2, meanwhile
        self.errors: list[BaseException] = []
        self.happened = False

    def readinto(self, place: Any, /) -> int:
        if self.tell() >= self.half and not self.happened:
            self.happened = True
            beside = threading.Thread(target=self._happen)
            beside.start()
            beside.join(30)
            assert not beside.is_alive(), "the upload keeps others waiting"
        return super().readinto(memoryview(place)[:16_384])

    def _happen(self) -> None:
        try:
            self.meanwhile()
        except BaseException as error:
            self.errors.append(error)


@pytest.fixture
def house(world: World) -> House:
    for key in list(store().keys(NOW)):
        store().delete(key)
    return world.alder


@pytest.fixture
def dora(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def upload(browser: Browser, url: str, meanwhile: Act) -> Any:
    body = form([(CONTENT, "a.pdf")], {})
    flowing = Flowing(body, meanwhile)
    answer = browser.post(
        f"{url}/documents",
        input_stream=flowing,
        content_length=len(body),
        content_type="multipart/form-data; boundary=of-the-test",
        headers=HTMX,
    )
    assert flowing.happened
    assert flowing.errors == []
    return answer


def do(browser: Browser, path: str, **data: str) -> None:
    answer = browser.post(path, data=data)
    assert answer.status_code == 303, answer.text


def nothing_is_left_over(readers: list[Browser]) -> None:
    """Each file of the store is some document's, in a folder that lives, for one who
    may read it."""
    db.session.rollback()
    kept = set(db.session.scalars(select(Version.storage_key)))
    assert set(current_app.extensions["guichet.storage"].keys(NOW)) == kept
    for document in documents():
        folder = db.session.get_one(Folder, document.folder_id, populate_existing=True)
        assert (folder.trashed_at is None) or document.trashed_at is not None
        answers = [r.get(f"/documents/{document.id}/download") for r in readers]
        assert any(answer.data == CONTENT for answer in answers)


def test_moved_meanwhile_it_is_kept_in_the_folder_where_that_is(
    dora: Browser, ada: Browser, house: House
) -> None:
    url, folder = url_of(house, "Juridique"), house.folder("Juridique")
    to = str(house.folder("Administratif").id)
    answer = upload(dora, url, lambda: do(ada, f"/folders/{folder.id}/move", parent=to))
    assert answer.status_code == 200
    assert "Déposé" in answer.text
    assert "a.pdf" in dora.get(url).text
    nothing_is_left_over([dora])


@pytest.mark.parametrize("towards", [True, False])
def test_moved_meanwhile_under_a_switch_or_out_of_it_the_new_place_decides(
    dora: Browser, ada: Browser, house: House, towards: bool
) -> None:
    house.switch("on")
    path, to = ("Juridique", PURCHASES) if towards else (OCTOBER, "Juridique")
    url, folder = url_of(house, path), house.folder(path)
    data = {"parent": str(house.folder(to).id)}
    answer = upload(dora, url, lambda: do(ada, f"/folders/{folder.id}/move", **data))
    assert answer.status_code == 200
    states = db.session.scalars(select(Delivery.state)).all()
    assert states == (["pending"] if towards else [])
    nothing_is_left_over([dora])


def test_moved_meanwhile_out_of_the_client_s_sight_the_firm_has_it(
    dora: Browser, ada: Browser, house: House
) -> None:
    url, folder = url_of(house, "Juridique"), house.folder("Juridique")
    to = str(house.folder("Cabinet").id)
    answer = upload(dora, url, lambda: do(ada, f"/folders/{folder.id}/move", parent=to))
    assert answer.status_code == 200
    assert dora.get(url).status_code == 404
    assert "a.pdf" in ada.get(url).text
    nothing_is_left_over([ada])


@pytest.mark.parametrize("trashed", [OCTOBER, PURCHASES, "Dossier comptable annuel"])
@pytest.mark.parametrize("who", ["dora", "ada"])
def test_trashed_meanwhile_it_is_refused_with_a_sentence(
    request: pytest.FixtureRequest, ada: Browser, house: House, trashed: str, who: str
) -> None:
    """The folder itself, or one above it."""
    house.switch("on")
    browser: Browser = request.getfixturevalue(who)
    gone = house.folder(trashed).id
    answer = upload(
        browser, url_of(house, OCTOBER), lambda: do(ada, f"/folders/{gone}/trash")
    )
    assert answer.status_code == 422
    assert "a.pdf" in answer.text
    assert "Ce dossier n" in answer.text
    assert documents() == []
    assert db.session.scalars(select(Delivery)).all() == []
    nothing_is_left_over([])


def test_trashed_and_restored_meanwhile_it_is_kept(
    dora: Browser, ada: Browser, house: House
) -> None:
    gone = house.folder(PURCHASES).id

    def both() -> None:
        do(ada, f"/folders/{gone}/trash")
        do(ada, f"/folders/{gone}/restore")

    answer = upload(dora, url_of(house, OCTOBER), both)
    assert answer.status_code == 200
    nothing_is_left_over([dora])


def test_renamed_meanwhile_it_is_kept(
    dora: Browser, ada: Browser, house: House
) -> None:
    folder = house.folder("Juridique")

    def meanwhile() -> None:
        do(ada, f"/folders/{folder.id}/rename", name="Droit")

    assert upload(dora, url_of(house, "Juridique"), meanwhile).status_code == 200
    assert "a.pdf" in dora.get(url_of(house, "Droit")).text
    nothing_is_left_over([dora])


def test_a_file_of_that_name_that_comes_meanwhile_stands_beside_it(
    dora: Browser, ada: Browser, house: House
) -> None:
    url = url_of(house, "Juridique")
    inner: list[Any] = []
    answer = upload(
        dora, url, lambda: inner.append(upload(ada, url, lambda: ada.get(url)))
    )
    assert (answer.status_code, inner[0].status_code) == (200, 200)
    assert [d.name for d in documents()] == ["a.pdf", "a (2).pdf"]
    nothing_is_left_over([dora])


@pytest.mark.parametrize("act", ["trash", "move"])
def test_a_new_version_of_a_document_that_goes_meanwhile_is_kept_or_refused(
    app: Flask, ada: Browser, house: House, act: str
) -> None:
    ben = signed_in(app, house.staff)
    done = house.drop(path="Juridique", content=CONTENT)
    here, to = f"/documents/{done.document.id}", str(house.folder("Social").id)
    body = form([(CONTENT + b"%", "b.pdf")], {})
    flowing = Flowing(body, lambda: do(ada, f"{here}/{act}", folder=to))
    answer = ben.post(
        f"{here}/versions",
        input_stream=flowing,
        content_length=len(body),
        content_type="multipart/form-data; boundary=of-the-test",
    )
    assert (flowing.happened, flowing.errors) == (True, [])
    versions = db.session.scalars(select(Version)).all()
    if answer.status_code == 303:
        assert len(versions) == 2
    else:
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert len(versions) == 1
    keys = set(current_app.extensions["guichet.storage"].keys(NOW))
    assert keys == {version.storage_key for version in versions}


def test_of_two_colleagues_who_replace_what_was_refused_the_second_is_told(
    app: Flask, dora: Browser, house: House
) -> None:
    eli = signed_in(app, house.user)
    done = house.drop(path="Juridique", content=CONTENT)
    refuse(done.document, "Illisible", by=house.staff)
    db.session.commit()
    url = f"/documents/{done.document.id}/versions"
    first = {"file": (io.BytesIO(CONTENT + b"%1"), "b.pdf")}
    body = form([(CONTENT + b"%2", "b.pdf")], {})

    def meanwhile() -> None:
        assert eli.post(url, data=first).status_code == 303

    flowing = Flowing(body, meanwhile)
    answer = dora.post(
        url,
        input_stream=flowing,
        content_length=len(body),
        content_type="multipart/form-data; boundary=of-the-test",
    )
    assert (flowing.happened, flowing.errors) == (True, [])
    assert answer.status_code == 422
    assert "n’attend plus de nouvelle version" in answer.text
    versions = db.session.scalars(select(Version)).all()
    assert [version.number for version in versions] == [1, 2]
    keys = set(current_app.extensions["guichet.storage"].keys(NOW))
    assert keys == {version.storage_key for version in versions}


def lose(app: Flask, person: Person, how: str) -> None:
    """The company alone, or the whole account."""
    with app.app_context():
        if how == "company":
            wanted = Membership.person_id == person.id
            db.session.execute(delete(Membership).where(wanted))
        else:
            values = {"disabled_at": utc_now()}
            db.session.execute(
                update(Person).where(Person.id == person.id).values(**values)
            )
        db.session.commit()


@pytest.mark.parametrize("how", ["company", "account"])
@pytest.mark.parametrize("with_script", [True, False])
def test_whoever_loses_access_in_the_middle_deposits_nothing_any_more(
    dora: Browser, house: House, app: Flask, how: str, with_script: bool
) -> None:
    body = form([(CONTENT, "a.pdf")], {})
    answer = dora.post(
        f"{url_of(house, 'Juridique')}/documents",
        input_stream=Flowing(body, lambda: lose(app, house.manager, how)),
        content_length=len(body),
        content_type="multipart/form-data; boundary=of-the-test",
        headers=HTMX if with_script else {},
    )
    assert answer.status_code == 403
    assert "a.pdf" in answer.text
    assert "ne vous est plus ouverte" in answer.text
    assert documents() == []
    nothing_is_left_over([])


def test_nor_does_staff_who_is_taken_off_the_company_in_the_middle(
    ada: Browser, house: House, app: Flask
) -> None:
    ben = signed_in(app, house.staff)
    url = url_of(house, "Juridique")
    answer = upload(ben, url, lambda: lose(app, house.staff, "company"))
    assert (answer.status_code, documents()) == (403, [])
    nothing_is_left_over([])


def test_a_new_version_of_one_who_lost_access_in_the_middle_is_not_taken(
    dora: Browser, house: House, app: Flask
) -> None:
    document = house.drop(path="Juridique", content=CONTENT).document
    document.status = "rejected"
    db.session.commit()
    body = form([(CONTENT + b"%", "b.pdf")], {})
    answer = dora.post(
        f"/documents/{document.id}/versions",
        input_stream=Flowing(body, lambda: lose(app, house.manager, "company")),
        content_length=len(body),
        content_type="multipart/form-data; boundary=of-the-test",
    )
    assert answer.status_code == 403
    assert document.name not in answer.text
    assert len(db.session.scalars(select(Version)).all()) == 1
    nothing_is_left_over([signed_in(app, house.admin)])


def test_photos_of_one_who_lost_access_in_the_middle_are_not_taken(
    dora: Browser, house: House, app: Flask
) -> None:
    body = form([(photo("red", 3000, 3000), "1.jpg")], {"name": "Ticket"})
    answer = dora.post(
        f"{url_of(house, 'Juridique')}/scan",
        input_stream=Flowing(body, lambda: lose(app, house.manager, "company")),
        content_length=len(body),
        content_type="multipart/form-data; boundary=of-the-test",
    )
    assert (answer.status_code, documents()) == (403, [])
    nothing_is_left_over([])


def test_what_nobody_refers_to_is_seen(house: House) -> None:
    """So that the checks above can fail."""
    with store().writer() as writer:
        writer.write(b"lost")
        writer.finish()
    with pytest.raises(AssertionError):
        nothing_is_left_over([])
    assert db.session.scalars(select(Document)).all() == []
