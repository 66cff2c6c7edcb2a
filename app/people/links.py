"""Links by which one person chooses a password, once.

A link holds who it is for and a secret, signed. Of the secret a digest is stored with
the person: a newer link takes its place, and a chosen password takes it away.
"""

import hashlib
import secrets
import uuid
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

from app.db import db
from app.errors import Refused
from app.people.models import Person
from app.texts import gettext as _


class Invalid(Refused):
    """The link opens nothing; `status` says whether it ever did."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def new_token(person: Person, kind: str) -> str:
    """The links that the person got before open nothing any more."""
    secret = secrets.token_urlsafe(32)
    person.invitation_sha256 = _digest(secret, person)
    return _signer(kind).dumps([str(person.id), secret])


def holder(
    token: str, kind: str, lifetime: timedelta, firm_id: uuid.UUID | None
) -> tuple[Person, bool]:
    """Whom it was made for at this firm, and whether it is their newest one.

    Raises SignatureExpired; Invalid when it was never given out."""
    try:
        said = _signer(kind).loads(token, max_age=int(lifetime.total_seconds()))
        person_id, secret = uuid.UUID(said[0]), str(said[1])
    except SignatureExpired:
        raise
    except (BadData, ValueError, TypeError, IndexError, KeyError):
        raise _unknown() from None
    person = db.session.get(Person, person_id)
    if person is None or person.firm_id != firm_id or person.disabled_at:
        raise _unknown()
    return person, _digest(secret, person) == person.invitation_sha256


def used() -> Invalid:
    return Invalid(_("This link was used already: it is good for once."), 410)


def _unknown() -> Invalid:
    return Invalid(_("This link is not whole, or was never given out."), 404)


def _signer(kind: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=kind)


def _digest(secret: str, person: Person) -> str:
    """Of the address too: what was sent to another one opens nothing."""
    return hashlib.sha256(f"{secret} {person.email}".encode()).hexdigest()
