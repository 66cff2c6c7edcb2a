"""What an archive says of itself: a page to read, and a table to check it by.

Both are in the words of a client, whoever asked: nothing of the firm's own is in them.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask import current_app

from app.archives.gathering import Item
from app.archives.models import Archive
from app.archives.zipping import Part, local, text_part
from app.companies.models import Company
from app.db import db, utc_now
from app.delivery.badges import client_badge
from app.firms.brand import contrast
from app.firms.models import Firm
from app.formats import csv_text
from app.texts import gettext as _

PAGE, TABLE, STYLE, README = "index.html", "index.csv", "index.css", "LISEZ-MOI.txt"
READABLE = 4.5  # WCAG: text against what is behind it
OWN_NAMES = (PAGE, TABLE, STYLE, README)


@dataclass(frozen=True)
class Line:
    path: str
    folder: str
    name: str
    href: str
    size: int
    sha256: str
    by: str
    at: datetime
    status: str
    is_missing: bool


@dataclass(frozen=True)
class Book:
    """The documents with all that is said of them, read before the work begins."""

    items: list[Item]
    firm_name: str
    colour: str
    title: str
    company: str
    made_at: datetime

    @classmethod
    def of(cls, archive: Archive, company: Company, items: list[Item]) -> "Book":
        firm = db.session.get_one(Firm, archive.firm_id)
        return cls(
            items=items,
            firm_name=firm.name,
            colour=firm.brand_colour,
            title=archive.name or _("All documents"),
            company=company.name,
            made_at=utc_now(),
        )

    def parts(self, missing: list[str]) -> list[Part]:
        lines = self._lines(set(missing))
        now = local(self.made_at)
        # A file of its own, with nothing of our pages about it.
        page = current_app.jinja_env.get_template("archives/file/index.html").render(
            book=self, folders=_by_folder(lines), missing=len(missing), style=STYLE
        )
        said = [
            text_part(PAGE, now, page.encode()),
            text_part(STYLE, now, _style(self.colour).encode()),
            text_part(TABLE, now, csv_text([_heads(), *map(_cells, lines)])),
        ]
        if missing:
            intro = _("These documents could not be read and are missing or cut short:")
            text = "\r\n".join([intro, "", *missing, ""])
            said.append(text_part(README, now, text.encode("utf-8-sig")))
        return said

    def _lines(self, missing: set[str]) -> list[Line]:
        return [
            Line(
                path=item.path,
                folder=item.path.rpartition("/")[0],
                name=item.path.rpartition("/")[2],
                href=quote(item.path),
                size=item.document.size,
                sha256=item.document.sha256,
                by=item.document.depositor_name,
                at=item.document.arrived_at,
                status=client_badge(item.document).label,
                is_missing=item.path in missing,
            )
            for item in self.items
        ]


def _by_folder(lines: list[Line]) -> dict[str, list[Line]]:
    folders: dict[str, list[Line]] = {}
    for line in lines:
        folders.setdefault(line.folder, []).append(line)
    return folders


def _heads() -> tuple[str, ...]:
    return (
        _("Path"),
        _("Name"),
        _("Size (bytes)"),
        "SHA-256",
        _("Deposited by"),
        _("Date"),
        _("Status"),
        _("In the archive"),
    )


def _cells(line: Line) -> tuple[object, ...]:
    return (
        line.path,
        line.name,
        line.size,
        line.sha256,
        line.by,
        local(line.at).isoformat(timespec="seconds"),
        line.status,
        _("no") if line.is_missing else _("yes"),
    )


def _style(colour: str) -> str:
    ink = "#ffffff" if contrast("#ffffff", colour) >= READABLE else "#111111"
    return _STYLE.replace("BRAND", colour).replace("ON_IT", ink)


_STYLE = """\
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: #222; }
header { padding: 24px 5%; background: BRAND; color: ON_IT; }
header p { margin: 0; }
h1 { margin: 0; font-size: 24px; }
main { padding: 24px 5%; overflow-x: auto; }
h2 { margin: 28px 0 6px; font-size: 16px; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid #ddd; text-align: start; }
th:first-child { width: 50%; }
td { vertical-align: top; overflow-wrap: anywhere; }
.missing { color: #a1241b; }
@media print { header { background: none; color: #222; padding-inline: 0; } }
"""
