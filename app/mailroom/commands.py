"""The mailroom at the command line: hand in one message, or listen for them."""

import json
import signal
import threading
from typing import IO, Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from app.collection.accepting import Envelope
from app.collection.jobs import read_waiting
from app.collection.models import InboundMail, InboundPart
from app.db import db
from app.mailroom.door import opened
from app.mailroom.entrance import Taken, take_in
from app.mailroom.receiving import UnknownRecipient


@click.command("mail-in")
@click.option("--to", "recipients", required=True, multiple=True, help="the envelope's")
@click.option("--from", "sender", default="", help="the envelope's sender, if any")
@click.argument("message", type=click.File("rb"), default="-")
@with_appcontext
def mail_in(recipients: tuple[str, ...], sender: str, message: IO[bytes]) -> None:
    """Take in MESSAGE (or standard input) as if it had come by mail, and read it."""
    try:
        taken = take_in(message.read(), Envelope("command", sender), recipients)
    except UnknownRecipient as unknown:
        raise click.ClickException(f"{unknown}; nothing was kept") from unknown
    read_waiting()
    for one in taken:
        click.echo(json.dumps(_facts(one), ensure_ascii=False))


def _facts(taken: Taken) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "address": taken.address,
        "mail": str(taken.mail_id),
        "kind": taken.kind,
        "new": taken.is_new,
    }
    mail = db.session.get(InboundMail, taken.mail_id)
    if mail is not None:
        filed = select(InboundPart.document_id).where(
            InboundPart.mail_id == mail.id, InboundPart.outcome == "filed"
        )
        documents = db.session.scalars(filed.order_by(InboundPart.number))
        facts |= {"state": mail.state, "reason": mail.reason}
        facts["documents"] = [str(document_id) for document_id in documents]
    return facts


@click.command("mailroom")
@with_appcontext
def mailroom() -> None:
    """Listen for mail at INBOUND_HOST:INBOUND_PORT (SMTP), until told to end."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    host, port = app.config["INBOUND_HOST"], app.config["INBOUND_PORT"]
    with opened(app, host, port):
        click.echo(f"listening on {host}:{port}")
        ended.wait()
