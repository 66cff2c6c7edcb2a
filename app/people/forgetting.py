"""A forgotten password: a link by mail, good for an hour and once, to choose another.

What is answered does not tell whether anybody has the address. Choosing opens no
session: it ends those that are open, and the person is told by mail.
"""

import uuid
from datetime import timedelta

from flask import url_for
from flask_babel import force_locale
from itsdangerous import SignatureExpired
from sqlalchemy import select, update

from app.db import db, utc_now
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.formats import fulltime
from app.notices.writing import notify
from app.people.inviting import choose_password
from app.people.links import Invalid, holder, new_token
from app.people.models import Person, SignIn
from app.people.passwords import normal_email
from app.texts import gettext as _

LIFETIME = timedelta(hours=1)
KIND = "password"


def send_link(email: str, firm: Firm) -> None:
    """To who has the address, if the firm once let them in."""
    person = db.session.scalar(
        select(Person).where(
            Person.firm_id == firm.id,
            Person.email == normal_email(email),
            Person.disabled_at.is_(None),
        )
    )
    if person is None or not (person.password_hash or person.invitation_sha256):
        return
    token = new_token(person, KIND)
    url = url_of(firm) + url_for("forgetting.choose", token=token)
    with force_locale(person.locale):
        until = fulltime(utc_now() + LIFETIME)
        lines = [
            _("Hello %(name)s,", name=person.first_name),
            _("Somebody, no doubt you, asked for another password."),
            _("Choose your password (until %(time)s):", time=until) + f"\n{url}",
            _("It was not you? Ignore this message: your password stays as it is."),
        ]
        _write(person, firm, _("Another password for your area"), lines)


def person_with_link(token: str, firm_id: uuid.UUID) -> Person:
    """Raises Invalid, with why."""
    try:
        person, is_newest = holder(token, KIND, LIFETIME, firm_id)
    except SignatureExpired:
        raise Invalid(
            _("This link was good for an hour, which is over."), 410
        ) from None
    if not is_newest:
        raise Invalid(_("This link was used already, or a newer one was sent."), 410)
    return person


def change_password(person: Person, firm: Firm, password: str, again: str) -> None:
    """Raises Refused, as `choose_password` does."""
    choose_password(person, password, again)
    db.session.execute(
        update(SignIn)
        .where(SignIn.person_id == person.id, SignIn.ended_at.is_(None))
        .values(ended_at=utc_now())
    )
    with force_locale(person.locale):
        lines = [
            _("Hello %(name)s,", name=person.first_name),
            _("Your password was changed. Whoever was signed in had to sign in again."),
            _("It was not you? Write to your firm at once."),
        ]
        _write(person, firm, _("Your password was changed"), lines)


def _write(person: Person, firm: Firm, subject: str, lines: list[str]) -> None:
    text = "\n\n".join([*lines, f"--\n{firm.name}"]) + "\n"
    notify(person.email, kind=KIND, subject=subject, text=text, firm=firm)
