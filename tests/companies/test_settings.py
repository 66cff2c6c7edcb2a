"""The settings of a company: what is said of it, its years, its staff, its end."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.activity.models import Entry
from app.companies.models import Company, FiscalYear
from app.db import db
from app.delivery import tick
from app.errors import Refused
from app.library.models import Document, Folder
from app.library.tree import by_path
from app.people.models import Membership
from tests.cast import Browser, World, signed_in
from tests.smtp import MailServer

SETTINGS = "/companies/dune-alder/settings"


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def dune(world: World) -> Company:
    db.session.expire_all()
    return db.session.get_one(Company, world.alder.dune.id)


def said(**changes: str) -> dict[str, str]:
    return {"name": "Dune Alder", "siren": "", "slug": "dune-alder", **changes}


def test_name_and_siren_are_changed_and_told_in_the_trail(
    ada: Browser, world: World
) -> None:
    form = said(name="Dune & Cie", siren="732829320")
    assert ada.post(SETTINGS, data=form).status_code == 303
    assert (dune(world).name, dune(world).siren) == ("Dune & Cie", "732829320")
    told = db.session.scalars(
        select(Entry).where(Entry.verb == "company_changed")
    ).one()
    assert told.is_firm_only
    assert told.details["changed"]["name"] == ["Dune Alder", "Dune & Cie"]


def test_the_short_name_is_changed_once_and_the_old_links_lead_on(
    ada: Browser, world: World
) -> None:
    folder = world.alder.folder()
    bot = world.alder.connect().bot_address
    answer = ada.post(SETTINGS, data=said(slug="sands"))
    assert answer.location == "/companies/sands/settings"
    old = ada.get(f"/companies/dune-alder/folders/{folder.id}?after=x")
    assert old.status_code == 301
    assert old.location == f"/companies/sands/folders/{folder.id}?after=x"
    assert world.alder.dune_connection().bot_address == bot
    again = ada.post("/companies/sands/settings", data=said(slug="dunes"))
    assert again.status_code == 422
    assert dune(world).slug == "sands"


def test_nobody_gets_a_short_name_that_was_another_s(
    app: Flask, ada: Browser, world: World
) -> None:
    ada.post(SETTINGS, data=said(slug="sands"))
    nadia = signed_in(app, world.birch.admin)
    form = {"name": "Dune Alder", "year_start": "2026-01-01"}
    given = nadia.post("/companies/new", data={**form, "slug": "dune-alder"})
    assert given.status_code == 422
    assert nadia.post("/companies/new", data=form).status_code == 303
    made = select(Company.slug).where(Company.firm_id == world.birch.firm.id)
    assert "dune-alder-2" in db.session.scalars(made).all()


def test_a_refused_change_keeps_what_was_typed(ada: Browser, world: World) -> None:
    answer = ada.post(SETTINGS, data=said(name="Autre", siren="1"))
    assert answer.status_code == 422
    assert 'value="Autre"' in answer.text
    assert 'id="error-siren"' in answer.text
    assert dune(world).name == "Dune Alder"


def test_a_fiscal_year_is_opened_with_its_monthly_folders(
    ada: Browser, world: World
) -> None:
    form = {"year_start": "2027-01-01", "year_end": "2027-12-31"}
    assert ada.post("/companies/dune-alder/years", data=form).status_code == 303
    for place in ("Achats/01 – Janvier", "Banque/12 – Décembre", "Documents fiscaux"):
        whole = f"Dossier comptable annuel/Exercice 2027/{place}"
        assert by_path(world.alder.dune, whole), place


def test_a_fiscal_year_is_not_opened_twice_nor_over_another(
    ada: Browser, world: World
) -> None:
    count = select(func.count(Folder.id))
    before = db.session.scalar(count)
    for start, end in (
        ("2026-01-01", "2026-12-31"),
        ("2025-06-01", "2026-01-01"),
        ("2026-12-31", "2027-12-30"),
        ("2025-12-01", "2027-01-31"),
    ):
        form = {"year_start": start, "year_end": end}
        answer = ada.post("/companies/dune-alder/years", data=form)
        assert answer.status_code == 422
        assert 'id="error-year_start"' in answer.text
        assert f'value="{start}"' in answer.text
    assert db.session.scalar(count) == before
    assert db.session.scalar(select(func.count(FiscalYear.id))) == 4


def test_a_long_first_year_tells_its_two_januaries_apart(
    ada: Browser, world: World
) -> None:
    form = {"year_start": "2027-01-01", "year_end": "2028-06-30"}
    ada.post("/companies/dune-alder/years", data=form)
    place = "Dossier comptable annuel/Exercice 2027-2028/Achats"
    achats = by_path(world.alder.dune, place)
    assert achats
    names = db.session.scalars(
        select(Folder.name)
        .where(Folder.parent_id == achats.id)
        .order_by(Folder.position)
    ).all()
    assert len(names) == len(set(names)) == 18
    assert names[0] == "01 – Janvier 2027"
    assert names[12] == "01 – Janvier 2028"


def test_two_years_that_end_in_one_year_have_different_names(
    ada: Browser, world: World
) -> None:
    for start, end in (("2027-01-01", "2027-06-30"), ("2027-07-01", "2027-12-31")):
        form = {"year_start": start, "year_end": end}
        assert ada.post("/companies/dune-alder/years", data=form).status_code == 303
    top = "Dossier comptable annuel"
    assert by_path(world.alder.dune, f"{top}/Exercice 2027/Ventes")
    assert by_path(world.alder.dune, f"{top}/Exercice 2027 (au 31-12-2027)/Ventes")


def test_a_year_is_not_opened_in_a_folder_that_is_in_the_trash(
    ada: Browser, world: World
) -> None:
    top = world.alder.folder("Dossier comptable annuel")
    ada.post(f"/folders/{top.id}/trash")
    form = {"year_start": "2027-01-01", "year_end": "2027-12-31"}
    assert ada.post("/companies/dune-alder/years", data=form).status_code == 422


def test_boxes_say_which_staff_see_the_company(
    app: Flask, ada: Browser, world: World
) -> None:
    ben = signed_in(app, world.alder.staff)
    assert ben.get("/companies/dune-alder").status_code == 302
    assert ben.get("/companies/elm-alder").status_code == 404
    ada.post("/companies/dune-alder/staff", data={})
    assert ben.get("/companies/dune-alder").status_code == 404
    person = str(world.alder.staff.id)
    ada.post("/companies/elm-alder/staff", data={"staff": person})
    assert ben.get("/companies/elm-alder").status_code == 302
    ada.post("/companies/elm-alder/staff", data={"sees_all": person})
    assert ben.get("/companies/dune-alder").status_code == 302
    clients = Membership.role.in_(("company_manager", "company_user"))
    kept = select(func.count()).select_from(Membership).where(clients)
    assert db.session.scalar(kept) == 6


def test_the_boxes_give_nothing_to_who_is_not_of_the_staff(
    app: Flask, ada: Browser, world: World
) -> None:
    strangers = [world.alder.other_client, world.birch.staff]
    ids = [str(person.id) for person in strangers]
    form = {"staff": ids, "sees_all": ids}
    ada.post("/companies/dune-alder/staff", data=form)
    max_ = signed_in(app, world.alder.other_client)
    assert max_.get("/companies/dune-alder").status_code == 404


@pytest.fixture
def archived(ada: Browser, world: World) -> World:
    world.alder.drop()
    ada.post("/companies/dune-alder/archive", data={"sure": "yes"})
    assert dune(world).archived_at
    ada.get(SETTINGS)  # reads what is said of it
    return world


def test_archiving_is_asked_about_first(ada: Browser, world: World) -> None:
    answer = ada.post("/companies/dune-alder/archive")
    assert answer.location == "/companies/dune-alder/archive"
    assert dune(world).archived_at is None


@pytest.mark.parametrize("role", ["admin", "staff", "manager"])
def test_an_archived_company_is_read_and_not_changed(
    app: Flask, archived: World, role: str
) -> None:
    somebody = signed_in(app, getattr(archived.alder, role))
    document = db.session.scalars(select(Document)).first()
    assert document
    folder = f"/companies/dune-alder/folders/{document.folder_id}"
    page = somebody.get(folder)
    assert page.status_code == 200
    assert "data-deposit-open" not in page.text
    assert (
        "Dune Alder est archivée" in page.text or "Dune Alder is archived" in page.text
    )
    assert somebody.get(f"/documents/{document.id}/download").status_code == 200
    for path in (
        f"{folder}/documents",
        f"/documents/{document.id}/rename",
        f"/documents/{document.id}/trash",
        f"/folders/{document.folder_id}/trash",
        "/companies/dune-alder/folders",
    ):
        answer = somebody.post(path, data={"name": "x"})
        assert answer.status_code == 422, path
        assert "Dune Alder" in answer.text
    db.session.expire_all()
    assert document.trashed_at is None


def test_what_only_reads_by_post_is_open_in_an_archived_company(
    app: Flask, archived: World, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/companies/dune-alder/folders"
    assert ada.post(path, data={}).status_code == 422
    view = app.view_functions["folders.create"]
    monkeypatch.setattr(view, "only_reads", True, raising=False)
    answer = ada.post(path, data={})
    assert "Dune Alder is archived" not in answer.text
    assert "Dune Alder est archivée" not in answer.text


def test_a_deposit_that_was_under_way_is_refused_with_a_sentence(
    app: Flask, world: World, ada: Browser
) -> None:
    """By whatever channel it comes."""
    ada.post("/companies/dune-alder/archive", data={"sure": "yes"})
    with app.test_request_context(), pytest.raises(Refused) as refusal:
        world.alder.drop()
    assert "Dune Alder" in refusal.value.message


def test_what_waits_in_an_archived_company_does_not_leave_until_it_is_reopened(
    app: Flask, ada: Browser, world: World, post: MailServer
) -> None:
    world.alder.switch("on")
    world.alder.drop()
    ada.post("/companies/dune-alder/archive", data={"sure": "yes"})
    tick.run()
    assert post.messages == []
    ada.post("/companies/dune-alder/reopen")
    tick.run()
    assert len(post.messages) == 1


def test_an_archived_company_is_out_of_the_lists_unless_asked(
    app: Flask, ada: Browser, archived: World
) -> None:
    assert "Dune Alder" not in ada.get("/companies").text
    assert "Dune Alder" not in ada.get("/").text
    assert "Dune Alder" in ada.get("/companies?archived=yes").text
    fragment = {"HX-Request": "true"}
    assert "Dune Alder" not in ada.get("/companies/find", headers=fragment).text


def test_a_client_whose_company_is_archived_finds_its_documents(
    app: Flask, archived: World
) -> None:
    dora = signed_in(app, archived.alder.manager)
    home = dora.get("/")
    assert home.status_code == 200
    assert "Facture" in home.text
    assert "data-deposit-open" not in home.text


def test_a_reopened_company_takes_deposits_again(ada: Browser, archived: World) -> None:
    ada.post("/companies/dune-alder/reopen")
    assert archived.alder.drop("Encore.pdf").document.name == "Encore.pdf"


def test_the_settings_of_an_archived_company_only_reopen_it(
    ada: Browser, archived: World
) -> None:
    page = ada.get(SETTINGS)
    assert page.status_code == 200
    assert "/reopen" in page.text
    assert ada.post(SETTINGS, data=said(name="Autre")).status_code == 422
    assert dune(archived).name == "Dune Alder"


def test_another_firm_s_company_and_staff_without_the_right_are_kept_out(
    app: Flask, world: World
) -> None:
    other = signed_in(app, world.birch.admin)
    assert other.get(SETTINGS).status_code == 404
    assert other.post(SETTINGS, data=said(name="x")).status_code == 404
    assert signed_in(app, world.alder.staff).get(SETTINGS).status_code == 403
    assert signed_in(app, world.alder.manager).get(SETTINGS).status_code == 404
    assert dune(world).name == "Dune Alder"


def test_the_next_year_is_proposed(ada: Browser, world: World) -> None:
    page = ada.get(SETTINGS).text
    assert 'value="2027-01-01"' in page
    assert f'value="{date(2027, 12, 31)}"' in page


@pytest.mark.parametrize(
    "query",
    [
        "_method=PUT",
        "endpoint=library.root",
        "_scheme=ftp&_external=1",
        "_anchor=x&_external=1",
        "folder_id=x",
        "sort=name&sort=size&slug=elm",
    ],
)
def test_from_the_former_address_any_query_leads_on_as_it_was(
    app: Flask, world: World, query: str
) -> None:
    house = world.alder
    house.dune.former_slug, house.dune.slug = house.dune.slug, "dune-neuve"
    db.session.commit()
    folder = house.folder()
    ada = signed_in(app, house.admin)
    answer = ada.get(f"/companies/dune-alder/folders/{folder.id}?{query}")
    assert answer.status_code == 301
    assert answer.location == f"/companies/dune-neuve/folders/{folder.id}?{query}"
