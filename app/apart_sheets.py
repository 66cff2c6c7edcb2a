"""The cells of a workbook: a task of `apart_child`, which loads this file by its path
and lays itself there as `child`. Imports nothing of the house.
"""

import io
import json
import zipfile
from datetime import date, datetime, time
from typing import Any, BinaryIO

child: Any = None

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # of old workbooks, and around encrypted ones
MOST_UNPACKED = 60_000_000  # bytes, of all its parts
MOST_SHEETS = 10
MOST_COLUMNS = 50
LONGEST_CELL = 2_000  # letters


def cells(
    source: BinaryIO, result: BinaryIO, _content_type: str, *, rows: int
) -> dict[str, Any]:
    """Of each sheet that is shown, its lines that are not empty, `rows` at most, in
    JSON: [[number, [text of each cell]]]. `defect` says what keeps them from being
    read: encrypted, old, macros, other, oversized, damaged."""
    import python_calamine as calamine

    raw = source.read()
    try:
        if defect := _defect(raw):
            return {"defect": defect}
        book = calamine.load_workbook(io.BytesIO(raw))
        names = [
            known.name
            for known in book.sheets_metadata
            if known.visible == calamine.SheetVisibleEnum.Visible
            and known.typ == calamine.SheetTypeEnum.WorkSheet
        ]
        sheets = [
            _lines(book.get_sheet_by_name(name), rows) for name in names[:MOST_SHEETS]
        ]
    except calamine.PasswordError:
        return {"defect": "encrypted"}
    except (calamine.CalamineError, zipfile.BadZipFile, ValueError, KeyError):
        return {"defect": "damaged"}
    result.write(json.dumps(sheets).encode())
    result.flush()
    return {"defect": None}


def _defect(raw: bytes) -> str | None:
    if raw.startswith(OLE):
        name = "EncryptedPackage".encode("utf-16-le")
        return "encrypted" if name in raw else "old"
    with zipfile.ZipFile(io.BytesIO(raw)) as parts:
        names = {part.filename.lower() for part in parts.infolist()}
        if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
            return "oversized"
    if "xl/workbook.xml" not in names:
        return "other"
    return "macros" if "xl/vbaproject.bin" in names else None


def _lines(sheet: Any, most: int) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    first = sheet.start[0] if sheet.start else 0
    left = sheet.start[1] if sheet.start else 0
    rows = sheet.to_python(skip_empty_area=True)
    for number, row in enumerate(rows, first + 1):
        told = [_text(value) for value in row[: max(0, MOST_COLUMNS - left)]]
        if any(told):
            found.append((number, told))
        if len(found) > most:
            break
    return found


def _text(value: Any) -> str:
    """As a person would type it; a day without its midnight."""
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)[:LONGEST_CELL].strip()


TASKS = {"cells": cells}
