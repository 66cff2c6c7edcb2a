"""What a client finds first: the quick deposits, the addresses, the last documents."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import select

from app.collection.for_clients import ByMail, by_mail
from app.companies.finding import company_and_role
from app.companies.models import Company
from app.db import db, new_id, utc_now
from app.library.listing import Row, recent_rows
from app.library.models import Folder
from app.library.tree import Sight, sight_of
from app.texts import gettext as _

RECENT = 8


@dataclass(frozen=True)
class QuickDeposit:
    """One tap to deposit in the right place."""

    name: str
    hint: str
    icon: str
    folder_url: str
    deposit_url: str
    scan_url: str
    upload_id: uuid.UUID


QUICK = (("inbox", "inbox"), ("purchases", "shopping-cart"), ("sales", "file-invoice"))


@dataclass(frozen=True)
class ClientHome:
    company: Company
    url: str
    quick: list[QuickDeposit]
    by_mail: list[ByMail]
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
        by_mail=by_mail(company, sight),
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
        scan_url=url_for("scanning.show", **here),
        upload_id=new_id(),
    )
