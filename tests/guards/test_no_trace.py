"""A client never learns that booking is automated: every byte that they get is read.

They follow each link, and try each address of the table of routes, at both firms.
"""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.connectors import apps, destinations
from app.connectors.destinations import Change
from app.db import db
from app.library.models import Document
from app.notices.models import Notice
from app.people.models import Person
from app.policy import audience_of
from tests.cast import PURCHASES, Browser, World, browser_at, signed_in
from tests.guards import canaries
from tests.guards.canaries import OWN, WORDS, signs
from tests.guards.crawling import (
    FRAGMENT,
    Told,
    Values,
    addresses,
    follow_links,
    post_everything,
    read,
    try_everything,
)

CLIENTS = ("manager", "user", "other_client")
FIELDS = {
    **{"name": "Nom", "q": "a", "reason": "flou", "text": "Bonjour", "state": "on"},
    **{"slot": "purchases", "authorised": "on", "email": "a@b.test", "step": "bot"},
    **{"body": "Bonjour", "act": "move", "path": "Nouveau"},
    **{"destination_purchases": "x@y.test", "colour_scheme": "dark", "locale": "fr"},
}


@pytest.fixture
def full(world: World) -> World:
    canaries.fill(world)
    return world


def values(world: World, role: str = "manager") -> Values:
    """The real things that addresses ask for, first those of the person's company."""
    house = world.alder
    companies = [house.dune, house.elm]
    if role == "other_client":
        companies.reverse()
    here = companies[0]
    connection = house.connect("quickbooks", here)
    documents = sa.select(Document.id).where(Document.company_id == here.id)
    every_key = [*canaries.everything(house), "none"]
    return {
        "slug": [*(company.slug for company in companies), world.birch.dune.slug],
        "folder_id": [
            str(house.folder(path, here).id) for path in (PURCHASES, "Cabinet")
        ],
        "document_id": [str(db.session.scalar(documents.limit(1)))],
        "key": sorted(every_key, key=lambda key: key not in {"quickbooks", OWN}),
        "connection": [str(connection.id), "quickbooks"],
        "firm_id": [str(house.firm.id)],
        "delivery_id": canaries.one_of("deliveries"),
        "mail_id": canaries.one_of("bot_mails"),
        "comment_id": canaries.one_of("comments"),
        "number": ["1"],
        "test_id": canaries.one_of("test_mails"),
        "prefix": ["compta"],
        "address_id": canaries.one_of("collection_addresses"),
        "sender_id": canaries.one_of("accepted_senders"),
        "template_id": canaries.one_of("tree_templates"),
        "person_id": [str(house.manager.id)],
        "any": canaries.one_of_each(),
    }


def everything_told_to(app: Flask, world: World, role: str) -> Told:
    told: Told = {}
    given = values(world, role)
    browser = signed_in(app, getattr(world.alder, role))
    follow_links(browser, told)
    try_everything(app, browser, told, given)
    _in_error(browser, told)
    at_the_other = browser_at(app, world.birch.firm)
    cookie = browser.get_cookie("sid", domain=browser.host)
    assert cookie
    at_the_other.set_cookie("sid", cookie.value, domain=at_the_other.host)
    first = {name: found[:1] for name, found in given.items()}
    try_everything(app, at_the_other, told, first)
    post_everything(app, browser, told, given, FIELDS)
    return told


def _in_error(browser: Browser, told: Told) -> None:
    """404, 405, 413, 422, and a stale token."""
    for headers in ({}, FRAGMENT):
        for path in ("/none", "/static/none.css", "/companies/none", "/documents/0"):
            read(browser, told, path, headers=headers)
        read(browser, told, "/companies", method="PUT", headers=headers)
        token, browser.token = browser.token, "stale"
        read(browser, told, "/preferences", method="POST", headers=headers)
        browser.token = token


def traces(world: World, told: Told) -> dict[str, set[str]]:
    """What betrays the firm's side, and where it stands first."""
    house = world.alder
    db.session.expire_all()
    of_apps = [
        sign
        for key, app in canaries.everything(house).items()
        for sign in signs(app, house.connect(key)).values()
    ]
    found: dict[str, set[str]] = {}
    for line, where in _lines(told).items():
        patterns = of_apps if "/static/vendor/" in where else [WORDS, *of_apps]
        if words := {m[0] for sign in patterns for m in sign.finditer(line)}:
            found.setdefault(where, set()).update(words)
    return found


