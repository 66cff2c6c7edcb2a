"""Acts on the library over HTTP: with and without script, and who may do what."""

from io import BytesIO

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.library.deposit import Deposited
from app.library.judging import refuse, validate
from app.library.making import make_folder
from app.library.models import Folder, Version
from tests.cast import PURCHASES, Browser, House, World, signed_in
from tests.delivery.world import document_of
from tests.papers import one_page_pdf

OCTOBER = f"{PURCHASES}/10 – Octobre"


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    return signed_in(app, house.staff)


@pytest.fixture
def client(app: Flask, house: House) -> Browser:
    return signed_in(app, house.manager)


def url(done: Deposited, act: str) -> str:
    return f"/documents/{done.document.id}/{act}"


def test_staff_move_copy_rename_and_trash(staff: Browser, house: House) -> None:
    done, to = house.drop(), house.folder("Juridique")
    assert "Juridique" in staff.get(url(done, "move")).text
    assert staff.post(url(done, "move"), data={"folder": to.id}).status_code == 303
    assert document_of(done).folder_id == to.id
    answer = staff.post(url(done, "copy"), data={"folder": house.folder().id})
    assert answer.status_code == 303
    assert staff.post(url(done, "rename"), data={"name": "Bail"}).status_code == 303
    assert document_of(done).name == "Bail.pdf"
    assert staff.post(url(done, "trash")).status_code == 303
    assert "Bail.pdf" in staff.get("/trash").text
    assert staff.post(url(done, "restore")).status_code == 303
    assert document_of(done).trashed_at is None
    assert "Bail.pdf" not in staff.get(f"/trash?company={house.dune.slug}").text


def test_htmx_is_led_to_the_page(staff: Browser, house: House) -> None:
    done = house.drop()
    answer = staff.post(url(done, "trash"), headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert str(house.folder().id) in answer.headers["HX-Redirect"]


def test_a_new_version_keeps_the_older_one(staff: Browser, house: House) -> None:
    done = house.drop()
    sent = {"file": (BytesIO(one_page_pdf("new")), "scan.pdf")}
    assert staff.post(url(done, "versions"), data=sent).status_code == 303
    versions = db.session.scalars(
        select(Version.number).where(Version.document_id == done.document.id)
    ).all()
    assert sorted(versions) == [1, 2]
    assert staff.get(url(done, "download")).data == one_page_pdf("new")


@pytest.mark.parametrize("content", [None, b""])
def test_no_file_or_an_empty_one_is_refused_where_one_looks(
    staff: Browser, house: House, content: bytes | None
) -> None:
    done = house.drop()
    sent = {} if content is None else {"file": (BytesIO(content), "scan.pdf")}
    answer = staff.post(
        url(done, "versions"), data=sent, content_type="multipart/form-data"
    )
    assert answer.status_code in {400, 422}
    assert document_of(done).version_number == 1


def test_bad_input_is_told_in_the_form_and_keeps_what_was_typed(
    staff: Browser, house: House
) -> None:
    done = house.drop()
    for given in ({}, {"folder": "x"}):
        answer = staff.post(url(done, "move"), data=given)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)
    assert staff.post(url(done, "rename"), data={"name": "\u200b"}).status_code == 422
    elsewhere = house.folder("Juridique", house.elm).id
    assert staff.post(url(done, "move"), data={"folder": elsewhere}).status_code == 404


def test_a_name_that_is_too_long_is_refused_and_not_cut(
    staff: Browser, house: House
) -> None:
    done, folder, long = house.drop(), house.folder("Juridique"), "n" * 256
    for address, data in (
        (url(done, "rename"), {"name": long[:-4] + ".pdf"}),
        (url(done, "rename"), {"name": long[:-1]}),  # and its ending comes behind
        (f"/folders/{folder.id}/rename", {"name": long}),
        (f"/companies/{house.dune.slug}/folders", {"name": long, "parent": folder.id}),
    ):
        answer = staff.post(address, data=data)
        assert answer.status_code == 422
        assert "255 caractères au plus" in answer.text
        assert str(data["name"]) in answer.text
    assert document_of(done).name == "Facture.pdf"


