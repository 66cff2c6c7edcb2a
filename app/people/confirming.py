"""Asking for the password again before an act that could do harm."""

import logging

from flask import current_app
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from app.errors import Refused
from app.extensions import limiter
from app.people.models import Person
from app.people.passwords import is_right
from app.texts import gettext as _

log = logging.getLogger(__name__)
WRONG_TRIES = parse("10 per 15 minutes")
# As attempts to sign in: without Redis, counted in each process.
_here = FixedWindowRateLimiter(MemoryStorage())


def confirm_password(person: Person, password: str) -> None:
    """Raises Refused, at the field `password`, unless it is the person's own."""
    counts = bool(current_app.config.get("RATELIMIT_ENABLED", True))
    if counts and not _count("test", person):
        raise Refused(_("Too many attempts. Try again in 15 minutes."), "password")
    if not password:
        raise Refused(_("Enter your password to confirm."), "password")
    if not is_right(person.password_hash, password):
        if counts:
            _count("hit", person)
        raise Refused(_("This is not your password."), "password")


def _count(act: str, person: Person) -> bool:
    """`test` whether there are tries left, or `hit`: one less."""
    key = ("confirm-password", str(person.id))
    try:
        return bool(getattr(limiter.limiter, act)(WRONG_TRIES, *key))
    except (RedisError, OSError) as error:
        log.warning("tries are counted in this process only: %s", error)
        return bool(getattr(_here, act)(WRONG_TRIES, *key))
