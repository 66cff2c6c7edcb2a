"""P18: mail that is taken in, read and filed, beside Python's own parser alone."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from pathlib import Path

import psutil
from flask import Flask
from sqlalchemy import func, select

from app import apart, create_app
from app.collection import jobs
from app.collection.accepting import Envelope
from app.collection.addresses import address_of
from app.collection.families import STANDARD
from app.collection.models import InboundMail
from app.companies.opening import open_company, open_fiscal_year
from app.db import db
from app.firms.models import Firm
from app.library.tree import plant, plant_year
from app.mailroom.entrance import take_in
from bench.ground import Ground
from bench.measuring import Result, Side, alternate, say, timed
from tests.papers import one_page_pdf

MAILS = int(os.environ.get("BENCH_MAILS", "200"))
PAPERS = 3
SIZE = 200_000  # bytes of a paper
BIG = 9_000_000  # of a paper of the one message whose memory is weighed
SUPPLIER = Envelope("smtp", "facturation@supplier.test")
LOOK_SECONDS = 0.002
READER = str(apart.CHILD)


def p18(ground: Ground) -> Iterator[Result]:
    url = ground.new_database("guichet_mail_in")
    app = create_app({"SQLALCHEMY_DATABASE_URI": url})
    with app.app_context():
        to = _opened()
        db.session.remove()
    mails = [_mail(SIZE, number) for number in range(MAILS)]
    say(f"{MAILS} mails x {PAPERS} x {SIZE} bytes", end=" ")
    ours, bare = alternate(_filing(app, mails, to), lambda: [timed(_parsing(mails))])
    ratio = bare.median / ours.median
    big = _mail(BIG, 0)
    weight = _weighed(app, big, to) / len(big)
    yield Result(
        id="P18",
        value=MAILS / ours.median * 1000,
        baseline=MAILS / bare.median * 1000,
        ratio=ratio,
        unit="mails/s",
        target=">= 0.5 x, memory <= 3 x the mail",
        ok=ratio >= 0.5 and weight <= 3,
        also={"mails": MAILS, "papers": PAPERS, "memory_of_a_mail": weight},
    )


def _opened() -> str:
    db.create_all()
    firm = Firm(slug="a", name="Cabinet A", brand_colour="#14533f")
    db.session.add(firm)
    db.session.flush()
    company = open_company(firm, "A")
    plant(company)
    today = date.today()  # noqa: DTZ011 - any year that holds today
    year = open_fiscal_year(company, date(today.year, 1, 1), date(today.year, 12, 31))
    plant_year(company, year)
    db.session.commit()
    return address_of(company, STANDARD[0])


def _mail(size: int, number: int) -> bytes:
    message = EmailMessage()
    message["From"] = "Fournitures <facturation@supplier.test>"
    message["Subject"] = f"Factures {number}"
    message.set_content("Bonjour,\nveuillez trouver ci-joint vos factures.\n")
    for paper in range(PAPERS):
        page = one_page_pdf(f"Facture {number}-{paper}")
        content = page + b"%" + os.urandom(size - len(page) - 1)
        name = f"Facture {number}-{paper}.pdf"
        message.add_attachment(
            content, maintype="application", subtype="pdf", filename=name
        )
    return message.as_bytes()


def _filing(app: Flask, mails: list[bytes], to: str) -> Side:
    """From the door to the documents; each round with other Message-IDs."""
    rounds = count()

    def once() -> list[float]:
        again = next(rounds)
        heads = [f"Message-ID: <{again}-{n}@a.test>\n" for n in range(len(mails))]
        with app.app_context():
            given = [h.encode() + m for h, m in zip(heads, mails, strict=True)]
            took = timed(lambda: _file(given, to))
            filed = db.session.scalar(
                select(func.count()).where(InboundMail.state == "filed")
            )
            db.session.remove()
        if filed != len(mails) * (again + 1):
            raise RuntimeError(f"{filed} mails are filed")
        return [took]

    return once


def _file(mails: list[bytes], to: str) -> None:
    for mail in mails:
        take_in(mail, SUPPLIER, [to])
    while jobs.read_waiting():
        pass


def _parsing(mails: list[bytes]) -> Callable[[], None]:
    def parse() -> None:
        for mail in mails:
            message = BytesParser(policy=policy.default).parsebytes(mail)
            for part in message.iter_attachments():
                part.get_payload(decode=True)

    return parse


def _weighed(app: Flask, mail: bytes, to: str) -> float:
    """Bytes that reading it takes, of this process or of the tallest beside it."""
    with app.app_context():
        take_in(mail, SUPPLIER, [to])
        with _weighing() as weight:
            while jobs.read_waiting():
                pass
        db.session.remove()
    return max(weight)


@contextmanager
def _weighing() -> Iterator[list[float]]:
    """Filled at its end: what this process grew by, and the children's peaks."""
    me, over, peaks = psutil.Process(), threading.Event(), [0.0]

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            for child in me.children(recursive=True):
                with suppress(OSError, psutil.Error):
                    if READER in child.cmdline():  # not the servers that we started
                        peaks.append(_line(child.pid, "VmHWM"))

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _line(me.pid, "VmRSS")
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()
        peaks.append(_line(me.pid, "VmHWM") - before)


def _line(pid: int, name: str) -> float:
    """A figure of /proc in bytes; 0 of a process that is ending."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0.0
