"""A person's act and a worker's record of the same document wait for each other in one
order: neither is thrown out for the other."""

import logging
import threading
import time

import pytest
from flask import Flask

from app.db import db
from app.delivery import by_hand
from app.delivery.acceptance import accepted
from app.delivery.answers import Reply
from app.delivery.claiming import Claim, claim
from app.delivery.outcomes import failed
from app.library.models import Document
from app.library.taking import current_version, take
from app.library.trashing import trash_all
from tests.cast import House
from tests.conftest import POSTGRES
from tests.delivery.world import copies_of

pytestmark = pytest.mark.skipif(not POSTGRES, reason="SQLite has one lock")
LONG_ENOUGH = 0.5  # to come to the lock


def recorded(app: Flask, claimed: Claim, how: str) -> threading.Thread:
    """Under way: it waits for the act."""

    def record() -> None:
        with app.app_context():
            if how == "accepted":
                accepted(claimed, Reply("dot", 250, "Ok"))
            else:
                failed(claimed, "data", Reply("data", 550, "No"), "refused")

    thread = threading.Thread(target=record)
    thread.start()
    time.sleep(LONG_ENOUGH)
    return thread


@pytest.mark.parametrize("how", ["accepted", "failed"])
@pytest.mark.parametrize("act", ["transmit", "trash"])
def test_they_end_both(
    app: Flask, house: House, caplog: pytest.LogCaptureFixture, act: str, how: str
) -> None:
    connection = house.dune_connection()
    done = house.drop()
    [claimed] = claim("worker")
    document = db.session.get_one(Document, done.document.id)
    take(document)
    worker = recorded(app, claimed, how)
    with caplog.at_level(logging.WARNING):
        if act == "transmit":
            by_hand.transmit(
                document,
                current_version(document),
                connection,
                "purchases",
                by=house.staff,
            )
        else:
            trash_all([document], by=house.staff)
        db.session.commit()
        worker.join(30)
    assert not caplog.records
    assert copies_of(done)[0].state == how
