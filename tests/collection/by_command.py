"""Handing in a message by `flask mail-in`, and what is there to be seen of it."""

import json
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.collection.models import InboundMail
from app.db import db
from app.library.models import Document
from tests.cast import House, signed_in
from tests.collection.sending import COMPTA

SUPPLIER = "facturation@supplier.test"
Bring = Callable[..., dict[str, Any]]


def bringing(app: Flask) -> Bring:
    """What hands in one message, and gives what the command says of it."""
    runner = app.test_cli_runner()

    def bring(raw: bytes, to: str = COMPTA, sender: str = SUPPLIER) -> dict[str, Any]:
        words = ["mail-in", "--to", to, "--from", sender]
        result = runner.invoke(args=words, input=raw)
        assert result.exit_code == 0, result.output
        db.session.rollback()
        db.session.expire_all()
        said: dict[str, Any] = json.loads(result.output)
        return said

    return bring


def names() -> list[str]:
    """Of the documents, the first one first."""
    return list(db.session.scalars(select(Document.name).order_by(Document.id)))


def only_mail() -> InboundMail:
    return db.session.scalars(select(InboundMail)).one()


def saved_as(app: Flask, house: House, name: str) -> bytes:
    """What the client gets who downloads it."""
    document = db.session.scalars(select(Document).where(Document.name == name)).one()
    answer = signed_in(app, house.manager).get(f"/documents/{document.id}/download")
    assert answer.status_code == 200
    data: bytes = answer.data
    return data
