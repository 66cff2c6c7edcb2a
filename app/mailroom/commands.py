"""The mailroom at the command line: hand in one message, or listen for them."""

import json
import signal
import threading
from typing import IO

import click
from flask import current_app
from flask.cli import with_appcontext

from app.mailroom.door import opened
from app.mailroom.receiving import UnknownRecipient, receive


@click.command("mail-in")
@click.option(
    "--to", "recipients", required=True, multiple=True, help="a bot's address"
)
@click.option("--from", "sender", default="", help="the envelope's sender, if any")
@click.argument("message", type=click.File("rb"), default="-")
@with_appcontext
def mail_in(recipients: tuple[str, ...], sender: str, message: IO[bytes]) -> None:
    """Take in MESSAGE (or standard input) as if it had come by mail."""
    try:
        taken = receive(message.read(), sender, recipients)
    except UnknownRecipient as unknown:
        raise click.ClickException(f"{unknown}; nothing was kept") from unknown
    for one in taken:
        facts = {
            "bot": one.bot_address,
            "mail": str(one.mail_id),
            "kind": one.kind,
            "new": one.is_new,
        }
        click.echo(json.dumps(facts, ensure_ascii=False))


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
