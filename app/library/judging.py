"""What the firm decides about a document: validated, refused with a reason, or neither
any more. The caller commits.

A validation changes nothing about what is sent. What was refused must not leave: what
waits is called off. Taken back, it leaves by hand only.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.activity.models import Entry
from app.db import database_now, db
from app.delivery.cancelling import cancel_waiting
from app.delivery.models import DONE, Delivery
from app.errors import DoneAlready, Refused
from app.library.models import Document
from app.library.noting import note_document, note_documents
from app.library.taking import change_all, take
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

LONGEST_REASON = 500
VERBS = {"validated": "validated", "rejected": "refused"}


def validate(document: Document, *, by: Person) -> None:
    """Refused ones too: the last word counts."""
    lock_company(document.company_id)
    take(document)
    if document.status == "validated":
        raise DoneAlready(already_validated())
    validate_all([document], by=by)


def already_validated() -> str:
    return _("This document is validated already.")


def validate_all(documents: Sequence[Document], *, by: Person) -> None:
    """Those that are not yet; all are taken, as `take` does it for one."""
    before = [(document, {"before": _as_it_was(document)}) for document in documents]
    change_all(
        documents,
        status="validated",
        rejected_reason=None,
        validated_at=database_now(),
        validated_by_id=by.id,
    )
    note_documents("validated", before, by)


def refuse(document: Document, reason: str, *, by: Person) -> int:
    """Gives how many sendings are called off by it."""
    reason = _cleaned(reason)
    lock_company(document.company_id)
    take(document)
    if document.status == "rejected" and document.rejected_reason == reason:
        raise DoneAlready(_("This document is refused already."))
    before = _as_it_was(document)
    document.status, document.rejected_reason = "rejected", reason
    document.validated_at = document.validated_by_id = None
    db.session.flush()
    called_off = cancel_waiting(document_ids=[document.id], why="rejected")
    note_document("refused", document, by, reason=reason, before=before)
    return called_off


def take_back(
    document: Document, status: str, *, by: Person | None, to_before: bool = False
) -> str:
    """The decision that `status` tells of (validated, rejected) does not hold any more:
    received, or what the sendings make of it. `to_before`: what a person had decided
    before theirs holds again, unless somebody else has had the last word. Gives the
    status that it has then."""
    lock_company(document.company_id)
    take(document)
    is_by_hand = document.status == "rejected" or document.validated_by_id
    if document.status == "received" or (document.status == status and not is_by_hand):
        raise DoneAlready(_("That decision is taken back already."))
    last = _last_decision(document) if to_before else None
    is_anothers = last is not None and by is not None and last.actor_id != by.id
    if document.status != status or not is_by_hand or is_anothers:
        raise Refused(_("Somebody has decided otherwise since. Look again."))
    verb = "refusal" if status == "rejected" else "validation"
    _make_as(document, last.details.get("before") or {} if last else {})
    db.session.flush()
    note_document(f"{verb}_taken_back", document, by, firm_only=verb == "validation")
    return document.status


def judge_of(document: Document) -> str:
    """Who decided what it is now; empty when no person did."""
    if document.status == "received" or (
        document.status == "validated" and not document.validated_by_id
    ):
        return ""
    found = db.session.scalar(
        select(Person.name)
        .join(Entry, Entry.actor_id == Person.id)
        .where(Entry.document_id == document.id, Entry.verb == VERBS[document.status])
        .order_by(Entry.id.desc())
        .limit(1)
    )
    return found or _("a person")


def _cleaned(reason: str) -> str:
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason:
        raise Refused(_("Say why: the client reads it."), "reason")
    if len(reason) > LONGEST_REASON:
        text = _("At most %(most)s characters.", most=LONGEST_REASON)
        raise Refused(text, "reason")
    return reason


def _as_it_was(document: Document) -> dict[str, Any]:
    """For the trail, so that the decision can be taken back. What the automaton said
    is not in it: the deliveries say that at any time."""
    if document.status == "rejected":
        return {"status": "rejected", "reason": document.rejected_reason}
    if document.status == "validated" and document.validated_by_id:
        at = document.validated_at or database_now()
        by_id = str(document.validated_by_id)
        return {"status": "validated", "by": by_id, "at": at.isoformat()}
    return {}


def _last_decision(document: Document) -> Entry | None:
    return db.session.scalar(
        select(Entry)
        .where(
            Entry.document_id == document.id,
            Entry.verb.in_(VERBS.values()),
            Entry.actor_id.is_not(None),
        )
        .order_by(Entry.id.desc())
        .limit(1)
    )


def _make_as(document: Document, before: dict[str, Any]) -> None:
    document.status = before.get("status", "received")
    document.rejected_reason = before.get("reason")
    document.validated_at = document.validated_by_id = None
    if document.status == "validated":
        document.validated_at = datetime.fromisoformat(before["at"])
        document.validated_by_id = uuid.UUID(before["by"])
    elif document.status == "received" and (sent := _accepted_at(document)):
        document.status, document.validated_at = "validated", sent


def _accepted_at(document: Document) -> datetime | None:
    """When a tool's side took it, if one has it."""
    delivery = db.session.scalars(
        select(Delivery)
        .where(Delivery.document_id == document.id, Delivery.state.in_(DONE))
        .order_by(Delivery.id.desc())
        .limit(1)
    ).one_or_none()
    if delivery is None:
        return None
    return delivery.accepted_at or delivery.settled_at or delivery.created_at
