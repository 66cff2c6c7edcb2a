"""A company that is kept, and only read: nothing comes in, nothing leaves.

Who asks to change something is told so, whoever they are (`companies.finding`).
"""

from app.activity.recording import record
from app.companies.models import Company
from app.db import db, utc_now
from app.locks import lock_company
from app.people.models import Person


def archive(company: Company, *, by: Person) -> None:
    """Out of the lists, read-only, nothing sent any more. What was to be sent waits
    until it is reopened, or is called off by hand."""
    _turn(company, "company_archived", by, is_archived=True)


def reopen(company: Company, *, by: Person) -> None:
    _turn(company, "company_reopened", by, is_archived=False)


def _turn(company: Company, verb: str, by: Person, *, is_archived: bool) -> None:
    """Under the lock of the company: a deposit that runs is in before, or refused."""
    lock_company(company.id, exclusive=True)
    db.session.refresh(company)
    if (company.archived_at is not None) == is_archived:
        return
    company.archived_at = utc_now() if is_archived else None
    record(verb, firm_id=company.firm_id, company_id=company.id, actor_id=by.id)
