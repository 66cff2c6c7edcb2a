"""Three companies of two firms, people who deposit, workers that send, in bad weather;
something is done to them; then all must be as it should be.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from flask import Flask
from sqlalchemy import func, select

from app.connectors import switches
from app.db import db
from app.delivery.models import WAITING, Delivery
from tests.cast import World
from tests.delivery.processes import wait_until
from tests.faults.counting import note, note_outcome
from tests.faults.invariants import broken
from tests.faults.stage import Background, Crew, asking, passing, settle
from tests.faults.weather import RoughServer
from tests.faults.web import Depositor, Web, unkept, web

SEED = int(os.environ.get("FAULT_SEED", "3"))
BACKLOG = 60  # more is not deposited while so many wait


@dataclass
class Siege:
    app: Flask
    world: World
    smtp: RoughServer
    crew: Crew
    env: dict[str, str]
    folder: Path

    def __post_init__(self) -> None:
        self.random = Random(SEED)  # noqa: S311 - a repeatable chance is meant
        self.depositors: list[Depositor] = []

    @contextmanager
    def of(self, fault: str) -> Iterator[Web]:
        """While it lasts the fault may be done; at its end everything is verified."""
        with ExitStack() as held:
            portal = held.enter_context(web(self.env, self.folder / "web.log"))
            self._connect(portal.port)
            self.crew.start()
            self.crew.start()
            for each in (self._depositing(), asking(self.app), passing(self.app)):
                held.enter_context(each)
            yield portal
        self.crew.end()
        self.smtp.is_calm = True
        db.engine.dispose()  # its lines may be dead
        settle()
        note(fault, faults=sum(self.smtp.happened.values()))
        note_outcome(fault, self.smtp.messages)
        assert broken(self.smtp.messages, at_rest=True) == []
        assert list(unkept(self.depositors)) == []

    def wait_for_messages(self, count: int) -> None:
        wait_until(lambda: len(self.smtp.messages) >= count)

    def _connect(self, port: int) -> None:
        alder, birch = self.world.alder, self.world.birch
        places = ((alder, alder.dune), (alder, alder.elm), (birch, birch.dune))
        for house, company in places:
            connection = house.connect(company=company)
            folder = house.folder(company=company)
            switches.set_switch(folder, connection, "purchases", "on", by=house.admin)
            db.session.commit()
            self.depositors.append(Depositor.of(self.app, port, house, company))
            db.session.commit()

    def _depositing(self) -> Background:
        waiting = select(func.count(Delivery.id)).where(Delivery.state.in_(WAITING))

        def deposit() -> None:
            count = db.session.scalar(waiting) or 0
            db.session.remove()
            for each in self.depositors if count < BACKLOG else ():
                each.deposit()

        return Background(self.app, deposit, 0.01)