def _lines(told: Told) -> dict[str, str]:
    """Each line once, for pages have much in common; with where it stands first."""
    first: dict[str, str] = {}
    for where, text in told.items():
        for line in text.splitlines():
            first.setdefault(line, where)
    return first


@pytest.mark.parametrize("role", CLIENTS)
def test_no_byte_that_a_client_gets_tells(app: Flask, full: World, role: str) -> None:
    told = everything_told_to(app, full, role)
    assert len(told) > 300
    statuses = {text.split(" ", 1)[0] for text in told.values()}
    assert {"200", "303", "400", "404", "405", "413", "422"} <= statuses
    assert traces(full, told) == {}
    firms = firm_paths(app, values(full, role))
    asked = [where for where in told if path_at(where, full) in firms]
    assert len(asked) > 60
    assert [where for where in asked if not where.endswith(" 404")] == []


def firm_paths(app: Flask, given: Values) -> set[str]:
    """Every address that is the firm's alone, whatever the method."""
    found: dict[str, set[str | None]] = {}
    for method in ("GET", "POST"):
        for rule, path in addresses(app, method, given):
            found.setdefault(path, set()).add(audience_of(rule.endpoint))
    firms = {"firm", "firm_admins", "operator"}
    return {path for path, audiences in found.items() if audiences <= firms}


def path_at(where: str, world: World) -> str:
    """The path, when it was asked for at the client's own firm."""
    _method, host, path, *_rest = where.split(" ")
    return path if host.startswith(world.alder.firm.slug) else ""


def test_the_same_addresses_tell_the_firm_of_each_application(
    app: Flask, full: World
) -> None:
    """The traces are there to be found: the test above can fail."""
    house = full.alder
    told: Told = {}
    browser = signed_in(app, house.admin)
    for _rule, path in addresses(app, "GET", values(full)):
        read(browser, told, path)
    text = "\n".join(told.values())
    db.session.expire_all()
    for key, partner in canaries.everything(house).items():
        connection = house.connect(key)
        every = signs(partner, connection)
        found = {name for name, sign in every.items() if sign.search(text)}
        wanted = {partner.name, connection.bot_address, "prefix", "tile"}
        wanted |= {destination.address for destination in connection.destinations}
        assert wanted <= found, (key, wanted - found)
    words = {match[0].lower() for match in WORDS.finditer(text)}
    assert {"cab-", "quickbooks", "prochain passage", "canary"} <= words


def test_one_word_is_enough_to_be_found(app: Flask, full: World) -> None:
    for leak in (
        '<span class="tile tile-green">x</span>',
        '<span class="tile">qb</span>',
        "De : dext+dune@elsewhere.test",
        "X-Robot: Dext",
        "Canaripaie",
        "purchases.dune-alder@tool.test",
        "Voir QuickBooks Dépenses Express",
        "x@qbodocs.com",
        "Prochain passage dans 7 min",
        "canary8@too",
    ):
        told = {"GET /": f"<p>\n{leak}\n</p>", "GET /2": "Par e-mail, dextre, email"}
        assert set(traces(full, told)) == {"GET /"}, leak


def test_only_administrators_are_written_to_about_addresses(
    app: Flask, full: World
) -> None:
    house = full.alder
    partner = apps.get("quickbooks")
    change = Change(house.dune, partner.slots[0], "old@tool.test", "new@tool.test")
    destinations.tell_admins(partner, [change], by=house.staff)
    db.session.commit()
    kind = Notice.kind == "destination_changed"
    written = db.session.scalars(sa.select(Notice.recipient).where(kind))
    assert set(written) == {house.admin.email}


def test_no_client_is_written_to_but_to_be_invited_whatever_is_done(
    app: Flask, full: World
) -> None:
    house, told, given = full.alder, Told(), values(full)
    for person in (house.admin, house.manager):
        browser = signed_in(app, person)
        post_everything(app, browser, told, given, FIELDS)
    clients = db.session.scalars(sa.select(Person.email).where(Person.role == "client"))
    to_clients = Notice.kind == "invitation"
    written = db.session.scalars(sa.select(Notice.recipient).where(~to_clients)).all()
    assert written
    assert not set(written) & set(clients)
    invitations = db.session.scalars(sa.select(Notice).where(to_clients)).all()
    assert invitations
    texts = {f"GET {one.id}": f"{one.subject}\n{one.text}" for one in invitations}
    assert traces(full, texts) == {}
