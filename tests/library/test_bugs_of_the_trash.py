"""What other products lost or sent again by way of the trash (bugs.md, B59, B74, B76,
B77), asked of ours through its addresses."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.companies.models import Company
from app.db import db
from app.delivery import tick
from app.delivery.models import Delivery
from app.library.deposit import Deposited
from app.library.models import Document, Folder
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.delivery.world import document_of
from tests.library.test_depositing import documents, post as send
from tests.library.test_page import url_of
from tests.papers import one_page_pdf
from tests.smtp import MailServer


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def ada(app: Flask, house: House) -> Browser:
    return signed_in(app, house.admin)


def do(browser: Browser, path: str, **data: object) -> bool:
    answer = browser.post(path, data=data)
    assert answer.status_code == 303, answer.text
    return True


def act(browser: Browser, done: Deposited, name: str) -> None:
    do(browser, f"/documents/{done.document.id}/{name}")


def new_folder(browser: Browser, house: House, name: str, parent: Folder) -> Folder:
    path = f"/companies/{house.dune.slug}/folders"
    do(browser, path, name=name, parent=str(parent.id))
    return db.session.scalars(
        select(Folder).where(
            Folder.parent_id == parent.id,
            Folder.name == name,
            Folder.trashed_at.is_(None),
        )
    ).one()


def test_b59_what_was_trashed_may_come_again_and_leaves(
    ada: Browser, house: House, post: MailServer
) -> None:
    house.switch("on")
    content = one_page_pdf("same")
    url = f"{url_of(house)}/documents"
    send(ada, url, (content, "a.pdf"))
    [first] = documents()
    do(ada, f"/documents/{first.id}/trash")
    assert send(ada, url, (content, "a.pdf")).status_code == 303
    [_first, again] = documents()
    assert (again.name, again.duplicate_of_id) == ("a.pdf", None)
    assert ada.get(f"/documents/{again.id}/download").data == content
    tick.run()
    assert [mail.content for mail in post.messages] == [content]


def there_and_back(browser: Browser, folder: Folder) -> None:
    for name in ("trash", "restore"):
        do(browser, f"/folders/{folder.id}/{name}")


Change = Callable[[Browser, House, Folder], object]
CHANGES: dict[str, tuple[Change, str]] = {
    "renamed": (lambda b, h, f: do(b, f"/folders/{f.id}/rename", name="Paie"), "Paie"),
    "moved": (
        lambda b, h, f: do(b, f"/folders/{f.id}/move", parent=str(h.folder().id)),
        "Avoirs",
    ),
    "trashed": (lambda b, h, f: do(b, f"/folders/{f.id}/trash"), "Juridique"),
    "trashed with the one above": (
        lambda b, h, f: do(b, f"/folders/{f.parent_id}/trash"),
        "À classer",
    ),
    "trashed and back": (lambda b, _h, f: there_and_back(b, f), "Avoirs"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_b74_a_document_comes_back_to_a_folder_that_lives(
    ada: Browser, house: House, what: str
) -> None:
    change, place = CHANGES[what]
    folder = new_folder(ada, house, "Avoirs", house.folder("Juridique"))
    url = f"/companies/{house.dune.slug}/folders/{folder.id}"
    send(ada, f"{url}/documents", (one_page_pdf("a"), "a.pdf"))
    [document] = documents()
    company = document.company_id
    do(ada, f"/documents/{document.id}/trash")
    change(ada, house, folder)
    answer = ada.post(f"/documents/{document.id}/restore?from=list")
    assert answer.status_code == 303
    page = ada.get(answer.location).text
    assert f"Restauré dans « {place} »" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "a.pdf" in page
    [document] = documents()
    db.session.refresh(document)
    assert document.company_id == company
    living = db.session.get_one(Folder, document.folder_id, populate_existing=True)
    assert (living.name, living.trashed_at) == (place, None)
    assert living.company_id == company


def test_b76_the_trashed_folder_is_listed_beside_a_new_one_of_its_name(
    ada: Browser, house: House
) -> None:
    above = house.folder("Juridique")
    old = new_folder(ada, house, "Contrats", above)
    url = f"/companies/{house.dune.slug}/folders/{old.id}"
    for number in range(3):
        file = (one_page_pdf(str(number)), f"{number}.pdf")
        send(ada, f"{url}/documents", file)
    do(ada, f"/folders/{old.id}/trash")
    new = new_folder(ada, house, "Contrats", above)
    do(ada, f"/folders/{new.id}/trash")
    trash = ada.get("/trash").text
    for folder in (old, new):
        assert f"/folders/{folder.id}/restore" in trash
    newest = new_folder(ada, house, "Avoirs", above)
    do(ada, f"/folders/{newest.id}/rename", name="Contrats")
    do(ada, f"/folders/{old.id}/restore")
    assert all(f"{number}.pdf" in ada.get(url).text for number in range(3))
    names = select(Folder.name).where(
        Folder.parent_id == above.id, Folder.trashed_at.is_(None)
    )
    assert sorted(db.session.scalars(names)) == ["Contrats", "Contrats (2)"]
    for document in documents():
        got = ada.get(f"/documents/{document.id}/download").data
        assert got == one_page_pdf(document.name[0])


def test_b77_what_was_delivered_does_not_leave_again_with_its_folder(
    ada: Browser, house: House, post: MailServer
) -> None:
    house.switch("on")
    drops = [house.drop(f"{number}.pdf") for number in range(3)]
    act(ada, drops[0], "trash")
    tick.run()
    act(ada, drops[1], "trash")
    folder = house.folder()
    do(ada, f"/folders/{folder.id}/trash")
    do(ada, f"/folders/{folder.id}/restore")
    for number in (0, 1):
        act(ada, drops[number], "restore")
    tick.run()
    assert sorted(mail.file_name for mail in post.messages) == [
        f"{number}.pdf" for number in range(3)
    ]
    assert {document_of(done).status for done in drops} == {"validated"}


OLD = 40  # documents: the number is read on the page, whatever it is


@pytest.mark.parametrize("by", ["moving", "switching"])
def test_b77_an_archive_is_announced_and_never_leaves_by_itself(
    ada: Browser, house: House, post: MailServer, by: str
) -> None:
    if by == "moving":
        house.switch("on")
        folder = new_folder(ada, house, "Archives", house.folder("Juridique"))
        place = "Juridique/Archives"
    else:
        folder, place = house.folder(), PURCHASES
    for number in range(OLD):
        house.drop(f"{number}.pdf", place)
    if by == "moving":
        path, to = f"/folders/{folder.id}/move", str(house.folder().id)
        asked = ada.post(path, data={"parent": to, "ask": "1"})
        assert asked.status_code == 200
        assert str(OLD) in asked.text
        assert db.session.get_one(Folder, folder.id).parent_id != house.folder().id
        do(ada, path, parent=to)
    else:
        connection = house.connect()
        switch = f"{url_of(house)}/switches/{connection.id}"
        asked = ada.get(f"{switch}/confirm?slot=purchases&state=on")
        assert str(OLD) in asked.text
        house.switch("on", connection=connection)
    tick.run()
    assert post.messages == []
    new = house.drop(
        "nouveau.pdf", f"{PURCHASES}/Archives" if by == "moving" else place
    )
    tick.run()
    assert [mail.file_name for mail in post.messages] == [new.document.name]


def test_b77_no_act_crosses_to_another_company(ada: Browser, house: House) -> None:
    done = house.drop(path="Juridique")
    act(ada, done, "trash")
    there = house.folder("Juridique", house.elm)
    assert there.company_id != done.document.company_id
    for name in ("move", "copy"):
        act(ada, done, "restore") if document_of(done).trashed_at else None
        answer = ada.post(
            f"/documents/{done.document.id}/{name}", data={"folder": str(there.id)}
        )
        assert answer.status_code == 404
    counted = db.session.execute(
        select(Company.slug, func.count(Document.id))
        .join(Document, Document.company_id == Company.id)
        .group_by(Company.slug)
    ).all()
    assert [tuple(row) for row in counted] == [(house.dune.slug, 1)]
    assert db.session.scalars(select(Delivery)).all() == []
