"""The proof sheet of a document: all that is recorded of how it came and left.

A dict that JSON can hold, of what the database has: nothing of now, so that the same
state gives the same sheet. It claims no more than the evidence.
"""

from typing import Any

from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.delivery import never_due, sheet_chain, sheet_deliveries, sheet_words as words
from app.delivery.sheet_times import told
from app.delivery.why import why
from app.firms.models import Firm
from app.library.listing import channel_label
from app.library.models import Document, Folder, Rendition, Version
from app.library.tree import chain
from app.people.models import Person


def sheet(document: Document) -> dict[str, Any]:
    """For the firm only."""
    firm = db.session.get_one(Firm, document.firm_id)
    company = db.session.get_one(Company, document.company_id)
    trail = sheet_chain.entries(document)
    deliveries = sheet_deliveries.deliveries(document, trail)
    return {
        "title": words.title(),
        "firm": {"name": firm.name, "colour": firm.brand_colour},
        "company": {"name": company.name, "siren": company.siren},
        "document": _document(document),
        "versions": _versions(document),
        "summary": words.summary(
            [(d["state"], d["reason"]) for d in deliveries],
            has_bounced=any(d["has_bounced"] for d in deliveries),
        ),
        "never_due": [
            {"tool": because.label, "state": because.state, "text": because.text}
            for because in why(document)
            if because.state in never_due.STATES
        ],
        "deliveries": deliveries,
        "trail": [line.shown for line in trail],
        "chain_head": sheet_chain.head(document.firm_id),
        "notes": words.notes(),
    }


def _document(document: Document) -> dict[str, Any]:
    return {
        "id": str(document.id),
        "name": document.name,
        "folder": _path(document),
        "deposited_by": document.depositor_name,
        "deposited_at": told(document.arrived_at),
        "channel": document.channel,
        "channel_text": channel_label(document.channel),
        "content_type": document.content_type,
        "size": document.size,
        "sha256": document.sha256,
        "version": document.version_number,
        "status": document.status,
        "validated_at": told(document.validated_at),
        "validated_by": _name_of(document.validated_by_id),
        "rejected_reason": document.rejected_reason,
        "trashed_at": told(document.trashed_at),
        "same_bytes_as": str(document.duplicate_of_id or "") or None,
    }


def _path(document: Document) -> str:
    path = chain(document.folder_id, document.company_id)
    path = path or [db.session.get_one(Folder, document.folder_id)]
    return " / ".join(folder.name for folder in path)


def _versions(document: Document) -> list[dict[str, Any]]:
    """Every one, with the other forms that were made of it."""
    found = db.session.execute(
        select(Version, Person.name)
        .outerjoin(Person, Person.id == Version.author_id)
        .where(Version.document_id == document.id)
        .order_by(Version.number)
    ).all()
    made = db.session.scalars(
        select(Rendition)
        .where(Rendition.version_id.in_([version.id for version, _name in found]))
        .order_by(Rendition.id)
    ).all()
    return [
        {
            "number": version.number,
            "file_name": version.original_name,
            "by": name,
            "at": told(version.created_at),
            "content_type": version.content_type,
            "size": version.size,
            "pages": version.pages,
            "defect": version.defect,
            "sha256": version.sha256,
            "renditions": [
                {
                    "id": str(row.id),
                    "content_type": row.content_type,
                    "size": row.size,
                    "sha256": row.sha256,
                    "at": told(row.created_at),
                }
                for row in made
                if row.version_id == version.id
            ],
        }
        for version, name in found
    ]


def _name_of(person_id: Any) -> str | None:
    person = db.session.get(Person, person_id) if person_id else None
    return person.name if person else None
