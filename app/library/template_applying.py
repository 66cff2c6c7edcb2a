"""Bringing the trees of companies up to their template: what is missing is made, and
template folders open, close and lock as it says. Nothing is deleted nor renamed.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select, update

from app.activity.recording import record
from app.companies.models import Company, FiscalYear, TreeTemplate
from app.db import db
from app.library.models import Folder
from app.library.template_comparing import Missing, Walk, Work
from app.library.template_nodes import read
from app.library.template_seen import Seen, document_counts
from app.locks import lock_companies
from app.people.models import Person

A_BATCH = 200  # companies, of one page and one transaction


def works(template: TreeTemplate, companies: Iterable[Company]) -> list[Work]:
    """Only the companies where there is something to do, in their order."""
    companies = list(companies)
    nodes = read(template.content)
    ids = [company.id for company in companies]
    folders, years = _folders(ids), _years(ids)
    walks = [
        Walk(Work(company), Seen(folders[company.id]), years[company.id])
        for company in companies
    ]
    for walk in walks:
        walk.go(nodes)
    turned = [walk.work.company.id for walk in walks if walk.visible]
    counts = document_counts(turned) if turned else {}
    for walk in walks:
        walk.count(counts)
    return [walk.work for walk in walks if walk.work.is_needed]


def apply(template: TreeTemplate, wanted: list[Work], *, by: Person) -> None:
    """Do it, under `lock`; the caller commits."""
    for work in wanted:
        for each in work.missing:
            db.session.add(_folder(work.company, each))
        for change in work.changes:
            db.session.execute(
                update(Folder)
                .where(Folder.id == change.folder_id)
                .values(visibility=change.visibility, is_locked=change.is_locked)
            )
        record(
            "template_applied",
            firm_id=work.company.firm_id,
            company_id=work.company.id,
            actor_id=by.id,
            firm_only=True,
            template=template.name,
            version=template.version,
            made=[each.path for each in work.missing],
            changed=[[c.path, c.visibility, c.is_locked] for c in work.changes],
        )
    db.session.flush()


def lock(companies: Iterable[Company]) -> None:
    """Others wait who would change what folders there are."""
    lock_companies([company.id for company in companies])


def _folder(company: Company, missing: Missing) -> Folder:
    node = missing.node
    return Folder(
        id=missing.id,
        firm_id=company.firm_id,
        company_id=company.id,
        parent_id=missing.parent_id,
        name=node.name,
        kind=node.kind,
        position=missing.position,
        visibility=node.visibility,
        is_locked=node.is_locked,
    )


def _folders(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Folder]]:
    found: dict[uuid.UUID, list[Folder]] = defaultdict(list)
    rows = db.session.scalars(
        select(Folder)
        .where(Folder.company_id.in_(ids))
        .order_by(Folder.position, Folder.name)
        .execution_options(populate_existing=True)
    )
    for folder in rows:
        found[folder.company_id].append(folder)
    return found


def _years(ids: list[uuid.UUID]) -> dict[uuid.UUID, list[FiscalYear]]:
    found: dict[uuid.UUID, list[FiscalYear]] = defaultdict(list)
    rows = db.session.scalars(
        select(FiscalYear)
        .where(FiscalYear.company_id.in_(ids))
        .order_by(FiscalYear.starts_on)
    )
    for year in rows:
        found[year.company_id].append(year)
    return found
