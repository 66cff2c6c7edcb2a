"""The trail is one chain per firm: what was written cannot be changed unseen."""

import threading
import uuid

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from app.activity import recording
from app.activity.models import Entry
from app.activity.recording import digest, record, seal_everything, sealed_words
from app.db import db
from app.delivery import tick
from app.firms.models import Firm
from tests.cast import House, World
from tests.smtp import MailServer


def chain(firm: Firm) -> list[Entry]:
    """As the database has it now."""
    db.session.expire_all()
    found = db.session.scalars(
        select(Entry)
        .where(Entry.firm_id == firm.id, Entry.position.is_not(None))
        .order_by(Entry.position)
    ).all()
    db.session.commit()
    return list(found)


def is_whole(entries: list[Entry]) -> bool:
    before = ""
    for position, entry in enumerate(entries, 1):
        if entry.position != position or entry.sha256 != digest(
            before, sealed_words(entry)
        ):
            return False
        before = entry.sha256
    return True


def write(firm: Firm, count: int) -> None:
    for number in range(count):
        record("noted", firm_id=firm.id, name=f"Pièce n°{number} – été", number=number)
    db.session.commit()


def unsealed() -> int:
    found = db.session.scalars(select(Entry.id).where(Entry.position.is_(None))).all()
    db.session.commit()
    return len(found)


def test_a_run_seals_all_that_was_written(house: House, smtp: MailServer) -> None:
    house.drop()
    tick.run()
    assert unsealed() == 0
    entries = chain(house.firm)
    assert [entry.verb for entry in entries][-2:] == ["transmitted", "validated"]
    assert is_whole(entries)


def test_the_chain_goes_on_where_it_ended(world: World) -> None:
    for count in (3, 0, 2):
        write(world.alder.firm, count)
        seal_everything()
    entries = chain(world.alder.firm)
    assert is_whole(entries)
    assert [entry.details["number"] for entry in entries[-5:]] == [0, 1, 2, 0, 1]


def test_each_firm_has_a_chain_of_its_own(world: World) -> None:
    for _ in range(2):
        write(world.alder.firm, 2)
        write(world.birch.firm, 3)
    seal_everything()
    for house, count in ((world.alder, 4), (world.birch, 6)):
        entries = chain(house.firm)
        assert len([entry for entry in entries if entry.verb == "noted"]) == count
        assert is_whole(entries)


def test_more_than_a_batch_is_sealed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "A_BATCH", 3)
    write(world.alder.firm, 10)
    seal_everything()
    assert unsealed() == 0
    assert is_whole(chain(world.alder.firm))


@pytest.mark.parametrize("what", ["verb", "details", "is_firm_only", "actor_id"])
def test_a_changed_line_breaks_the_chain(world: World, what: str) -> None:
    write(world.alder.firm, 3)
    seal_everything()
    values = {
        "verb": "forgotten",
        "details": {"number": 99},
        "is_firm_only": True,
        "actor_id": world.alder.admin.id,
    }
    entry = chain(world.alder.firm)[1]
    changed = update(Entry).where(Entry.id == entry.id)
    db.session.execute(changed.values({what: values[what]}))
    db.session.commit()
    assert not is_whole(chain(world.alder.firm))


def test_a_line_taken_away_breaks_the_chain(world: World) -> None:
    write(world.alder.firm, 3)
    seal_everything()
    entry = chain(world.alder.firm)[1]
    db.session.execute(delete(Entry).where(Entry.id == entry.id))
    db.session.commit()
    assert not is_whole(chain(world.alder.firm))


def test_the_chain_holds_for_a_server_with_another_clock(world: World) -> None:
    write(world.alder.firm, 2)
    seal_everything()
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET TIME ZONE 'Pacific/Auckland'"))
    entries = chain(world.alder.firm)
    db.session.execute(text("SELECT 1"))
    assert is_whole(entries)
    db.session.close()
    db.engine.dispose()


def test_sealers_at_once_make_one_chain(app: Flask, world: World) -> None:
    firm_id = world.alder.firm.id
    together = threading.Barrier(4)

    def work() -> None:
        with app.app_context():
            together.wait()
            for _ in range(5):
                write_one(firm_id)
                seal_everything()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    seal_everything()
    entries = chain(world.alder.firm)
    assert len([entry for entry in entries if entry.verb == "noted"]) == 20
    assert is_whole(entries)


def write_one(firm_id: uuid.UUID) -> None:
    record("noted", firm_id=firm_id)
    db.session.commit()
