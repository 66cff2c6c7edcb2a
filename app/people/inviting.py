"""Inviting somebody: a mail with a link by which they choose their password, once."""

import uuid
from datetime import timedelta

from babel.lists import format_list
from flask import url_for
from flask_babel import force_locale, get_locale
from itsdangerous import SignatureExpired
from sqlalchemy import update

from app.activity.recording import record
from app.companies.models import Company
from app.db import db, utc_now
from app.errors import Refused
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.formats import fulltime
from app.notices.writing import notify
from app.people.links import Invalid, holder, new_token, used
from app.people.models import Person
from app.people.passwords import hash_password
from app.texts import gettext as _

LIFETIME = timedelta(days=7)
KIND = "invitation"
LEAST_LETTERS, MOST_LETTERS = 12, 200


def invite(person: Person, *companies: Company, by: Person) -> None:
    """Write to them, once for all these; who has a password already is told where the
    companies are."""
    firm = db.session.get_one(Firm, person.firm_id)
    with force_locale(person.locale):
        subject = _(
            "%(name)s invites you to the client area of %(firm)s",
            name=by.name,
            firm=firm.name,
        )
        text = _text(person, companies, firm, by)
    notify(
        person.email,
        kind="invitation",
        subject=subject,
        text=text,
        firm=firm,
        company=companies[0] if len(companies) == 1 else None,
        reply_to=by.email,
    )
    for company in companies:
        record(
            "person_invited",
            firm_id=firm.id,
            company_id=company.id,
            actor_id=by.id,
            firm_only=True,
            person=str(person.id),
        )


def person_invited(token: str, firm_id: uuid.UUID | None) -> Person:
    """Whom the link is for, at this firm. Raises Invalid, with why."""
    try:
        person, is_newest = holder(token, KIND, LIFETIME, firm_id)
    except SignatureExpired:
        raise Invalid(
            _("This link was good for 7 days, which are over."), 410
        ) from None
    if person.password_hash:
        raise used()
    if not is_newest:
        raise Invalid(
            _(
                "This invitation is no longer good: follow the link in the newest one, "
                "or ask your firm for another."
            ),
            410,
        )
    return person


def choose_password(person: Person, password: str, again: str) -> None:
    """Raises Refused, at the field `password` or `again`; Invalid when somebody was
    quicker with the same link."""
    if len(password) < LEAST_LETTERS:
        raise Refused(_("The password needs 12 characters at least."), "password")
    if len(password) > MOST_LETTERS:
        text = _("At most %(most)s characters.", most=MOST_LETTERS)
        raise Refused(text, "password")
    if password.casefold() == person.email:
        raise Refused(_("Choose something else than your address."), "password")
    if password != again:
        raise Refused(_("This is not the same password."), "again")
    changed = db.session.execute(
        update(Person)
        .where(
            Person.id == person.id,
            Person.invitation_sha256 == person.invitation_sha256,
        )
        .values(password_hash=hash_password(password), invitation_sha256=None)
        .returning(Person.id)
    ).one_or_none()
    if changed is None:
        raise used()
    if person.firm_id:
        record("password_chosen", firm_id=person.firm_id, actor_id=person.id)


def _text(
    person: Person, companies: tuple[Company, ...], firm: Firm, by: Person
) -> str:
    lines = [
        _("Hello %(name)s,", name=person.first_name),
        _(
            "%(name)s opened an area for %(company)s. You deposit your invoices there, "
            "and find your accounts, payslips and tax returns.",
            name=by.name,
            company=format_list(
                [company.name for company in companies], locale=get_locale()
            ),
        ),
    ]
    if person.password_hash:
        lines.append(_("Sign in with your password:") + f"\n{url_of(firm)}/login")
    else:
        until = fulltime(utc_now() + LIFETIME)
        token = new_token(person, KIND)
        lines.append(
            _("Choose your password (until %(time)s):", time=until)
            + f"\n{url_of(firm)}{url_for('invitations.show', token=token)}"
        )
    lines.append(_("You did not expect this message? Ignore it."))
    return "\n\n".join([*lines, f"--\n{firm.name}"]) + "\n"
