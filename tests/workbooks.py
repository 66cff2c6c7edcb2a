"""Workbooks as Excel writes them."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

Rows = Sequence[Sequence[Any]]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = OLE + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)
OLD = OLE + bytes(1000) + "Workbook".encode("utf-16-le") + bytes(1000)


def workbook(*sheets: Rows, hidden: Rows | None = None) -> bytes:
    """Days as days, numbers as numbers."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for rows in sheets:
            _fill(book.add_worksheet(), rows, day)
        if hidden is not None:
            away = book.add_worksheet()
            _fill(away, hidden, day)
            away.hide()
    return made.getvalue()


def _fill(sheet: Any, rows: Rows, day: Any) -> None:
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, date | datetime):
                sheet.write_datetime(number, column, value, day)
            elif value is not None:
                sheet.write(number, column, value)


def with_part(book: bytes, name: str, content: bytes) -> bytes:
    """The same with another part in it."""
    made = io.BytesIO(book)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, content)
    return made.getvalue()


def far_away() -> bytes:
    """Two cells at the two ends of a sheet, 17 thousand million between them."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "nom")
        sheet.write(1_048_575, 16_383, "loin")
    return made.getvalue()
