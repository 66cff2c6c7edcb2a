"""Firms take turns, then the companies of a firm; a document that kills its worker
keeps nobody back."""

import pytest

from app.db import database_now, db
from app.delivery import reaping, tick, turns
from app.delivery.claiming import claim
from app.delivery.turns import Turns
from tests.cast import House, World
from tests.delivery.world import (
    change,
    delivery_of,
    let_time_pass,
    state_of,
    switch_elm_on,
)
from tests.smtp import MailServer


def lose_the_worker() -> list[str]:
    """It takes what is next, and dies with the first in its hands: a second time when
    nothing else was left. Gives the names of what it held."""
    claims = claim("lost")
    let_time_pass(3)
    reaping.reap()
    return [claimed.file_name for claimed in claims]


def test_a_firm_with_many_companies_keeps_no_other_firm_waiting(
    world: World, house: House, post: MailServer
) -> None:
    switch_elm_on(house)
    for number in range(3):
        house.drop(f"dune {number}.pdf")
        house.drop(f"elm {number}.pdf", company=house.elm)
    world.birch.switch("on")
    for number in range(3):
        world.birch.drop(f"birch {number}.pdf")
    tick.run()
    names = [mail.file_name for mail in post.messages]
    assert [name.split()[0] for name in names[:6:2]] == ["dune", "elm", "dune"]
    assert names[1:6:2] == ["birch 0.pdf", "birch 1.pdf", "birch 2.pdf"]
    assert names[6:] == ["elm 1.pdf", "dune 2.pdf", "elm 2.pdf"]


def test_what_comes_during_a_run_has_its_turn_when_the_order_is_looked_up_again(
    world: World, house: House, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SECONDS", 0)
    for number in range(30):
        house.drop(f"{number}.pdf")
    world.birch.switch("on")
    ahead = Turns()
    assert len(claim("one", ahead)) == 20
    world.birch.drop("birch.pdf")
    assert "birch.pdf" in [claimed.file_name for claimed in claim("one", ahead)[:2]]


def test_what_another_worker_has_taken_meanwhile_is_passed_over(
    house: House, post: MailServer
) -> None:
    for number in range(50):
        house.drop(f"{number:02}.pdf")
    ours, theirs = Turns(), Turns()
    taken = [claim("we", ours), claim("they", theirs), claim("we", ours)]
    assert [len(claims) for claims in taken] == [20, 20, 10]
    assert len({claimed.id for claims in taken for claimed in claims}) == 50


def test_what_was_revoked_since_the_order_was_looked_up_stays(
    house: House, post: MailServer
) -> None:
    for number in range(25):
        house.drop(f"{number}.pdf")
    ahead = Turns()
    claim("we", ahead)
    house.dune_connection().revoked_at = database_now()
    db.session.commit()
    assert claim("we", ahead) == []


def test_after_a_lost_worker_what_it_held_comes_last_and_one_by_one(
    house: House, post: MailServer
) -> None:
    for number in range(3):
        house.drop(f"old {number}.pdf")
    lose_the_worker()
    house.drop("new.pdf")
    taken = [[one.file_name for one in claim("we")] for _ in range(3)]
    assert taken == [["new.pdf"], ["old 0.pdf"], ["old 1.pdf"]]


def test_a_lost_worker_charges_no_attempt(house: House, post: MailServer) -> None:
    done = house.drop()
    lose_the_worker()
    delivery = delivery_of(done)
    assert (delivery.state, delivery.attempts, delivery.lapses) == ("pending", 0, 1)
    assert delivery.not_before <= database_now()


def test_b86_a_document_that_kills_its_worker_is_given_up_and_the_others_leave(
    house: House, post: MailServer
) -> None:
    killer = house.drop("killer.pdf")
    others = [house.drop(f"{number}.pdf") for number in range(3)]
    lose_the_worker()  # with all four in its hands
    for lapses in range(2, 6):
        let_time_pass(400)
        assert claim("lost")[0].file_name == "killer.pdf"
        let_time_pass(3)
        reaping.reap()
        delivery = delivery_of(killer)
        assert (delivery.state, delivery.lapses) == ("pending", lapses)
        assert delivery.not_before > database_now()
        assert tick.run()["accepted"] == (3 if lapses == 2 else 0)
    let_time_pass(400)
    claim("lost")
    let_time_pass(3)
    reaping.reap()
    assert state_of(killer) == ("failed", "worker_lost")
    assert {state_of(done)[0] for done in others} == {"accepted"}
    assert delivery_of(killer).attempts == 0


def test_one_asked_to_stop_meanwhile_is_cancelled_however_often_it_lapsed(
    house: House, post: MailServer
) -> None:
    done = house.drop()
    claim("lost")
    change(done, lapses=5, cancel_requested=True, reason="trashed")
    let_time_pass(3)
    reaping.reap()
    assert state_of(done) == ("cancelled", "trashed")
