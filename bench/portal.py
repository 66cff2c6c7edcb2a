"""The firm whose pages are asked for: made by the product's own acts, in an
application that runs in this process on a database of its own.
"""

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.companies.models import Company
from app.companies.opening import open_company, open_fiscal_year
from app.connectors import catalogue, connecting, switches
from app.connectors.models import Connection
from app.db import db
from app.firms.models import Firm
from app.library.models import Folder
from app.library.tree import by_path, plant, plant_year
from app.people.models import Membership, Person
from app.people.passwords import hash_password
from bench import dataset
from bench.ground import PLATFORM, Ground
from bench.measuring import say

DOCUMENTS = int(os.environ.get("BENCH_DOCUMENTS", "1000000"))
PASSWORD = "correct horse battery"  # noqa: S105 - of a made-up account
HOST = f"durand.{PLATFORM}"
YEAR = "Dossier comptable annuel/Exercice 2026"
MONTHS = ("01 – Janvier", "02 – Février", "03 – Mars")
DEPTH = 10


@dataclass(frozen=True)
class Portal:
    """The application with its data, and where in them to look."""

    app: Flask
    database_url: str
    slug: str
    firm_id: UUID
    staff_id: UUID
    big: UUID  # a folder of a tenth of all documents
    middle: UUID  # of 1 000
    small: UUID  # of 10
    deep: UUID  # at the tenth level, below three switches
    inbox: UUID  # where no switch is on
    cookie: str
    csrf_token: str

    def path(self, folder_id: UUID) -> str:
        return f"/companies/{self.slug}/folders/{folder_id}"

    def visitor(self) -> FlaskClient:
        """A browser signed in as the firm's staff."""
        browser = self.app.test_client()
        browser.set_cookie("sid", self.cookie, domain=HOST)
        return browser

    @property
    def env(self) -> dict[str, str]:
        """What makes a gunicorn serve the same data."""
        return {"DATABASE_URL": self.database_url}


def build(ground: Ground, documents: int) -> Portal:
    say(f"{documents} documents:")
    url = ground.new_database(f"guichet_{documents}")
    app = create_app({"SQLALCHEMY_DATABASE_URI": url})
    with app.app_context():
        db.create_all()
        company, staff = _house()
        big, middle, small = (_folder(company, f"{YEAR}/Achats/{m}").id for m in MONTHS)
        deep = _deep(company).id
        inbox = _folder(company, "À classer").id
        db.session.commit()
        dataset.fill(documents, [big, middle, small])
        db.session.remove()
    cookie, csrf_token = _sign_in(app, f"/companies/{company.slug}/folders/{inbox}")
    gc.collect()
    gc.freeze()  # as gunicorn.conf.py does it in a worker
    return Portal(
        app=app,
        database_url=url,
        slug=company.slug,
        firm_id=company.firm_id,
        staff_id=staff.id,
        big=big,
        middle=middle,
        small=small,
        deep=deep,
        inbox=inbox,
        cookie=cookie,
        csrf_token=csrf_token,
    )


@contextmanager
def as_in_a_request(portal: Portal) -> Iterator[None]:
    """The database session as a request of the firm has it."""
    with portal.app.app_context():
        db.session.info["firm_id"] = portal.firm_id
        try:
            yield
        finally:
            db.session.remove()


@contextmanager
def statements(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is sent to the database meanwhile."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, given: Any, *_: Any) -> None:
        seen.append((statement, given))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def _house() -> tuple[Company, Person]:
    firm = Firm(slug="durand", name="Durand & Associés", brand_colour="#14533f")
    db.session.add(firm)
    db.session.flush()
    staff = Person(
        firm_id=firm.id,
        email="hugo@durand.example",
        name="Hugo Lambert",
        role="staff",
        password_hash=hash_password(PASSWORD),
    )
    company = open_company(firm, "Dupont Maçonnerie")
    plant(company)
    plant_year(company, open_fiscal_year(company, date(2026, 1, 1), date(2026, 12, 31)))
    db.session.add(staff)
    db.session.flush()
    db.session.add(
        Membership(
            firm_id=firm.id, person_id=staff.id, company_id=company.id, role="staff"
        )
    )
    connection = connect(company, "quickbooks")
    switches.set_switch(
        _folder(company, f"{YEAR}/Achats"), connection, "purchases", "on", by=None
    )
    return company, staff


def connect(company: Company, key: str) -> Connection:
    """The company connected to the application, with an address for each slot."""
    tool = catalogue.get(key)
    connecting.adopt(company.firm_id, tool, by=None)
    connection = connecting.authorise(company, tool, by=None)
    for slot in tool.slots:
        connecting.set_destination(
            connection, slot.key, f"{slot.key}@tool.test", by=None
        )
    db.session.flush()
    return connection


def _folder(company: Company, path: str) -> Folder:
    folder = by_path(company, path)
    if folder is None:
        raise LookupError(path)
    return folder


def _deep(company: Company) -> Folder:
    """Ten levels down: on at the third, cut at the sixth, on again at the ninth."""
    connection = connect(company, "quickbooks")
    folder = _folder(company, f"{YEAR}/Ventes")
    for level in range(3, DEPTH + 1):
        if level > 3:
            folder = _below(folder, level)
        if state := {3: "on", 6: "off", 9: "on"}.get(level):
            switches.set_switch(folder, connection, "purchases", state, by=None)
    return folder


def _below(parent: Folder, level: int) -> Folder:
    folder = Folder(
        firm_id=parent.firm_id,
        company_id=parent.company_id,
        parent_id=parent.id,
        name=f"Niveau {level}",
    )
    db.session.add(folder)
    db.session.flush()
    return folder


def _sign_in(app: Flask, then: str) -> tuple[str, str]:
    """The session's cookie and its CSRF token, once a page was shown."""
    browser = app.test_client()
    at = f"http://{HOST}"
    token = token_in(browser.get("/login", base_url=at).text)
    form = {"email": "hugo@durand.example", "password": PASSWORD, "csrf_token": token}
    answer = browser.post("/login", base_url=at, data=form)
    if answer.status_code != 303:
        raise RuntimeError(f"signing in: {answer.status}")
    token = token_in(browser.get(then, base_url=at).text)
    cookie = browser.get_cookie("sid", domain=HOST)
    if cookie is None:
        raise LookupError("no session")
    return cookie.value, token


def token_in(page: str) -> str:
    found = re.search(r'<meta name="csrf-token" content="([^"]+)"', page)
    if found is None:
        raise LookupError("no CSRF token in the page")
    return found[1]
