"""Every address says who may call it, and holds to it."""

import re
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete
from werkzeug.routing import Rule

from app.archives.models import Archive
from app.collection.accepting import Envelope
from app.collection.jobs import read_waiting
from app.collection.models import AcceptedSender, CollectionAddress
from app.companies.models import TreeTemplate
from app.db import db, utc_now
from app.filters.keeping import save
from app.filters.models import SavedFilter
from app.library.commenting import comment
from app.library.template_nodes import STANDARD, written
from app.mailroom.entrance import take_in
from app.mailroom.receiving import receive as receive_mail
from app.policy import AUDIENCES, audience_of
from tests.cast import House, World, browser_at, served, signed_in

PUBLIC = {
    "bundles",
    "forgetting.change",  # whoever holds the link
    "forgetting.choose",
    "forgetting.send",
    "forgetting.show",
    "firms.home",  # sends a stranger to the sign-in page
    "firms.theme",
    "install.icon",
    "install.manifest",
    "notices.stop",
    "notices.stop_create",
    "notices.stop_mentions",
    "notices.stop_mentions_create",
    "operator.healthz",
    "operator.readyz",
    "invitations.accept",  # whoever holds the link
    "invitations.show",
    "people.login",
    "people.login_create",
    "people.logout",
    "people.preferences",
    "share.create",  # signed out it says that nothing was kept
    "static",
}

# The address itself is the proof: library/test_deposit_notices, mentions/test_mentions.
SIGNED = {"notices.stop_create", "notices.stop_mentions_create"}


def rules(app: Flask) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.endpoint != "static"
    ]


def address(rule: Rule, house: House) -> str:
    """The rule's address for the real things of a house, made as it asks for them."""
    values = {name: MADE[name](house) for name in rule.arguments}
    with_values = re.sub(
        r"<(?:[\w(),]+:)?(\w+)>", lambda match: str(values[match[1]]), rule.rule
    )
    assert "<" not in with_values
    return with_values


def document_id(house: House) -> uuid.UUID:
    return house.drop(f"{uuid.uuid4().hex[:6]}.pdf").document.id


def comment_id(house: House) -> uuid.UUID:
    document = house.drop(f"{uuid.uuid4().hex[:6]}.pdf").document
    made = comment(document, "x", "firm_only", by=house.staff)
    db.session.commit()
    return made.id


def delivery_id(house: House) -> uuid.UUID:
    house.switch("on")
    [delivery] = house.drop(f"{uuid.uuid4().hex[:6]}.pdf").deliveries
    return delivery.id


def archive_id(house: House) -> uuid.UUID:
    """Of one that the firm had made of the house's first company."""
    made = Archive(
        firm_id=house.firm.id, company_id=house.dune.id, is_for_firm=True, name="2026"
    )
    db.session.add(made)
    db.session.commit()
    return made.id


def former_address_id(house: House) -> uuid.UUID:
    """Of one that the house's first company had."""
    made = CollectionAddress(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        address=f"compta+{uuid.uuid4().hex[:6]}@mail.guichet.test",
        family="compta",
        replaced_at=utc_now(),
    )
    db.session.add(made)
    db.session.commit()
    return made.id


def sender_id(house: House) -> uuid.UUID:
    """Of one that the house's first company takes mail from."""
    made = AcceptedSender(
        firm_id=house.firm.id,
        company_id=house.dune.id,
        pattern=f"{uuid.uuid4().hex[:6]}@supplier.test",
    )
    db.session.add(made)
    db.session.commit()
    return made.id


def template_id(house: House) -> uuid.UUID:
    """Of a tree template of the firm."""
    name = uuid.uuid4().hex[:6]
    made = TreeTemplate(firm_id=house.firm.id, name=name, content=written(STANDARD))
    db.session.add(made)
    db.session.flush()
    return made.id


def filter_id(house: House) -> uuid.UUID:
    """Of a filter that somebody of the house saved."""
    name = uuid.uuid4().hex[:6]
    made = save(house.manager, "search", name, {"q": "x"})
    db.session.execute(delete(SavedFilter).where(SavedFilter.id != made.id))
    db.session.commit()
    return made.id


def mail_id(house: House) -> uuid.UUID:
    """Of a mail to the bot of the house's first company."""
    bot = house.connect().bot_address
    (taken,) = receive_mail(b"Subject: Invitation\r\n\r\nhttps://tool.test/", "", [bot])
    return taken.mail_id


def inbound_id(house: House) -> uuid.UUID:
    """Of a mail to the house's first company that waits for a person."""
    raw = f"Message-ID: <{uuid.uuid4()}@x>\r\n\r\nBonjour".encode()
    to = f"banque+{house.dune.slug}@{house.dune.mail_domain}"
    (taken,) = take_in(raw, Envelope("smtp"), [to])
    read_waiting()
    return taken.mail_id


MADE: dict[str, Callable[[House], object]] = {
    "slug": lambda house: house.dune.slug,
    "folder_id": lambda house: house.folder().id,
    "document_id": document_id,
    "comment_id": comment_id,
    "delivery_id": delivery_id,
    "firm_id": lambda house: house.firm.id,
    "key": lambda house: house.connect("quickbooks").app_key,
    "connection": lambda house: house.connect().id,
    "mail_id": mail_id,
    "inbound_id": inbound_id,
    "stray_id": inbound_id,
    "act": lambda _house: "move",
    "archive_id": archive_id,
    "person_id": lambda house: house.manager.id,
    "template_id": template_id,
    "token": lambda _house: "none",
    "filter_id": filter_id,
    "provider": lambda _house: "postmark",
    "number": lambda _house: 1,
    "language": lambda _house: "fr",
    "name": lambda _house: "none.js",
    "prefix": lambda _house: "compta",
    "address_id": former_address_id,
    "sender_id": sender_id,
}


