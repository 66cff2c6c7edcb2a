"""How a person's decision about a mail is written down: its state, and what is told of
it in the trail and in the history of its documents."""

import uuid
from typing import Any

from sqlalchemy import select

from app.activity.recording import record
from app.collection.models import InboundMail, InboundPart
from app.db import database_now, db
from app.people.models import Person


def end(mail: InboundMail, state: str, by: Person, **details: Any) -> None:
    is_back = state == "quarantined"
    mail.state, mail.leased_until = state, None
    mail.settled_by_id = None if is_back else by.id
    mail.settled_at = None if is_back else database_now()
    verb = {"filed": "mail_classified", "discarded": "mail_discarded"}
    note(verb.get(state, "mail_brought_back"), mail, by, **details)
    if state == "filed":
        _note_documents(mail, by)


def _note_documents(mail: InboundMail, by: Person) -> None:
    """In the history of each of them, for the firm alone."""
    for document_id in db.session.scalars(
        select(InboundPart.document_id).where(
            InboundPart.mail_id == mail.id, InboundPart.document_id.is_not(None)
        )
    ):
        note("came_by_mail", mail, by, document_id, sender=mail.from_address)


def note(
    verb: str,
    mail: InboundMail,
    by: Person,
    document_id: uuid.UUID | None = None,
    **details: Any,
) -> None:
    if mail.firm_id:
        record(
            verb,
            firm_id=mail.firm_id,
            company_id=mail.company_id,
            document_id=document_id,
            actor_id=by.id,
            firm_only=True,
            mail=str(mail.id),
            recipient=mail.recipient,
            **details,
        )
