"""What the page of the mails to check shows: the list, and the mail that is open."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.collection import finding
from app.collection.accepted import is_offered, pattern_for
from app.collection.models import InboundMail, InboundPart
from app.collection.nearest import Nearest, nearest_to
from app.collection.reasons import Reason, part_reason, reason_of
from app.collection.telling import DAYS, SOON
from app.companies.models import Company
from app.db import db, utc_now
from app.delivery.badges import Badge
from app.library.kinds import kind_of
from app.people.models import Person

MOST = 200
MOST_KNOWN = 5
A_YEAR = timedelta(days=365)
SHOWN = ("quarantined", "discarded")
NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Row:
    mail: InboundMail
    badge: Badge
    parts: int
    ends_at: datetime | None  # when that is soon


@dataclass(frozen=True)
class Box:
    rows: list[Row]
    state: str
    total: int
    discarded: int
    filed_lately: int

    @property
    def has_more(self) -> bool:
        return self.total > len(self.rows)


@dataclass(frozen=True)
class Known:
    company: Company
    last_at: datetime


@dataclass(frozen=True)
class Opened:
    """One mail, and what may be done with it."""

    mail: InboundMail
    reason: Reason
    nearest: Nearest | None
    parts: list[InboundPart]
    known: list[Known]
    pattern: str
    is_offered: bool
    settled_by: str
    ends_at: datetime

    @property
    def held(self) -> list[InboundPart]:
        return [part for part in self.parts if part.outcome == "held"]

    @property
    def ignored(self) -> list[InboundPart]:
        return [part for part in self.parts if part.outcome == "ignored"]

    @property
    def refused(self) -> list[InboundPart]:
        return [part for part in self.parts if part.outcome == "refused"]

    @property
    def filed(self) -> list[InboundPart]:
        return [part for part in self.parts if part.outcome == "filed"]

    def why(self, part: InboundPart) -> str:
        return part_reason(part)

    def kind(self, part: InboundPart) -> str:
        """As little sheets show it; by what it says of itself."""
        is_pdf = part.name.lower().endswith(".pdf")
        return kind_of("application/pdf" if is_pdf else part.content_type)

    @property
    def may_be_filed(self) -> bool:
        """There is something that a person may want to file."""
        return bool(self.is_open and (self.held or self.ignored))

    @property
    def is_open(self) -> bool:
        return self.mail.state == "quarantined" and self.mail.storage_key is not None

    @property
    def was_left(self) -> bool:
        """Its bytes never were here: those of others go after their days alone."""
        return self.mail.storage_key is None and self.ends_at > utc_now()


def box(state: str = "quarantined") -> Box:
    state = state if state in SHOWN else "quarantined"
    wanted = (
        finding.strays(state)
        if current_user.is_operator
        else finding.visible_to(current_user).where(InboundMail.state == state)
    )
    mails = db.session.scalars(
        wanted.options(selectinload(InboundMail.company))
        .order_by(InboundMail.received_at.desc(), InboundMail.id.desc())
        .limit(MOST)
    ).all()
    to_check = finding.to_check(current_user)
    discarded = finding.discarded(current_user)
    return Box(
        rows=_rows(mails),
        state=state,
        total=to_check if state == "quarantined" else discarded,
        discarded=discarded,
        filed_lately=finding.filed_lately(current_user),
    )


def opened(mail: InboundMail) -> Opened:
    parts = finding.parts_of(mail)
    nearest = _nearest(mail)
    settled_by = db.session.get(Person, mail.settled_by_id or NOBODY)
    return Opened(
        mail=mail,
        reason=reason_of(mail, _detail(mail, nearest, parts)),
        nearest=nearest,
        parts=parts,
        known=[] if current_user.is_operator else _known(mail),
        pattern=pattern_for(mail),
        is_offered=is_offered(mail),
        settled_by=settled_by.name if settled_by else "",
        ends_at=mail.received_at + DAYS,
    )


def next_to(mail: InboundMail, rows: list[Row]) -> InboundMail | None:
    """What is opened once this one is settled: the one below it, else the first."""
    others = [row.mail for row in rows if row.mail.id != mail.id]
    older = [one for one in others if one.received_at <= mail.received_at]
    return next(iter(older or others), None)


def _rows(mails: Sequence[InboundMail]) -> list[Row]:
    ids = [mail.id for mail in mails]
    numbers: dict[uuid.UUID, int] = {}
    refusals: dict[uuid.UUID, str] = {}
    for mail_id, outcome, why, number in db.session.execute(
        select(
            InboundPart.mail_id,
            InboundPart.outcome,
            func.max(InboundPart.reason),
            func.count(),
        )
        .where(InboundPart.mail_id.in_(ids), InboundPart.outcome != "ignored")
        .group_by(InboundPart.mail_id, InboundPart.outcome)
    ):
        numbers[mail_id] = numbers.get(mail_id, 0) + number
        if outcome == "refused":
            refusals[mail_id] = why
    return [
        Row(
            mail,
            reason_of(mail, refusals.get(mail.id, "")).badge,
            numbers.get(mail.id, 0),
            _ends_soon(mail),
        )
        for mail in mails
    ]


def _ends_soon(mail: InboundMail) -> datetime | None:
    ends_at = mail.received_at + DAYS
    return ends_at if ends_at - utc_now() < SOON else None


def _nearest(mail: InboundMail) -> Nearest | None:
    if mail.reason != "unknown_address" or mail.company_id:
        return None
    return nearest_to(mail.recipient, current_user)


def _detail(
    mail: InboundMail, nearest: Nearest | None, parts: list[InboundPart]
) -> str:
    if nearest:
        return nearest.address
    refused = (part.reason for part in parts if part.outcome == "refused")
    return next(refused, "") if mail.reason == "refused" else ""


def _known(mail: InboundMail) -> list[Known]:
    """Other companies, of those the person may enter, where mail of this sender was
    filed. Nothing where the sender may be another one than it says."""
    if mail.verdict == "fail" or not mail.from_address:
        return []
    last_at = func.max(InboundMail.received_at)
    found = db.session.execute(
        Company.visible_to(current_user)
        .join(InboundMail, InboundMail.company_id == Company.id)
        .where(
            InboundMail.firm_id == mail.firm_id,
            InboundMail.state == "filed",
            InboundMail.from_address == mail.from_address,
            InboundMail.received_at >= utc_now() - A_YEAR,
            Company.id != (mail.company_id or NOBODY),
        )
        .add_columns(last_at)
        .group_by(Company.id)
        .order_by(last_at.desc())
        .limit(MOST_KNOWN)
    )
    return [Known(company, at) for company, at in found]
