"""The firm's tree templates, and what one does in the companies that follow it."""

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.activity.models import Entry
from app.companies import years
from app.companies.founding import Described, found
from app.companies.models import Company, TreeTemplate
from app.db import db, utc_now
from app.library import template_applying as applying
from app.library.models import Folder
from app.library.template_nodes import STANDARD, Node, read, written
from app.library.tree import by_path
from tests.cast import PURCHASES, Browser, World, signed_in
from tests.papers import one_page_pdf

TOP = "Dossier comptable annuel"


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


@pytest.fixture
def url(ada: Browser) -> str:
    """Of a template like the standard one, which is the firm's default."""
    made = ada.post("/settings/templates", data={"name": "Artisans"}).location
    ada.post(f"{made}/default")
    return str(made)


def template() -> TreeTemplate:
    db.session.expire_all()
    return db.session.scalars(select(TreeTemplate)).one()


def nodes() -> tuple[Node, ...]:
    return read(template().content)


def change(browser: Browser, url: str, do: str, at: str = "", **form: str):  # type: ignore[no-untyped-def]
    version = template().version
    data = {"do": do, "at": at, "version": version, **form}
    return browser.post(f"{url}/nodes", data=data)


def agreed(browser: Browser, url: str) -> dict[str, list[str]]:
    page = browser.get(f"{url}/apply").text
    return {"company": re.findall(r'name="company"\s+value="([^"]+)"', page)}


def apply(browser: Browser, url: str, **form: str):  # type: ignore[no-untyped-def]
    return browser.post(f"{url}/apply", data={**agreed(browser, url), **form})


def paths(company: Company) -> set[str]:
    db.session.expire_all()
    every = db.session.scalars(select(Folder).where(Folder.company_id == company.id))
    known = {folder.id: folder for folder in every}

    def path(folder: Folder) -> str:
        above = known.get(folder.parent_id) if folder.parent_id else None
        return f"{path(above)}/{folder.name}" if above else folder.name

    return {path(folder) for folder in known.values()}


def new_company(app: Flask, world: World, name: str = "Zed") -> Company:
    with app.test_request_context():
        db.session.info["firm_id"] = world.alder.firm.id
        wanted = Described(
            *(name, None, None, None, date(2026, 1, 1), date(2026, 12, 31)),
            manager=None,
            invites=False,
        )
        company = found(world.alder.firm, wanted, by=world.alder.admin)
        db.session.commit()
    return company


def test_a_new_template_is_a_copy_of_the_standard_one(url: str) -> None:
    assert nodes() == STANDARD
    assert template().is_default


def test_a_template_survives_being_written_and_read() -> None:
    assert read(written(STANDARD)) == STANDARD


def test_a_firm_without_template_plants_the_standard_one(
    app: Flask, world: World
) -> None:
    assert {p for p in paths(new_company(app, world)) if "/" not in p} == {
        node.name for node in STANDARD
    }


def test_a_company_is_planted_from_its_firm_s_default(
    app: Flask, world: World, ada: Browser, url: str
) -> None:
    change(ada, url, "add", "", name="Contrats", visibility="read_only")
    change(ada, url, "add", "1", name="Caisse", kind="plain", monthly="yes")
    change(ada, url, "add", "1.5", name="Tickets Z", is_locked="yes")
    company = new_company(app, world)
    contracts = by_path(company, "Contrats")
    assert contracts
    assert (contracts.visibility, contracts.is_locked) == ("read_only", False)
    assert by_path(company, f"{TOP}/Exercice 2026/Caisse/03 – Mars")
    assert by_path(company, f"{TOP}/Exercice 2026/Caisse/Tickets Z")


def test_a_company_keeps_the_template_that_it_was_given(
    app: Flask, world: World, ada: Browser, url: str
) -> None:
    other = ada.post("/settings/templates", data={"name": "Holdings"}).location
    ada.post(f"{other}/nodes", data={"do": "add", "version": 1, "name": "Filiales"})
    chosen = other.rpartition("/")[2]
    form = {"name": "Zed", "year_start": "2026-01-01", "template": chosen}
    assert ada.post("/companies/new", data=form).status_code == 303
    zed = db.session.scalars(select(Company).where(Company.name == "Zed")).one()
    assert by_path(zed, "Filiales")
    assert not by_path(new_company(app, world, "Autre"), "Filiales")


def test_nodes_are_renamed_moved_and_taken_out(ada: Browser, url: str) -> None:
    change(ada, url, "save", "2", name="Paie", visibility="read_only")
    assert nodes()[2].name == "Paie"
    assert (nodes()[2].visibility, nodes()[2].is_locked) == ("read_only", False)
    change(ada, url, "up", "2")
    assert [n.name for n in nodes()][:3] == ["À classer", "Paie", TOP]
    change(ada, url, "down", "5")
    assert nodes()[5].name == "Cabinet", "the last one stays where it is"
    change(ada, url, "remove", "1")
    assert "Paie" not in [node.name for node in nodes()]


