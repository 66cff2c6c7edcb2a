"""What the pages of the bots' mailbox show."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.companies.models import Company
from app.connectors import apps
from app.db import db
from app.delivery.badges import Badge
from app.delivery.models import Delivery
from app.library.models import Document
from app.mailroom.domains import tool_domains
from app.mailroom.finding import visible_to
from app.mailroom.links import Link, is_under, site_of
from app.mailroom.models import KINDS, BotMail
from app.mailroom.reading_counts import unread
from app.mailroom.sorting import likely_link
from app.people.models import Person
from app.texts import gettext as _
from app.typed import searched, whole

A_PAGE = 50


@dataclass(frozen=True)
class Row:
    mail: BotMail
    badge: Badge
    app_name: str


@dataclass(frozen=True)
class Filters:
    """What the address asks for; empty where it asks for everything."""

    app: str
    company: str
    kind: str
    page: int


@dataclass(frozen=True)
class Box:
    rows: list[Row]
    filters: Filters
    kinds: list[Badge]
    apps: list[tuple[str, str]]  # key, name
    companies: list[Company]
    unread: int
    has_more: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.filters.app or self.filters.company or self.filters.kind)


@dataclass(frozen=True)
class ShownLink:
    link: Link
    is_known: bool  # its host is the tool's, or the sender's


@dataclass(frozen=True)
class Shown:
    mail: BotMail
    badge: Badge
    app_name: str
    links: list[ShownLink]
    invitation: ShownLink | None
    document: Document | None
    reader: str


def filters_from(asked: Mapping[str, str]) -> Filters:
    kind, page = asked.get("kind", ""), asked.get("page", "")
    return Filters(
        app=searched(asked.get("app", ""), 40),
        company=searched(asked.get("company", ""), 63),
        kind=kind if kind in KINDS else "",
        page=max(1, whole(page, 1)),
    )


def box(filters: Filters) -> Box:
    wanted = visible_to(current_user)
    if filters.app:
        wanted = wanted.where(BotMail.app_key == filters.app)
    if filters.kind:
        wanted = wanted.where(BotMail.kind == filters.kind)
    if filters.company:
        slug = select(Company.id).where(Company.slug == filters.company)
        wanted = wanted.where(BotMail.company_id.in_(slug))
    found = db.session.scalars(
        wanted.options(selectinload(BotMail.company))
        .order_by(BotMail.received_at.desc(), BotMail.id.desc())
        .limit(A_PAGE + 1)
        .offset((filters.page - 1) * A_PAGE)
    ).all()
    known = _apps()
    names = dict(known)
    return Box(
        rows=[Row(m, badge(m.kind), names[m.app_key]) for m in found[:A_PAGE]],
        filters=filters,
        kinds=[badge(kind) for kind in KINDS],
        apps=known,
        companies=_companies(),
        unread=unread(current_user),
        has_more=len(found) > A_PAGE,
    )


def shown(mail: BotMail) -> Shown:
    links = _links(mail)
    best = likely_link(known.link for known in links)
    invitation = next((known for known in links if known.link == best), None)
    reader = db.session.get(Person, mail.read_by_id) if mail.read_by_id else None
    return Shown(
        mail=mail,
        badge=badge(mail.kind),
        app_name=_app_name(mail.app_key),
        links=links,
        invitation=invitation if mail.kind == "invitation" else None,
        document=_document(mail.delivery_id),
        reader=reader.name if reader else "",
    )


def badge(kind: str) -> Badge:
    if kind == "invitation":
        return Badge(kind, _("Invitation"), "info", "user")
    if kind == "bounce":
        return Badge(kind, _("Came back"), "bad", "alert-triangle")
    if kind == "refusal":
        return Badge(kind, _("Refusal"), "warn", "circle-x")
    return Badge(kind, _("Other mail"), "mute", "mail")


def _links(mail: BotMail) -> list[ShownLink]:
    domains = tool_domains(apps.find(mail.app_key), mail.connection)
    sender = site_of(mail.from_address.rpartition("@")[2])
    links = [Link(**kept) for kept in mail.links]
    return [ShownLink(one, _is_known(one.host, domains, sender)) for one in links]


def _is_known(host: str, domains: set[str], sender: str) -> bool:
    """Never one that is written in other letters, which look like these."""
    if host.startswith("xn--") or ".xn--" in host:
        return False
    return site_of(host) == sender or any(is_under(host, d) for d in domains)


def _document(delivery_id: uuid.UUID | None) -> Document | None:
    if delivery_id is None:
        return None
    delivery = db.session.get(Delivery, delivery_id)
    return delivery.document if delivery else None


def _app_name(key: str) -> str:
    app = apps.find(key)
    return app.name if app else key


def _apps() -> list[tuple[str, str]]:
    keys = db.session.scalars(
        visible_to(current_user).with_only_columns(BotMail.app_key).distinct()
    )
    return sorted((key, _app_name(key)) for key in keys)


def _companies() -> list[Company]:
    with_mail = visible_to(current_user).with_only_columns(BotMail.company_id)
    found = db.session.scalars(
        select(Company).where(Company.id.in_(with_mail)).order_by(Company.name)
    )
    return list(found)
