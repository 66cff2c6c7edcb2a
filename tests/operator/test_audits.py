"""The auditor reads every hour, some files at a time, and tells the operators once."""

from datetime import timedelta

import pytest
from flask import Flask, current_app
from sqlalchemy import func, select, update

from app.db import Base, database_now, db
from app.delivery import jobs as delivery_jobs, tick
from app.delivery.models import Audit
from app.library.models import Document, Version
from app.notices.models import Notice
from app.operator import audits, jobs
from tests.cast import House, World, signed_in
from tests.delivery.conftest import house
from tests.smtp import MailServer

__all__ = ["house"]


def told() -> list[Notice]:
    return list(
        db.session.scalars(select(Notice).where(Notice.kind == "audit_differences"))
    )


def spoil() -> None:
    db.session.execute(update(Document).values(status="validated"))
    db.session.commit()


def test_when_all_agrees_nobody_is_told(house: House, post: MailServer) -> None:
    house.drop()
    tick.run()
    audit = audits.run()
    assert audit
    assert (audit.found, audit.differences, audit.files_read) == (0, [], 1)
    assert audit.finished_at
    assert told() == []
    assert post.messages


def test_a_difference_is_kept_and_told_once_a_day(house: House) -> None:
    house.drop()
    spoil()
    for _ in range(2):
        audit = audits.run()
        assert audit
        assert audit.found == 1
        assert [d["kind"] for d in audit.differences] == ["validation"]
    assert audit
    (notice,) = told()
    assert (notice.recipient, notice.firm_id) == ("op@guichet.test", None)
    assert str(audit.differences[0]["about"]) in notice.text


def test_files_are_read_some_at_a_time_and_then_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "MOST_FILES", 2)
    dropped = [house.drop(f"{n}.pdf") for n in range(3)]
    versions = list(db.session.scalars(select(Version).order_by(Version.id)))
    current_app.extensions["guichet.storage"].delete(versions[2].storage_key)
    found = []
    for _ in range(3):
        audit = audits.run()
        assert audit
        found.append((audit.files_read, audit.found, audit.last_version_id))
    assert found == [(2, 0, versions[1].id), (1, 1, None), (2, 0, versions[1].id)]
    assert len(dropped) == 3


def test_time_is_up_after_one_file(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "MOST_SECONDS", -1.0)
    for name in ("a.pdf", "b.pdf"):
        house.drop(name)
    audit = audits.run()
    assert audit
    assert audit.files_read == 1
    assert audit.last_version_id is not None


def test_one_hour_has_one_reading(house: House) -> None:
    hour = database_now().replace(minute=0, second=0, microsecond=0)
    assert jobs.audit(hour.isoformat()) == {"found": 0, "files": 0}
    assert jobs.audit(hour.isoformat()) == {}
    later = hour + timedelta(hours=1)
    assert jobs.audit(later.isoformat()) == {"found": 0, "files": 0}
    assert db.session.scalar(select(func.count()).select_from(Audit)) == 2


def test_it_changes_nothing_but_its_own_row(house: House) -> None:
    house.drop()
    tick.run()
    before = everything()
    audits.run()
    after = everything()
    changed = {name for name, rows in after.items() if rows != before[name]}
    assert changed == {"audits"}


def everything() -> dict[str, list[str]]:
    found = {
        table.name: [str(row) for row in db.session.execute(select(table)).all()]
        for table in Base.metadata.sorted_tables
    }
    db.session.commit()
    return found


def test_the_run_of_a_slot_asks_once_an_hour_and_once_a_day(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def enqueue_once(*_args: object, job_id: str, name: str) -> bool:
        assert name == "default"
        asked.append(job_id)
        return True

    monkeypatch.setattr(jobs, "enqueue_once", enqueue_once)
    for slot in ("09:45", "10:00", "10:15"):
        delivery_jobs.tick(f"2026-11-04T{slot}:00+00:00")
    hours = ["2026110409", "2026110410", "2026110410"]
    assert _of("audit", asked) == hours
    assert _of("search", asked) == hours
    assert set(_of("sweep", asked)) == {"20261104"}
    assert len(set(_of("archives", asked))) == 3


def _of(kind: str, asked: list[str]) -> list[str]:
    return [one.partition("-")[2] for one in asked if one.startswith(f"{kind}-")]


def test_the_operator_reads_them_in_the_console(app: Flask, world: World) -> None:
    world.alder.drop()
    spoil()
    audits.run()
    page = signed_in(app, world.operator).get("/console/runs").text
    assert "nobody did it" in page
    assert signed_in(app, world.alder.admin).get("/console/runs").status_code == 404