def test_a_node_deep_down_is_changed_and_nothing_else(ada: Browser, url: str) -> None:
    change(ada, url, "save", "1.3", name="Banques", is_locked="yes")
    before, after = STANDARD[1].children, nodes()[1].children
    assert after[3] == Node("Banques", "bank", is_locked=True, monthly=False)
    assert (*after[:3], *after[4:]) == (*before[:3], *before[4:])
    assert (nodes()[0], *nodes()[2:]) == (STANDARD[0], *STANDARD[2:])


@pytest.mark.parametrize(
    ("do", "at", "name"),
    [
        *(("add", "", ""), ("add", "", "social"), ("add", "", "a/b")),
        *(("add", "", "x" * 101), ("save", "0", "SOCIAL"), ("save", "9", "x")),
        *(("add", "1.9", "x"), ("remove", "1", ""), ("save", "a.b", "x")),
        ("save", "-1", "x"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_typed(
    ada: Browser, url: str, do: str, at: str, name: str
) -> None:
    answer = change(ada, url, do, at, name=name)
    assert answer.status_code == 422
    assert "field-error" in answer.text or "banner-bad" in answer.text
    assert nodes() == STANDARD


def test_months_are_only_for_what_is_made_in_a_fiscal_year(
    ada: Browser, url: str
) -> None:
    change(ada, url, "save", "2", name="Social", monthly="yes")
    assert not nodes()[2].monthly


def test_of_two_who_change_a_template_the_second_is_told(
    ada: Browser, url: str
) -> None:
    first = {"do": "add", "at": "", "version": 1, "name": "Un"}
    assert ada.post(f"{url}/nodes", data=first).status_code == 303
    second = ada.post(f"{url}/nodes", data={**first, "name": "Deux"})
    assert second.status_code == 422
    assert [node.name for node in nodes()][-1] == "Un"


@pytest.mark.parametrize("version", ["", "9" * 30, "-1", "\N{SUPERSCRIPT TWO}"])
def test_a_version_that_no_database_counts_to_is_an_old_one(
    ada: Browser, url: str, version: str
) -> None:
    form = {"do": "add", "at": "", "version": version, "name": "Un"}
    assert ada.post(f"{url}/nodes", data=form).status_code == 422
    assert nodes()[-1].name != "Un"


def test_there_is_one_default_and_it_can_be_another(ada: Browser, url: str) -> None:
    other = ada.post("/settings/templates", data={"name": "Holdings"}).location
    ada.post(f"{other}/default")
    db.session.expire_all()
    default = select(TreeTemplate.name).where(TreeTemplate.is_default)
    assert db.session.scalars(default).all() == ["Holdings"]


def test_a_template_that_companies_follow_is_not_removed(
    ada: Browser, url: str
) -> None:
    assert ada.post(f"{url}/remove").status_code == 422
    other = ada.post("/settings/templates", data={"name": "Holdings"}).location
    assert ada.post(f"{other}/remove").status_code == 303
    assert template().name == "Artisans"


def test_two_templates_of_one_name_are_refused(ada: Browser, url: str) -> None:
    answer = ada.post("/settings/templates", data={"name": "ARTISANS"})
    assert answer.status_code == 422
    assert 'value="ARTISANS"' in answer.text


def test_nothing_is_to_be_done_where_everything_is_there(
    ada: Browser, url: str
) -> None:
    assert agreed(ada, url) == {"company": []}


def test_applying_shows_then_makes_what_is_missing_and_nothing_twice(
    ada: Browser, world: World, url: str
) -> None:
    before = paths(world.alder.dune)
    change(ada, url, "add", "", name="Contrats", is_locked="yes")
    change(ada, url, "add", "1", name="Caisse", monthly="yes", is_locked="yes")
    page = ada.get(f"{url}/apply").text
    assert f"{TOP} / Exercice 2026 / Caisse / 03 – Mars" in page
    assert paths(world.alder.dune) == before, "a preview makes nothing"
    assert apply(ada, url).status_code == 303
    made = paths(world.alder.dune) - before
    assert "Contrats" in made
    assert f"{TOP}/Exercice 2026/Caisse/12 – Décembre" in made
    assert len(made) == 14
    assert before <= paths(world.alder.dune)
    assert agreed(ada, url) == {"company": []}
    told = select(func.count(Entry.id)).where(Entry.verb == "template_applied")
    assert db.session.scalar(told) == 2


def test_only_the_companies_that_are_ticked_are_touched(
    ada: Browser, world: World, url: str
) -> None:
    change(ada, url, "add", "", name="Contrats")
    ticked = [c for c in agreed(ada, url)["company"] if str(world.alder.elm.id) in c]
    ada.post(f"{url}/apply", data={"company": ticked})
    assert "Contrats" in paths(world.alder.elm)
    assert "Contrats" not in paths(world.alder.dune)


def test_applying_deletes_and_renames_nothing(
    ada: Browser, world: World, url: str
) -> None:
    before = paths(world.alder.dune)
    change(ada, url, "save", "1.0", name="Factures reçues", is_locked="yes")
    change(ada, url, "remove", "3")
    apply(ada, url)
    assert before <= paths(world.alder.dune)
    assert f"{TOP}/Exercice 2026/Factures reçues" not in paths(world.alder.dune)


def test_a_second_folder_for_the_same_use_is_made_beside_the_first(
    ada: Browser, world: World, url: str
) -> None:
    bank = world.alder.folder(f"{TOP}/Exercice 2026/Banque")
    ada.post(f"/folders/{bank.id}/rename", data={"name": "Banque du Nord"})
    change(ada, url, "add", "1", name="Banque Sud", kind="bank")
    apply(ada, url)
    for company, first in (
        (world.alder.dune, "Banque du Nord"),
        (world.alder.elm, "Banque"),
    ):
        year = f"{TOP}/Exercice 2026/"
        banks = {p for p in paths(company) if p.startswith(f"{year}Banque")}
        tops = {p.removeprefix(year) for p in banks if p.count("/") == 2}
        assert tops == {first, "Banque Sud"}


def test_what_was_put_in_the_trash_is_left_there(
    ada: Browser, world: World, url: str
) -> None:
    legal = world.alder.folder("Juridique")
    ada.post(f"/folders/{legal.id}/trash")
    assert agreed(ada, url) == {"company": []}
    change(ada, url, "save", "3", name="Juridique", visibility="read_only")
    change(ada, url, "add", "3", name="Statuts")
    apply(ada, url)
    db.session.expire_all()
    assert db.session.get_one(Folder, legal.id).visibility == "shared"
    assert "Juridique/Statuts" not in paths(world.alder.dune)
    assert "Juridique/Statuts" in paths(world.alder.elm)


def test_new_folders_come_in_the_years_that_are_not_over(
    app: Flask, ada: Browser, world: World, url: str
) -> None:
    this = utc_now().year
    with app.test_request_context():
        for year in (this + 1, this - 3):
            years.open_year(
                world.alder.elm, date(year, 1, 1), date(year, 12, 31), by=None
            )
    db.session.commit()
    change(ada, url, "add", "1", name="Caisse")
    apply(ada, url)
    made = {path for path in paths(world.alder.elm) if path.endswith("/Caisse")}
    assert f"{TOP}/Exercice {this + 1}/Caisse" in made
    assert f"{TOP}/Exercice {this - 3}/Caisse" not in made


def test_each_of_two_years_whose_names_begin_alike_has_its_own_months(
    app: Flask, ada: Browser, world: World, url: str
) -> None:
    with app.test_request_context():
        for dates in (
            (date(2027, 1, 1), date(2027, 6, 30)),
            (date(2027, 7, 1), date(2028, 6, 30)),
        ):
            years.open_year(world.alder.elm, *dates, by=None)
    db.session.commit()
    change(ada, url, "add", "1", name="Caisse", monthly="yes")
    apply(ada, url)
    made = {path for path in paths(world.alder.elm) if "2027-2028/Caisse/" in path}
    assert len(made) == 12
    assert f"{TOP}/Exercice 2027-2028/Caisse/12 – Décembre" in made


def test_a_folder_below_a_renamed_year_is_found_again(
    ada: Browser, world: World, url: str
) -> None:
    year = world.alder.folder(f"{TOP}/Exercice 2026")
    ada.post(f"/folders/{year.id}/rename", data={"name": "Année 26"})
    change(ada, url, "add", "1", name="Caisse")
    apply(ada, url)
    assert f"{TOP}/Année 26/Caisse" in paths(world.alder.dune)


def test_hiding_documents_is_said_in_numbers_and_asks_for_agreement(
    app: Flask, ada: Browser, world: World, url: str
) -> None:
    world.alder.drop("Une.pdf", f"{PURCHASES}/03 – Mars")
    world.alder.drop("Deux.pdf", "Social", one_page_pdf("Deux"))
    world.alder.drop("Trois.pdf", "Social", one_page_pdf("3"), world.alder.elm)
    change(ada, url, "save", "2", name="Social", visibility="firm_only")
    firm_only = {"name": "Achats", "visibility": "firm_only", "monthly": "yes"}
    change(ada, url, "save", "1.0", **firm_only)
    page = ada.get(f"{url}/apply").text
    assert re.search(r"3\s+documents", page)
    assert re.search(r"2\s+(entreprises|companies)", page)
    assert apply(ada, url).status_code == 422
    assert world.alder.folder("Social").visibility == "shared"
    assert apply(ada, url, seen="yes").status_code == 303
    dora = signed_in(app, world.alder.manager)
    db.session.expire_all()
    social, march = (
        world.alder.folder(p) for p in ("Social", f"{PURCHASES}/03 – Mars")
    )
    for folder in (social, march):
        answer = dora.get(f"/companies/dune-alder/folders/{folder.id}")
        assert answer.status_code == 404


def test_showing_documents_asks_for_agreement_too(
    ada: Browser, world: World, url: str
) -> None:
    world.alder.drop("Note.pdf", "Cabinet")
    change(ada, url, "save", "5", name="Cabinet", visibility="shared")
    assert apply(ada, url).status_code == 422
    assert apply(ada, url, seen="yes").status_code == 303
    db.session.expire_all()
    assert world.alder.folder("Cabinet").visibility == "shared"


def test_closing_a_folder_to_deposits_shows_and_hides_nothing(
    app: Flask, ada: Browser, world: World, url: str
) -> None:
    ada.post(
        "/companies/dune-alder/folders",
        data={"name": "Statuts", "parent": str(world.alder.folder("Juridique").id)},
    )
    world.alder.drop("Statuts.pdf", "Juridique/Statuts")
    change(ada, url, "save", "3", name="Juridique", visibility="read_only")
    assert apply(ada, url).status_code == 303
    db.session.expire_all()
    within = world.alder.folder("Juridique/Statuts")
    assert within.visibility == "read_only", "what lies in it follows"
    dora = signed_in(app, world.alder.manager)
    folder = f"/companies/dune-alder/folders/{within.id}"
    assert dora.get(folder).status_code == 200
    assert dora.post(f"{folder}/documents").status_code == 403


def test_what_changed_meanwhile_is_shown_again_before_it_is_done(
    ada: Browser, world: World, url: str
) -> None:
    change(ada, url, "add", "", name="Contrats")
    form = agreed(ada, url)
    change(ada, url, "add", "", name="Assurances")
    answer = ada.post(f"{url}/apply", data=form)
    assert answer.status_code == 422
    assert "Assurances" in answer.text
    assert "Contrats" not in paths(world.alder.dune)


def test_archived_companies_are_left_as_they_are(
    ada: Browser, world: World, url: str
) -> None:
    ada.post("/companies/dune-alder/archive", data={"sure": "yes"})
    change(ada, url, "add", "", name="Contrats")
    assert len(agreed(ada, url)["company"]) == 1


def test_a_template_of_another_firm_is_not_there(
    app: Flask, world: World, ada: Browser, url: str
) -> None:
    other = signed_in(app, world.birch.admin)
    for path in ("", "/apply"):
        assert other.get(f"{url}{path}").status_code == 404
    for path in ("", "/nodes", "/default", "/remove", "/apply"):
        assert other.post(f"{url}{path}").status_code == 404
    theirs = {"name": "Copie", "like": url.rpartition("/")[2]}
    assert other.post("/settings/templates", data=theirs).status_code == 422
    mine = {"name": "Zed", "year_start": "2026-01-01", "template": theirs["like"]}
    assert other.post("/companies/new", data=mine).status_code == 422
    ben = signed_in(app, world.alder.staff)
    dora = signed_in(app, world.alder.manager)
    assert ben.get(url).status_code == 403
    assert dora.get(url).status_code == 404


def test_many_companies_are_done_a_page_after_the_other(
    ada: Browser, world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "A_BATCH", 1)
    change(ada, url, "add", "", name="Contrats")
    for left in (2, 1, 0):
        names = ("Dune Alder", "Elm Alder")
        done = sum("Contrats" in paths(c) for c in (world.alder.dune, world.alder.elm))
        assert done == 2 - left
        assert len(agreed(ada, url)["company"]) == min(left, 1)
        page = ada.get(f"{url}/apply").text
        assert sum(name in page for name in names) == min(left, 1)
        if left:
            assert apply(ada, url).status_code == 303


def test_the_root_of_the_years_comes_back_with_the_next_one(
    app: Flask, ada: Browser, world: World
) -> None:
    """Once it was thrown away for good."""
    top = world.alder.folder(TOP)
    db.session.delete(top)
    db.session.commit()
    form = {"year_start": "2027-01-01", "year_end": "2027-12-31"}
    assert ada.post("/companies/dune-alder/years", data=form).status_code == 303
    assert by_path(world.alder.dune, f"{TOP}/Exercice 2027/Ventes")
