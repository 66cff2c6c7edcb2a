"""What leaves in the original's place, where a tool does not take its type.

Made once for a version and kept, so that every attempt, and every tool that needs it,
sends the same bytes. No transaction is open while it is made.
"""

import uuid
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from app.connectors.catalogue import PartnerApp
from app.db import db, insert_into, new_id, utc_now
from app.delivery.claiming import Claim
from app.delivery.message import encoded_size
from app.delivery.models import Delivery
from app.library.converting import NoAnswer, Unreadable, to_jpeg
from app.library.models import Rendition
from app.library.naming import split_extension

EXTENSIONS = {"image/jpeg": ".jpg"}
REPLACED = (".heic", ".heif")
MOST_TRIES = 3  # of a reader that breaks: then it is the file


def put_in_place(claim: Claim, app: PartnerApp | None) -> None:
    """The claim's bytes are what its tool takes; commits.

    Raises Unreadable (it never will be), NoAnswer, Missing or StorageUnavailable.
    """
    wanted = app.sent_as(claim.content_type) if app else None
    # What may have arrived already is repeated as it was.
    if wanted is None or wanted == claim.content_type or claim.ambiguous:
        return
    rendition = _kept(claim.version_id, wanted) or _made(claim, wanted)
    _pin(claim, rendition)


def attached_name(claim: Claim) -> str:
    """«photo.jpg» for the JPEG of «photo.heic»."""
    if claim.rendition_id is None:
        return claim.file_name
    stem, extension = split_extension(claim.file_name)
    if extension.lower() not in REPLACED:
        stem = claim.file_name
    return stem + EXTENSIONS[claim.content_type]


def _kept(version_id: uuid.UUID, content_type: str) -> Rendition | None:
    found = db.session.scalars(
        select(Rendition).where(
            Rendition.version_id == version_id, Rendition.content_type == content_type
        )
    ).one_or_none()
    db.session.commit()
    return found


def _made(claim: Claim, content_type: str) -> Rendition:
    """Of two that make it at once, the first one's is kept."""
    storage = current_app.extensions["guichet.storage"]
    try:
        stored = to_jpeg(storage, claim.storage_key, claim.content_type)
    except NoAnswer:
        if claim.attempts < MOST_TRIES:
            raise
        raise Unreadable("damaged") from None
    row: dict[str, Any] = {
        "id": new_id(),
        "firm_id": claim.firm_id,
        "version_id": claim.version_id,
        "storage_key": stored.key,
        "size": stored.size,
        "sha256": stored.sha256,
        "content_type": content_type,
        "created_at": utc_now(),
    }
    is_first = db.session.execute(
        insert_into(Rendition)
        .values(**row)
        .on_conflict_do_nothing()
        .returning(Rendition.id)
    ).all()
    db.session.commit()
    if not is_first:
        storage.delete(stored.key)
    kept = _kept(claim.version_id, content_type)
    assert kept, claim.version_id  # noqa: S101 - ours, or the one that was before it
    return kept


def _pin(claim: Claim, rendition: Rendition) -> None:
    db.session.execute(
        update(Delivery)
        .where(
            Delivery.id == claim.id,
            Delivery.state == "sending",
            Delivery.token == claim.token,
        )
        .values(
            rendition_id=rendition.id,
            sha256=rendition.sha256,
            encoded_size=encoded_size(rendition.size),
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    claim.rendition_id = rendition.id
    claim.sha256, claim.size = rendition.sha256, rendition.size
    claim.content_type = rendition.content_type
    claim.storage_key = rendition.storage_key
