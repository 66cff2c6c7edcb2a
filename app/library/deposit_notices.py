"""Mails about deposits, for those who asked: staff what came in, a client the receipt.

Each run of the automaton writes those that are due; the caller has no transaction open.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import force_locale
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import joinedload

from app.alone import alone
from app.collection.models import InboundMail, InboundPart
from app.companies.followers import may_enter
from app.companies.models import Company
from app.db import db, utc_now
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.formats import midnight
from app.library.models import Document, Version
from app.library.naming import clean_name
from app.library.tree import hidden_for
from app.notices.models import NoticeSetting
from app.notices.stopping import stop_url
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _, ngettext

DAILY_HOUR = 8  # local
MOST_NAMES = 30
# Who deposits right now may not have committed yet: told with the next run.
SETTLING = timedelta(minutes=1)


def send_deposit_notices() -> int:
    """Write those that are due; gives how many. Commits."""
    until = utc_now() - SETTLING
    written = 0
    for person_id, company_id in _due(until):
        with alone(f"telling {person_id} of deposits for {company_id}"):
            setting = _take(person_id, company_id, until)
            written += setting is not None and _tell(setting, until)
            db.session.commit()
    return written


def _due(until: datetime) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """Not yet told until then."""
    found = db.session.execute(
        select(NoticeSetting.person_id, NoticeSetting.company_id)
        .join(Firm, Firm.id == NoticeSetting.firm_id)
        .where(Firm.suspended_at.is_(None), _is_due(until))
        .order_by(NoticeSetting.person_id, NoticeSetting.company_id),
        execution_options={"across_firms": True},
    )
    due = [(row.person_id, row.company_id) for row in found]
    db.session.commit()
    return due


def _take(
    person_id: uuid.UUID, company_id: uuid.UUID, until: datetime
) -> NoticeSetting | None:
    """Still due, and in nobody else's hands."""
    return db.session.scalar(
        select(NoticeSetting)
        .where(
            NoticeSetting.person_id == person_id,
            NoticeSetting.company_id == company_id,
            _is_due(until),
        )
        .with_for_update(skip_locked=True)
        .execution_options(across_firms=True, populate_existing=True)
    )


def _is_due(until: datetime) -> ColumnElement[bool]:
    morning = midnight(until) + timedelta(hours=DAILY_HOUR)
    last_morning = morning if until >= morning else morning - timedelta(days=1)
    return or_(
        and_(NoticeSetting.deposits == "now", NoticeSetting.told_until < until),
        and_(
            NoticeSetting.deposits == "daily", NoticeSetting.told_until < last_morning
        ),
    )


def _tell(setting: NoticeSetting, until: datetime) -> bool:
    """Whether there was anything to tell. What is told is told once: the mark moves
    with the mail's own row."""
    since, setting.told_until = setting.told_until, until
    person = db.session.get_one(Person, setting.person_id)
    company = db.session.get_one(Company, setting.company_id)
    if company.archived_at or not may_enter(person, company):
        return False  # who was taken off a company is told nothing of it
    total, some = _documents(person, company, since, until)
    if not total:
        return False
    firm = db.session.get_one(Firm, setting.firm_id)
    with force_locale(person.locale):
        stop = stop_url(firm, person.id, company.id)
        notify(
            person.email,
            kind="deposits",
            subject=_subject(person, company, total),
            text=_text(firm, company, total, _lines(person, company, some), stop),
            firm=firm,
            company=company,
            stop_url=stop,
        )
    return True


def _documents(
    person: Person, company: Company, since: datetime, until: datetime
) -> tuple[int, Sequence[Document]]:
    """How many, and the first of them with their folders."""
    own = (Document.depositor_id == person.id) & ~_has_receipt()
    others = or_(Document.depositor_id.is_(None), Document.depositor_id != person.id)
    which = (
        Document.company_id == company.id,
        Document.trashed_at.is_(None),
        Document.arrived_at > since,
        Document.arrived_at <= until,
        others if person.is_firm_side else own,
    )
    wanted = select(Document).where(*which).options(joinedload(Document.folder))
    counting = select(func.count()).select_from(Document).where(*which)
    options = {"across_firms": True}
    total = db.session.scalar(counting, execution_options=options) or 0
    some = db.session.scalars(
        wanted.order_by(Document.arrived_at, Document.id).limit(MOST_NAMES),
        execution_options=options,
    ).all()
    return total, some


def _has_receipt() -> ColumnElement[bool]:
    """What came by mail was answered by mail, save where a machine sent it."""
    return exists(
        select(InboundPart.id)
        .join(InboundMail, InboundMail.id == InboundPart.mail_id)
        .where(
            InboundPart.document_id == Document.id,
            InboundMail.is_automatic.is_(False),
        )
    )


def _subject(person: Person, company: Company, total: int) -> str:
    if not person.is_firm_side:
        return ngettext(
            "%(num)d document received", "%(num)d documents received", total
        )
    return ngettext(
        "%(company)s: %(num)d new document",
        "%(company)s: %(num)d new documents",
        total,
        company=company.name,
    )


def _lines(person: Person, company: Company, some: Sequence[Document]) -> list[str]:
    """Each with its folder. What has gone out of the person's sight since is told as
    they deposited it: neither where it is nor what it is called now."""
    options = {"across_firms": True}
    asked = hidden_for(person, company)
    hidden = set(db.session.scalars(asked, execution_options=options))
    unseen = [document.id for document in some if document.folder_id in hidden]
    given = dict(
        db.session.execute(
            select(Version.document_id, Version.original_name).where(
                Version.document_id.in_(unseen), Version.number == 1
            ),
            execution_options=options,
        ).all()
    )
    return [
        clean_name(given[document.id], fallback=_("Untitled document"))
        if document.id in given
        else f"{document.name} ({document.folder.name})"
        for document in some
    ]


def _text(
    firm: Firm, company: Company, total: int, told: Sequence[str], stop: str
) -> str:
    lines = list(told)
    if total > len(lines):
        rest = total - len(lines)
        lines.append(ngettext("and %(num)d more", "and %(num)d more", rest))
    return "\n".join(
        (
            company.name,
            "",
            *lines,
            "",
            f"{url_of(firm)}/companies/{company.slug}",
            "",
            _("Not to get these mails any more: %(url)s", url=stop),
            "",
        )
    )
