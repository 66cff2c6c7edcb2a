"""Handing in a message, and what became of it."""

from sqlalchemy import select

from app.collection import jobs
from app.collection.accepting import Envelope
from app.collection.models import InboundMail
from app.db import db
from app.library.models import Document
from app.mailroom.entrance import take_in

COMPTA = "compta+dune-alder@mail.guichet.test"  # open
BANQUE = "banque+dune-alder@mail.guichet.test"  # known
MACHINE = "198.51.100.7"


def came(sender: str = "", ip: str = MACHINE, door: str = "smtp") -> Envelope:
    return Envelope(door, sender, ip, "mx.example.test")


def send(raw: bytes, to: str = COMPTA, envelope: Envelope | None = None) -> InboundMail:
    """Handed in and read; the row as it is then."""
    [taken] = take_in(raw, envelope or came("x@else.test"), [to])
    jobs.read_waiting()
    db.session.expire_all()
    return db.session.get_one(InboundMail, taken.mail_id)


def documents() -> list[Document]:
    return list(db.session.scalars(select(Document).order_by(Document.name)))
