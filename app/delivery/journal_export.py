"""The journal as CSV, line after line, for a spreadsheet."""

from collections.abc import Iterable, Iterator

from flask_babel import to_user_timezone

from app.delivery.journal import Line
from app.delivery.ours import in_words
from app.formats import CSV_MARK, csv_lines
from app.texts import gettext as _


def journal_csv(lines: Iterable[Line]) -> Iterator[str]:
    """Semicolons and a byte order mark, as French spreadsheets want them."""
    yield CSV_MARK + csv_lines(
        [
            [
                *(_("Created"), _("Company"), _("Document"), _("Application")),
                *(_("Destination"), _("State"), _("Accepted"), _("Attempts")),
                *("Message-ID", _("Reply"), "SHA-256"),
            ]
        ]
    )
    for line in lines:
        delivery = line.delivery
        accepted = delivery.accepted_at
        yield csv_lines(
            [
                [
                    f"{to_user_timezone(delivery.created_at):%Y-%m-%d %H:%M:%S}",
                    line.company.name,
                    line.document.name,
                    line.app_name,
                    delivery.destination or "",
                    line.badge.label,
                    f"{to_user_timezone(accepted):%Y-%m-%d %H:%M:%S}"
                    if accepted
                    else "",
                    str(delivery.attempts),
                    delivery.message_id,
                    in_words(delivery.last_text),
                    delivery.sha256,
                ]
            ]
        )
