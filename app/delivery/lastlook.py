"""The last look before the final dot: may it still leave, and if not, why.

The marker is committed here. Who gets False must cut the line without the dot.
"""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import (
    ColumnElement,
    Interval,
    Update,
    bindparam,
    func,
    select,
    update,
)

from app.companies.models import Company
from app.connectors.models import Connection, FolderSwitch
from app.db import UtcDateTime, db, utc_now
from app.delivery.claiming import Claim
from app.delivery.due import is_refused
from app.delivery.ledger import Ledger
from app.delivery.models import Delivery
from app.delivery.repeats import ARRIVED, is_needless
from app.delivery.transport import FINAL_DOT_PATIENCE
from app.firms.models import Firm
from app.library.models import Document

SPARE_SECONDS = 60


def mark(claim: Claim, ledger: Ledger | None) -> bool:
    """T4: about to send the final dot. False when that is no longer to be done.
    Without a ledger (SQLite) the session writes it."""
    values = {"delivery": claim.id, "held_token": claim.token}
    if ledger is not None:
        ledger.ask(_MARKER, values | {"lease": _final_lease()})
        claim.is_past_return = ledger.answer() > 0
    else:
        until = utc_now() + _final_lease()
        line = db.session.connection()
        marked = line.execute(_MARKER_UNTIL, values | {"until": until}).all()
        db.session.commit()
        claim.is_past_return = bool(marked)
    return claim.is_past_return


def _still_wanted() -> tuple[ColumnElement[bool], ...]:
    is_open = select(FolderSwitch.id).where(
        FolderSwitch.id == Delivery.switch_id, FolderSwitch.closed_at.is_(None)
    )
    is_connected = select(Connection.id).where(
        Connection.id == Delivery.connection_id,
        Connection.revoked_at.is_(None),
    )
    is_active = (
        select(Company.id)
        .join(Firm, Firm.id == Company.firm_id)
        .where(
            Company.id == Delivery.company_id,
            Company.archived_at.is_(None),
            Firm.suspended_at.is_(None),
        )
    )
    is_there = select(Document.id).where(
        Document.id == Delivery.document_id, Document.trashed_at.is_(None)
    )
    return (
        is_connected.exists(),
        is_active.exists(),
        ~is_refused(),
        ~is_needless(),
        is_there.exists(),
        Delivery.switch_id.is_(None) | is_open.exists(),
    )


def _marker(lease_until: ColumnElement[datetime]) -> Update:
    return (
        update(Delivery)
        .where(
            Delivery.id == bindparam("delivery", None),
            Delivery.state == "sending",
            Delivery.token == bindparam("held_token", None),
            Delivery.cancel_requested.is_(False),
            *_still_wanted(),
        )
        .values(state="in_doubt", lease_until=lease_until)
        .returning(Delivery.id)
    )


_MARKER = _marker(func.now() + bindparam("lease", None, type_=Interval()))
_MARKER_UNTIL = _marker(bindparam("until", None, type_=UtcDateTime()))


def _final_lease() -> timedelta:
    patience = current_app.config["MAIL_TIMEOUT"] * FINAL_DOT_PATIENCE
    return timedelta(seconds=patience + SPARE_SECONDS)


def why_not(claim: Claim) -> tuple[str, str] | None:
    """The state and reason that follow from a refused marker; None when it is no
    longer ours to say."""
    found = db.session.execute(
        select(
            *(Delivery.state, Delivery.token, Delivery.cancel_requested),
            *(Delivery.reason, Delivery.switch_id),
            *(Document.trashed_at, Connection.revoked_at, FolderSwitch.closed_at),
            is_refused().label("is_refused"),
            is_needless().label("is_needless"),
        )
        .select_from(Delivery)
        .join(Document, Document.id == Delivery.document_id)
        .join(Connection, Connection.id == Delivery.connection_id)
        .outerjoin(FolderSwitch, FolderSwitch.id == Delivery.switch_id)
        .where(Delivery.id == claim.id)
    ).one_or_none()
    db.session.commit()
    if found is None or (found.state, found.token) != ("sending", claim.token):
        return None
    if found.trashed_at:
        return "cancelled", "trashed"
    if found.cancel_requested or found.closed_at:
        return "cancelled", found.reason or "switch_off"
    if found.is_needless:
        return "cancelled", ARRIVED
    if found.revoked_at:
        return "held", "revoked"
    if found.is_refused:
        return "held", "refused"
    # It came good again in between; or its company or firm is at rest, and it waits.
    return "pending", ""
