"""The product's processes under attack, and time that passes when it is told to."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Self

from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import aliased

from app.companies.models import Company
from app.db import database_now, db
from app.delivery import jobs, tick
from app.delivery.models import LEASED, WAITING, Delivery, Trouble
from app.queueing import connection, enqueue_once, queue
from tests.delivery.processes import members, signal_all, start, wait_until

MOST_RUNS = 30


class Crew:
    """Workers, each a session of its own with its clock and its work-horses."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.env = env
        self.log = log
        self.workers: list[subprocess.Popen[bytes]] = []
        self.gone: list[subprocess.Popen[bytes]] = []  # orphans may go on

    def start(self, **env: str) -> subprocess.Popen[bytes]:
        self.workers.append(start("worker.py", env=self.env | env, log=self.log))
        return self.workers[-1]

    def replace(self, worker: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Another takes its place, at once."""
        self.workers.remove(worker)
        self.gone.append(worker)
        return self.start()

    def horses(self, worker: subprocess.Popen[bytes]) -> list[int]:
        return [pid for pid in members(worker) if pid != worker.pid]

    def busy(self) -> list[subprocess.Popen[bytes]]:
        return [worker for worker in self.workers if self.horses(worker)]

    def wait_for_one_at_work(self, random: Random) -> subprocess.Popen[bytes]:
        """Any of those at work; of all, when for seconds none is."""
        with suppress(AssertionError):
            wait_until(lambda: bool(self.busy()), 5)
        return random.choice(self.busy() or self.workers)

    def pids(self) -> list[int]:
        return [pid for each in (*self.workers, *self.gone) for pid in members(each)]

    def end(self, *, kindly: bool = True) -> None:
        """As a host does: told first, killed when they do not listen."""
        orders = ((signal.SIGTERM, 30.0), (signal.SIGKILL, 10.0))
        for number, seconds in orders if kindly else orders[1:]:
            for each in (*self.workers, *self.gone):
                signal_all(each, signal.SIGCONT)
                signal_all(each, number)
            with suppress(AssertionError):
                wait_until(lambda: self._is_empty(), seconds)
        for each in (*self.workers, *self.gone):
            each.wait()

    def _is_empty(self) -> bool:
        for each in (*self.workers, *self.gone):
            each.poll()
        return not self.pids()


class Background(threading.Thread):
    """Does one thing again and again, in an application context, while it is held; a
    database that goes away is waited for."""

    def __init__(self, app: Flask, act: Callable[[], object], pause: float) -> None:
        super().__init__(daemon=True)
        self.app, self.act, self.pause = app, act, pause
        self.is_over = threading.Event()
        self.fault: Exception | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_over.set()
        self.join(60)
        if self.fault is not None:
            raise self.fault

    def run(self) -> None:
        while not self.is_over.wait(self.pause):
            try:
                with self.app.app_context():
                    self.act()
            except (OperationalError, InterfaceError):
                continue
            except Exception as error:  # told at the end
                self.fault = error
                return


def asking(app: Flask) -> Background:
    """Runs asked for without end: those of slots, as clocks do, and of companies."""
    numbers = count()
    first = datetime(2020, 1, 1, tzinfo=UTC)

    def ask() -> None:
        with suppress(RedisError):
            if queue("mail", connection()).count > 1:
                return
        number = next(numbers)
        if number % 3:
            slot = first + timedelta(minutes=15 * number)
            enqueue_once(jobs.tick, slot.isoformat(), job_id=f"asked-{number}")
            return
        companies = db.session.scalars(select(Company.id).order_by(Company.id)).all()
        company = str(companies[number % len(companies)])
        enqueue_once(jobs.send_now, company, job_id=f"asked-{number}")

    return Background(app, ask, 0.05)


def passing(app: Flask) -> Background:
    """Time for those who lost: leases of the dead lapse, what was put off is due."""

    def let_pass() -> None:
        holders = select(Delivery.owner).where(Delivery.state.in_(LEASED)).distinct()
        owners = db.session.scalars(holders).all()
        db.session.commit()
        make_due([o for o in owners if o and not is_alive(pid_of(o))])

    return Background(app, let_pass, 0.3)


def pid_of(owner: str) -> int:
    """Owners are named «host-pid-random»."""
    return int(owner.rsplit("-", 2)[1])


def lapse_of(pids: list[int]) -> None:
    """The leases of these processes, who may live, have lapsed; commits."""
    holders = select(Delivery.owner).where(Delivery.state.in_(LEASED)).distinct()
    owners = db.session.scalars(holders).all()
    make_due([owner for owner in owners if owner and pid_of(owner) in pids])


def is_alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] != b"Z"


def make_due(owners: list[str] | None = None) -> None:
    """The leases of these (of all, when none are named) have lapsed, and whatever
    waits is due; commits."""
    past = database_now() - timedelta(minutes=1)
    # Not those that a frozen process has locked: real time takes no lock either.
    row = aliased(Delivery)
    free = Delivery.id.in_(select(row.id).with_for_update(skip_locked=True))
    leased: ColumnElement[bool] = Delivery.state.in_(LEASED)
    if owners is not None:
        leased &= Delivery.owner.in_(owners)
    put_off = Delivery.state.in_(WAITING) & (Delivery.not_before > past)
    for act in (
        update(Delivery).where(free, leased).values(lease_until=past),
        update(Delivery).where(free, put_off).values(not_before=past),
        update(Trouble).values(retry_at=past),
    ):
        db.session.execute(act.execution_options(synchronize_session=False))
        db.session.commit()


def settle() -> None:
    """Runs of our own on a healthy sink, until nothing is on its way any more."""
    for _ in range(MOST_RUNS):
        make_due()
        tick.run()
        under_way = Delivery.state.in_((*LEASED, *WAITING))
        left = db.session.scalars(select(Delivery.id).where(under_way).limit(1)).all()
        db.session.commit()
        if not left:
            return


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> bool:
    """Whether there was such a process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def strike(crew: Crew, random: Random) -> int:
    """`kill -9` of a work-horse, of its worker (the horse goes on), or of both; gives
    how many processes were killed."""
    worker = crew.wait_for_one_at_work(random)
    time.sleep(random.uniform(0, 0.6))
    kind = random.choices(("horse", "worker", "both"), (80, 12, 8))[0]
    killed = sum(map(kill, crew.horses(worker) if kind != "worker" else ()))
    if kind != "horse":
        killed += kill(worker.pid)
        worker.wait()
        crew.replace(worker)
    return killed
