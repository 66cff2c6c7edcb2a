"""What people find first: the firm its companies, a client its quick deposits."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_login import current_user
from sqlalchemy import func, select

from app.companies.finding import company_and_role
from app.companies.models import Company
from app.db import db, new_id, utc_now
from app.delivery import blocked
from app.delivery.blocked import Group
from app.delivery.models import BLOCKED, WAITING, Delivery
from app.library.listing import Row, recent_rows
from app.library.models import Document, Folder
from app.library.tree import Sight, sight_of
from app.texts import gettext as _

MOST_COMPANIES = 200
RECENT = 8
MOST_GROUPS = 12
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class CompanyLine:
    company: Company
    url: str
    last_deposit_at: datetime | None
    waiting: int
    blocked: int


def company_lines() -> list[CompanyLine]:
    """The companies that the person follows, those that need them first."""
    companies = db.session.scalars(
        Company.visible_to(current_user)
        .where(Company.archived_at.is_(None))
        .order_by(Company.name)
        .limit(MOST_COMPANIES)
    ).all()
    ids = [company.id for company in companies]
    last = dict(
        db.session.execute(
            select(Document.company_id, func.max(Document.arrived_at))
            .where(Document.company_id.in_(ids))
            .group_by(Document.company_id)
        ).all()
    )
    states = _state_counts(ids)
    lines = [
        CompanyLine(
            company=company,
            url=url_for("library.root", slug=company.slug),
            last_deposit_at=last.get(company.id),
            waiting=sum(states.get((company.id, state), 0) for state in WAITING),
            blocked=sum(states.get((company.id, state), 0) for state in BLOCKED),
        )
        for company in companies
    ]
    return sorted(lines, key=lambda line: -line.blocked)


@dataclass(frozen=True)
class KeptBack:
    """What waits for a person, and what was called off in the last days."""

    blocked: list[Group]
    not_sent: list[Group]


def kept_back() -> KeptBack:
    """In the companies that the person follows, by company and reason."""
    allowed = Company.visible_to(current_user).with_only_columns(Company.id)
    mine = Delivery.company_id.in_(allowed)
    now = utc_now()
    return KeptBack(
        blocked.blocked(mine)[:MOST_GROUPS],
        blocked.not_sent(now - LATELY, now, mine)[:MOST_GROUPS],
    )


def _state_counts(ids: list[uuid.UUID]) -> dict[tuple[uuid.UUID, str], int]:
    counted = db.session.execute(
        select(Delivery.company_id, Delivery.state, func.count())
        .where(Delivery.company_id.in_(ids), Delivery.state.in_((*WAITING, *BLOCKED)))
        .group_by(Delivery.company_id, Delivery.state)
    )
    return {(company_id, state): count for company_id, state, count in counted}


@dataclass(frozen=True)
class QuickDeposit:
    """One tap to deposit in the right place."""

    name: str
    hint: str
    icon: str
    folder_url: str
    deposit_url: str
    upload_id: uuid.UUID


QUICK = (("inbox", "inbox"), ("purchases", "shopping-cart"), ("sales", "file-invoice"))


@dataclass(frozen=True)
class ClientHome:
    company: Company
    url: str
    quick: list[QuickDeposit]
    recent: list[Row]


def client_home(slug: str) -> ClientHome:
    company, role = company_and_role(slug)
    sight = sight_of(role, company)
    return ClientHome(
        company=company,
        url=url_for("library.root", slug=company.slug),
        quick=[
            deposit
            for kind, icon in ([] if sight.is_frozen else QUICK)
            if (deposit := _quick(company, kind, icon, sight))
        ],
        recent=recent_rows(company, sight, RECENT),
    )


def _quick(company: Company, kind: str, icon: str, sight: Sight) -> QuickDeposit | None:
    """À classer, or this month's folder of the newest year's family."""
    family = db.session.scalars(
        select(Folder)
        .where(
            Folder.company_id == company.id,
            Folder.kind == kind,
            Folder.trashed_at.is_(None),
        )
        .order_by(Folder.created_at.desc())
        .limit(1)
    ).first()
    if family is None or not sight.allows(family):
        return None
    month = db.session.scalar(
        select(Folder).where(
            Folder.parent_id == family.id,
            Folder.kind == "month",
            Folder.name.startswith(f"{utc_now().month:02d} "),
            Folder.trashed_at.is_(None),
        )
    )
    folder = month or family
    here: dict[str, Any] = {"slug": company.slug, "folder_id": folder.id}
    return QuickDeposit(
        name=family.name,
        hint=month.name if month else _("We sort for you"),
        icon=icon,
        folder_url=url_for("library.show", **here),
        deposit_url=url_for("library.deposit_create", **here),
        upload_id=new_id(),
    )
