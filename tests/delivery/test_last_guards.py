"""The marker looks for itself: it does not rely on having been asked to stop."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from app.connectors.models import FolderSwitch
from app.db import database_now, db
from app.delivery import claiming, outcomes, reaping, tick, turns
from app.delivery.answers import Reply, Stopped
from app.delivery.claiming import claim
from app.delivery.transport import Session
from app.library.models import Document
from tests.cast import House
from tests.delivery.world import delivery_of, let_time_pass, state_of
from tests.smtp import MailServer


def trash() -> None:
    db.session.execute(sa.update(Document).values(trashed_at=database_now()))
    db.session.commit()


def close_the_switch() -> None:
    db.session.execute(sa.update(FolderSwitch).values(closed_at=database_now()))
    db.session.commit()


@pytest.mark.parametrize(
    ("act", "why"), [(trash, "trashed"), (close_the_switch, "switch_off")]
)
def test_what_may_not_leave_any_more_is_seen_before_the_dot(
    app: Flask, house: House, smtp: MailServer, act: Callable[[], None], why: str
) -> None:
    done = house.drop()

    def act_elsewhere() -> None:
        with app.app_context():  # the mail server's thread has a session of its own
            act()

    smtp.fails("data", call=act_elsewhere)
    assert tick.run()["cancelled"] == 1
    assert smtp.messages == []
    assert state_of(done) == ("cancelled", why)


@pytest.mark.parametrize("outcome", ["deferred", "put_back"])
def test_who_lost_the_lease_changes_nothing_any_more(
    house: House, smtp: MailServer, outcome: str
) -> None:
    done = house.drop()
    (slow,) = claim("slow")
    let_time_pass()
    reaping.reap()
    claim("quick")
    say = getattr(outcomes, outcome)
    assert say(slow, "rcpt", Reply("rcpt", 451, "Later")) == "lost"
    delivery = delivery_of(done)
    assert (delivery.state, delivery.owner) == ("sending", "quick")


def test_a_claim_takes_only_what_still_waits(
    house: House, smtp: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows may be chosen by a statement that began before another one's commit."""
    done = house.drop()
    claim("quick")
    for module in (turns, claiming):
        monkeypatch.setattr(module, "only_due", lambda wanted, *_: wanted)
    assert claim("slow") == []
    assert delivery_of(done).owner == "quick"


def test_a_message_that_is_taken_back_ends_the_line(
    house: House, smtp: MailServer
) -> None:
    """In the middle of DATA there is no other way, and no next command to wait for."""
    with Session() as session:
        with pytest.raises(Stopped):
            session.send("a@a.test", "b@b.test", 10, [b"text\r\n"], lambda: False)
        assert session.host is None
    assert smtp.messages == []
