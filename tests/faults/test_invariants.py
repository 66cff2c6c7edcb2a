"""The invariants see what is wrong: each is broken once, on purpose."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from app.activity.models import Entry
from app.db import db
from app.delivery import tick
from app.delivery.models import Delivery
from app.library.models import Document
from tests.cast import House
from tests.faults.invariants import broken
from tests.smtp import MailServer, Received

Break = Callable[[MailServer], object]


def change(**values: object) -> Break:
    return lambda _smtp: db.session.execute(update(Delivery).values(**values))


def rewrite(old: bytes, new: bytes) -> Break:
    def act(smtp: MailServer) -> None:
        first: Received = smtp.messages[0]
        smtp.messages[0] = replace(first, raw=first.raw.replace(old, new))

    return act


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("undecided", lambda _smtp: db.session.execute(delete(Delivery))),
        ("stray", lambda _smtp: db.session.execute(delete(Delivery))),
        ("lost", lambda smtp: smtp.messages.clear()),
        ("unsettled", change(state="pending")),
        ("doubled", lambda smtp: smtp.messages.append(smtp.messages[0])),
        ("doubled", change(state="failed")),
        ("altered", rewrite(b"JVBERi", b"JVBERj")),
        ("altered", rewrite(b"Facture.pdf", b"Fakture.pdf")),
        ("misdirected", change(destination="elm@tool.test")),
        ("misdirected", rewrite(b"From: <quickbooks+dune", b"From: <quickbooks+elm")),
        ("reworded", rewrite(b"X-Delivery-Id: 0", b"X-Delivery-Id: 1")),
        (
            "misjudged",
            lambda _smtp: db.session.execute(
                update(Document).values(status="received")
            ),
        ),
        (
            "untold",
            lambda _smtp: db.session.execute(
                delete(Entry).where(Entry.verb == "transmitted")
            ),
        ),
        (
            "disagreeing",
            lambda _smtp: db.session.execute(update(Entry).values(verb="other")),
        ),
    ],
)
def test_each_is_seen_when_it_does_not_hold(
    house: House, smtp: MailServer, name: str, act: Break
) -> None:
    house.drop()
    tick.run()
    assert broken(smtp.messages, at_rest=True) == []
    act(smtp)
    db.session.commit()
    said = broken(smtp.messages, at_rest=True)
    assert name in {text.partition(":")[0] for text in said}, said
