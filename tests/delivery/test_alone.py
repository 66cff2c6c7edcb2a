"""What goes wrong with one firm, person or part of a run keeps no other waiting."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.activity import recording
from app.activity.models import Entry
from app.collection import telling
from app.db import db
from app.delivery import alerts, jobs, test_letter, test_mails
from app.delivery.test_mails import ask
from app.library import deposit_notices
from app.notices import posting
from app.notices.models import Notice
from app.notices.writing import notify
from tests.cast import World
from tests.smtp import MailServer

SLOT = "2026-11-04T09:45:00+00:00"
PARTS = (
    *("send_digests", "send_deposit_notices", "look", "post_notices"),
    "ask_for_all",
)


def breaking_for(whom: object, usual: Callable[..., Any]) -> Callable[..., Any]:
    """As usual, but for one of those that it is called for."""

    def call(first: Any, *more: Any) -> Any:
        if getattr(first, "id", first) == whom:
            raise ArithmeticError
        return usual(first, *more)

    return call


@pytest.mark.parametrize("broken", [*PARTS, "ticking.run", "events.apply_waiting"])
def test_each_part_of_a_run_has_its_turn_and_the_job_says_what_failed(
    app: Flask, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    done: list[str] = []

    def part(name: str) -> Callable[..., dict[str, Any]]:
        def step(*_: Any, **__: Any) -> dict[str, Any]:
            if name == broken:
                raise ArithmeticError(name)
            done.append(name)
            return {}

        step.__name__ = name
        return step

    every = ("events.apply_waiting", "ticking.run", *PARTS, "test_mails.sweep")
    for name in every:
        monkeypatch.setattr(f"app.delivery.jobs.{name}", part(name))
    with pytest.raises(ExceptionGroup) as raised:
        jobs.tick(SLOT)
    assert [str(fault) for fault in raised.value.exceptions] == [broken]
    assert sorted([*done, broken]) == sorted(every)


def test_the_digest_of_another_firm_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "DIGEST_HOUR", 0)
    for house in (world.alder, world.birch):
        house.switch("on")
        for delivery in house.drop().deliveries:
            delivery.state, delivery.reason = "failed", "refused"
    db.session.commit()
    broken = breaking_for(world.alder.firm.id, alerts._digest)
    monkeypatch.setattr(alerts, "_digest", broken)
    assert alerts.send_digests() == 1
    written = db.session.scalars(select(Notice.firm_id)).all()
    assert set(written) == {world.birch.firm.id}


def test_the_trail_of_another_firm_is_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for house in (world.alder, world.birch):
        house.drop()
    broken = breaking_for(world.alder.firm.id, recording._seal)
    monkeypatch.setattr(recording, "_seal", broken)
    recording.seal_everything()
    sealed = select(Entry.firm_id).where(Entry.position.is_not(None)).distinct()
    assert db.session.scalars(sealed).all() == [world.birch.firm.id]


def test_a_notice_that_cannot_be_made_is_tried_later_and_the_others_leave(
    world: World, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = [
        notify("ada@firm.test", kind="t", subject="s", text=text, firm=world.alder.firm)
        for text in ("first", "second")
    ]
    db.session.commit()
    broken = breaking_for(notices[0].id, posting._locale_of)
    monkeypatch.setattr(posting, "_locale_of", broken)
    assert posting.post_notices() == 1
    assert b"second" in post.messages[0].raw
    bad = notices[0]
    assert (bad.sent_at, bad.failed_at, bad.attempts) == (None, None, 1)
    assert bad.last_text == "ArithmeticError()"


def test_a_test_mail_that_cannot_be_written_keeps_no_other_waiting(
    world: World, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [
        ask(house.connect(), "purchases", by=None)
        for house in (world.alder, world.birch)
    ]
    db.session.commit()
    broken = breaking_for(mails[0].id, test_letter.written)
    monkeypatch.setattr(test_letter, "written", broken)
    assert test_mails.sweep() == 1
    assert [mail.recipient for mail in post.messages] == [mails[1].destination]


def test_the_deposits_are_told_to_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(deposit_notices, "_due", lambda _: [(1, 1), (2, 2), (3, 3)])
    monkeypatch.setattr(deposit_notices, "_take", lambda person, *_: person)

    def tell(person: Any, _until: Any) -> bool:
        told.append(person)
        return True

    monkeypatch.setattr(deposit_notices, "_tell", breaking_for(2, tell))
    assert deposit_notices.send_deposit_notices() == 2
    assert told == [1, 3]


def test_another_firm_is_told_of_its_mails(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    firms = (world.alder.firm.id, world.birch.firm.id)
    monkeypatch.setattr(telling, "_waiting", lambda: {key: {} for key in firms})
    asked: list[Any] = []

    def readers(firm: Any, _companies: Any) -> list[Any]:
        asked.append(firm)
        return []

    monkeypatch.setattr(telling, "_readers", breaking_for(firms[0], readers))
    telling.tell_all()
    assert asked == [firms[1]]
