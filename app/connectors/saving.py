"""What a person typed on a company's row: checked, confirmed, then kept.

A new or changed address asks for the password; an older page overwrites nothing. The
caller commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from app.companies.models import Company
from app.connectors import connecting
from app.connectors.catalogue import PartnerApp
from app.connectors.destinations import Change, doubts, tell_admins
from app.connectors.models import Connection
from app.db import db
from app.delivery.models import Delivery
from app.errors import Refused
from app.people.confirming import confirm_password
from app.people.models import Person
from app.texts import gettext as _
from app.typed import whole


@dataclass(frozen=True)
class Typed:
    """A row as it was sent; `revision` is None when the page did not say."""

    is_authorised: bool
    addresses: Mapping[str, str]  # slot → as typed, slots of the application only
    revision: int | None
    password: str | None = None  # None: not asked yet
    is_sure: bool = False


@dataclass(frozen=True)
class Saved:
    changes: list[Change]
    held: int | None = None  # documents kept back by a revocation


class Outdated(Refused):
    """Somebody changed the row since the page was made."""

    def __init__(self) -> None:
        super().__init__(_("This company was changed in the meantime."))


class Unconfirmed(Refused):
    """The password is missing or wrong, or the doubts were not looked at."""

    def __init__(
        self,
        changes: list[tuple[Change, list[str]]],
        message: str = "",
        field: str | None = None,
    ) -> None:
        super().__init__(message, field)
        self.changes = changes


def typed_in(form: Mapping[str, str], app: PartnerApp) -> Typed:
    """The row of a form; fields of slots that the application has not are left out."""
    revision = form.get("revision")
    return Typed(
        is_authorised="authorised" in form,
        addresses={
            slot.key: form[f"destination_{slot.key}"]
            for slot in app.slots
            if f"destination_{slot.key}" in form
        },
        revision=None if revision is None else whole(revision, 0),
        password=form.get("password"),
        is_sure="sure" in form,
    )


def save(company: Company, app: PartnerApp, typed: Typed, *, by: Person) -> Saved:
    """Authorise with these addresses, or revoke. Raises Refused; of these Outdated and
    Unconfirmed have written nothing either."""
    connection = connecting.latest(company, app.key)
    if not typed.is_authorised:
        return _revoke(connection, app, typed, by)
    _check_not_emptied(connection, typed)
    changes = connecting.changes_of(company, app, typed.addresses)
    is_new = connection is None or not connection.is_authorised
    if not (changes or is_new):
        return Saved([])
    _check_up_to_date(connection, typed)
    if changes:
        _check_confirmed(company, changes, typed, by)
    connecting.connect(company, app, typed.addresses, by=by)
    tell_admins(app, changes, by=by)
    return Saved(changes)


def _revoke(
    connection: Connection | None, app: PartnerApp, typed: Typed, by: Person
) -> Saved:
    """Switched off; an address that was typed meanwhile is not dropped in silence."""
    if connection and connection.is_authorised:
        _check_up_to_date(connection, typed)
    for slot in app.slots:
        written = typed.addresses.get(slot.key, "").strip()
        known = connection.destination_for(slot.key) if connection else None
        if written and written != (known.address if known else None):
            raise Refused(_("Switch the access on to keep an address."), "authorised")
    if connection is None or not connection.is_authorised:
        return Saved([])
    connecting.revoke(connection, by=by)
    return Saved([], held=held_count(connection, "revoked"))


def held_count(connection: Connection, reason: str) -> int:
    found = db.session.scalar(
        select(func.count())
        .select_from(Delivery)
        .where(
            Delivery.connection_id == connection.id,
            Delivery.state == "held",
            Delivery.reason == reason,
        )
    )
    return found or 0


def _check_not_emptied(connection: Connection | None, typed: Typed) -> None:
    for known in connection.destinations if connection else ():
        if not typed.addresses.get(known.slot, known.address).strip():
            text = _("An address cannot be emptied: switch the access off instead.")
            raise Refused(text, f"destination_{known.slot}")


def _check_up_to_date(connection: Connection | None, typed: Typed) -> None:
    present = connection.revision if connection else 0
    if typed.revision is not None and typed.revision != present:
        raise Outdated


def _check_confirmed(
    company: Company, changes: list[Change], typed: Typed, by: Person
) -> None:
    told = [(one, doubts(company, one.slot, one.after, by=by)) for one in changes]
    if typed.password is None:
        raise Unconfirmed(told)
    try:
        confirm_password(by, typed.password)
    except Refused as refusal:
        raise Unconfirmed(told, refusal.message, refusal.field) from refusal
    if any(found for _change, found in told) and not typed.is_sure:
        text = _("Tick the box once you have checked the address.")
        raise Unconfirmed(told, text, "sure")
