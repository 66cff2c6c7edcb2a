"""`kill -9` at random, in bad weather, while documents come in: nothing is lost."""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.connectors import switches
from app.db import db
from app.delivery.models import WAITING, Delivery
from tests.cast import World
from tests.faults.counting import note_outcome
from tests.faults.invariants import broken
from tests.faults.stage import Background, Crew, asking, kill, passing, settle, strike
from tests.faults.weather import RoughServer
from tests.faults.web import Depositor, unkept, web
from tests.redis_server import needs_redis

pytestmark = [needs_redis, pytest.mark.faults]
SEED = int(os.environ.get("FAULT_SEED", "3"))
BACKLOG = 60  # more is not deposited while so many wait


@pytest.fixture
def smtp() -> Iterator[RoughServer]:
    with RoughServer(seed=SEED) as server:
        yield server


def depositing(app: Flask, depositors: list[Depositor]) -> Background:
    def deposit() -> None:
        waiting = select(func.count()).where(Delivery.state.in_(WAITING))
        count = db.session.scalar(waiting.select_from(Delivery)) or 0
        db.session.remove()
        for each in depositors if count < BACKLOG else ():
            each.deposit()

    return Background(app, deposit, 0.01)


def test_workers_and_web_killed_at_random_lose_nothing_and_double_nothing_unrecorded(
    app: Flask,
    world: World,
    smtp: RoughServer,
    crew: Crew,
    env: dict[str, str],
    kills: int,
    tmp_path: Path,
) -> None:
    random = Random(SEED)  # noqa: S311 - a repeatable chance is meant
    places = [
        (world.alder, world.alder.dune),
        (world.alder, world.alder.elm),
        (world.birch, world.birch.dune),
    ]
    for house, company in places:
        connection = house.connect(company=company)
        folder = house.folder(company=company)
        switches.set_switch(folder, connection, "purchases", "on", by=house.admin)
    db.session.commit()
    with web(env, tmp_path / "web.log") as portal:
        depositors = [
            Depositor.of(app, portal.port, house, company) for house, company in places
        ]
        helpers = [depositing(app, depositors), asking(app), passing(app)]
        for helper in helpers:
            helper.start()
        crew.start()
        crew.start()
        killed = 0
        for number in range(kills):
            killed += strike(crew, random)
            if number % 20 == 9 and (served := portal.workers()):
                killed += kill(random.choice(served))
        for helper in helpers:
            helper.end()
    crew.end()
    smtp.is_calm = True
    settle()
    faults = sum(smtp.happened.values())
    note_outcome("kill -9", smtp.messages, kills=killed, faults=faults)
    assert broken(smtp.messages, at_rest=True) == []
    assert list(unkept(depositors)) == []
    assert len(smtp.messages) > kills
