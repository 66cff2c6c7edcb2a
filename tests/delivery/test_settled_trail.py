"""I10: nothing comes to an end, or to a person, without a line in the trail."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.activity.models import Entry
from app.connectors import connecting
from app.connectors.models import Connection
from app.db import db
from app.delivery import by_hand, tick
from app.delivery.bouncing import bounced
from app.delivery.cancelling import cancel_waiting
from app.delivery.models import BLOCKED
from app.library.deposit import Deposited
from tests.cast import House, World
from tests.delivery.world import (
    AtLast,
    change,
    claimed_by_a_lost_worker,
    delivery_of,
    let_time_pass,
    state_of,
    tried_before,
    verbs_of,
)
from tests.smtp import MailServer

Way = Callable[[House, MailServer], Deposited]


def run(done: Deposited) -> Deposited:
    tick.run()
    return done


def refused_at_the_dot(house: House, post: MailServer) -> Deposited:
    post.fails("dot", "554 5.6.0 Unreadable")
    return run(house.drop())


def refused_address(house: House, post: MailServer) -> Deposited:
    post.fails("rcpt", "550 5.1.1 No such user")
    return run(house.drop())


def refused_sender(house: House, post: MailServer) -> Deposited:
    post.fails("mail", "550 5.7.1 Not you")
    return run(house.drop())


def too_big_for_the_server(house: House, post: MailServer) -> Deposited:
    post.fails("dot", "552 5.3.4 Too big")
    return run(house.drop())


def expired(house: House, post: MailServer) -> Deposited:
    done = house.drop()
    post.fails("rcpt", "451 4.7.1 Greylisted", times=2)
    run(done)
    tried_before(done, days=6)
    let_time_pass(60)
    return run(done)


def held_at_the_deposit(house: House, _post: MailServer) -> Deposited:
    return house.drop("Feuille.xyz", content=b"\x00\x01\x02")


def revoked(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    connecting.revoke(house.dune_connection(), by=house.admin)
    db.session.commit()
    return done


def revoked_in_a_worker_s_hands(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    claimed_by_a_lost_worker(done)
    connecting.revoke(house.dune_connection(), by=house.admin)
    db.session.commit()
    return run(done)


def held_for_a_new_address(house: House, _post: MailServer) -> Deposited:
    done = revoked(house, _post)
    connection = house.dune_connection()
    connecting.set_destination(connection, "purchases", "new@tool.test", by=None)
    db.session.commit()
    return done


def doubt_of_another_address(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, destination="older@tool.test")
    return run(done)


def doubted_twice(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    claimed_by_a_lost_worker(done, "in_doubt")
    change(done, ambiguous=1)
    return run(done)


def stopped_in_a_worker_s_hands(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    claimed_by_a_lost_worker(done)
    house.switch("off", connection=house.dune_connection())
    return run(done)


def switched_off(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    house.switch("off", connection=house.dune_connection())
    return done


def called_off(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    by_hand.call_off(delivery_of(done), by=house.admin)
    db.session.commit()
    return done


def cancelled_with_its_document(house: House, _post: MailServer) -> Deposited:
    done = house.drop()
    cancel_waiting(why="trashed", document_ids=[done.document.id])
    db.session.commit()
    return done


def came_back(house: House, _post: MailServer) -> Deposited:
    done = run(house.drop())
    bounced(delivery_of(done), "550 Mailbox unknown")
    db.session.commit()
    return done


WAYS: list[tuple[Way, str, str]] = [
    (refused_at_the_dot, "failed", "refused"),
    (refused_address, "held", "refused"),
    (refused_sender, "held", "refused"),
    (too_big_for_the_server, "failed", "too_big"),
    (expired, "failed", "expired"),
    (held_at_the_deposit, "held", "bad_type"),
    (revoked, "held", "revoked"),
    (revoked_in_a_worker_s_hands, "held", "revoked"),
    (held_for_a_new_address, "held", "address_changed"),
    (doubt_of_another_address, "unknown", "ambiguous"),
    (doubted_twice, "unknown", "ambiguous"),
    (stopped_in_a_worker_s_hands, "cancelled", "switch_off"),
    (switched_off, "cancelled", "switch_off"),
    (called_off, "cancelled", "by_user"),
    (cancelled_with_its_document, "cancelled", "trashed"),
    (came_back, "bounced", "bounced"),
]


@pytest.mark.parametrize(
    ("way", "state", "reason"), WAYS, ids=[w.__name__ for w, _s, _r in WAYS]
)
def test_no_end_is_without_a_line_in_the_trail(
    house: House, post: MailServer, way: Way, state: str, reason: str
) -> None:
    done = way(house, post)
    assert state_of(done) == (state, reason)
    verb = "bounced" if state == "bounced" else f"delivery_{state}"
    entries = lines(done, verb)
    assert entries, verbs_of(done)
    last = entries[-1]
    assert last.is_firm_only
    assert last.details["delivery"] == str(delivery_of(done).id)
    if state != "bounced" and way is not called_off:
        assert last.details["reason"] == reason


def lines(done: Deposited, verb: str) -> list[Entry]:
    found = db.session.scalars(
        select(Entry)
        .where(Entry.document_id == done.document.id, Entry.verb == verb)
        .order_by(Entry.id)
    ).all()
    return list(found)


def test_every_state_that_waits_for_a_person_is_walked_into() -> None:
    assert {state for _way, state, _reason in WAYS} == {*BLOCKED, "cancelled"}


def test_one_end_has_one_line(house: House, post: MailServer) -> None:
    done = refused_at_the_dot(house, post)
    tick.run()
    assert verbs_of(done).count("delivery_failed") == 1


def test_what_waits_or_left_has_none(house: House) -> None:
    done = house.drop()
    assert not [verb for verb in verbs_of(done) if verb.startswith("delivery_")]
    tick.run()
    assert not [verb for verb in verbs_of(done) if verb.startswith("delivery_")]


def test_the_line_falls_with_the_act_that_it_tells_of(house: House) -> None:
    done = house.drop()
    cancel_waiting(why="trashed", document_ids=[done.document.id])
    db.session.rollback()
    assert "delivery_cancelled" not in verbs_of(done)


def test_stopped_at_the_last_moment_is_told_too(
    house: House, at_the_last_moment: AtLast
) -> None:
    done = house.drop()
    at_the_last_moment(lambda: house.switch("off", connection=house.dune_connection()))
    tick.run()
    assert state_of(done)[0] == "cancelled"
    assert "delivery_cancelled" in verbs_of(done)


def test_many_at_once_have_a_line_each(
    world: World, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.delivery import settled_trail

    monkeypatch.setattr(settled_trail, "A_BATCH", 2)
    dropped = [house.drop(f"{n}.pdf") for n in range(5)]
    connection = db.session.get_one(Connection, house.dune_connection().id)
    house.switch("off", connection=connection)
    assert [verbs_of(d).count("delivery_cancelled") for d in dropped] == [1] * 5
    assert world.birch.firm.id != house.firm.id
