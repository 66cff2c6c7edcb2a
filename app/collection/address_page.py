"""What the page of a company's addresses shows."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from app.collection import places, replacing, sender_list
from app.collection.addresses import Listed, has_ended, listed
from app.collection.families import families_of
from app.collection.models import (
    AcceptedSender,
    CollectionAddress,
    InboundMail,
    InboundPart,
)
from app.collection.places import Place
from app.collection.policy_words import warning
from app.companies.models import Company
from app.db import db, utc_now
from app.delivery.badges import Badge
from app.library.models import Document
from app.people.models import Person
from app.texts import gettext as _

LAST = 15


@dataclass(frozen=True)
class Row:
    """One address as it is now, and where its mail goes today."""

    listed: Listed
    place: Place

    @property
    def warning(self) -> str:
        return warning(self.place.warning)


@dataclass(frozen=True)
class Former:
    """An address that another one took the place of."""

    row: CollectionAddress
    has_ended: bool
    mails: int  # since then
    last_at: datetime | None


@dataclass(frozen=True)
class Mail:
    mail: InboundMail
    badge: Badge
    is_to_former: bool
    documents: list[Document] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    company: Company
    rows: list[Row]
    former: list[Former]
    senders: list[tuple[AcceptedSender, str]]  # with the name of who accepted it
    mails: list[Mail]


def page(company: Company) -> Page:
    return Page(
        company=company,
        rows=rows(company, listed(company)),
        former=formers(company),
        senders=_senders(company),
        mails=last_mails(company),
    )


def rows(company: Company, shown: list[Listed]) -> list[Row]:
    wanted = [(one.family.prefix, one.row) for one in shown]
    found = places.places_of(company, wanted, places.day_of(utc_now()))
    return [Row(one, place) for one, place in zip(shown, found, strict=True)]


def formers(company: Company, prefix: str = "") -> list[Former]:
    """Of all families, or of one; the last replaced first."""
    found = [r for r in replacing.former(company) if prefix in {"", r.family}]
    if not found:
        return []
    counts, now = _since(found), utc_now()
    families = {family.prefix: family for family in families_of(company.firm_id)}
    return [
        Former(
            each,
            has_ended(each, families.get(each.family), now),
            *counts.get(each.id, (0, None)),
        )
        for each in found
    ]


def _since(
    former: list[CollectionAddress],
) -> Mapping[uuid.UUID, tuple[int, datetime | None]]:
    """How many mails came to each since it was replaced, and the last one's time."""
    found = db.session.execute(
        select(
            CollectionAddress.id,
            func.count(InboundMail.id),
            func.max(InboundMail.received_at),
        )
        .join(InboundMail, InboundMail.address_id == CollectionAddress.id)
        .where(
            CollectionAddress.id.in_([each.id for each in former]),
            InboundMail.received_at > CollectionAddress.replaced_at,
        )
        .group_by(CollectionAddress.id)
    )
    return {row[0]: (row[1], row[2]) for row in found}


def _senders(company: Company) -> list[tuple[AcceptedSender, str]]:
    found = sender_list.of(company)
    ids = {row.accepted_by_id for row in found if row.accepted_by_id}
    people = select(Person.id, Person.name).where(Person.id.in_(ids))
    names = {row[0]: row[1] for row in db.session.execute(people)} if ids else {}
    return [
        (row, names.get(row.accepted_by_id, "") if row.accepted_by_id else "")
        for row in found
    ]


def last_mails(company: Company) -> list[Mail]:
    found = db.session.execute(
        select(InboundMail, CollectionAddress.replaced_at)
        .outerjoin(CollectionAddress, InboundMail.address_id == CollectionAddress.id)
        .where(InboundMail.company_id == company.id)
        .order_by(InboundMail.received_at.desc(), InboundMail.id.desc())
        .limit(LAST)
    ).all()
    documents = _documents([row[0].id for row in found])
    return [
        Mail(
            mail,
            state_badge(mail.state),
            replaced_at is not None and mail.received_at > replaced_at,
            documents.get(mail.id, []),
        )
        for mail, replaced_at in found
    ]


def _documents(mail_ids: list[uuid.UUID]) -> Mapping[uuid.UUID, list[Document]]:
    if not mail_ids:
        return {}
    found = db.session.execute(
        select(InboundPart.mail_id, Document)
        .join(Document, Document.id == InboundPart.document_id)
        .where(InboundPart.mail_id.in_(mail_ids), Document.trashed_at.is_(None))
        .order_by(InboundPart.mail_id, InboundPart.number)
    )
    by_mail: dict[uuid.UUID, list[Document]] = {}
    for mail_id, document in found:
        by_mail.setdefault(mail_id, []).append(document)
    return by_mail


def state_badge(state: str) -> Badge:
    label, tone, icon = {
        "waiting": (_("Being read"), "info", "clock"),
        "filed": (_("Filed"), "ok", "circle-check"),
        "quarantined": (_("To check"), "warn", "help-circle"),
        "ignored": (_("Ignored"), "mute", "x"),
        "discarded": (_("Deleted"), "mute", "trash"),
    }[state]
    return Badge(state, label, tone, icon)
