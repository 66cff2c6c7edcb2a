"""A picture in the text of a mail, beside its papers: a photo that was to be sent, or
the image of a signature? Nobody can tell, but that of a signature comes again."""

from sqlalchemy import select

from app.collection.models import InboundMail, InboundPart
from app.collection.reading import Item
from app.db import db


def reason_of(mail: InboundMail, item: Item) -> str:
    """Why it is no document: the first time an `inline_image`, which its author is told
    of; in every later mail to the company an `image`, which nobody asks for."""
    if item.ignored != "inline_image" or not _came_before(mail, item.sha256):
        return item.ignored
    return "image"


def _came_before(mail: InboundMail, sha256: str) -> bool:
    found = (
        select(InboundPart.id)
        .join(InboundMail, InboundMail.id == InboundPart.mail_id)
        .where(
            InboundMail.company_id == mail.company_id,
            InboundMail.id != mail.id,
            InboundPart.sha256 == sha256,
        )
        .limit(1)
    )
    return db.session.scalar(found.execution_options(across_firms=True)) is not None
