"""Whoever asked for an archive is told that it is there."""

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

KIND = "archive_ready"


def locale_of(archive: Archive) -> str:
    person = _asked_by(archive)
    return person.locale if person else "fr"


def tell(archive: Archive) -> None:
    """In this transaction. Who may not have it any more is told nothing."""
    person = _asked_by(archive)
    company = db.session.get_one(Company, archive.company_id)
    if person is None or not is_open_to(person, archive, company):
        return
    firm = db.session.get_one(Firm, archive.firm_id)
    with force_locale(person.locale):
        what = archive.name or _("all its documents")
        notify(
            person.email,
            kind=KIND,
            subject=_("Your archive of %(company)s is ready", company=company.name),
            text="\n".join(
                (
                    _(
                        "The archive of %(company)s (%(what)s) can be downloaded for "
                        "7 days:",
                        company=company.name,
                        what=what,
                    ),
                    f"{url_of(firm)}/companies/{company.slug}/archives",
                    "",
                )
            ),
            firm=firm,
        )


def _asked_by(archive: Archive) -> Person | None:
    return db.session.get(Person, archive.asked_by_id) if archive.asked_by_id else None
