"""P9, P10: a run of the automaton, with much to send and with nothing."""

import base64
import os
import smtplib
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import delete, select, update

from app import create_app
from app.companies.models import Company
from app.companies.opening import open_company, open_fiscal_year
from app.connectors import switches
from app.db import db, utc_now
from app.delivery import tick
from app.delivery.models import Attempt, Delivery
from app.firms.models import Firm
from app.library.deposit import deposit
from app.library.models import Document, Folder
from app.library.receiving import receive
from app.library.tree import by_path, plant, plant_year
from bench.ground import Ground
from bench.measuring import Result, Side, alternate, repeated, say, timed
from bench.portal import YEAR, Portal, connect
from tests.papers import one_page_pdf

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "200"))
COMPANIES = 10
SLOW = "20"  # milliseconds before each answer


def p9(ground: Ground, portal: Portal) -> Iterator[Result]:
    few = max(COMPANIES, MESSAGES // 10)
    yield _race(ground, portal, "P9", 200_000, MESSAGES, 0.75)
    yield _race(ground, portal, "P9-delayed", 200_000, few, 0.95, "--delay", SLOW)
    yield _race(ground, portal, "P9-small", 20_000, MESSAGES, 0.45)


def _race(
    ground: Ground,
    portal: Portal,
    name: str,
    size: int,
    messages: int,
    least: float,
    *sink: str,
) -> Result:
    kept = ground.folder / f"{name}.eml"
    with ground.sink(*sink, "--keep", str(kept)) as port:
        app = create_app(
            {"SQLALCHEMY_DATABASE_URI": portal.database_url, "MAIL_PORT": port}
        )
        with app.app_context():
            due = deposit_many(portal.firm_id, size, messages)
        ours, bare, making = alternate(
            ticking(app, due),
            lambda: [_bare(port, kept, messages)],
            lambda: [_making(port, kept, messages)],
        )
    ratio = bare.median / ours.median
    return Result(
        id=name,
        value=messages / ours.median * 1000,
        baseline=messages / bare.median * 1000,
        ratio=ratio,
        unit="messages/s",
        target=f">= {least} x",
        ok=ratio >= least,
        also={
            "messages": messages,
            "bytes": size,
            "beside_a_loop_that_makes_them": making.median / ours.median,
        },
    )


def ticking(app: Flask, due: list[UUID]) -> Side:
    def once() -> list[float]:
        with app.app_context():
            _make_due(due)
            came_to: list[dict[str, object]] = []
            took = timed(lambda: came_to.append(tick.run()))
            db.session.remove()
        if came_to[0]["accepted"] != len(due):
            raise RuntimeError(f"of {len(due)} due: {came_to[0]}")
        return [took]

    return once


def _bare(port: int, kept: Path, messages: int) -> float:
    """The bytes of one of those messages, as often, over one line."""
    message = kept.read_bytes()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as host:
            for _ in range(messages):
                host.sendmail("bench@guichet.test", ["in@tool.test"], message)

    return timed(send)


def _making(port: int, kept: Path, messages: int) -> float:
    """The same loop, that has the file only: it reads, hashes and encodes it for each
    message, as nobody who sends files can do without."""
    head, _blank, body = kept.read_bytes().partition(b"\r\n\r\n")
    file = kept.with_suffix(".bin")
    file.write_bytes(os.urandom(len(body) * 3 // 4))

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as host:
            for _ in range(messages):
                content = file.read_bytes()
                sha256(content)
                encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
                message = head + b"\r\n\r\n" + encoded
                host.sendmail("bench@guichet.test", ["in@tool.test"], message)

    return timed(send)


def _make_due(due: list[UUID]) -> None:
    """As they were before any run."""
    documents = select(Delivery.document_id).where(Delivery.id.in_(due))
    db.session.execute(delete(Attempt).where(Attempt.delivery_id.in_(due)))
    db.session.execute(
        update(Document).where(Document.id.in_(documents)).values(status="received")
    )
    db.session.execute(
        update(Delivery)
        .where(Delivery.id.in_(due))
        .values(
            state="pending",
            attempts=0,
            not_before=utc_now(),
            accepted_at=None,
            settled_at=None,
        )
    )
    db.session.commit()
    db.session.remove()


def deposit_many(
    firm_id: UUID, size: int, messages: int, into: list[Folder] | None = None
) -> list[UUID]:
    """Through the one door, into switched folders of ten companies."""
    firm = db.session.get_one(Firm, firm_id)
    folders = into or [switched(firm, f"{size} bytes {n}") for n in range(COMPANIES)]
    due: list[UUID] = []
    for number in range(messages):
        page = one_page_pdf("Facture")
        body = page + b"%" + os.urandom(max(0, size - len(page) - 1))
        done = deposit(
            receive([body], f"Facture {number}.pdf"),
            into=folders[number % len(folders)],
            by=None,
            channel="api",
            depositor_name="Banc d'essai",
        )
        db.session.commit()
        due += [one.id for one in done.deliveries]
    db.session.remove()
    if len(due) != messages:
        raise RuntimeError(f"{len(due)} deliveries for {messages} documents")
    say(f"{messages} x {size} bytes", end=" ")
    return due


def switched(firm: Firm, name: str, key: str = "quickbooks") -> Folder:
    company: Company = open_company(firm, name)
    plant(company)
    plant_year(company, open_fiscal_year(company, date(2026, 1, 1), date(2026, 12, 31)))
    folder = by_path(company, f"{YEAR}/Achats")
    if folder is None:
        raise LookupError(YEAR)
    switches.set_switch(folder, connect(company, key), "purchases", "on", by=None)
    db.session.commit()
    return folder


def p10(empty: Portal, some: Portal, full: Portal) -> Iterator[Result]:
    """Nothing is due, among none, a tenth and all of the settled deliveries."""
    in_full, in_some, in_empty = alternate(*map(_idle, (full, some, empty)), times=4)
    ratio = in_full.median / in_empty.median
    others = in_some.median / in_empty.median
    yield Result(
        id="P10",
        value=in_full.median,
        baseline=in_empty.median,
        ratio=ratio,
        unit="ms",
        target="<= 10 ms, <= 1.5 x",
        ok=in_full.median <= 10 and max(ratio, others) <= 1.5,
        also={"a_tenth": in_some.median, "worst": in_full.worst},
    )


def _idle(portal: Portal) -> Side:
    def run() -> None:
        with portal.app.app_context():
            came_to = tick.run()
        if came_to["claimed"]:
            raise RuntimeError(f"something was due: {came_to}")

    return repeated(run, 5)
