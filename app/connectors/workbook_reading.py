"""A workbook (.xlsx) as lines of text, read apart from everything. What cannot be read
is Refused with a sentence, at the field `file`.
"""

import json
import tempfile

from app import apart
from app.errors import Refused
from app.texts import gettext as _

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BEGINNINGS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
SECONDS, MEGABYTES = 10, 512
Lines = list[tuple[int, list[str]]]


def is_workbook(raw: bytes) -> bool:
    """By its first bytes: of a kind that is read here, or refused by its name."""
    return raw.startswith(BEGINNINGS)


def sheets_of(raw: bytes, most: int) -> list[Lines]:
    """The lines of each sheet that are not empty, `most` of them and one, under the
    numbers that the spreadsheet shows. Raises Refused."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as made:
        source.write(raw)
        source.seek(0)
        said = apart.ask(
            "cells",
            source,
            XLSX,
            made,
            seconds=SECONDS,
            megabytes=MEGABYTES,
            rows=most,
        )
        defect = "oversized" if said is None else said["defect"]
        if defect:
            raise Refused(_why(defect), "file")
        made.seek(0)
        return [
            [(number, cells) for number, cells in sheet] for sheet in json.load(made)
        ]


def _why(defect: str) -> str:
    return {
        "encrypted": _(
            "This workbook is protected by a password. Take the password off, then try "
            "again."
        ),
        "macros": _(
            "This workbook has macros. Save it as a workbook without macros (.xlsx), "
            "then try again."
        ),
        "old": _(
            "This is a file of an old Office. Save the sheet as .xlsx or as CSV, then "
            "try again."
        ),
        "other": _(
            "This is neither a workbook (.xlsx) nor a CSV file. Save the sheet as one "
            "of them, then try again."
        ),
        "oversized": _(
            "This workbook is too large to be read: keep only the sheet of the list, "
            "without empty lines and columns far away."
        ),
    }.get(defect, _("This workbook is damaged. Save it anew, then try again."))
