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
from app.connectors import apps, catalogue, connecting
from app.db import db
from app.delivery import tick
from app.delivery.auditing import differences
from app.delivery.commands import proof_sheet
from app.delivery.why import why
from app.errors import DomainError
from app.firms.brand import Brand
from app.firms.hosts import url_of
from app.firms.models import Firm, FirmDomain
from app.library.deposit import deposit
from app.library.models import Document
from app.library.receiving import receive
from app.library.tree import by_path
from app.mailroom.commands import mail_in, mailroom
from app.operator.commands import sweep_store
from app.people.models import Person
from app.people.passwords import hash_password, normal_email
from app.search.commands import search

audit_group = AppGroup("audit", help="Check what is recorded.")
firm_group = AppGroup("firm", help="Firms: create, domain, adopt.")
operator_group = AppGroup("operator", help="Operators of the platform.")
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
    """Deposit FILES in FOLDER_PATH («Dossier comptable annuel/…») of COMPANY (slug)."""
    found = db.session.scalars(select(Company).where(Company.slug == company)).all()
    if len(found) != 1:
        raise click.ClickException(f"no company {company!r}, or several of them")
    folder = by_path(found[0], folder_path)
    if folder is None:
        raise click.ClickException(f"{company} has no folder {folder_path!r}")
    db.session.commit()
    for file in files:
        try:
            chunks = iter(lambda f=file: f.read(262144), b"")  # type: ignore[misc]
            done = deposit(
                receive(chunks, Path(file.name).name),
                into=folder,
                by=None,
                channel="api",
                depositor_name="Guichet",
            )
        except DomainError as refusal:
            db.session.rollback()
            say(file=file.name, error=refusal.message)
            continue
        db.session.commit()
        say(
            document=done.document.id,
            folder=folder_path,
            status=done.document.status,
            due=[d.state for d in done.deliveries],
        )


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


@firm_group.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--colour", default="#14533f", help="brand colour, #rrggbb")
@click.option("--admin", required=True, help="e-mail of the first administrator")
@click.option("--admin-name", default="Administrateur")
@click.password_option()
def firm_create(
    slug: str, name: str, colour: str, admin: str, admin_name: str, password: str
) -> None:
    """A firm and its first administrator."""
    try:
        Brand(colour)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    firm = Firm(slug=slug, name=name, brand_colour=colour)
    db.session.add(firm)
    db.session.flush()
    db.session.add(
        Person(
            firm_id=firm.id,
            email=normal_email(admin),
            name=admin_name,
            role="firm_admin",
            password_hash=hash_password(password),
        )
    )
    db.session.commit()
    say(firm=firm.slug)


def _firm(slug: str) -> Firm:
    firm = db.session.scalar(select(Firm).where(Firm.slug == slug))
    if firm is None:
        raise click.ClickException(f"no firm {slug!r}")
    return firm


@firm_group.command("domain")
@click.argument("slug")
@click.argument("host")
def firm_domain(slug: str, host: str) -> None:
    """Let the firm answer on a host of its own."""
    db.session.add(FirmDomain(host=host.lower().rstrip("."), firm_id=_firm(slug).id))
    db.session.commit()
    say(firm=slug, host=host)


@firm_group.command("adopt")
@click.argument("slug")
@click.argument("app_key")
def firm_adopt(slug: str, app_key: str) -> None:
    """Put an application among those of the firm."""
    app = apps.find(app_key)
    if app is None:
        known = ", ".join(sorted(catalogue.everything()))
        raise click.ClickException(f"no application {app_key!r}; there are: {known}")
    connecting.adopt(_firm(slug).id, app, by=None)
    db.session.commit()
    say(firm=slug, app=app_key)


@operator_group.command("create")
@click.argument("email")
@click.argument("name")
@click.password_option()
def operator_create(email: str, name: str, password: str) -> None:
    """An operator, who signs in at PLATFORM_DOMAIN."""
    db.session.add(
        Person(
            firm_id=None,
            email=normal_email(email),
            name=name,
            role="operator",
            password_hash=hash_password(password),
        )
    )
    db.session.commit()
    say(operator=email)
