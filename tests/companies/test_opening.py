"""Opening a company from its form: numbers, short names, fiscal years, the manager."""

from datetime import date, datetime, tzinfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import formats
from app.companies import years
from app.companies.managers import members_of
from app.companies.models import Company, FiscalYear
from app.companies.opening import open_company
from app.companies.sirens import siren_from
from app.companies.slugs import checked_slug, free_slug, look_of
from app.db import db
from app.errors import Refused
from app.firms.models import Firm
from app.library.models import Folder
from app.library.tree import by_path
from app.notices.models import Notice
from app.people.models import Membership, Person
from tests.cast import Browser, World, signed_in

FORM = {
    "name": "Hôtel de l’Œuvre",
    "siren": "732 829 320",
    "year_start": "2026-04-01",
    "manager_name": "Zoé Brun",
    "manager_email": "Zoe@Brun.test",
    "invite": "yes",
}


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def opened(slug: str = "hotel-de-l-oeuvre") -> Company:
    return db.session.scalars(select(Company).where(Company.slug == slug)).one()


@pytest.mark.parametrize(
    "typed",
    [
        *("732829320", "732 829 320", "732.829.320", "73282932000074"),
        *("356 000 000", "35600000000048", "35600000049837"),
        "\u202d732\u202f829\u200b320\u202c",  # as it is copied from a page
    ],
)
def test_a_right_siren_or_siret_is_taken(app: Flask, typed: str) -> None:
    with app.test_request_context():
        assert siren_from(typed) in {"732829320", "356000000"}


@pytest.mark.parametrize(
    "typed",
    [
        *("732829321", "723829320", "73282932", "7328293200007", "73282932000075"),
        *("73282932A", "٧٣٢٨٢٩٣٢٠", "35600000049838", "73282932049837"),
    ],
)
def test_a_wrong_siren_or_siret_is_refused(app: Flask, typed: str) -> None:
    with app.test_request_context(), pytest.raises(Refused):
        siren_from(typed)


def test_the_form_opens_a_company_with_its_tree_its_year_and_its_manager(
    ada: Browser, world: World
) -> None:
    answer = ada.post("/companies/new", data=FORM)
    assert answer.status_code == 303, answer.text
    company = opened()
    assert (company.siren, company.firm_id) == ("732829320", world.alder.firm.id)
    year = db.session.scalars(
        select(FiscalYear).where(FiscalYear.company_id == company.id)
    ).one()
    assert (year.starts_on, year.ends_on) == (date(2026, 4, 1), date(2027, 3, 31))
    place = "Dossier comptable annuel/Exercice 2026-2027/Achats/04 – Avril"
    assert by_path(company, place)
    zoe = db.session.scalars(select(Person).where(Person.name == "Zoé Brun")).one()
    assert (zoe.email, zoe.role, zoe.password_hash) == (
        *("zoe@brun.test", "client"),
        None,
    )
    role = db.session.scalars(
        select(Membership.role).where(Membership.person_id == zoe.id)
    ).one()
    assert role == "company_manager"
    mail = db.session.scalars(
        select(Notice).where(Notice.recipient == "zoe@brun.test")
    ).one()
    assert "http://alder.guichet.test" in mail.text
    assert "/welcome/" in mail.text


def test_without_the_box_nobody_is_written_to(ada: Browser, world: World) -> None:
    form = {name: value for name, value in FORM.items() if name != "invite"}
    assert ada.post("/companies/new", data=form).status_code == 303
    assert opened()
    assert not db.session.scalar(select(func.count(Notice.id)))


def test_what_is_wrong_is_said_at_each_field_and_what_was_typed_is_kept(
    ada: Browser,
) -> None:
    wrong = {
        **FORM,
        "siren": "732829321",
        "slug": "Été",
        "year_end": "2026-03-01",
        "manager_email": "zoe at brun",
    }
    answer = ada.post("/companies/new", data=wrong)
    assert answer.status_code == 422
    for field in ("siren", "slug", "year_end", "manager_email"):
        assert f'id="error-{field}"' in answer.text
    assert 'value="Hôtel de l’Œuvre"' in answer.text
    assert 'value="zoe at brun"' in answer.text
    assert not db.session.scalar(select(Company.id).where(Company.name == FORM["name"]))


@pytest.mark.parametrize(
    "slug",
    [
        *("dune-alder", "dunealder", "dune-a1der", "dune-birch", "dune-blrch"),
        *("new", "import", "postmaster", "alder", "-a", "a--b", "é", "a" * 51),
    ],
)
def test_a_short_name_that_is_taken_looks_taken_or_is_reserved_is_refused(
    ada: Browser, slug: str
) -> None:
    """Taken by a company of the other firm on the same mail domain too."""
    answer = ada.post("/companies/new", data={**FORM, "slug": slug})
    assert answer.status_code == 422
    assert 'id="error-slug"' in answer.text


def test_letters_that_look_alike_are_drawn_as_one() -> None:
    assert look_of("dup0nt-rnac") == look_of("dupontmac")
    assert look_of("dupont") != look_of("dupond")


def test_a_name_that_is_reserved_gets_a_number(ada: Browser) -> None:
    assert ada.post("/companies/new", data={**FORM, "name": "New"}).status_code == 303
    assert opened("new-2")


def test_a_siren_that_the_firm_has_already_is_refused_by_its_name(
    ada: Browser, world: World
) -> None:
    world.alder.dune.siren = "732829320"
    world.birch.elm.siren = "443061841"
    db.session.commit()
    answer = ada.post("/companies/new", data=FORM)
    assert answer.status_code == 422
    assert "Dune Alder" in answer.text
    other = ada.post("/companies/new", data={**FORM, "siren": "443061841"})
    assert other.status_code == 303, "another firm's company is nobody's business"


