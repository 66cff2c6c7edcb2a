"""Asking for an archive, and who may. The caller commits; a job makes it then."""

import uuid

from flask import abort
from sqlalchemy import select

from app.activity.recording import record
from app.archives import making
from app.archives.models import Archive
from app.archives.openness import is_open, open_in
from app.companies.finding import company_and_role
from app.companies.models import Company
from app.db import db
from app.errors import Refused
from app.library.models import Folder
from app.library.tree import Sight, hidden_folders, sight_of
from app.locks import lock_company
from app.people.models import Person
from app.queueing import enqueue
from app.texts import gettext as _

SHOWN = 50
UNDER_WAY = ("waiting", "working")


def company_or_404(slug: str) -> tuple[Company, Sight]:
    """Open to the firm and to the company's managers, who see all that is shared."""
    company, role = company_and_role(slug)
    sight = sight_of(role, company)
    if not sight.sees_all_that_is_shared:
        abort(404)
    return company, sight


def archive_or_404(archive_id: uuid.UUID) -> tuple[Archive, Company, Sight]:
    """What was made for the firm is not there for a client, nor what is of a year that
    is not the client's to see any more."""
    archive = db.session.get(Archive, archive_id)
    company = db.session.get(Company, archive.company_id) if archive else None
    if archive is None or company is None:
        abort(404)
    company, sight = company_or_404(company.slug)
    return (archive, company, sight) if is_open(archive, company, sight) else abort(404)


def archives_of(company: Company, sight: Sight) -> list[Archive]:
    wanted = select(Archive).where(
        Archive.company_id == company.id, *open_in(company, sight)
    )
    newest = wanted.order_by(Archive.asked_at.desc(), Archive.id.desc())
    return list(db.session.scalars(newest.limit(SHOWN)))


def years_of(company: Company, sight: Sight) -> list[Folder]:
    """The folders of fiscal years that the person sees, the newest first."""
    return list(
        db.session.scalars(
            select(Folder)
            .where(
                Folder.company_id == company.id,
                Folder.kind == "fiscal_year",
                Folder.trashed_at.is_(None),
                Folder.id.not_in(hidden_folders(company, sight)),
            )
            .order_by(Folder.position, Folder.name)
        )
    )


def ask(company: Company, sight: Sight, year: str, *, by: Person) -> Archive:
    """Of the year's folder (its id), or of everything (empty). One that is under way
    already is that one."""
    lock_company(company.id, exclusive=True)
    folder = _year(company, sight, year)
    under_way = db.session.scalars(
        select(Archive).where(
            Archive.company_id == company.id,
            Archive.folder_id == folder.id if folder else Archive.folder_id.is_(None),
            Archive.is_for_firm.is_(sight.firm_side),
            Archive.state.in_(UNDER_WAY),
        )
    ).first()
    if under_way is not None:
        return under_way
    archive = Archive(
        firm_id=company.firm_id,
        company_id=company.id,
        folder_id=folder.id if folder else None,
        name=folder.name if folder else "",
        is_for_firm=sight.firm_side,
        asked_by_id=by.id,
    )
    db.session.add(archive)
    db.session.flush()
    record(
        "archive_asked",
        firm_id=company.firm_id,
        company_id=company.id,
        actor_id=by.id,
        firm_only=sight.firm_side,
        name=archive.name,
    )
    enqueue(making.make, str(archive.id), queue=making.QUEUE)
    return archive


def again(archive: Archive, *, by: Person) -> None:
    """Who asks is told when it is there. Raises Refused unless it had failed."""
    lock_company(archive.company_id, exclusive=True)
    db.session.refresh(archive)
    if archive.state != "failed":
        raise Refused(_("This archive is already being made."))
    archive.state, archive.attempts, archive.asked_by_id = "waiting", 0, by.id
    enqueue(making.make, str(archive.id), queue=making.QUEUE)


def _year(company: Company, sight: Sight, given: str) -> Folder | None:
    if not given:
        return None
    found = (year for year in years_of(company, sight) if str(year.id) == given)
    folder = next(found, None)
    if folder is None:
        raise Refused(_("Choose a fiscal year of the list."), "year")
    return folder
