"""What a test e-mail says: that it is one, from whom, and that it holds no document."""

import base64
from datetime import UTC
from email.utils import format_datetime

from flask import current_app

from app.connectors.models import TestMail
from app.delivery.message import clean
from app.delivery.providers import metadata
from app.firms.models import Firm

SUBJECT = "E-mail de test"
# As for documents, the reader is the tool's: always in French.
TEXT = (
    "Bonjour,\r\n\r\n"
    "Ceci est un e-mail de test du cabinet {firm}.\r\n"
    "Il ne contient aucun document : il n’y a rien à saisir.\r\n\r\n"
    "S’il est arrivé chez vous, l’adresse {destination} reçoit bien nos envois.\r\n"
)


def written(mail: TestMail, firm: Firm) -> bytes:
    """The whole message, byte for byte the same at every try (RFC 5322, 2045)."""
    text = TEXT.format(firm=clean(firm.name), destination=mail.destination)
    lines = (
        f"From: <{clean(mail.sender)}>",
        f"To: <{clean(mail.destination)}>",
        f"Subject: {SUBJECT}",
        f"Date: {format_datetime(mail.asked_at.astimezone(UTC))}",
        f"Message-ID: {clean(mail.message_id)}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        *metadata.headers(current_app.config["MAIL_PROVIDER"], str(mail.id)),
        "MIME-Version: 1.0",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        *_folded(text),
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def _folded(text: str) -> list[str]:
    coded = base64.b64encode(text.encode()).decode()
    return [coded[at : at + 76] for at in range(0, len(coded), 76)]
