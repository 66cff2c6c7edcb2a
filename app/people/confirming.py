"""Asking for the password again before an act that could do harm."""

from flask import current_app
from limits import parse

from app.errors import Refused
from app.extensions import limiter
from app.people.models import Person
from app.people.passwords import is_right
from app.texts import gettext as _

WRONG_TRIES = parse("10 per 15 minutes")


def confirm_password(person: Person, password: str) -> None:
    """Raises Refused, at the field `password`, unless it is the person's own."""
    key = ("confirm-password", str(person.id))
    counts = bool(current_app.config.get("RATELIMIT_ENABLED", True))
    if counts and not limiter.limiter.test(WRONG_TRIES, *key):
        raise Refused(_("Too many attempts. Try again in 15 minutes."), "password")
    if not password:
        raise Refused(_("Enter your password to confirm."), "password")
    if not is_right(person.password_hash, password):
        if counts:
            limiter.limiter.hit(WRONG_TRIES, *key)
        raise Refused(_("This is not your password."), "password")
