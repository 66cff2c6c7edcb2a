"""P15, P16: nobody waits for a firm that has much to send, nor for an address that
does not answer."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.connectors.models import Destination
from app.db import Base, db, utc_now
from app.delivery import tick, troubles
from app.delivery.models import Attempt, Delivery, Trouble
from app.firms.models import Firm
from app.library.deposit import deposit
from app.library.models import Document, Folder, Version
from app.library.receiving import receive
from bench.ground import Ground
from bench.mailing import switched
from bench.measuring import Result, alternate, say

COMPANIES = 200
DUE = 10_000
MIDDLE_SECONDS = 3.0
DESTINATIONS = 50
EACH = 3
DEAD = "dead@tool.test"
PATIENCE = 2  # seconds for an answer


def p15(ground: Ground) -> Iterator[Result]:
    """Firm A has ten thousand due in two hundred companies, firm B one."""
    with ground.sink() as port:
        app = _new_app(ground, "guichet_fairness", port)
        with app.app_context():
            say(f"{DUE} due in {COMPANIES} companies", end=" ")
            many, one = _firm("a"), _firm("b")
            firsts = [_drop(switched(many, f"A {n}")) for n in range(COMPANIES)]
            lonely = _drop(switched(one, "B"))
            for first in firsts:
                _multiply(first, DUE // COMPANIES)
        among, alone = alternate(
            lambda: [_together(app, lonely)], lambda: [_alone(app, lonely)]
        )
        middle = max(_in_the_middle(app, lonely) for _ in range(3))
    yield Result(
        id="P15",
        value=among.median,
        baseline=alone.median,
        ratio=among.median / alone.median,
        unit="s",
        target="<= 30 s",
        ok=max(among.worst, middle) <= 30,
        also={"worst": among.worst, "came_in_the_middle": middle},
    )


def p16(ground: Ground) -> Iterator[Result]:
    """One of fifty destinations never answers RCPT; how long the others take."""
    with ground.sink("--dead", DEAD) as port:
        app = _new_app(ground, "guichet_dead", port)
        with app.app_context():
            firm = _firm("c")
            firsts = [_drop(switched(firm, f"C {n}")) for n in range(DESTINATIONS)]
            for first in firsts:
                _multiply(first, EACH)
            company_id = db.session.get_one(Delivery, firsts[0]).company_id
            db.session.commit()
        first_run = _others(app, company_id, dead=True, is_known=False)
        dead, healthy = alternate(
            lambda: [_others(app, company_id, dead=True)],
            lambda: [_others(app, company_id, dead=False)],
            times=2,
        )
    ratio = dead.median / healthy.median
    yield Result(
        id="P16",
        value=dead.median,
        baseline=healthy.median,
        ratio=ratio,
        unit="s for the others",
        target="<= 1.1 x",
        ok=ratio <= 1.1,
        also={"first_run": first_run, "others": (DESTINATIONS - 1) * EACH},
    )


def _new_app(ground: Ground, name: str, port: int) -> Flask:
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": ground.new_database(name),
            "MAIL_PORT": port,
            "MAIL_TIMEOUT": PATIENCE,
        }
    )
    with app.app_context():
        db.create_all()
    return app


def _firm(slug: str) -> Firm:
    firm = Firm(slug=slug, name=f"Cabinet {slug}", brand_colour="#14533f")
    db.session.add(firm)
    db.session.flush()
    return firm


def _drop(folder: Folder) -> UUID:
    body = b"%PDF-1.4\n" + b"x" * 20_000
    done = deposit(
        receive([body], "Facture.pdf"),
        into=folder,
        by=None,
        channel="api",
        depositor_name="Banc d'essai",
    )
    (delivery,) = done.deliveries
    # An address of its own for each company.
    db.session.execute(
        sa.update(Destination)
        .where(Destination.connection_id == delivery.connection_id)
        .values(address=f"{delivery.company_id.hex}@tool.test")
    )
    db.session.commit()
    return delivery.id


def _multiply(delivery_id: UUID, times: int) -> None:
    """As many documents like that one, each with its version and its delivery."""
    delivery = db.session.get_one(Delivery, delivery_id)
    _copy(Document, delivery.document_id, times, name="name || n")
    _copy(Version, delivery.version_id, times)
    message_id = "gen_random_uuid() || '@guichet.test'"
    _copy(Delivery, delivery_id, times, message_id=message_id)
    db.session.commit()


def _copy(table: type[Base], row_id: UUID, times: int, **said: str) -> None:
    """A row as often as that, all told; ids follow from those of the first one."""
    own = {
        name: f"md5({name} || '-' || n)::uuid"
        for name in ("id", "document_id", "version_id")
    }
    names = [column.name for column in table.__table__.columns]
    values = [(own | said).get(name, name) for name in names]
    db.session.execute(
        sa.text(
            f"INSERT INTO {table.__tablename__} ({', '.join(names)})"  # noqa: S608 - our own
            f" SELECT {', '.join(values)}"
            f" FROM {table.__tablename__}, generate_series(2, :times) n WHERE id = :id"
        ),
        {"times": times, "id": row_id},
    )


def _make_due(app: Flask, *, except_for: UUID | None = None) -> None:
    """As they were before any run, one minute ago."""
    with app.app_context():
        db.session.execute(sa.delete(Attempt))
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.id != except_for if except_for else sa.true())
            .values(
                state="pending",
                attempts=0,
                lapses=0,
                not_before=utc_now() - timedelta(minutes=1),
                accepted_at=None,
                settled_at=None,
            )
        )
        db.session.commit()
    with app.app_context(), db.engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.exec_driver_sql("VACUUM ANALYZE deliveries")


def _make_one_due(app: Flask, delivery_id: UUID) -> None:
    with app.app_context():
        db.session.execute(
            sa.update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(state="pending", not_before=utc_now(), accepted_at=None)
        )
        db.session.commit()


def _together(app: Flask, lonely: UUID) -> float:
    _make_due(app, except_for=lonely)
    _make_one_due(app, lonely)
    with _running(app, lonely) as accepted:
        return accepted()


def _alone(app: Flask, lonely: UUID) -> float:
    with app.app_context():
        db.session.execute(sa.update(Delivery).values(state="accepted"))
        db.session.commit()
    _make_one_due(app, lonely)
    with _running(app, lonely) as accepted:
        return accepted()


def _in_the_middle(app: Flask, lonely: UUID) -> float:
    """It comes when the run has been busy with the others for some seconds."""
    _make_due(app, except_for=lonely)
    with _running(app, lonely) as accepted:
        time.sleep(MIDDLE_SECONDS)
        _make_one_due(app, lonely)
        return accepted()


@contextmanager
def _running(app: Flask, lonely: UUID) -> Iterator[Callable[[], float]]:
    """A run in a thread, that ends with this; gives who waits for the lonely one and
    tells after how many seconds it was accepted."""
    is_seen = threading.Event()

    def run() -> None:
        with app.app_context():
            tick.run(should_stop=is_seen.is_set)
            db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    began = time.perf_counter()

    def accepted() -> float:
        nonlocal began
        while not _accepted_at(app, lonely):
            time.sleep(0.01)
            if not thread.is_alive() and not _accepted_at(app, lonely):
                raise RuntimeError("the run ended without it")
        return time.perf_counter() - began

    try:
        yield accepted
    finally:
        is_seen.set()
        thread.join()


def _accepted_at(app: Flask, delivery_id: UUID) -> datetime | None:
    with app.app_context():
        return db.session.scalar(
            sa.select(Delivery.accepted_at).where(Delivery.id == delivery_id)
        )


def _others(
    app: Flask, company_id: UUID, *, dead: bool, is_known: bool = True
) -> float:
    """Seconds until the last message to the others was accepted."""
    _make_due(app)
    with app.app_context():
        address = DEAD if dead else f"{company_id.hex}@tool.test"
        mine = sa.select(Delivery.connection_id).where(
            Delivery.company_id == company_id
        )
        db.session.execute(
            sa.update(Destination)
            .where(Destination.connection_id.in_(mine))
            .values(address=address)
        )
        db.session.execute(sa.delete(Trouble))
        if is_known and dead:  # as an earlier run left it, and to be tried again
            now = utc_now()
            trouble = Trouble(address=DEAD, failures=troubles.MOST, said="")
            trouble.since, trouble.retry_at = now, now
            db.session.add(trouble)
        began = utc_now()
        db.session.commit()
        came_to = tick.run()
        last, number = db.session.execute(
            sa.select(sa.func.max(Delivery.accepted_at), sa.func.count()).where(
                Delivery.company_id != company_id, Delivery.state == "accepted"
            )
        ).one()
        db.session.remove()
    if last is None or number != (DESTINATIONS - 1) * EACH:
        raise RuntimeError(f"{number} of the others left: {came_to}")
    return (last - began).total_seconds()
