"""Setting how often a person is written to about a company's deposits."""

from app.companies.models import Company
from app.db import db, insert_into, utc_now
from app.notices.models import NoticeSetting
from app.people.models import Person

TELLING = ("now", "daily")


def usual(person: Person) -> str:
    """Of who never chose."""
    return "mails" if person.is_client else "never"


def set_frequency(person: Person, company: Company, wanted: str) -> None:
    """`wanted` is of FREQUENCIES. What arrived before it was asked for is not told;
    the caller commits."""
    setting = db.session.get(NoticeSetting, (person.id, company.id))
    if setting is None:
        if wanted != usual(person):
            _begin(person, company, wanted)
        return
    if setting.deposits not in TELLING and wanted in TELLING:
        setting.told_until = utc_now()
    setting.deposits = wanted


def _begin(person: Person, company: Company, wanted: str) -> None:
    """A second click that comes at the same time says the same."""
    made = insert_into(NoticeSetting).values(
        firm_id=company.firm_id,
        person_id=person.id,
        company_id=company.id,
        deposits=wanted,
    )
    db.session.execute(
        made.on_conflict_do_update(
            index_elements=["person_id", "company_id"], set_={"deposits": wanted}
        )
    )
