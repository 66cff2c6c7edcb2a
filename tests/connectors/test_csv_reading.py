"""Files as spreadsheets save them, and files that are none."""

from typing import Any

import pytest
from flask import Flask

from app.connectors.csv_reading import MOST_LINES, Row, folded, read
from app.errors import Refused
from app.formats import csv_cell, csv_text

WANTED = [("Société d'Élevage", "a@tool.test"), ("Dune", "b@tool.test")]


def pairs(raw: bytes) -> list[tuple[str, str]]:
    return [(row.company, row.address) for row in read(raw).rows]


def refusal(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        read(raw)
    assert caught.value.field == "file"
    return caught.value.message


@pytest.fixture(autouse=True)
def in_a_request(app: Flask) -> Any:
    with app.test_request_context():
        yield


ELEVAGE = "Société d'Élevage"
SAVED = {
    "windows-1252": f"entreprise;adresse\r\n{ELEVAGE};a@tool.test\r\nDune;b@tool.test",
    "utf-8": f"entreprise;adresse\n{ELEVAGE};a@tool.test\nDune;b@tool.test\n",
    "utf-8-sig": f"entreprise,adresse\n{ELEVAGE},a@tool.test\nDune,b@tool.test\n",
    "tabs": f"Entreprise\tAdresse\n{ELEVAGE}\ta@tool.test\nDune\tb@tool.test",
    "order": f"DESTINATION;x;SOCIÉTÉ\na@tool.test;;{ELEVAGE}\nb@tool.test;x;Dune",
    "old mac": f"company;address\r{ELEVAGE};a@tool.test\rDune;b@tool.test\r",
    "quotes and empty lines": (
        f'\n;;\nentreprise;adresse\n\n"{ELEVAGE}";"a@tool.test"\n;\n'
        '"Dune\n";" b@tool.test\n"\n'
    ),
    "quoted header": (
        f'"entreprise"\t"adresse"\n{ELEVAGE}\ta@tool.test\nDune\tb@tool.test'
    ),
}


@pytest.mark.parametrize("name", SAVED)
def test_what_a_spreadsheet_saves_is_read(name: str) -> None:
    known = {"windows-1252", "utf-8-sig"}
    charset = name if name in known else "utf-8"
    assert pairs(SAVED[name].encode(charset)) == WANTED


def test_lines_are_numbered_as_an_editor_does() -> None:
    raw = b'entreprise;adresse\n\n"A\nB";a@tool.test\nC;c@tool.test\n'
    assert [row.line for row in read(raw).rows] == [3, 5]


def test_every_column_has_its_field() -> None:
    raw = b"siren;slug;famille;adresse;entreprise\n1;s;Achats;a@tool.test;D\n"
    sheet = read(raw)
    assert sheet.has_slots
    assert sheet.rows == [Row(2, "s", "1", "D", "a@tool.test", "Achats")]


def test_a_cell_too_many_is_noticed() -> None:
    raw = b"entreprise;adresse\nD;a@tool.test;b@tool.test\nE;e@tool.test;;\n"
    assert [row.is_too_long for row in read(raw).rows] == [True, False]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "vide"),
        (b"\xef\xbb\xbf\n \n", "vide"),
        (b"Dune;a@tool.test\n", "ne nomme pas les colonnes"),
        (b"entreprise;note\nDune;x\n", "ne nomme pas les colonnes"),
        (b"entreprise;adresse\nDu\x00ne;a@tool.test\n", "ni un fichier CSV"),
        (b"PK\x03\x04\x14\x00\x06\x00entreprise;adresse", "endommagé"),
        (bytes(range(128, 256)) * 9, "ni un fichier CSV"),
        ("entreprise;adresse\nD;a@tool.test".encode("utf-16"), "ni un fichier CSV"),
        (b'entreprise;adresse\nA;a@x.test\n"B;b@x.test\nC;c@x.test', "ligne 3"),
        (b"entreprise;adresse\n" + b'"' + b"x" * 200_000 + b'";a@x.test\n', "ligne 2"),
        (b"entreprise;adresse\n" + b"D;a@tool.test\n" * 90_000, "1 Mo"),
        (b"slug;adresse\n" + b"D;a@t.fr\n" * (MOST_LINES + 1), "5 000 lignes"),
    ],
)
def test_what_cannot_be_read_is_told(raw: bytes, said: str) -> None:
    assert said in refusal(raw).replace("\N{NO-BREAK SPACE}", " ")


def test_five_thousand_lines_are_taken() -> None:
    raw = b"slug;adresse\n" + b"D;a@t.fr\n" * MOST_LINES
    assert len(read(raw).rows) == MOST_LINES


@pytest.mark.parametrize("text", ["=1+1", "+a@x.test", "-2", "@SUM(A1)", "\tx"])
def test_no_cell_that_we_write_is_computed(text: str) -> None:
    assert csv_cell(text) == f"'{text}"
    assert csv_text([["ok", text]]).decode("utf-8-sig").startswith("ok;'")


def test_an_address_comes_back_as_it_was_written() -> None:
    raw = csv_text([("entreprise", "adresse"), ('D "x"; y', "+a@x.test")])
    assert raw.startswith(b"\xef\xbb\xbf")
    assert pairs(raw) == [('D "x"; y', "+a@x.test")]


def test_names_are_compared_without_accents_nor_case() -> None:
    assert folded("  SOCIÉTÉ  d’Œuvres ") == folded("Societe d'oeuvres")
