"""Whoever asked for an archive is told that it is there, or that it was given up."""

from collections.abc import Callable

from flask_babel import force_locale

from app.archives.models import Archive
from app.archives.openness import is_open_to
from app.companies.models import Company
from app.db import db
from app.firms.hosts import url_of
from app.firms.models import Firm
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _

READY, FAILED = "archive_ready", "archive_failed"


def locale_of(archive: Archive) -> str:
    person = _asked_by(archive)
    return person.locale if person else "fr"


def tell(archive: Archive) -> None:
    """In this transaction. Who may not have it any more is told nothing."""
    _tell(archive, READY, _ready)


def tell_failed(archive: Archive) -> None:
    """The same, of one that was given up."""
    _tell(archive, FAILED, _failed)


def _ready(company: str, what: str) -> tuple[str, str]:
    return _("Your archive of %(company)s is ready", company=company), _(
        "The archive of %(company)s (%(what)s) can be downloaded for 7 days:",
        company=company,
        what=what,
    )


def _failed(company: str, what: str) -> tuple[str, str]:
    return _("Your archive of %(company)s could not be made", company=company), _(
        "The archive of %(company)s (%(what)s) could not be made: it was tried three "
        "times. It can be started again there:",
        company=company,
        what=what,
    )


def _tell(
    archive: Archive, kind: str, words: Callable[[str, str], tuple[str, str]]
) -> None:
    person = _asked_by(archive)
    company = db.session.get_one(Company, archive.company_id)
    if person is None or not is_open_to(person, archive, company):
        return
    firm = db.session.get_one(Firm, archive.firm_id)
    with force_locale(person.locale):
        what = archive.name or _("all its documents")
        subject, told = words(company.name, what)
    notify(
        person.email,
        kind=kind,
        subject=subject,
        text="\n".join((told, f"{url_of(firm)}/companies/{company.slug}/archives", "")),
        firm=firm,
        company=company,
    )


def _asked_by(archive: Archive) -> Person | None:
    return db.session.get(Person, archive.asked_by_id) if archive.asked_by_id else None
