"""The Nth call fails while a mail is taken in and read, for every N: it is never lost,
and its papers are documents once."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.collection import jobs
from app.collection.accepting import Envelope
from app.collection.addresses import address_of
from app.collection.families import STANDARD
from app.collection.models import InboundMail, InboundPart
from app.db import db
from app.library.models import Arrival, Document, Version
from app.library.receiving import store
from app.mailroom.entrance import take_in
from tests.collection.letters import letter
from tests.faults.small import empty, make_small
from tests.faults.test_nth_call import FAILURES, OF_A_DEPOSIT, every
from tests.smtp import MailServer

pytestmark = pytest.mark.faults
RAW = letter(("a.pdf", "application/pdf"), ("b.pdf", "application/pdf"))
SUPPLIER = Envelope("smtp", "facturation@supplier.test")


@pytest.fixture
def numbers(pytestconfig: pytest.Config) -> Iterator[int]:
    return every(pytestconfig, 7)


@pytest.mark.parametrize("name", OF_A_DEPOSIT)
def test_a_mail_is_never_lost_and_filed_once(
    app: Flask, smtp: MailServer, numbers: Iterator[int], name: str
) -> None:
    for n in numbers:
        empty()
        to = addressed()
        is_answered = False
        with OF_A_DEPOSIT[name](app, smtp, n) as struck:
            with suppress(*FAILURES):
                take_in(RAW, SUPPLIER, [to])
                is_answered = True
            if is_answered:
                with suppress(*FAILURES):
                    jobs.read_waiting()
        db.session.rollback()
        if not is_answered:
            take_in(RAW, SUPPLIER, [to])  # the sender keeps it, and comes again
        let_leases_lapse()
        jobs.read_waiting()
        assert outcome() == ("filed", ["a.pdf", "b.pdf"], [1, 1]), n
        assert all(map(store().exists, keys())), n
        if not struck.has_struck:
            break
    assert n > 1


def addressed() -> str:
    """The address of a company whose first folder takes all."""
    place = make_small()[0]
    place.folders[0].kind = "inbox"
    db.session.commit()
    return address_of(place.company, STANDARD[0])


def let_leases_lapse() -> None:
    db.session.execute(update(InboundMail).values(leased_until=None))
    db.session.commit()


def outcome() -> tuple[str, list[str], list[int]]:
    """The one mail's state, the documents' names and how often each arrived."""
    db.session.rollback()
    state = db.session.scalars(select(InboundMail.state)).one()
    filed = select(Document.name).join(InboundPart)
    names = db.session.scalars(filed.order_by(InboundPart.number)).all()
    arrived = select(func.count(Arrival.id)).select_from(Document).outerjoin(Arrival)
    counts = db.session.scalars(arrived.group_by(Document.id)).all()
    db.session.commit()
    return state, list(names), list(counts)


def keys() -> list[str]:
    mails, versions = select(InboundMail.storage_key), select(Version.storage_key)
    found = [key for keys in (mails, versions) for key in db.session.scalars(keys)]
    db.session.commit()
    return [key for key in found if key]
