"""`flask firm` and `flask operator`: what there is before anybody can sign in."""

import json
import re
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.companies.managers import EMAIL
from app.companies.slugs import is_slug
from app.connectors import apps, catalogue, connecting
from app.db import db
from app.firms.brand import Brand
from app.firms.models import Firm, FirmDomain
from app.people.inviting import LEAST_LETTERS, MOST_LETTERS
from app.people.models import Person
from app.people.passwords import hash_password, normal_email

# RFC 1123: letters, digits and hyphens, in several labels.
HOST = re.compile(
    r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)

MOST_OF_NAME = 255

firm_group = AppGroup("firm", help="Firms: create, domain, adopt.")
operator_group = AppGroup("operator", help="Operators of the platform.")


def _say(**facts: Any) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False))


@firm_group.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--colour", default="#14533f", help="brand colour, #rrggbb")
@click.option("--admin", required=True, help="e-mail of the first administrator")
@click.option("--admin-name", default="Administrateur")
@click.password_option()
def create(
    slug: str, name: str, colour: str, admin: str, admin_name: str, password: str
) -> None:
    """A firm and its first administrator."""
    if not is_slug(slug):
        raise click.ClickException(f"{slug!r} cannot be a part of an address")
    name = _name(name)
    try:
        Brand(colour)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    firm = Firm(slug=slug, name=name, brand_colour=colour)
    db.session.add(firm)
    _keep(f"there is a firm {slug!r} already")
    db.session.add(_person(firm, admin, admin_name, "firm_admin", password))
    db.session.commit()
    _say(firm=firm.slug)


@firm_group.command("domain")
@click.argument("slug")
@click.argument("host")
def domain(slug: str, host: str) -> None:
    """Let the firm answer on a host of its own."""
    firm, host = _firm(slug), host.lower().rstrip(".")
    platform = current_app.config["PLATFORM_DOMAIN"]
    if not HOST.fullmatch(host) or f".{host}".endswith(f".{platform}"):
        raise click.ClickException(f"{host!r} cannot be a firm's own host")
    db.session.add(FirmDomain(host=host, firm_id=firm.id))
    _keep(f"{host!r} is a firm's host already")
    db.session.commit()
    _say(firm=slug, host=host)


@firm_group.command("adopt")
@click.argument("slug")
@click.argument("app_key")
def adopt(slug: str, app_key: str) -> None:
    """Put an application among those of the firm."""
    app = apps.find(app_key)
    if app is None:
        known = ", ".join(sorted(catalogue.everything()))
        raise click.ClickException(f"no application {app_key!r}; there are: {known}")
    connecting.adopt(_firm(slug).id, app, by=None)
    db.session.commit()
    _say(firm=slug, app=app_key)


@operator_group.command("create")
@click.argument("email")
@click.argument("name")
@click.password_option()
def create_operator(email: str, name: str, password: str) -> None:
    """An operator, who signs in at PLATFORM_DOMAIN."""
    db.session.add(_person(None, email, name, "operator", password))
    _keep(f"there is an operator {email!r} already")
    db.session.commit()
    _say(operator=email)


def _firm(slug: str) -> Firm:
    firm = db.session.scalar(select(Firm).where(Firm.slug == slug))
    if firm is None:
        raise click.ClickException(f"no firm {slug!r}")
    return firm


def _person(
    firm: Firm | None, email: str, name: str, role: str, password: str
) -> Person:
    email = normal_email(email)
    if not EMAIL.fullmatch(email):
        raise click.ClickException(f"{email!r} is no e-mail address")
    if not LEAST_LETTERS <= len(password) <= MOST_LETTERS:
        raise click.ClickException(
            f"a password of {LEAST_LETTERS} to {MOST_LETTERS} characters, please"
        )
    return Person(
        firm_id=firm.id if firm else None,
        email=email,
        name=_name(name),
        role=role,
        password_hash=hash_password(password),
    )


def _name(typed: str) -> str:
    """As far as a row holds it (`db.Name`)."""
    if not 0 < len(name := typed.strip()) <= MOST_OF_NAME:
        raise click.ClickException(f"a name of 1 to {MOST_OF_NAME} characters, please")
    return name


def _keep(if_taken: str) -> None:
    """Write down what was added. Of the error that the database gives, which holds what
    was to be written, nothing is shown."""
    try:
        db.session.flush()
    except IntegrityError:
        db.session.rollback()
        raise click.ClickException(if_taken) from None
