"""What an event changes, and when it has to wait."""

import json

import pytest
from sqlalchemy import select

from app.db import db
from app.delivery import acceptance, by_hand, confirming, events, tick
from app.delivery.answers import Reply
from app.delivery.auditing import differences
from app.delivery.bouncing import bounced
from app.delivery.claiming import claim
from app.delivery.models import MailEvent
from app.library.deposit import Deposited
from app.notices.models import Notice
from tests.cast import House
from tests.delivery.tellers import BODIES, Of
from tests.delivery.world import (
    change,
    claimed_by_a_lost_worker,
    delivery_of,
    document_of,
    let_time_pass,
    state_of,
    verbs_of,
)
from tests.smtp import MailServer


def told(done: Deposited, kind: str, event: str = "1") -> None:
    """Kept and applied, as by a request."""
    of = Of(delivery=str(delivery_of(done).id))
    body = json.dumps(BODIES["sendgrid"](kind, of, event, "550 so")).encode()
    kept = events.keep("sendgrid", body, {})
    db.session.commit()
    events.apply_each(kept)


def waits() -> bool:
    row = db.session.scalars(select(MailEvent.applied_at)).one()
    db.session.commit()
    return row is None


@pytest.mark.parametrize(
    ("state", "ambiguous"),
    [
        *(("in_doubt", 0), ("in_doubt", 1), ("unknown", 2)),
        *(("deferred", 1), ("pending", 1), ("sending", 1), ("held", 1), ("failed", 1)),
    ],
)
def test_a_doubt_is_settled_and_no_second_copy_leaves(
    house: House, smtp: MailServer, state: str, ambiguous: int
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, state=state, ambiguous=ambiguous)
    told(done, "delivered")
    assert state_of(done) == ("delivered", None)
    assert document_of(done).status == "validated"
    delivery = delivery_of(done)
    assert (delivery.owner, delivery.lease_until) == (None, None)
    assert delivery.accepted_at
    assert verbs_of(done)[-2:] == ["transmitted", "validated"]
    let_time_pass(60)
    assert tick.run()["claimed"] == 0
    assert smtp.messages == []
    assert list(differences(with_files=False)) == []


@pytest.mark.parametrize("state", ["pending", "deferred", "held", "sending"])
def test_what_was_never_sent_is_not_taken_for_received(
    house: House, state: str
) -> None:
    """It contradicts the record: it waits, and changes nothing."""
    done = house.drop()
    change(done, state=state, token=1, destination="purchases.dune-alder@tool.test")
    told(done, "delivered")
    assert state_of(done)[0] == state
    assert document_of(done).status == "received"
    assert waits()


def test_the_late_answer_of_the_server_changes_nothing_any_more(house: House) -> None:
    done = house.drop()
    (claimed,) = claim("slow")
    change(done, state="in_doubt")
    told(done, "delivered")
    acceptance.accepted(claimed, Reply("dot", 250, "2.0.0 Ok: queued as 4F2A"))
    assert state_of(done) == ("delivered", None)
    assert verbs_of(done).count("validated") == 1


def test_a_bounce_before_the_answer_is_the_later_word(house: House) -> None:
    done = house.drop()
    (claimed,) = claim("slow")
    change(done, state="in_doubt")
    told(done, "bounced")
    acceptance.accepted(claimed, Reply("dot", 250, "2.0.0 Ok"))
    assert state_of(done) == ("bounced", "bounced")
    assert document_of(done).status == "received"


def test_when_the_first_copy_came_back_the_repeat_does_not_leave(
    house: House, smtp: MailServer
) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, state="deferred", ambiguous=1)
    told(done, "bounced")
    let_time_pass(60)
    tick.run()
    assert (state_of(done)[0], smtp.messages) == ("bounced", [])


def test_a_person_s_word_stands_against_a_bounce(house: House) -> None:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, state="unknown", ambiguous=2)
    by_hand.mark_received(delivery_of(done), by=house.admin)
    db.session.commit()
    told(done, "bounced")
    assert state_of(done) == ("delivered", "by_hand")
    assert not waits()


def test_twice_confirmed_is_confirmed_once(house: House) -> None:
    done = house.drop()
    tick.run()
    assert confirming.confirmed(delivery_of(done), "so")
    assert not confirming.confirmed(delivery_of(done), "so")
    assert bounced(delivery_of(done), "no")
    assert not confirming.confirmed(delivery_of(done), "so")
    db.session.commit()
    assert verbs_of(done).count("delivered") == 1


def test_a_complaint_is_told_to_the_staff_and_takes_nothing_back(house: House) -> None:
    done = house.drop()
    tick.run()
    told(done, "complained")
    told(done, "complained")
    written = db.session.scalars(
        select(Notice.recipient).where(Notice.kind == "complaint")
    ).all()
    assert sorted(written) == ["ada@firm.test", "ben@firm.test"]
    assert document_of(done).status == "validated"
    assert "complained" in verbs_of(done)


def test_one_that_cannot_be_applied_stops_no_other_and_stays_for_the_next_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = house.drop("a.pdf"), house.drop("b.pdf")
    tick.run()
    real = confirming.confirmed

    def faulty(delivery: object, said: str) -> bool:
        if delivery == delivery_of(first):
            raise RuntimeError("away")
        return real(delivery, said)  # type: ignore[arg-type]

    monkeypatch.setattr(events, "confirmed", faulty)
    told(first, "delivered", "1")
    told(second, "delivered", "2")
    assert (state_of(first)[0], state_of(second)[0]) == ("accepted", "delivered")
    monkeypatch.undo()
    assert events.apply_waiting() == 1
    assert state_of(first)[0] == "delivered"


def test_the_name_that_a_server_gives_is_kept(house: House, smtp: MailServer) -> None:
    """As Amazon says it, without a word before."""
    name = "0102018f3c6c5d5e-1f0f7b0a-94d3-4c0e-8d0b-3f1a2b3c4d5e-000000"
    done = house.drop()
    (claimed,) = claim("quick")
    acceptance.accepted(claimed, Reply("dot", 250, f"Ok {name}"))
    assert delivery_of(done).provider_id == name
