"""The server took it: a fact, recorded whoever holds the lease by now.

One transaction says that the delivery is accepted, validates the document, and writes
the attempt and the trail. Recording it also keeps a second worker from sending.
"""

import logging
import re
import time
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from app.activity.recording import record
from app.connectors.models import Connection
from app.db import db, on_sqlite
from app.delivery import acceptance_at_once
from app.delivery.answers import Reply
from app.delivery.attempts import note_attempt
from app.delivery.claiming import Claim
from app.delivery.clock import from_now
from app.delivery.ledger import Ledger
from app.delivery.models import DONE, Attempt, Delivery
from app.delivery.transport import FINAL_DOT_PATIENCE
from app.library.models import Document

log = logging.getLogger(__name__)
PAUSE_SECONDS = 1.0
# What servers call the message that they took: «queued as 4F2…», «Ok: id=…», and
# without a word before it, «Ok 0102018f…-000000».
_GIVEN_ID = re.compile(
    r"(?:queued as|id[=:])\s*<?([\w.@+-]{4,120})|"
    r"\bOk:?\s+<?([0-9a-f]{8,}-[0-9a-f-]{20,110})",
    re.IGNORECASE,
)


def begin(claim: Claim, reply: Reply, ledger: Ledger) -> None:
    """T5, begun: it is done when the ledger's answer is there."""
    ledger.ask(acceptance_at_once.STATEMENT, _values(claim, reply))


def accepted(claim: Claim, reply: Reply) -> None:
    """T5; tried again on a new connection for as long as the lease may last. What was
    recorded by then stays as it is."""
    until = time.monotonic() + current_app.config["MAIL_TIMEOUT"] * FINAL_DOT_PATIENCE
    record_it = _step_by_step if on_sqlite() else _at_once
    while True:
        try:
            record_it(claim, reply)
            return
        except (InterfaceError, InternalError, OperationalError):
            db.session.rollback()
            if time.monotonic() > until:
                raise
            log.warning("the acceptance of %s is still to be recorded", claim.id)
            db.engine.dispose()
            time.sleep(PAUSE_SECONDS)


def _at_once(claim: Claim, reply: Reply) -> None:
    with db.engine.begin() as line:
        line.execute(acceptance_at_once.STATEMENT, _values(claim, reply))


def _values(claim: Claim, reply: Reply) -> dict[str, Any]:
    details = _details(claim, claim.app_key, _said(reply))
    return acceptance_at_once.values_of(claim, reply, _given_id(reply), details)


def _step_by_step(claim: Claim, reply: Reply) -> None:
    now = from_now()
    is_news = db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == claim.id,
            # A bounce that was quicker than we were is the later word.
            Delivery.state.not_in((*DONE, "bounced")),
        )
        .values(
            state="accepted",
            reason=None,
            accepted_at=now,
            settled_at=now,
            cancel_requested=False,
            owner=None,
            lease_until=None,
            last_code=reply.code,
            last_text=reply.text,
            provider_id=_given_id(reply),
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    if is_news:
        record_acceptance(claim, claim.app_key, _said(reply), now)
    if is_news or not _is_noted(claim):
        note_attempt(claim, "done", reply)
    db.session.commit()


def _is_noted(claim: Claim) -> bool:
    """This very try is in the log: its commit was done, and only its answer lost."""
    noted = select(Attempt.id).where(
        Attempt.delivery_id == claim.id,
        Attempt.token == claim.token,
        Attempt.phase == "done",
    )
    return db.session.scalar(noted) is not None


def record_acceptance(
    claim: Claim | Delivery,
    app_key: str,
    said: str,
    now: ColumnElement[datetime] | datetime,
) -> None:
    """The document is validated by it, unless a person had decided already."""
    validated = db.session.execute(
        update(Document)
        .where(Document.id == claim.document_id, Document.status == "received")
        .values(status="validated", validated_at=now, validated_by_id=None)
        .returning(Document.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.execute(
        update(Connection)
        .where(Connection.id == claim.connection_id)
        .values(last_success_at=now)
        .execution_options(synchronize_session=False)
    )
    about: dict[str, Any] = {
        "firm_id": claim.firm_id,
        "company_id": claim.company_id,
        "document_id": claim.document_id,
    }
    details = _details(claim, app_key, said)
    record("transmitted", **about, firm_only=True, **details)
    if validated:
        record("validated", **about)


def _details(claim: Claim | Delivery, app_key: str, said: str) -> dict[str, Any]:
    return {
        "delivery": str(claim.id),
        "app": app_key,
        "destination": claim.destination,
        "message_id": claim.message_id,
        "reply": said[:300],
        "sha256": claim.sha256,
    }


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.text}"


def _given_id(reply: Reply) -> str | None:
    given = _GIVEN_ID.search(reply.text)
    return (given[1] or given[2]) if given else None