def test_a_client_changes_what_was_only_received(client: Browser, house: House) -> None:
    done = house.drop()
    assert client.post(url(done, "rename"), data={"name": "a"}).status_code == 303
    done.document.status = "validated"
    db.session.commit()
    for act in ("rename", "move", "trash", "copy"):
        assert client.post(url(done, act), data={"name": "b"}).status_code == 403
    newer = {"file": (BytesIO(one_page_pdf("newer")), "scan.pdf")}
    assert client.post(url(done, "versions"), data=newer).status_code == 303
    assert document_of(done).status == "validated"
    page = client.get(f"/documents/{done.document.id}").text
    assert url(done, "trash") not in page
    assert "Déposer une autre version" in page
    done.document.status = "rejected"
    db.session.commit()
    assert client.post(url(done, "trash")).status_code == 403
    sent = {"file": (BytesIO(one_page_pdf("good")), "scan.pdf")}
    assert client.post(url(done, "versions"), data=sent).status_code == 303
    assert document_of(done).status == "received"


def test_a_client_sees_in_the_trash_what_is_theirs_to_see(
    app: Flask, staff: Browser, client: Browser, house: House
) -> None:
    hidden, shown = house.drop("secret.pdf", "Cabinet"), house.drop("à nous.pdf")
    for done in (hidden, shown):
        staff.post(url(done, "trash"))
    page = client.get("/trash").text
    assert "à nous.pdf" in page
    assert "secret.pdf" not in page
    assert client.post(url(hidden, "restore")).status_code == 404
    assert (
        signed_in(app, house.other_client).post(url(shown, "restore")).status_code
        == 404
    )
    assert client.post(url(shown, "restore")).status_code == 303


def test_a_client_is_offered_nothing_in_the_trash_that_they_may_not_restore(
    staff: Browser, client: Browser, house: House
) -> None:
    folder = house.folder("Juridique")
    folder.visibility = "read_only"
    db.session.commit()
    below = make_folder(house.dune, folder, "Statuts", by=house.staff)
    done = house.drop("Bail.pdf", "Juridique")
    staff.post(url(done, "trash"))
    staff.post(f"/folders/{below.id}/trash")
    assert "Bail.pdf" in staff.get("/trash").text
    assert "Statuts" in staff.get("/trash").text
    page = client.get("/trash").text
    assert "Bail.pdf" not in page
    assert "Statuts" not in page


def test_folders_are_made_renamed_moved_trashed_and_restored(
    staff: Browser, house: House
) -> None:
    year = house.folder(PURCHASES)
    made = staff.post(
        f"/companies/{house.dune.slug}/folders",
        data={"name": "Avoirs", "parent": year.id},
    )
    assert made.status_code == 303
    folder = db.session.scalars(select(Folder).where(Folder.name == "Avoirs")).one()
    here = f"/folders/{folder.id}"
    for act in ("move", "rename", "new", "trash"):
        assert staff.get(f"{here}/{act}").status_code == 200
    assert staff.post(f"{here}/rename", data={"name": "Avoirs 2"}).status_code == 303
    to = house.folder("Juridique").id
    assert staff.post(f"{here}/move", data={"parent": to}).status_code == 303
    assert staff.post(f"{here}/move", data={"parent": folder.id}).status_code == 422
    assert staff.post(f"{here}/trash").status_code == 303
    assert "Avoirs 2" in staff.get("/trash").text
    assert staff.post(f"{here}/restore").status_code == 303


def test_the_firm_is_told_before_a_folder_comes_under_a_switch(
    staff: Browser, house: House
) -> None:
    house.switch("on")
    house.drop(path="Juridique")
    folder, to = house.folder("Juridique"), house.folder()
    url, data = f"/folders/{folder.id}/move", {"parent": to.id, "ask": "1"}
    form = staff.get(url).text
    assert 'name="ask"' in form
    for headers in ({}, {"HX-Request": "true"}):
        asked = staff.post(url, data=data, headers=headers)
        assert asked.status_code == 200
        assert "QuickBooks" in asked.text
        assert asked.headers.get("HX-Retarget") == ("#dialogue" if headers else None)
    db.session.expire_all()
    assert folder.parent_id != to.id
    assert staff.post(url, data={"parent": to.id}).status_code == 303
    db.session.expire_all()
    assert folder.parent_id == to.id


def test_a_client_leaves_the_template_s_folders_alone(
    client: Browser, house: House
) -> None:
    locked = house.folder("Juridique")
    for act in ("rename", "move", "trash"):
        answer = client.post(f"/folders/{locked.id}/{act}", data={"name": "x"})
        assert answer.status_code == 403
    made = client.post(
        f"/companies/{house.dune.slug}/folders",
        data={"name": "Devis", "parent": locked.id},
    )
    assert made.status_code == 303
    own = db.session.scalars(select(Folder).where(Folder.name == "Devis")).one()
    assert client.post(f"/folders/{own.id}/trash").status_code == 303
    assert (
        client.post(
            f"/companies/{house.dune.slug}/folders", data={"name": "x"}
        ).status_code
        == 403
    )


