"""The people of the tests: firm Alder (admin Ada, staff Ben), client company Dune
(manager Dora, user Eli), company Elm (client Max); firm Birch with its twin."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask, has_app_context
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.companies.followers import may_enter
from app.companies.models import Company
from app.companies.opening import open_company, open_fiscal_year
from app.connectors import apps, connecting, switches
from app.connectors.models import Connection
from app.db import db
from app.firms.models import Firm
from app.library.deposit import Deposited, deposit
from app.library.models import Folder
from app.library.receiving import receive
from app.library.tree import by_path, plant, plant_year
from app.people.models import Membership, Person
from app.people.passwords import hash_password
from tests.papers import one_page_pdf

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)
YEAR = 2026
PURCHASES = f"Dossier comptable annuel/Exercice {YEAR}/Achats"


@dataclass
class House:
    """A firm with two companies and its people."""

    firm: Firm
    admin: Person
    staff: Person
    dune: Company
    elm: Company
    manager: Person
    user: Person
    other_client: Person

    def folder(self, path: str = PURCHASES, company: Company | None = None) -> Folder:
        folder = by_path(company or self.dune, path)
        assert folder, path
        return folder

    def connect(
        self, key: str = "quickbooks", company: Company | None = None
    ) -> Connection:
        """The company connected, with an address for each slot; committed."""
        company = company or self.dune
        app = apps.get(key)
        connecting.adopt(self.firm.id, app, by=self.admin)
        connection = connecting.authorise(company, app, by=self.admin)
        for slot in app.slots:
            connecting.set_destination(
                connection, slot.key, f"{slot.key}.{company.slug}@tool.test", by=None
            )
        db.session.commit()
        return connection

    def dune_connection(self, key: str = "quickbooks") -> Connection:
        """Dune's connection as it is, where `connect` would authorise it again."""
        found = connecting.connection_of(self.dune, key)
        assert found, key
        return found

    def switch(
        self,
        state: str = "on",
        path: str = PURCHASES,
        connection: Connection | None = None,
        slot: str = "purchases",
    ) -> int:
        connection = connection or self.connect()
        cancelled = switches.set_switch(
            self.folder(path), connection, slot, state, by=self.admin
        )
        db.session.commit()
        return cancelled

    def drop(
        self,
        name: str = "Facture.pdf",
        path: str = PURCHASES,
        content: bytes | None = None,
        company: Company | None = None,
    ) -> Deposited:
        """A document deposited by the manager, or else by who may; committed."""
        into = self.folder(path, company)
        people = (self.manager, self.other_client, self.admin)
        done = deposit(
            receive([content or one_page_pdf(name)], name),
            into=into,
            by=next(one for one in people if may_enter(one, into.company)),
            channel="web",
        )
        db.session.commit()
        return done


@dataclass
class World:
    alder: House
    birch: House
    operator: Person


def make_world() -> World:
    operator = _person(None, "op@guichet.test", "Olga", "operator")
    world = World(_house("alder"), _house("birch"), operator)
    db.session.commit()
    return world


def _house(slug: str) -> House:
    firm = Firm(slug=slug, name=f"Cabinet {slug.title()}", brand_colour="#14533f")
    db.session.add(firm)
    db.session.flush()
    dune = _company(firm, f"Dune {slug.title()}")
    elm = _company(firm, f"Elm {slug.title()}")
    house = House(
        firm=firm,
        admin=_person(firm, "ada@firm.test", "Ada Martin", "firm_admin"),
        staff=_person(firm, "ben@firm.test", "Ben Petit", "staff"),
        dune=dune,
        elm=elm,
        manager=_person(firm, "dora@dune.test", "Dora Dune", "client"),
        user=_person(firm, "eli@dune.test", "Eli Dune", "client"),
        other_client=_person(firm, "max@elm.test", "Max Elm", "client"),
    )
    for person, company, role in (
        (house.staff, dune, "staff"),
        (house.manager, dune, "company_manager"),
        (house.user, dune, "company_user"),
        (house.other_client, elm, "company_manager"),
    ):
        db.session.add(
            Membership(
                firm_id=firm.id, person_id=person.id, company_id=company.id, role=role
            )
        )
    return house


def _company(firm: Firm, name: str) -> Company:
    company = open_company(firm, name)
    plant(company)
    plant_year(company, open_fiscal_year(company, date(YEAR, 1, 1), date(YEAR, 12, 31)))
    return company


def _person(firm: Firm | None, email: str, name: str, role: str) -> Person:
    person = Person(
        firm_id=firm.id if firm else None,
        email=email,
        name=name,
        role=role,
        password_hash=_HASH,
    )
    db.session.add(person)
    db.session.flush()
    return person


class Browser(FlaskClient):
    """A test client at one portal, that sends the CSRF token as scripts do."""

    host = "alder.guichet.test"
    token: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("base_url", f"http://{self.host}")
        if self.token:
            kwargs.setdefault("environ_overrides", {})
            kwargs["environ_overrides"].setdefault("HTTP_X_CSRFTOKEN", self.token)
        if has_app_context():
            db.session.commit()  # what the test holds must not lock out the request
        # A context of its own, as in production: nothing of `g` is left over.
        with self.application.app_context():
            return super().open(*args, **kwargs)


def browser_at(app: Flask, firm: Firm | None) -> Browser:
    """A browser of nobody, at the portal of the firm (or at the console)."""
    browser = Browser(app, app.response_class, use_cookies=True)
    browser.host = f"{firm.slug}.guichet.test" if firm else "guichet.test"
    return browser


def signed_in(app: Flask, person: Person) -> Browser:
    """A browser of that person, signed in at their firm's portal."""
    firm = db.session.get(Firm, person.firm_id) if person.firm_id else None
    browser = browser_at(app, firm)
    token = csrf_token(browser)
    answer = browser.post(
        "/login",
        data={"email": person.email, "password": PASSWORD, "csrf_token": token},
    )
    assert answer.status_code == 303, answer.text
    browser.token = csrf_token(browser, "/")
    return browser


def csrf_token(browser: Browser, path: str = "/login") -> str:
    """The token of a page, as its scripts read it."""
    page = browser.get(path, follow_redirects=True).text
    found = re.search(r'<meta name="csrf-token" content="([^"]+)"', page)
    assert found, page[:500]
    return found[1]


def served(browser: Browser, path: str) -> tuple[int, bytes]:
    """The status and the whole body, as a server gets them: where no context is open,
    and the view's own is over before the body is asked for."""

    def serve() -> tuple[int, bytes]:
        environ = EnvironBuilder(path, base_url=f"http://{browser.host}").get_environ()
        cookie = browser.get_cookie("sid", domain=browser.host)
        environ["HTTP_COOKIE"] = f"sid={cookie.value}" if cookie else ""
        body, status, _headers = run_wsgi_app(browser.application, environ)
        return int(status.split()[0]), b"".join(body)

    db.session.commit()  # what the test holds must not lock out the request
    with ThreadPoolExecutor(1) as server:
        return server.submit(serve).result()
