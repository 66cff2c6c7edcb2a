"""Opening many companies from a file: a dry run, then line by line."""

import base64
import io
import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.companies import founding, importing
from app.companies.models import Company, FiscalYear
from app.db import db
from app.errors import Refused
from app.formats import today
from app.library.models import Folder
from app.notices.models import Notice
from app.people.models import Membership, Person
from tests.cast import Browser, World, signed_in
from tests.statements import statements_of

HEAD = "nom;siren;slug;début exercice;fin exercice;dirigeant;e-mail;inviter;modèle"
GOOD = "Menuiserie Élan;732 829 320;;01/07/2026;;Anne Caradec;anne@elan.test;oui;"


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def sheet(*lines: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *lines]).encode()


def preview(browser: Browser, raw: bytes, **fields: str):  # type: ignore[no-untyped-def]
    data = {"file": (io.BytesIO(raw), "entreprises.csv"), **fields}
    return browser.post("/companies/import", data=data)


def applied(browser: Browser, raw: bytes):  # type: ignore[no-untyped-def]
    content = base64.b64encode(raw).decode()
    return browser.post("/companies/import/apply", data={"content": content})


def names() -> set[str]:
    return set(db.session.scalars(select(Company.name)))


def verdicts(app: Flask, world: World, *lines: str, head: str = HEAD) -> list[str]:
    with app.test_request_context():
        db.session.info["firm_id"] = world.alder.firm.id
        found = importing.plan(sheet(*lines, head=head), world.alder.firm)
    return [line.verdict for line in found]


def test_a_dry_run_says_what_each_line_would_do_and_makes_nothing(
    ada: Browser, world: World
) -> None:
    before = names()
    raw = sheet(GOOD, "Dune Alder;;;;;;;;", "Faux;123;;;;;;;")
    page = preview(ada, raw)
    assert page.status_code == 200
    for badge in ("badge-ok", "badge-mute", "badge-bad"):
        assert badge in page.text
    assert "Menuiserie Élan" in page.text
    assert names() == before


def test_the_right_lines_are_made_whole_and_the_wrong_ones_left_out(
    ada: Browser, world: World
) -> None:
    raw = sheet(GOOD, "Faux;123;;;;;;;", "Zed;;;;;;;;")
    page = applied(ada, raw)
    assert page.status_code == 200
    assert {"Menuiserie Élan", "Zed"} <= names()
    assert "Faux" not in names()
    made = db.session.scalars(
        select(Company).where(Company.slug == "menuiserie-elan")
    ).one()
    year = db.session.scalars(
        select(FiscalYear).where(FiscalYear.company_id == made.id)
    ).one()
    assert year.starts_on.isoformat() == "2026-07-01"
    assert year.ends_on.isoformat() == "2027-06-30"
    folders = select(func.count(Folder.id)).where(Folder.company_id == made.id)
    assert db.session.scalar(folders) == 60
    assert db.session.scalars(select(Notice.recipient)).all() == ["anne@elan.test"]


def test_sent_twice_the_second_time_finds_them_there(ada: Browser) -> None:
    raw = sheet(GOOD, "Zed;;;;;;;;")
    applied(ada, raw)
    before = names()
    again = applied(ada, raw)
    assert "badge-bad" not in again.text
    assert names() == before
    assert len(db.session.scalars(select(Notice)).all()) == 1