@pytest.mark.parametrize("held_by", ["validated", "refused", "firm_only", "locked"])
@pytest.mark.parametrize("act", ["trash", "move"])
def test_a_client_takes_along_nothing_that_the_firm_works_with(
    client: Browser, house: House, act: str, held_by: str
) -> None:
    own = make_folder(house.dune, house.folder("Juridique"), "Devis", by=house.manager)
    below = make_folder(house.dune, own, "Annexes", by=house.admin)
    db.session.commit()
    document = house.drop(path="Juridique/Devis/Annexes").document
    if held_by == "validated":
        validate(document, by=house.admin)
    elif held_by == "refused":
        refuse(document, "Illisible", by=house.admin)
    elif held_by == "firm_only":
        below.visibility = "firm_only"
    else:
        below.is_locked = True
    db.session.commit()
    to = {"parent": house.folder("Administratif").id}
    answer = client.post(f"/folders/{own.id}/{act}", data=to)
    assert answer.status_code == 422
    assert "Votre cabinet travaille" in answer.text
    assert "Annexes" not in answer.text
    db.session.expire_all()
    assert (document.trashed_at, own.parent_id) == (
        None,
        house.folder("Juridique").id,
    )
    answer = signed_in(client.application, house.admin).post(
        f"/folders/{own.id}/{act}", data=to
    )
    assert answer.status_code == 303


def test_a_client_is_told_of_no_more_documents_than_they_see_in_a_folder(
    client: Browser, house: House
) -> None:
    own = make_folder(house.dune, house.folder("Juridique"), "Devis", by=house.manager)
    below = make_folder(house.dune, own, "Notes", by=house.admin)
    below.visibility = "firm_only"
    db.session.commit()
    house.drop(path="Juridique/Devis")
    for _each in range(4):
        house.drop(path="Juridique/Devis/Notes")
    staff = signed_in(client.application, house.staff)
    for browser, number in ((client, "Le document"), (staff, "Les 5")):
        asked = browser.get(f"/folders/{own.id}/trash").text
        assert number in BeautifulSoup(asked, "html.parser").get_text(), asked


def test_a_move_by_a_client_never_speaks_of_a_tool(
    client: Browser, house: House
) -> None:
    house.switch("on")
    made = client.post(
        f"/companies/{house.dune.slug}/folders",
        data={"name": "Devis", "parent": house.folder("Juridique").id},
    )
    assert made.status_code == 303
    own = db.session.scalars(select(Folder).where(Folder.name == "Devis")).one()
    house.drop(path="Juridique/Devis")
    to = house.folder().id
    answer = client.post(f"/folders/{own.id}/move", data={"parent": to})
    assert answer.status_code == 303


def undo_of(page: str) -> tuple[str, dict[str, str]]:
    """Where the way back in the message leads, and what it brings."""
    form = BeautifulSoup(page, "html.parser").select_one(".toast-undo")
    assert form
    fields = {str(one["name"]): str(one["value"]) for one in form.select("input")}
    return str(form["action"]), fields


@pytest.mark.parametrize("act", ["move", "trash"])
def test_an_act_on_a_document_can_be_taken_back(
    staff: Browser, house: House, act: str
) -> None:
    done = house.drop()
    there = {"folder": house.folder("Juridique").id}
    page = staff.post(url(done, act), data=there, follow_redirects=True).text
    action, fields = undo_of(page)
    assert staff.post(action, data=fields).status_code == 303
    document = document_of(done)
    assert (document.folder_id, document.trashed_at) == (house.folder().id, None)


def test_with_a_move_the_number_that_it_gave_is_taken_back(
    staff: Browser, house: House
) -> None:
    house.drop(path="Juridique")
    done = house.drop()
    folder = house.folder(PURCHASES)
    for name, parent in (("Devis", house.folder("Juridique")), ("Devis", folder)):
        made = {"name": name, "parent": parent.id}
        staff.post(f"/companies/{house.dune.slug}/folders", data=made)
    devis = house.folder(f"{PURCHASES}/Devis")
    to = str(house.folder("Juridique").id)
    for path, data in (
        (url(done, "move"), {"folder": to}),
        (f"{url(done, 'move')}?from=list", {"folder": to}),
        (f"/folders/{devis.id}/move", {"parent": to}),
    ):
        answer = staff.post(path, data=data, follow_redirects=True)
        db.session.expire_all()
        names = {document_of(done).name, devis.name}
        assert names & {"Facture (2).pdf", "Devis (2)"}, path
        action, fields = undo_of(answer.text)
        staff.post(action, data=fields, follow_redirects=True)
        db.session.expire_all()
        assert (document_of(done).name, devis.name) == ("Facture.pdf", "Devis")