def test_every_endpoint_declares_its_audience(app: Flask) -> None:
    for rule, _method in rules(app):
        assert audience_of(rule.endpoint) in AUDIENCES, rule


def test_only_the_listed_endpoints_are_public(app: Flask) -> None:
    public = {
        r.endpoint for r, _ in rules(app) if audience_of(r.endpoint) == "everyone"
    }
    assert public | {"static"} == PUBLIC


def test_a_stranger_gets_the_sign_in_page_or_nothing(app: Flask, world: World) -> None:
    for rule, method in rules(app):
        if rule.endpoint in PUBLIC:
            continue
        browser = browser_at(app, world.alder.firm)
        url = address(rule, world.alder)
        answer = browser.open(url, method=method)
        assert answer.status_code in {302, 303, 404}, (rule, answer.status_code)
        if answer.status_code != 404:
            assert answer.location.startswith("/login"), rule


@pytest.mark.parametrize("role", ["admin", "staff", "manager", "user"])
def test_what_belongs_to_another_firm_is_not_found(
    app: Flask, world: World, role: str
) -> None:
    browser = signed_in(app, getattr(world.birch, role))
    for rule, method in rules(app):
        if not rule.arguments or rule.arguments == {"key"}:
            continue
        url = address(rule, world.alder)
        answer = browser.open(url, method=method)
        # Staff are told of what is for administrators, whatever the address holds.
        is_closed = role == "staff" and audience_of(rule.endpoint) == "firm_admins"
        wanted = 403 if is_closed else 404
        assert answer.status_code == wanted, (rule, method, answer.status_code)
        assert "Dune Alder" not in answer.text


def test_what_belongs_to_another_company_is_not_found(app: Flask, world: World) -> None:
    browser = signed_in(app, world.alder.other_client)
    for rule, method in rules(app):
        if not rule.arguments or rule.arguments == {"key"}:
            continue
        answer = browser.open(address(rule, world.alder), method=method)
        assert answer.status_code == 404, (rule, method, answer.status_code)


@pytest.mark.parametrize("role", ["manager", "user"])
def test_a_page_of_the_firm_does_not_exist_for_a_client(
    app: Flask, world: World, role: str
) -> None:
    browser = signed_in(app, getattr(world.alder, role))
    for rule, method in rules(app):
        if audience_of(rule.endpoint) in {"firm", "firm_admins", "operator"}:
            answer = browser.open(address(rule, world.alder), method=method)
            assert answer.status_code == 404, (rule, method)


def test_nothing_changes_without_the_csrf_token(app: Flask, world: World) -> None:
    of_the_firm = signed_in(app, world.alder.admin)
    of = {
        "operator": signed_in(app, world.operator),
        "clients": signed_in(app, world.alder.manager),
    }
    for each in (of_the_firm, *of.values()):
        each.token = None
    for rule, method in rules(app):
        if method == "POST":
            audience = audience_of(rule.endpoint)
            if audience == "machines" or rule.endpoint in SIGNED:
                continue  # see delivery/test_hooks
            browser = of.get(str(audience), of_the_firm)
            answer = browser.post(address(rule, world.alder), data={"state": "off"})
            assert answer.status_code == 400, (rule, answer.status_code)


def test_every_page_and_file_comes_whole_from_a_server(
    app: Flask, world: World
) -> None:
    house = world.alder
    of = {
        "operator": signed_in(app, world.operator),
        "clients": signed_in(app, house.manager),
    }
    ada = signed_in(app, house.admin)
    house.switch("on")
    house.drop("a.pdf")
    for rule, method in rules(app):
        audience = audience_of(rule.endpoint)
        if method != "GET" or audience == "machines":
            continue
        path = address(rule, house)
        status, body = served(of.get(str(audience), ada), path)
        assert status < 500, path
        if rule.endpoint == "journal.export":
            assert b"a.pdf" in body


def test_an_act_that_is_asked_for_as_a_page_says_how_it_is_asked_for(
    app: Flask, world: World
) -> None:
    """RFC 9110, 15.5.6."""
    document = world.alder.drop("a.pdf").document
    ada = signed_in(app, world.alder.admin)
    for headers in ({}, {"HX-Request": "true"}):
        answer = ada.get(f"/documents/{document.id}/validate", headers=headers)
        assert answer.status_code == 405
        assert "POST" in answer.headers["Allow"]


def test_a_host_of_nobody_is_not_found(app: Flask, world: World) -> None:
    for host in ("evil.test", "alder.guichet.test.evil.test", "zeta.guichet.test"):
        answer = app.test_client().get("/login", headers={"Host": host})
        assert answer.status_code == 404
        assert "Set-Cookie" not in answer.headers


def test_a_cookie_of_one_firm_opens_nothing_at_another(
    app: Flask, world: World
) -> None:
    browser = signed_in(app, world.alder.admin)
    here = browser.get("/companies")
    assert here.status_code == 200
    cookie = browser.get_cookie("sid", domain="alder.guichet.test")
    assert cookie
    there = app.test_client().get(
        "/companies",
        headers={"Host": "birch.guichet.test", "Cookie": f"sid={cookie.value}"},
    )
    assert there.status_code in {302, 303}
