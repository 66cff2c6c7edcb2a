"""What a client finds first: the quick deposits, the addresses, the last documents."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_login import current_user

from app.collection.for_clients import ByMail, by_mail
from app.companies.finding import companies_and_roles, company_and_role
from app.companies.models import Company, FiscalYear
from app.db import new_id
from app.formats import today
from app.library.listing import Row, recent_rows
from app.library.models import Folder
from app.library.shortcuts import family_of, inbox_of, month_in, year_on
from app.library.tree import Sight, sight_of
from app.mentions.unread import Call, unread_of_client
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


FAMILIES = (("purchases", "shopping-cart"), ("sales", "file-invoice"))


@dataclass(frozen=True)
class ClientHome:
    company: Company
    url: str
    quick: list[QuickDeposit]
    by_mail: list[ByMail]
    recent: list[Row]
    calls: list[Call]


def client_home(slug: str) -> ClientHome:
    company, role = company_and_role(slug)
    sight = sight_of(role, company)
    return ClientHome(
        company=company,
        url=url_for("library.root", slug=company.slug),
        quick=_quick(company, sight),
        by_mail=by_mail(company, sight),
        recent=recent_rows(company, sight, RECENT),
        calls=unread_of_client(
            current_user, ((c, sight_of(r, c)) for c, r in companies_and_roles())
        ),
    )


def _quick(company: Company, sight: Sight) -> list[QuickDeposit]:
    if sight.is_frozen:
        return []
    year = year_on(company, today())
    found = [
        _inbox(company, sight),
        *(_family(company, kind, icon, sight, year) for kind, icon in FAMILIES),
    ]
    return [deposit for deposit in found if deposit]


def _inbox(company: Company, sight: Sight) -> QuickDeposit | None:
    folder = inbox_of(company, sight)
    return _deposit(company, folder, folder, "inbox") if folder else None


def _family(
    company: Company, kind: str, icon: str, sight: Sight, year: FiscalYear | None
) -> QuickDeposit | None:
    """This month's folder of the family, or the family's own."""
    family = family_of(company, kind, year, sight)
    folder = (month_in(family, today(), year) or family) if family else None
    if family is None or folder is None or not sight.may_deposit_in(folder):
        return None
    return _deposit(company, family, folder, icon)


def _deposit(
    company: Company, family: Folder, folder: Folder, icon: str
) -> QuickDeposit:
    here: dict[str, Any] = {"slug": company.slug, "folder_id": folder.id}
    return QuickDeposit(
        name=family.name,
        hint=_("We sort for you") if folder is family else folder.name,
        icon=icon,
        folder_url=url_for("library.show", **here),
        deposit_url=url_for("library.deposit_create", **here),
        scan_url=url_for("scanning.show", **here),
        upload_id=new_id(),
    )
