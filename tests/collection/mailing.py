"""Handing mail in, and what came of it."""

from sqlalchemy import select

from app.collection import jobs
from app.collection.accepting import Envelope
from app.collection.models import InboundMail
from app.db import db
from app.library.models import Document
from app.mailroom.entrance import take_in
from tests.collection.letters import letter

COMPTA = "compta+dune-alder@mail.guichet.test"
SUPPLIER = Envelope("smtp", "facturation@supplier.test")
_numbers = iter(range(1, 10_000))


def mail_to(address: str, *, papers: int = 1) -> InboundMail:
    """A mail of a supplier with so many papers, as it was settled."""
    number = next(_numbers)
    files = [(f"{number}-{n}.pdf", "application/pdf") for n in range(papers)]
    raw = letter(*files, message_id=f"<{number}@supplier.test>")
    [taken] = take_in(raw, SUPPLIER, [address])
    jobs.read_waiting()
    db.session.expire_all()
    return db.session.get_one(InboundMail, taken.mail_id)


def documents() -> list[Document]:
    return list(db.session.scalars(select(Document).order_by(Document.id)))
