"""A file of rows as spreadsheets save it, CSV or .xlsx; nothing is looked up.

Charset, delimiter, sheet and the order of the columns are found from the file itself.
What cannot be read is Refused with a sentence, at the field `file`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from app.connectors.workbook_reading import is_workbook, sheets_of
from app.errors import Refused
from app.folding import plain
from app.formats import FORMULA_STARTS
from app.texts import gettext as _

MOST_BYTES = 1_000_000
MOST_LINES = 5_000
DELIMITERS = (";", ",", "\t")
COLUMNS = {
    "entreprise": "name",
    "societe": "name",
    "company": "name",
    "slug": "slug",
    "siren": "siren",
    "adresse": "address",
    "address": "address",
    "destination": "address",
    "famille": "slot",
    "slot": "slot",
}
COMPANY = ("slug", "siren", "name")
TITLES = 10  # lines of a sheet that may stand above its header
SIREN, SIRET = 9, 14  # digits
Lines = Iterator[tuple[int, list[str]]]  # (number of its first line, cells)


@dataclass(frozen=True)
class Row:
    """One line as it is in the file; what has no column is empty."""

    line: int  # as an editor numbers it
    slug: str = ""
    siren: str = ""
    name: str = ""
    address: str = ""
    slot: str = ""
    # It has more cells than the header: an address with a delimiter in it, say.
    is_too_long: bool = False

    @property
    def company(self) -> str:
        """What the file calls the company."""
        return self.name or self.slug or self.siren


@dataclass(frozen=True)
class Told:
    """One line, whatever it is about: its cells by the field of their column."""

    number: int
    cells: dict[str, str]
    is_too_long: bool


@dataclass(frozen=True)
class Table:
    columns: list[str]
    lines: list[Told]


@dataclass(frozen=True)
class Sheet:
    rows: list[Row]
    has_slots: bool


def read(raw: bytes) -> Sheet:
    """Raises Refused when it is no such file, or larger than what is taken."""

    def are_enough(columns: list[str]) -> bool:
        return "address" in columns and bool(set(COMPANY) & set(columns))

    table = read_table(raw, COLUMNS, are_enough)
    rows = [
        Row(line.number, is_too_long=line.is_too_long, **line.cells)
        for line in table.lines
    ]
    return Sheet(rows, "slot" in table.columns)


def read_table(
    raw: bytes,
    known: Mapping[str, str],
    are_enough: Callable[[list[str]], bool],
    most: int = MOST_LINES,
) -> Table:
    """Any file of rows, by the fields that its columns are `known` to be. Raises
    Refused when the columns are not enough, or it is larger than what is taken."""
    if len(raw) > MOST_BYTES:
        raise too_large()
    read = _sheet_lines if is_workbook(raw) else _text_lines
    for lines, above in read(raw, most):
        for _number, cells in islice(lines, above + 1):
            columns = _columns(cells, known)
            if are_enough(columns):
                return Table(columns, _told(lines, columns, most))
    raise _refused(
        _("The first line does not name the columns: it must be as in the example.")
    )


def _text_lines(raw: bytes, _most: int) -> Iterator[tuple[Lines, int]]:
    """As each delimiter has them, and how many may stand above the header."""
    text = _decoded(raw)
    if not text.strip():
        raise _refused(_("The file is empty."))
    for delimiter in DELIMITERS:
        lines = _lines(text, delimiter)
        try:
            first = next(lines, (0, []))
        except Refused:  # quotes end elsewhere with another delimiter
            continue
        yield chain([first], lines), 0


def _sheet_lines(raw: bytes, most: int) -> Iterator[tuple[Lines, int]]:
    sheets = sheets_of(raw, most + TITLES + 1)
    if not any(sheets):
        raise _refused(_("The file is empty."))
    for sheet in sheets:
        yield ((n, [_cell(cell) for cell in cells]) for n, cells in sheet), TITLES


def folded(text: str) -> str:
    """For comparing: neither accents nor case, and one space between words."""
    return " ".join(plain(text).split())


def _decoded(raw: bytes) -> str:
    no_text = _refused(
        _(
            "This is neither a workbook (.xlsx) nor a CSV file. Save the sheet as one "
            "of them, then try again."
        )
    )
    for charset in ("utf-8-sig", "cp1252"):
        try:
            text = raw.decode(charset)
        except UnicodeDecodeError:
            continue
        if re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text):
            raise no_text
        return text
    raise no_text


def _lines(text: str, delimiter: str) -> Lines:
    """Those that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = [_cell(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(
                _("Line %(line)s cannot be read: check its quotes.", line=number)
            ) from error
        if any(cells):
            yield number, cells


def _cell(raw: str) -> str:
    """On one line, without the quote that our own files put before a formula."""
    text = " ".join(raw.split())
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA_STARTS else text


def _with_zeros(number: str) -> str:
    """A spreadsheet drops the zeros in front of what it takes for a number."""
    missing = next((n - len(number) for n in (SIREN, SIRET) if n >= len(number)), 0)
    return "0" * missing + number if missing <= 2 and number.isdecimal() else number


def _columns(header: list[str], fields: Mapping[str, str]) -> list[str]:
    """The field of each column; nothing for one that is not known, or a second one."""
    found: list[str] = []
    for cell in header:
        known = fields.get(folded(cell), "")
        found.append("" if known in found else known)
    return found


def _told(lines: Lines, columns: list[str], most: int) -> list[Told]:
    found: list[Told] = []
    for number, cells in lines:
        if len(found) == most:
            raise _refused(
                _("The file has more than 5,000 lines: split it.")
                if most == MOST_LINES
                else _("The file has more than %(most)s lines: split it.", most=most)
            )
        known = {name: cell for name, cell in zip(columns, cells, strict=False) if name}
        if "siren" in known:
            known["siren"] = _with_zeros(known["siren"])
        found.append(Told(number, known, any(cells[len(columns) :])))
    return found


def too_large() -> Refused:
    return _refused(_("The file is larger than 1 MB: split it into several."))


def _refused(message: str) -> Refused:
    return Refused(message, "file")
