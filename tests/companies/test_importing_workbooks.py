"""Opening companies from a workbook: what a spreadsheet makes of cells is undone."""

import io
import zipfile
from datetime import date

import pytest
from flask import Flask

from app.companies import importing
from app.companies.importing import Line
from app.errors import Refused
from tests.cast import Browser, World, signed_in
from tests.workbooks import ENCRYPTED, OLD, Rows, far_away, with_part, workbook

HEAD = ("Nom", "SIREN", "Début exercice", "Fin exercice", "Inviter")
GOOD = (HEAD, ("Menuiserie Élan", 732829320, date(2026, 7, 1), None, True))


@pytest.fixture
def ada(app: Flask, world: World) -> Browser:
    return signed_in(app, world.alder.admin)


def lines(app: Flask, world: World, raw: bytes) -> list[Line]:
    with app.test_request_context():
        return importing.plan(raw, world.alder.firm)


def only_line(app: Flask, world: World, *rows: Rows) -> Line:
    [found] = lines(app, world, workbook(*rows))
    assert found.verdict == "new", found.why
    return found


def refusal(app: Flask, world: World, raw: bytes) -> str:
    with pytest.raises(Refused) as raised:
        lines(app, world, raw)
    assert raised.value.field == "file"
    return raised.value.message


def test_numbers_and_days_of_a_workbook_are_read_as_they_were_meant(
    app: Flask, world: World
) -> None:
    found = only_line(app, world, GOOD)
    assert found.number == 2
    assert found.wanted
    assert found.wanted.name == "Menuiserie Élan"
    assert found.wanted.siren == "732829320"
    assert found.wanted.starts_on == date(2026, 7, 1)
    assert found.wanted.ends_on == date(2027, 6, 30)
    assert found.wanted.invites


@pytest.mark.parametrize(
    ("cell", "siren"),
    [
        (732829320.0, "732829320"),
        ("732 829 320", "732829320"),
        (73282932000074, "732829320"),
        (5520135, "005520135"),  # 005 520 135, whose zeros a spreadsheet drops
    ],
)
def test_a_siren_that_became_a_number_is_a_siren(
    app: Flask, world: World, cell: object, siren: str
) -> None:
    found = only_line(app, world, (("nom", "siren"), ("Zed", cell)))
    assert found.wanted
    assert found.wanted.siren == siren


def test_a_day_that_lost_its_format_is_a_day(app: Flask, world: World) -> None:
    head = ("nom", "début", "fin")
    found = only_line(app, world, (head, ("Zed", 46204, 46568)))
    assert found.wanted
    assert found.wanted.starts_on == date(2026, 7, 1)
    assert found.wanted.ends_on == date(2027, 6, 30)


def test_the_first_sheet_with_a_header_is_taken_below_its_titles(
    app: Flask, world: World
) -> None:
    notes = (("À lire avant de remplir",), ("Merci",))
    titled = (("Liste de nos clients",), (), ("au 3 novembre",), *GOOD)
    other = (HEAD, ("Autre", None, None, None, None))
    found = only_line(app, world, notes, titled, other)
    assert found.number == 5
    assert found.name == "Menuiserie Élan"


def test_a_hidden_sheet_is_not_read(app: Flask, world: World) -> None:
    raw = workbook((("Notes",),), hidden=GOOD)
    assert refusal(app, world, raw)


def test_what_cannot_be_read_is_told_by_its_kind(app: Flask, world: World) -> None:
    good = workbook(GOOD)
    letter = io.BytesIO()
    with zipfile.ZipFile(letter, "w") as parts:
        parts.writestr("word/document.xml", "<w/>")
    kinds = [
        ENCRYPTED,
        OLD,
        with_part(good, "xl/vbaProject.bin", b"Sub x()"),
        letter.getvalue(),
        with_part(good, "xl/bomb.xml", bytes(70_000_000)),
        good[: len(good) // 2],
        workbook(()),
    ]
    assert len({refusal(app, world, raw) for raw in kinds}) == len(kinds)


@pytest.mark.parametrize(
    "part",
    [
        b"<worksheet",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        b"",
    ],
)
def test_a_sheet_that_is_no_sheet_is_refused(
    app: Flask, world: World, part: bytes
) -> None:
    whole, made = io.BytesIO(workbook(GOOD)), io.BytesIO()
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            is_it = name.endswith("sheet1.xml")
            new.writestr(name, part if is_it else old.read(name))
    assert refusal(app, world, made.getvalue())


def test_a_cell_at_the_other_end_of_the_sheet_breaks_nothing_but_its_reader(
    app: Flask, world: World, ada: Browser
) -> None:
    raw = far_away()
    assert refusal(app, world, raw)
    answer = ada.post("/companies/import", data={"file": (io.BytesIO(raw), "a.xlsx")})
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text


def test_more_lines_than_are_taken_are_refused(app: Flask, world: World) -> None:
    names = [(f"Zed {number}",) for number in range(importing.MOST_LINES + 1)]
    assert str(importing.MOST_LINES) in refusal(
        app, world, workbook((("nom",), *names))
    )
    assert len(lines(app, world, workbook((("nom",), *names[:-1])))) == 500


def test_the_whole_way_from_a_workbook_to_companies(ada: Browser) -> None:
    raw = workbook(GOOD)
    page = ada.post("/companies/import", data={"file": (io.BytesIO(raw), "a.xlsx")})
    assert "Menuiserie Élan" in page.text
    content = page.text.split('name="content" value="')[1].split('"')[0]
    done = ada.post("/companies/import/apply", data={"content": content})
    assert done.status_code == 200
    page = ada.get("/companies/menuiserie-elan", follow_redirects=True)
    assert "Menuiserie Élan" in page.text
