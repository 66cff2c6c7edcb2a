"""The command line: `flask --app app …`. What it prints for machines is JSON lines."""

import json
import uuid
from pathlib import Path
from typing import IO, Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import select

from app import seed
from app.companies.models import Company
from app.db import db
from app.delivery import tick
from app.delivery.auditing import differences
from app.delivery.commands import proof_sheet
from app.delivery.why import why
from app.errors import DomainError
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.library.deposit import deposit
from app.library.models import Document
from app.library.receiving import receive
from app.library.tree import by_path
from app.mailroom.commands import mail_in, mailroom
from app.operator.commands import sweep_store
from app.operator.making import firm_group, operator_group
from app.search.commands import search
from app.storage import StorageUnavailable

audit_group = AppGroup("audit", help="Check what is recorded.")
seed_group = AppGroup("seed", help="Fill the database.")


def init_app(app: Flask) -> None:
    commands = (tick_now, deposit_files, why_document, proof_sheet, sweep_store)
    groups = (audit_group, firm_group, operator_group, seed_group, search)
    for command in (*groups, *commands, mail_in, mailroom):
        app.cli.add_command(command)


def say(**facts: Any) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False, default=str))


@seed_group.command("demo")
def seed_demo() -> None:
    """The demonstration: two firms, their people, documents in every state."""
    if current_app.config["ENVIRONMENT"] == "production":
        # It has an operator too, and a password that everybody may read.
        raise click.ClickException("not in production: its password is no secret")
    seed.demo()


@click.command("tick")
def tick_now() -> None:
    """One run of the automaton now, in the foreground."""
    say(**tick.run())


@click.command("deposit")
@click.argument("company")
@click.argument("folder_path")
@click.argument("files", nargs=-1, required=True, type=click.File("rb"))
def deposit_files(company: str, folder_path: str, files: tuple[IO[bytes], ...]) -> None:
    """Deposit FILES in FOLDER_PATH («Dossier comptable annuel/…») of COMPANY (slug);
    exit 1 when one of them was refused."""
    found = db.session.scalars(select(Company).where(Company.slug == company)).all()
    if len(found) != 1:
        raise click.ClickException(f"no company {company!r}, or several of them")
    firm_name = db.session.get_one(Firm, found[0].firm_id).name
    folder = by_path(found[0], folder_path)
    if folder is None:
        raise click.ClickException(f"{company} has no folder {folder_path!r}")
    db.session.commit()
    refused = 0
    for file in files:
        try:
            chunks = iter(lambda f=file: f.read(262144), b"")  # type: ignore[misc]
            done = deposit(
                receive(chunks, Path(file.name).name),
                into=folder,
                by=None,
                channel="api",
                depositor_name=firm_name,
            )
        except (DomainError, StorageUnavailable) as refusal:
            db.session.rollback()
            say(file=file.name, error=str(refusal))
            refused += 1
            continue
        db.session.commit()
        say(
            document=done.document.id,
            folder=folder_path,
            status=done.document.status,
            due=[d.state for d in done.deliveries],
        )
    if refused:
        raise click.exceptions.Exit(1)


@click.command("why")
@click.argument("document_id", type=click.UUID)
def why_document(document_id: uuid.UUID) -> None:
    """Why DOCUMENT_ID left, leaves or stays: a line for each connected tool."""
    document = db.session.get(Document, document_id)
    if document is None:
        raise click.ClickException(f"no document {document_id}")
    base_url = url_of(db.session.get_one(Firm, document.firm_id))
    with current_app.test_request_context(base_url=base_url):
        for because in why(document):
            action = because.action
            say(
                connection=because.connection.id,
                app=because.connection.app_key,
                slot=because.slot,
                state=because.state,
                reason=because.text,
                action=f"{action.label}: {action.url}" if action else None,
            )


@audit_group.command("verify")
@click.option("--no-files", is_flag=True, help="leave the stored files out")
def audit_verify(no_files: bool) -> None:
    """Chains, decisions, validations, leases, files: a line for each difference."""
    found = 0
    for difference in differences(with_files=not no_files):
        say(difference=difference.kind, about=difference.about, text=difference.text)
        found += 1
    say(differences=found)
    if found:
        raise click.exceptions.Exit(1)
