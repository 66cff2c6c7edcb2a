"""A line in the trail for an act on a document or a folder, in its transaction."""

from collections.abc import Iterable
from typing import Any

from app.activity.recording import record, record_all
from app.library.models import Document, Folder
from app.people.models import Person


def note_documents(
    verb: str, told: Iterable[tuple[Document, dict[str, Any]]], by: Person | None
) -> None:
    """The same act on each of these, with what is told of each; one statement."""
    record_all(
        {
            "verb": verb,
            "firm_id": document.firm_id,
            "company_id": document.company_id,
            "document_id": document.id,
            "actor_id": by.id if by else None,
            "details": _with_channel(details, by),
        }
        for document, details in told
    )


def note_document(
    verb: str, document: Document, by: Person | None, /, **details: Any
) -> None:
    """With the channel, which for a person is where they sit."""
    details = _with_channel(details, by)
    record(
        verb,
        firm_id=document.firm_id,
        company_id=document.company_id,
        document_id=document.id,
        actor_id=by.id if by else None,
        **details,
    )


def note_folder(verb: str, folder: Folder, by: Person | None, **details: Any) -> None:
    """With the folder's id and name among the details."""
    record(
        verb,
        firm_id=folder.firm_id,
        company_id=folder.company_id,
        actor_id=by.id if by else None,
        name=folder.name,
        folder=str(folder.id),
        **details,
    )


def _with_channel(details: dict[str, Any], by: Person | None) -> dict[str, Any]:
    if by is None:
        return details
    return {"channel": "firm" if by.is_firm_side else "web"} | details
