"""A message of ours to a collection address, through the mail server like any other:
it comes back only where the mail of that domain (its MX) is led to us.

The notice is the record of it; the mail that came bears its Message-ID.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.activity.recording import record
from app.collection.addresses import EVERYWHERE
from app.collection.models import CollectionAddress, InboundMail
from app.companies.models import Company
from app.db import database_now, db
from app.errors import Refused
from app.firms.models import Firm
from app.notices.models import Notice
from app.notices.writing import notify
from app.people.models import Person
from app.texts import gettext as _

KIND = "address_test"
PAUSE = timedelta(minutes=1)
TOLD_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Echo:
    """The last message to an address, and the mail that it came back as."""

    notice: Notice
    mail: InboundMail | None


def ask(company: Company, row: CollectionAddress, *, by: Person) -> Notice:
    """Flushed. Raises Refused within a minute of the last one."""
    last = _last(row.address)
    if last and last.created_at > database_now() - PAUSE:
        raise Refused(_("A test was asked for less than a minute ago: wait a little."))
    record(
        "address_tested",
        firm_id=company.firm_id,
        company_id=company.id,
        actor_id=by.id,
        firm_only=True,
        address=row.address,
    )
    return notify(
        row.address,
        kind=KIND,
        subject=_("Test of %(address)s", address=row.address),
        text=_(
            "Asked for by %(name)s. It holds nothing to file: once it is back, mail to "
            "this address reaches the portal.",
            name=by.name,
        ),
        firm=db.session.get(Firm, company.firm_id),
    )


def last_of(address: str) -> Echo | None:
    """Of the last day."""
    notice = _last(address)
    if notice is None or notice.created_at < database_now() - TOLD_FOR:
        return None
    mail = db.session.scalar(
        select(InboundMail).where(
            InboundMail.recipient == address,
            InboundMail.message_id.contains(f"{notice.id}@"),
        )
    )
    return Echo(notice, mail)


def _last(address: str) -> Notice | None:
    return db.session.scalar(
        select(Notice)
        .where(Notice.kind == KIND, Notice.recipient == address)
        .order_by(Notice.created_at.desc())
        .limit(1)
        .execution_options(**EVERYWHERE)
    )