def test_a_manager_with_an_account_is_given_the_company_and_keeps_it(
    ada: Browser, world: World
) -> None:
    form = {**FORM, "manager_email": world.alder.manager.email}
    assert ada.post("/companies/new", data=form).status_code == 303
    mail = db.session.scalars(select(Notice)).one()
    assert "/login" in mail.text
    assert "/welcome/" not in mail.text
    found = Company.visible_to(world.alder.manager)
    assert len(db.session.scalars(found).all()) == 2


def test_what_is_pasted_along_and_nobody_sees_is_left_out(
    ada: Browser, world: World
) -> None:
    form = {
        **FORM,
        "name": "Menuiserie\u202e \u200bÉlan\x00",
        "manager_name": "\ufeffZoé Brun",
        "manager_email": "\u200bzoe@pasted.test\u202c",
    }
    assert ada.post("/companies/new", data=form).status_code == 303
    company = db.session.scalars(
        select(Company).where(Company.name == "Menuiserie Élan")
    ).one()
    [manager] = members_of(company)
    assert (manager.person.name, manager.person.email) == (
        "Zoé Brun",
        "zoe@pasted.test",
    )


def test_somebody_of_the_firm_is_no_manager_of_a_client(
    ada: Browser, world: World
) -> None:
    form = {**FORM, "manager_email": world.alder.staff.email}
    answer = ada.post("/companies/new", data=form)
    assert answer.status_code == 422
    assert 'id="error-manager_email"' in answer.text


def test_the_year_begins_where_the_people_are(
    ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NewYearsEve(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "NewYearsEve":
            return cls(2026, 12, 31, 23, 30, tzinfo=tz)

    monkeypatch.setattr(formats, "datetime", NewYearsEve)
    page = ada.get("/companies/new").text
    assert 'value="2027-01-01"' in page
    assert 'value="2027-12-31"' in page


def test_the_short_name_and_the_end_are_proposed_until_they_are_typed(
    ada: Browser,
) -> None:
    asked = {"name": "Dune Alder", "year_start": "2026-10-01"}
    told = ada.get("/companies/proposal", query_string=asked).text
    assert 'value="dune-alder-2"' in told
    assert 'value="2027-09-30"' in told
    own = {**asked, "slug": "dunes", "year_end": "2026-12-31"}
    told = ada.get("/companies/proposal", query_string=own).text
    assert 'value="dunes"' in told
    assert 'value="2026-12-31"' in told


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("2026-01-01", "", date(2026, 12, 31)),
        ("2027-03-01", "", date(2028, 2, 29)),
        ("2024-02-29", "", date(2025, 2, 28)),
        ("01/07/2026", "31/12/2027", date(2027, 12, 31)),
        ("2026-01-01", "2027-12-31", date(2027, 12, 31)),
    ],
)
def test_a_year_has_twelve_months_or_those_that_are_given(
    app: Flask, start: str, end: str, wanted: date
) -> None:
    with app.test_request_context():
        assert years.checked_dates(start, end)[1] == wanted


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("", ""),
        ("31/02/2026", ""),
        ("demain", ""),
        ("2026-01-01", "2025-12-31"),
        ("2026-01-01", "2028-01-01"),
        ("0026-01-01", ""),
    ],
)
def test_a_year_that_cannot_be_is_refused(app: Flask, start: str, end: str) -> None:
    with app.test_request_context(), pytest.raises(Refused):
        years.checked_dates(start, end)


def test_only_administrators_open_companies(app: Flask, world: World) -> None:
    staff = signed_in(app, world.alder.staff)
    client = signed_in(app, world.alder.manager)
    for path in ("/companies/new", "/companies/import", "/settings/templates"):
        assert staff.get(path).status_code == 403
        assert client.get(path).status_code == 404
    assert staff.post("/companies/new", data=FORM).status_code == 403
    assert client.post("/companies/new", data=FORM).status_code == 404


def test_two_firms_of_one_name_have_different_short_names(
    app: Flask, world: World
) -> None:
    for house in (world.alder, world.birch):
        browser = signed_in(app, house.admin)
        form = {"name": "Zed", "year_start": "2026-01-01"}
        assert browser.post("/companies/new", data=form).status_code == 303
    slugs = db.session.scalars(select(Company.slug).where(Company.name == "Zed"))
    assert sorted(slugs) == ["zed", "zed-2"]
    assert db.session.scalar(select(func.count(Firm.id))) == 2


def test_every_folder_of_the_template_is_locked_for_clients(ada: Browser) -> None:
    ada.post("/companies/new", data=FORM)
    locked = select(Folder.is_locked).where(Folder.company_id == opened().id)
    assert set(db.session.scalars(locked)) == {True}


def test_no_address_that_is_made_from_a_name_looks_like_another_one(
    app: Flask, world: World
) -> None:
    """Else mail that was meant for one goes to the other."""
    firm = world.alder.firm
    open_company(firm, "Martin")
    for name, slug in (("Rnartin", "rnartin-2"), ("Mart1n", "mart1n-2")):
        assert free_slug(firm, name) == slug
    assert free_slug(firm, "Martine") == "martine"


def test_a_firm_that_has_another_domain_by_now_gives_no_slug_twice(
    app: Flask, world: World
) -> None:
    """A slug is its word in the addresses of pages too."""
    firm = world.alder.firm
    firm.mail_domain = "collecte.alder.test"
    assert free_slug(firm, "Dune-Alder") == "dune-alder-2"
    with app.test_request_context(), pytest.raises(Refused, match=r"pris|taken"):
        checked_slug(firm, "elm-alder")