def test_a_line_that_fails_half_way_leaves_nothing_behind(
    ada: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = founding.found

    def fails(firm, wanted, *, by):  # type: ignore[no-untyped-def]
        company = real(firm, wanted, by=by)
        if wanted.name == "Zed":
            raise Refused("Trop tard.")
        return company

    monkeypatch.setattr(importing, "found", fails)
    line = "Zed;;;;;Zoé Brun;zoe@zed.test;oui;"
    page = applied(ada, sheet(line, GOOD))
    assert "Trop tard." in page.text
    assert "Zed" not in names()
    assert "Menuiserie Élan" in names()
    assert not db.session.scalar(select(Person.id).where(Person.name == "Zoé Brun"))


def test_a_year_of_which_the_end_alone_is_told_does_not_begin_with_the_calendar(
    app: Flask, world: World
) -> None:
    with app.test_request_context():
        end = f"30/06/{today().year + 1}"
        [told] = importing.plan(sheet(f"Zed;;;;{end};;;;"), world.alder.firm)
    assert told.verdict == "error"
    assert told.why == "Indiquez le premier jour de l’exercice."


@pytest.mark.parametrize(
    "line",
    [
        *(";732829320;;;;;;;", "Zed;732829321;;;;;;;", "Zed;;dune-alder;;;;;;"),
        *("Zed;;;31/02/2026;;;;;", "Zed;;;01/01/2026;01/01/2030;;;;"),
        *("Zed;;;;;Zoé;;oui;", "Zed;;;;;Zoé;zoe;;", "Zed;;;;;;zoe@z.test;;"),
        *("Zed;;;;;Zoé;ada@firm.test;;", "Zed;;;;;Zoé;z@z.test;peut-être;"),
        *("Zed;;;;;;;;Inconnu", "Zed;;;;;;;;;trop"),
    ],
)
def test_a_wrong_line_says_why(app: Flask, world: World, line: str) -> None:
    with app.test_request_context():
        [told] = importing.plan(sheet(line), world.alder.firm)
    assert told.verdict == "error"
    assert told.why


def test_the_same_company_twice_in_a_file_is_made_once(
    app: Flask, world: World
) -> None:
    lines = (GOOD, "Autre nom;732829320;;;;;;;", "Zed;;;;;;;;", "ZED;;;;;;;;")
    assert verdicts(app, world, *lines) == ["new", "error", "new", "error"]


def test_what_is_asked_for_comes_before_what_is_made_from_a_name(
    app: Flask, ada: Browser, world: World
) -> None:
    """As the dry run said: both are made."""
    lines = ("Garage Roux;;;;;;;;", "Roux et fils;;garage-roux;;;;;;")
    assert verdicts(app, world, *lines) == ["new", "new"]
    applied(ada, sheet(*lines))
    made = select(Company.name, Company.slug).where(Company.name.contains("Roux"))
    assert {row[0]: row[1] for row in db.session.execute(made)} == {
        "Garage Roux": "garage-roux-2",
        "Roux et fils": "garage-roux",
    }


def test_lines_that_go_by_their_names_read_once_what_is_taken(ada: Browser) -> None:
    named = ["Rivet", "R1vet", "Rivet!", "Rivet SARL"]
    lines = [f"{name};;;;;;;;" for name in named]
    asked = statements_of(lambda: applied(ada, sheet(*lines)))
    slugs = "SELECT companies.slug, companies.former_slug"
    assert len([one for one in asked if one.startswith(slugs)]) == 1
    made = select(Company.slug).where(Company.name.in_(named))
    assert set(db.session.scalars(made)) == {
        *("rivet", "r1vet-2", "rivet-3", "rivet-sarl")
    }


def test_two_lines_whose_addresses_look_alike_are_not_both_made(
    app: Flask, world: World
) -> None:
    lines = ("Un;;dupont-mac;;;;;;", "Deux;;dup0nt-mac;;;;;;", "Trois;;dupontmac;;;;;;")
    assert verdicts(app, world, *lines) == ["new", "error", "error"]


def test_a_company_is_there_by_its_siren_or_its_name(app: Flask, world: World) -> None:
    world.alder.elm.siren = "732829320"
    db.session.commit()
    lines = ("Autre;732829320;;;;;;;", "dune  ALDER;;;;;;;;", "Elm Alder;;;;;;;;")
    assert verdicts(app, world, *lines) == ["there", "there", "there"]


def test_a_name_like_another_s_with_another_siren_is_a_new_company(
    app: Flask, world: World
) -> None:
    world.alder.elm.siren = "443061841"
    db.session.commit()
    assert verdicts(app, world, "Elm Alder;732829320;;;;;;;") == ["new"]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_usual_encodings_and_delimiters_are_read(
    ada: Browser, charset: str, delimiter: str
) -> None:
    text = "Société;SIRET;Dirigeant;Email\nCafé Été;73282932000074;Zoé;zoe@e.test\n"
    page = preview(ada, text.replace(";", delimiter).encode(charset))
    assert "Café Été" in page.text
    assert "badge-ok" in page.text
    assert "badge-bad" not in page.text


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\x01\x02", b"a;b\n1;2\n", sheet(*["Zed;;;;;;;;"] * 501)]
)
def test_a_file_that_is_no_list_of_companies_is_refused_in_a_sentence(
    ada: Browser, raw: bytes
) -> None:
    answer = preview(ada, raw)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text


def test_the_model_is_a_file_that_can_be_imported(
    app: Flask, ada: Browser, world: World
) -> None:
    answer = ada.get("/companies/import/model.csv")
    assert answer.mimetype == "text/csv"
    with app.test_request_context():
        [line] = importing.plan(answer.data, world.alder.firm)
    assert line.verdict == "new"


def test_the_wrong_lines_come_back_as_a_file_with_why(
    app: Flask, ada: Browser, world: World
) -> None:
    answer = preview(ada, sheet(GOOD, "=Faux;123;;;;;;;"), answer="errors")
    assert answer.mimetype == "text/csv"
    text = answer.data.decode("utf-8-sig")
    assert "Menuiserie" not in text
    assert "'=Faux;123" in text
    with app.test_request_context():
        [line] = importing.plan(answer.data, world.alder.firm)
    assert line.name == "=Faux"


def test_a_manager_of_two_companies_is_one_person(ada: Browser, world: World) -> None:
    lines = [f"{name};;;;;Zoé;zoe@z.test;non;" for name in ("Un", "Deux")]
    applied(ada, sheet(*lines))
    people = select(Person).where(Person.email == "zoe@z.test")
    assert len(db.session.scalars(people).all()) == 1
    assert {"Un", "Deux"} <= names()


def test_a_manager_of_several_companies_gets_one_letter_whose_link_is_good(
    app: Flask, ada: Browser
) -> None:
    rose, max_ = "Rose Lin;rose@lin.example", "Max Lin;max@lin.example"
    raw = sheet(
        *(f"{name};;;;;{rose};oui;" for name in ("Zinc", "Yuzu", "Xylo")),
        f"Vert;;;;;{rose};non;",
        f"Wok;;;;;{max_};oui;",
    )
    assert applied(ada, raw).status_code == 200
    letters = db.session.scalars(select(Notice).where(Notice.kind == "invitation"))
    told = {letter.recipient: letter.text for letter in letters.all()}
    assert set(told) == {"rose@lin.example", "max@lin.example"}
    assert "Zinc, Yuzu et Xylo" in told["rose@lin.example"]
    assert "Vert" not in told["rose@lin.example"]
    link = re.search(r"https?://[^/]+(/welcome/\S+)", told["rose@lin.example"])
    assert link
    browser = app.test_client()
    at = "http://alder.guichet.test"
    assert browser.get(link[1], base_url=at).status_code == 200
    entered = db.session.scalar(
        select(func.count())
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(Person.email == "rose@lin.example")
    )
    assert entered == 4