def test_a_name_that_was_given_since_stays_when_the_move_is_taken_back(
    staff: Browser, house: House
) -> None:
    house.drop(path="Juridique")
    done = house.drop()
    there = {"folder": house.folder("Juridique").id}
    page = staff.post(url(done, "move"), data=there, follow_redirects=True).text
    staff.post(url(done, "rename"), data={"name": "Loyer (2).pdf"})
    action, fields = undo_of(page)
    staff.post(action, data=fields)
    assert document_of(done).name == "Loyer (2).pdf"


@pytest.mark.parametrize("act", ["move", "trash"])
def test_an_act_on_a_folder_can_be_taken_back(
    staff: Browser, house: House, act: str
) -> None:
    folder = house.folder(PURCHASES)
    folder_id, above_id = folder.id, folder.parent_id
    there = {"parent": house.folder("Juridique").id}
    answer = staff.post(
        f"/folders/{folder_id}/{act}", data=there, follow_redirects=True
    )
    action, fields = undo_of(answer.text)
    assert staff.post(action, data=fields).status_code == 303
    db.session.expire_all()
    assert house.folder(PURCHASES).id == folder_id
    assert house.folder(PURCHASES).parent_id == above_id


def test_who_acts_from_the_list_comes_back_to_it(staff: Browser, house: House) -> None:
    done = house.drop()
    there = {"folder": house.folder("Juridique").id}
    answer = staff.post(f"{url(done, 'move')}?from=list", data=there)
    assert answer.location.endswith(f"/folders/{house.folder().id}")
    page = staff.get(f"{url(done, 'rename')}?from=list").text
    assert "rename?from=list" in page


def test_a_row_offers_what_the_person_may_do(
    staff: Browser, client: Browser, house: House
) -> None:
    done = house.drop()
    folder = f"/companies/{house.dune.slug}/folders/{house.folder().id}"

    def offered(browser: Browser) -> str:
        page = BeautifulSoup(browser.get(folder).text, "html.parser")
        button = page.select_one(f"#document-{done.document.id} [data-acts]")
        return str(button["data-acts"]) if button else ""

    assert offered(staff) == "copy move refuse rename replace trash validate"
    assert offered(client) == "move rename trash"
    done.document.status = "validated"
    db.session.commit()
    assert offered(client) == "replace"


def test_the_firm_sees_in_the_tree_of_targets_what_is_switched_on(
    staff: Browser, client: Browser, house: House
) -> None:
    house.switch("on")
    done = house.drop(path="Juridique")
    marks = ".choice .cab-plug"
    for browser, is_firm in ((staff, True), (client, False)):
        page = BeautifulSoup(browser.get(url(done, "move")).text, "html.parser")
        assert bool(page.select(marks)) == is_firm
        here = page.select_one(f'input[value="{done.document.folder_id}"]')
        assert here
        assert here.has_attr("disabled")


def test_the_trash_of_a_company_has_an_address_of_its_own(
    app: Flask, house: House
) -> None:
    staff = signed_in(app, house.admin)
    there, elsewhere = house.drop("ici.pdf"), house.drop("là.pdf", company=house.elm)
    for done in (there, elsewhere):
        staff.post(url(done, "trash"))
    page = staff.get(f"/companies/{house.dune.slug}/trash").text
    shown = BeautifulSoup(page, "html.parser").select("[data-trashed]")
    assert [row["data-trashed"] for row in shown] == [str(there.document.id)]
    assert "30\N{NO-BREAK SPACE}jours" in shown[0].text


def test_the_trash_asks_no_more_of_many_companies(app: Flask, house: House) -> None:
    admin = signed_in(app, house.admin)
    for company in (house.dune, house.elm):
        admin.post(url(house.drop(f"{company.slug}.pdf", company=company), "trash"))
    admin.get("/trash")  # shows what the acts said
    asked: list[int] = []

    def note(*_said: object) -> None:
        asked[-1] += 1

    sa.event.listen(db.engine, "before_cursor_execute", note)
    pages = []
    for path in (f"/companies/{house.dune.slug}/trash", "/trash"):
        asked.append(0)
        pages.append(admin.get(path).text)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert ["elm-alder.pdf" in page for page in pages] == [False, True]
    assert all("dune-alder.pdf" in page for page in pages)
    assert asked[0] == asked[1]
