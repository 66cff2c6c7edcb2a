"""Mail comes in at the door without end while the door, the workers and their horses
are killed at random: each paper of each mail that was answered is a document, once."""

import smtplib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from itertools import count as counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import func, select, update

from _parts import free_ports
from app.collection import jobs
from app.collection.models import InboundMail, InboundPart
from app.db import database_now, db
from app.library.models import Arrival, Document
from app.queueing import connection, enqueue_once, queue
from tests.cast import World
from tests.collection.letters import letter
from tests.delivery.processes import start, wait_until
from tests.faults.counting import note
from tests.faults.siege import SEED
from tests.faults.stage import Background, Crew, kill, strike
from tests.redis_server import needs_redis

pytestmark = [needs_redis, pytest.mark.faults]
TO = [
    f"compta+{slug}@mail.guichet.test"
    for slug in ("dune-alder", "elm-alder", "dune-birch")
]
PAPERS = 3
BACKLOG = 60  # more is not sent while so many wait


class Door:
    """`flask mailroom`, that may be killed and comes again."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        (self.port,) = free_ports(1)
        self.env = env | {"INBOUND_PORT": str(self.port)}
        self.log = log
        self.open()

    def open(self) -> None:
        words = ("-m", "flask", "--app", "app", "mailroom")
        self.process = start(*words, env=self.env, log=self.log)

    def kill(self) -> int:
        killed = kill(self.process.pid)
        self.process.wait()
        self.open()
        return int(killed)


class Supplier:
    """Sends mails one by one, each until it is answered, as a relay does: the same
    bytes each time. What was answered is counted."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.answered = 0
        self.raw = self._letter()

    def _letter(self) -> bytes:
        files = [f"{self.answered}-{paper}.pdf" for paper in range(PAPERS)]
        return letter(
            *((name, "application/pdf") for name in files),
            message_id=f"<{self.answered}@supplier.test>",
        )

    def send(self) -> None:
        with (
            suppress(OSError, smtplib.SMTPException),
            smtplib.SMTP("127.0.0.1", self.door.port, timeout=10) as line,
        ):
            to = TO[self.answered % len(TO)]
            line.sendmail("a@supplier.test", [to], self.raw)
            self.answered += 1
            self.raw = self._letter()


@contextmanager
def opened(env: dict[str, str], log: Path) -> Iterator[Door]:
    door = Door(env, log)
    try:
        yield door
    finally:
        kill(door.process.pid)
        door.process.wait()


def test_each_paper_of_each_mail_is_a_document_once(
    app: Flask,
    world: World,
    crew: Crew,
    env: dict[str, str],
    tmp_path: Path,
    kills: int,
) -> None:
    random = Random(SEED)  # noqa: S311 - a repeatable chance is meant
    wanted, killed = max(kills // 2, 10), 0
    with ExitStack() as held:
        door = held.enter_context(opened(env, tmp_path / "mailroom.log"))
        supplier = Supplier(door)
        crew.start()
        crew.start()
        for each in (sending(app, supplier), asking(app), passing(app)):
            held.enter_context(each)
        wait_until(lambda: count(InboundPart.id) > 0)
        while killed < wanted:
            killed += strike(crew, random)
            if random.random() < 0.1:
                killed += door.kill()
    crew.end()
    db.engine.dispose()  # its lines may be dead
    settle()
    note(
        "mail, kill -9",
        kills=killed,
        mails=supplier.answered,
        documents=count(Document.id),
    )
    # One whose answer was lost with the door is there once more at the most: not more.
    mails = Counter(db.session.scalars(select(InboundMail.state)).all())
    assert mails.keys() == {"filed"}
    assert supplier.answered <= mails.total() <= supplier.answered + 1
    assert supplier.answered > wanted
    names = sorted(
        f"{number}-{paper}.pdf"
        for number in range(mails.total())
        for paper in range(PAPERS)
    )
    assert sorted(db.session.scalars(select(Document.name))) == names
    assert count(Arrival.id) == len(names)
    outcomes = Counter(db.session.scalars(select(InboundPart.outcome)).all())
    assert outcomes == {"filed": len(names)}


def sending(app: Flask, supplier: Supplier) -> Background:
    waiting = InboundMail.state == "waiting"

    def send() -> None:
        if count(InboundMail.id, waiting) < BACKLOG:
            supplier.send()

    return Background(app, send, 0.01)


def asking(app: Flask) -> Background:
    """Jobs asked for without end, as the clock does every minute."""
    numbers = counter()

    def ask() -> None:
        with suppress(RedisError):
            if queue("default", connection()).count > 1:
                return
        enqueue_once(jobs.read_waiting, job_id=f"asked-{next(numbers)}", name="default")

    return Background(app, ask, 0.05)


def passing(app: Flask) -> Background:
    """Time for those who lost theirs: a lease is over after some seconds."""

    def let_pass() -> None:
        now = database_now()
        db.session.execute(
            update(InboundMail)
            .where(
                InboundMail.state == "waiting",
                InboundMail.leased_until < now + jobs.LEASE - timedelta(seconds=6),
            )
            .values(leased_until=now)
        )
        db.session.commit()

    return Background(app, let_pass, 0.3)


def settle() -> None:
    for _ in range(10):
        db.session.execute(update(InboundMail).values(leased_until=None))
        db.session.commit()
        jobs.read_waiting()
        if not count(InboundMail.id, InboundMail.state == "waiting"):
            return


def count(column: Any, *where: Any) -> int:
    found = db.session.scalar(select(func.count(column)).where(*where)) or 0
    db.session.commit()
    return found
