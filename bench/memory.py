"""P12: what the worker's processes keep in memory while big mails leave."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from _parts import ROOT, VENV, Part, end, members
from app import create_app
from app.db import db, utc_now
from app.delivery import jobs
from app.delivery.models import Delivery, Tick
from app.firms.models import Firm
from app.queueing import enqueue_once
from bench.ground import Ground
from bench.mailing import deposit_many, switched
from bench.measuring import ROUNDS, Result, say

FILE = 18_200_000  # bytes: a mail of 25 MB, which AutoEntry takes
MAILS = 2
MOST_MB = 40
LOOK_SECONDS = 0.05
PATIENCE = 120  # seconds


def p12(ground: Ground) -> Iterator[Result]:
    """The tallest process beside the worker that waits, and all of them together."""
    with ground.sink() as port:
        url = ground.new_database("guichet_memory")
        app = create_app({"SQLALCHEMY_DATABASE_URI": url})
        with app.app_context():
            db.create_all()
            firm = Firm(slug="a", name="Cabinet A", brand_colour="#14533f")
            db.session.add(firm)
            db.session.commit()
            folder = switched(firm, "A", "autoentry")
            env = {"DATABASE_URL": url, "MAIL_PORT": str(port)}
            with _worker(ground, env) as session:
                _wait(session, _has_run)  # the clock's first run finds nothing
                idle = _weigh(session)
                busy = idle
                for number in range(ROUNDS):
                    due = deposit_many(firm.id, FILE, MAILS, [folder])
                    slot = utc_now().isoformat()
                    enqueue_once(jobs.tick, slot, job_id=f"bench-{number}")
                    busy = busy.most(_wait(session, partial(_all_left, due)))
                    say(".", end="")
            db.session.remove()
    say("")
    over = busy.tallest - idle.tallest
    yield Result(
        id="P12",
        value=busy.tallest,
        baseline=idle.tallest,
        ratio=None,
        unit="MB",
        target=f"<= idle + {MOST_MB} MB",
        ok=over <= MOST_MB,
        also={"over": over, "together": busy.together, "idle": idle.together},
    )


@dataclass(frozen=True)
class Weight:
    """MB: the most that one process had in memory, and what they share counted once."""

    tallest: float = 0
    together: float = 0

    def most(self, other: "Weight") -> "Weight":
        return Weight(
            max(self.tallest, other.tallest), max(self.together, other.together)
        )


@contextmanager
def _worker(ground: Ground, env: dict[str, str]) -> Iterator[int]:
    """worker.py as it runs; gives the session of its processes."""
    command: list[str | Path] = [VENV / "python", "worker.py"]
    log = ground.folder / "worker.log"
    part = Part("worker", command, log, {**os.environ, **env}, cwd=ROOT)
    ground.parts.append(part)
    part.start()
    if part.process is None:
        raise RuntimeError("the worker did not start")
    try:
        yield part.process.pid
    finally:
        end([part])
        ground.parts.remove(part)


def _wait(session: int, is_so: Callable[[], bool]) -> Weight:
    """Until it is so; gives the most that was weighed meanwhile."""
    until = time.monotonic() + PATIENCE
    found = Weight()
    looked_at = 0.0
    while True:
        found = found.most(_weigh(session))
        if time.monotonic() - looked_at > LOOK_SECONDS:
            if is_so():
                return found
            looked_at = time.monotonic()
        if time.monotonic() > until:
            raise RuntimeError("the worker did not send in time")
        time.sleep(0.002)


def _weigh(session: int) -> Weight:
    peaks, shares = [0.0], [0.0]
    for pid in members(session):
        with suppress(OSError):  # it ended meanwhile
            peaks.append(_line(pid, "status", "VmHWM"))
            shares.append(_line(pid, "smaps_rollup", "Pss"))
    return Weight(max(peaks), sum(shares))


def _line(pid: int, file: str, name: str) -> float:
    """A figure of /proc in MB; 0 of a process that is ending."""
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1000
    return 0.0


def _has_run() -> bool:
    ended = db.session.scalars(
        sa.select(Tick.slot).where(Tick.finished_at.is_not(None))
    ).first()
    db.session.commit()
    return ended is not None


def _all_left(due: list[UUID]) -> bool:
    left = db.session.scalar(
        sa.select(sa.func.count()).where(
            Delivery.id.in_(due), Delivery.state == "accepted"
        )
    )
    db.session.commit()
    return left == len(due)
