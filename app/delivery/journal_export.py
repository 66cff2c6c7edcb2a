"""The journal as CSV, line after line, for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator

from flask_babel import to_user_timezone

from app.delivery.journal import Line
from app.texts import gettext as _

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(lines: Iterable[Line]) -> Iterator[str]:
    """Semicolons and a byte order mark, as French spreadsheets want them."""
    yield "\ufeff" + _row(
        [
            *(_("Created"), _("Company"), _("Document"), _("Application")),
            *(_("Destination"), _("State"), _("Accepted"), _("Attempts")),
            *("Message-ID", _("Reply"), "SHA-256"),
        ]
    )
    for line in lines:
        delivery = line.delivery
        accepted = delivery.accepted_at
        yield _row(
            [
                f"{to_user_timezone(delivery.created_at):%Y-%m-%d %H:%M:%S}",
                line.company.name,
                line.document.name,
                line.app_name,
                delivery.destination or "",
                line.badge.label,
                f"{to_user_timezone(accepted):%Y-%m-%d %H:%M:%S}" if accepted else "",
                str(delivery.attempts),
                delivery.message_id,
                delivery.last_text or "",
                delivery.sha256,
            ]
        )


def _row(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _cell(text: str) -> str:
    """No cell begins as a formula does."""
    return f"'{text}" if text.startswith(STARTS_A_FORMULA) else text
