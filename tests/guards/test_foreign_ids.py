"""Ids of a company that a person may not enter, in the addresses and the forms of one
that is theirs: nothing is found, nothing of the other one is told, nothing changes."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.db import Base, db
from app.library.making import make_folder
from tests.cast import House, World, signed_in
from tests.guards.test_routes import MADE, rules

IN_THE_ADDRESS = {"slug", "key", "act", "prefix", "name", "number", "provider"}


def other(house: House) -> House:
    """The same firm's other company in the place of the first."""
    return replace(house, dune=house.elm, elm=house.dune)


def made(name: str, house: House) -> object:
    """A folder of its own for each act: some put it away."""
    if name != "folder_id":
        return MADE[name](house)
    folder = make_folder(house.dune, None, uuid.uuid4().hex[:6], by=house.staff)
    db.session.commit()
    return folder.id


def rows_of(companies: set[uuid.UUID]) -> dict[str, list[str]]:
    db.session.commit()
    found: dict[str, list[str]] = {}
    for table in Base.metadata.sorted_tables:
        if "company_id" in table.columns:
            which = table.c.company_id.in_(companies)
            rows = db.session.connection().execute(select(table).where(which)).all()
            found[table.name] = sorted(map(repr, rows))
    db.session.commit()
    return found


def fields(house: House) -> Iterator[dict[str, Any]]:
    """What forms hold, with what is the house's."""
    folder = str(house.folder().id)
    document = str(house.drop(f"{uuid.uuid4().hex[:6]}.pdf").document.id)
    connection = str(house.connect().id)
    places = dict.fromkeys(("folder", "parent", "here", "to", "into", "year"), folder)
    ids = dict.fromkeys(("id", "document", "documents", "ids"), document)
    for act in ("move", "undo", "resend"):
        yield {
            **places,
            **ids,
            "act": act,
            "company": house.dune.slug,
            "connection": connection,
            "slot": "purchases",
            "state": "on",
            "one": f"{act} {document}",
            "name": "x",
            "reason": "x",
            "body": "x",
            "visibility": "shared",
            "person": str(house.other_client.id),
            "staff": str(house.staff.id),
        }


@pytest.mark.parametrize("role", ["staff", "manager", "user"])
def test_in_the_address_they_are_not_found(app: Flask, world: World, role: str) -> None:
    house = world.alder
    browser = signed_in(app, getattr(house, role))
    for foreign in (other(house), world.birch):
        for rule, method in rules(app):
            ids = rule.arguments - IN_THE_ADDRESS
            if "slug" not in rule.arguments or not ids:
                continue
            path = rule.rule
            for name in rule.arguments:
                value = made(name, foreign if name in ids else house)
                path = re.sub(rf"<(?:[\w(),]+:)?{name}>", str(value), path)
            answer = browser.open(path, method=method, data={"state": "on"})
            assert answer.status_code in {403, 404}, (rule, method, answer.status_code)


@pytest.mark.parametrize("role", ["staff", "manager"])
def test_in_a_form_they_change_and_tell_nothing(
    app: Flask, world: World, role: str
) -> None:
    house = world.alder
    house.connect()
    browser = signed_in(app, getattr(house, role))
    for foreign in (other(house), world.birch):
        named = foreign.dune.name
        for data in fields(foreign):
            before = rows_of({house.elm.id, world.birch.dune.id, world.birch.elm.id})
            for rule, method in rules(app):
                if method != "POST" or rule.endpoint in {"people.logout"}:
                    continue
                path = rule.rule
                for name in rule.arguments:
                    value = made(name, house)
                    path = re.sub(rf"<(?:[\w(),]+:)?{name}>", str(value), path)
                answer = browser.post(path, data=data)
                assert answer.status_code < 500, (rule, data)
                assert named not in answer.text, (rule, data)
            now = rows_of({house.elm.id, world.birch.dune.id, world.birch.elm.id})
            for table, rows in now.items():
                assert rows == before[table], (table, data)
