"""The deliveries of a proof sheet: why each was due, every try, what came of it."""

import uuid
from collections import defaultdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.connectors import apps
from app.db import db
from app.delivery.models import Attempt, Delivery, MailEvent
from app.delivery.sheet_chain import TrailLine
from app.delivery.sheet_due import Due, dues
from app.delivery.sheet_times import told
from app.delivery.sheet_words import phase_text, statement, verb_text
from app.delivery.story import title_of
from app.library.models import Document
from app.mailroom.models import BotMail


def deliveries(document: Document, trail: list[TrailLine]) -> list[dict[str, Any]]:
    """Oldest first; some queries, however many there are."""
    found = list(
        db.session.scalars(
            select(Delivery)
            .options(joinedload(Delivery.connection))
            .where(Delivery.document_id == document.id)
            .order_by(Delivery.id)
        )
    )
    ids = [delivery.id for delivery in found]
    tries, back, due = _attempts(ids), _what_came_back(ids), dues(found, trail)
    acts: dict[str | None, list[TrailLine]] = defaultdict(list)
    for line in trail:
        acts[line.delivery].append(line)
    return [
        {
            **_delivery(row, due[row.id], acts[str(row.id)]),
            "attempts": tries[row.id],
            "came_back": back[row.id],
        }
        for row in found
    ]


def _delivery(row: Delivery, due: Due, lines: list[TrailLine]) -> dict[str, Any]:
    app = apps.find(row.connection.app_key)
    slot = app.slot(row.slot) if app else None
    marks = [line.by for line in lines if line.entry.verb == "marked_received"]
    marked_by = marks[-1] if marks else None
    has_bounced = any(line.entry.verb == "bounced" for line in lines)
    return {
        "id": str(row.id),
        "application": app.label(slot) if app and slot else row.connection.app_key,
        "slot": row.slot,
        "due": due,
        "state": row.state,
        "reason": row.reason,
        "state_text": title_of(row),
        "statement": statement(row, marked_by=marked_by, has_bounced=has_bounced),
        "has_bounced": has_bounced,
        "made_at": told(row.created_at),
        "left_at": told(row.accepted_at),
        "settled_at": told(row.settled_at),
        "not_before": told(row.not_before) if row.state == "deferred" else None,
        "destination": row.destination,
        "sender": row.sender,
        "message_id": row.message_id,
        "message_date": told(row.message_date),
        "file_name": row.file_name,
        "sha256": row.sha256,
        "rendition": str(row.rendition_id) if row.rendition_id else None,
        "encoded_size": row.encoded_size,
        "reply": {"code": row.last_code, "text": row.last_text},
        "provider_id": row.provider_id,
        "unanswered": row.ambiguous,
        "retry_of": str(row.retry_of_id) if row.retry_of_id else None,
        "by_hand": [
            {
                "at": told(line.entry.at),
                "verb": line.entry.verb,
                "text": verb_text(line.entry.verb),
                "by": line.by,
            }
            for line in lines
            if line.entry.actor_id
        ],
    }


def _attempts(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.scalars(
        select(Attempt)
        .where(Attempt.delivery_id.in_(ids))
        .order_by(Attempt.started_at, Attempt.id)
    ):
        found[row.delivery_id].append(
            {
                "at": told(row.started_at),
                "phase": row.phase,
                "phase_text": phase_text(row.phase),
                "code": row.code,
                "enhanced_code": row.enhanced_code,
                "text": row.text,
                "milliseconds": row.milliseconds,
                "bytes": row.bytes_sent,
            }
        )
    return found


def _what_came_back(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """What the provider told, and the mails that came to the bot about it."""
    told_of: list[tuple[uuid.UUID | None, dict[str, Any]]] = []
    for event in db.session.scalars(
        select(MailEvent).where(MailEvent.delivery_id.in_(ids))
    ):
        about = {"from": event.provider, "kind": event.kind, "text": event.said}
        about["id"] = event.event_id
        told_of.append((event.delivery_id, {"at": told(event.received_at), **about}))
    for mail in db.session.scalars(select(BotMail).where(BotMail.delivery_id.in_(ids))):
        about = {"from": mail.from_address, "kind": mail.kind, "text": mail.subject}
        about["id"] = mail.message_id
        told_of.append((mail.delivery_id, {"at": told(mail.received_at), **about}))
    found: dict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for delivery_id, about in sorted(told_of, key=lambda one: str(one[1])):
        if delivery_id:
            found[delivery_id].append(about)
    return found
