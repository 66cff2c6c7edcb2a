"""The net under every look-up: a statement that forgets the firm still finds nothing
of another one."""

import gc
import uuid

import pytest
from flask import Flask, g
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import aliased

from app import tenancy
from app.db import Base, TenantOwned, db
from app.library.models import Document, Folder
from app.tenancy import find_tenant
from tests.cast import World


@pytest.fixture
def at_birch(app: Flask, world: World) -> World:
    world.alder.switch("on")
    world.alder.drop("secret.pdf")
    world.birch.drop("own.pdf")
    db.session.expunge_all()
    g.firm = None
    with app.test_request_context(base_url="http://birch.guichet.test"):
        find_tenant()
    db.session.info["firm_id"] = world.birch.firm.id
    return world


def test_a_select_without_the_firm_finds_only_one_s_own(at_birch: World) -> None:
    assert [d.name for d in db.session.scalars(select(Document))] == ["own.pdf"]
    other = aliased(Document)
    assert [d.name for d in db.session.scalars(select(other))] == ["own.pdf"]
    names = db.session.scalars(select(Document.name).join(Folder)).all()
    assert names == ["own.pdf"]
    assert db.session.scalar(select(func.count()).select_from(Document)) == 1


def test_a_row_of_another_firm_cannot_be_got_by_its_id(at_birch: World) -> None:
    theirs = at_birch.alder.dune.id
    assert db.session.get(type(at_birch.alder.dune), theirs) is None


def test_an_update_without_the_firm_changes_only_one_s_own(at_birch: World) -> None:
    changed = db.session.execute(
        update(Document).values(name="x").returning(Document.name)
    ).all()
    assert len(changed) == 1


def test_a_statement_that_is_kept_is_held_to_each_firm_in_its_turn(
    at_birch: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenancy, "MOST_FIRMS", 2)
    kept = select(Document.name).where(Document.name != bindparam("other"))
    seen: list[str] = []
    for house in (at_birch.alder, at_birch.birch) * 3:
        db.session.info["firm_id"] = house.firm.id
        seen += db.session.scalars(kept, {"other": "x"}).all()
        # Of a third one, which makes the first two forgotten
        db.session.info["firm_id"] = uuid.uuid4()
        assert db.session.scalars(kept, {"other": "x"}).all() == []
    assert seen == ["secret.pdf", "own.pdf"] * 3
    assert len(tenancy._held[kept]) <= 2


def test_a_statement_that_nobody_keeps_is_forgotten(at_birch: World) -> None:
    gc.collect()
    before = len(tenancy._held)
    for _ in range(5):
        db.session.scalars(select(Document.name)).all()
    gc.collect()
    assert len(tenancy._held) == before


def test_every_table_but_the_known_few_belongs_to_a_firm() -> None:
    mappers = list(Base.registry.mappers)
    owned = {str(m.local_table) for m in mappers if issubclass(m.class_, TenantOwned)}
    others = set(Base.metadata.tables) - owned
    assert others == {
        *("firms", "firm_domains", "people", "sign_ins", "ticks"),
        *("notices", "vendor_contacts"),
        # The mail server's, not a firm's
        *("mail_events", "mail_minutes", "outages", "troubles", "audits"),
        "watched_mailboxes",
    }
