"""Sessions: a random token in the cookie, its hash in a row that can be ended.

The row is read with the person at each request and must belong to the firm of the
host, so a cookie carried to another firm's portal opens nothing.
"""

import hashlib
import secrets
from datetime import timedelta
from functools import cache

from flask import Flask, g, session
from flask_login import login_user, logout_user
from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import contains_eager

from app.db import db, utc_now
from app.extensions import login_manager
from app.people.models import Person, SignIn
from app.people.passwords import is_right, normal_email

LIFETIME = timedelta(hours=12)


def init_app(app: Flask) -> None:
    login_manager.user_loader(load_person)


def person_with(email: str, password: str) -> Person | None:
    """The person of this firm (or operator) with that address and password."""
    firm_id = g.firm.id if g.firm else None
    person = db.session.scalar(
        select(Person).where(
            Person.firm_id == firm_id if firm_id else Person.firm_id.is_(None),
            Person.email == normal_email(email),
        )
    )
    known = person is not None and person.disabled_at is None
    right = is_right(person.password_hash if person and known else None, password)
    return person if right else None


def sign_in(person: Person, address: str) -> None:
    """Open a session for the person; the caller commits."""
    session.clear()
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignIn(
            person_id=person.id,
            token_sha256=_digest(token),
            expires_at=utc_now() + LIFETIME,
            address=address[:45],
        )
    )
    session["token"] = token
    login_user(person)


def sign_out() -> None:
    """End the session on the server too; the caller commits."""
    db.session.execute(
        update(SignIn)
        .where(SignIn.token_sha256 == _digest(session.get("token", "")))
        .values(ended_at=utc_now())
    )
    logout_user()
    session.clear()


def load_person(_id: str) -> Person | None:
    """Who holds the session's token here and now, or None."""
    token = {"token": _digest(session.get("token", ""))}
    found = db.session.scalar(_asked_by_token(), token)
    if found is None or found.ended_at or found.expires_at <= utc_now():
        return None
    person = found.person
    here = g.firm.id if g.get("firm") else None
    return None if person.disabled_at or person.firm_id != here else person


@cache
def _asked_by_token() -> Select[SignIn]:
    return (
        select(SignIn)
        .join(SignIn.person)
        .options(contains_eager(SignIn.person))
        .where(SignIn.token_sha256 == bindparam("token"))
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
