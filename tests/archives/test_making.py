"""An archive of a company or a year: asked for, made by a job, kept for some days."""

import csv
import hashlib
import io
import os
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from redis import Redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.archives import looking_after, making
from app.archives.models import Archive
from app.blobs import StorageUnavailable
from app.companies.archiving import archive
from app.db import db, utc_now
from app.library.models import Document, Version
from app.library.moving import move_document, move_folder
from app.library.receiving import store
from app.library.trashing import restore_document, trash_document
from app.notices.models import Notice
from app.operator.sweeping import sweep
from app.people.models import Membership
from app.queueing import TOLD_TO_END, queue
from app.storage import FileStorage
from tests.cast import Browser, House, World, signed_in
from tests.conftest import redis_url

YEAR = "Dossier comptable annuel/Exercice 2026"


@pytest.fixture
def house(world: World) -> House:
    house = world.alder
    house.switch("on")
    house.drop("Facture <b>.pdf", f"{YEAR}/Achats")
    house.drop("Contrat.pdf", "Juridique")
    house.drop("Note interne.pdf", "Cabinet")
    return house


def ask(browser: Browser, house: House, year: str = "") -> Any:
    return browser.post(f"/companies/{house.dune.slug}/archives", data={"year": year})


def newest() -> Archive:
    wanted = select(Archive).order_by(Archive.id.desc()).limit(1)
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one()


def made(browser: Browser, house: House, year: str = "") -> Archive:
    assert ask(browser, house, year).status_code == 303
    making.make(str(newest().id))
    return newest()


def content(archive: Archive) -> zipfile.ZipFile:
    assert archive.storage_key
    with store().open(archive.storage_key) as blob:
        data = blob.read()
    assert hashlib.sha256(data).hexdigest() == archive.sha256
    whole = zipfile.ZipFile(io.BytesIO(data))
    assert whole.testzip() is None
    return whole


def test_an_archive_holds_every_document_with_an_index(
    app: Flask, house: House
) -> None:
    archive = made(signed_in(app, house.admin), house)
    assert (archive.state, archive.files, archive.missing) == ("ready", 3, 0)
    whole = content(archive)
    paths = [name for name in whole.namelist() if not name.startswith("index.")]
    assert paths == [
        "Cabinet/Note interne.pdf",
        f"{YEAR}/Achats/Facture _b_.pdf",
        "Juridique/Contrat.pdf",
    ]
    page = BeautifulSoup(whole.read("index.html").decode(), "html.parser")
    assert [str(a["href"]) for a in page.select("td a")][2] == "Juridique/Contrat.pdf"
    assert house.firm.brand_colour in whole.read("index.css").decode()
    table = whole.read("index.csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table), delimiter=";"))[1:]
    for row in rows:
        assert hashlib.sha256(whole.read(row[0])).hexdigest() == row[3]


def test_a_client_s_holds_nothing_of_the_firm_s_own(app: Flask, house: House) -> None:
    archive = made(signed_in(app, house.manager), house)
    whole = content(archive)
    assert archive.files == 2
    for name in whole.namelist():
        said = name + whole.read(name).decode(errors="replace")
        assert "Note interne" not in said
        if name.startswith("index."):
            assert "QuickBooks" not in said
            assert "transmettre" not in said


def test_a_year_is_that_folder_alone(app: Flask, house: House) -> None:
    year = house.folder(YEAR)
    archive = made(signed_in(app, house.manager), house, str(year.id))
    names = content(archive).namelist()
    assert names[0] == "Achats/Facture _b_.pdf"
    assert (archive.files, archive.name) == (1, "Exercice 2026")
    social = str(house.folder("Social").id)
    assert ask(signed_in(app, house.manager), house, social).status_code == 422


def test_who_asked_is_told_and_downloads_it(app: Flask, house: House) -> None:
    dora = signed_in(app, house.manager)
    archive = made(dora, house)
    notice = db.session.scalars(
        select(Notice).where(Notice.kind == "archive_ready")
    ).one()
    assert notice.recipient == house.manager.email
    assert f"/companies/{house.dune.slug}/archives" in notice.text
    page = dora.get(f"/companies/{house.dune.slug}/archives").text
    assert f"/archives/{archive.id}/download" in page
    answer = dora.get(f"/archives/{archive.id}/download")
    assert hashlib.sha256(answer.data).hexdigest() == archive.sha256
    assert "attachment" in answer.headers["Content-Disposition"]


def told(kind: str = "archive_ready") -> list[str]:
    wanted = select(Notice.recipient).where(Notice.kind == kind)
    return list(db.session.scalars(wanted))


@pytest.mark.parametrize("what", ["left", "went down", "is a client by now"])
def test_who_may_not_have_it_any_more_is_not_told_that_it_is_there(
    app: Flask, house: House, what: str
) -> None:
    """Neither the company's name reaches them, nor its address."""
    who = house.staff if what == "is a client by now" else house.manager
    ask(signed_in(app, who), house)
    membership = db.session.get_one(Membership, (who.id, house.dune.id))
    if what == "left":
        db.session.delete(membership)
    elif what == "went down":
        membership.role = "company_user"
    else:
        who.role, membership.role = "client", "company_manager"
    db.session.commit()
    making.make(str(newest().id))
    assert newest().state == "ready"
    assert told() == []


def test_staff_who_are_not_assigned_any_more_are_not_told(
    app: Flask, house: House
) -> None:
    ask(signed_in(app, house.staff), house)
    db.session.delete(db.session.get_one(Membership, (house.staff.id, house.dune.id)))
    db.session.commit()
    making.make(str(newest().id))
    assert told() == []


def test_who_finds_it_under_way_for_somebody_else_is_promised_no_mail(
    app: Flask, house: House
) -> None:
    ask(signed_in(app, house.staff), house)
    ada = signed_in(app, house.admin)
    url = f"/companies/{house.dune.slug}/archives"
    page = ada.post(url, data={"year": ""}, follow_redirects=True).text
    message = BeautifulSoup(page, "html.parser").select_one("#messages")
    assert message
    assert "e-mail" not in message.text
    assert "mail" not in message.text
    making.make(str(newest().id))
    assert told() == [house.staff.email]


def test_who_starts_it_again_is_the_one_who_is_told(app: Flask, house: House) -> None:
    ask(signed_in(app, house.staff), house)
    newest().state = "failed"
    db.session.commit()
    ada = signed_in(app, house.admin)
    assert ada.post(f"/archives/{newest().id}/retry").status_code == 303
    making.make(str(newest().id))
    assert told() == [house.admin.email]


def test_it_is_for_the_firm_and_for_managers_only(app: Flask, house: House) -> None:
    of_firm = made(signed_in(app, house.admin), house)
    of_client = made(signed_in(app, house.manager), house)
    slug = house.dune.slug
    for who, codes in (
        (house.admin, (200, 200, 200)),
        (house.staff, (200, 200, 200)),
        (house.manager, (200, 404, 200)),
        (house.user, (404, 404, 404)),
        (house.other_client, (404, 404, 404)),
    ):
        browser = signed_in(app, who)
        found = [
            browser.get(url).status_code
            for url in (
                f"/companies/{slug}/archives",
                f"/archives/{of_firm.id}/download",
                f"/archives/{of_client.id}/download",
            )
        ]
        assert tuple(found) == codes, who
    assert (
        str(of_firm.id)
        not in signed_in(app, house.manager).get(f"/companies/{slug}/archives").text
    )


def downloads(browser: Browser, archive: Archive) -> int:
    return int(browser.get(f"/archives/{archive.id}/download").status_code)


def test_a_client_s_is_not_given_any_more_once_a_folder_in_it_is_the_firm_s_own(
    app: Flask, house: House
) -> None:
    dora, ada = signed_in(app, house.manager), signed_in(app, house.admin)
    whole, year = made(dora, house), made(dora, house, str(house.folder(YEAR).id))
    move_folder(house.folder("Juridique"), house.folder("Cabinet"), by=house.admin)
    db.session.commit()
    refused = dora.get(f"/archives/{whole.id}/download")
    assert refused.status_code == 422
    assert "nouvelle" in refused.text or "new one" in refused.text
    assert downloads(dora, year) == 200
    assert downloads(ada, whole) == 200
    assert downloads(dora, made(dora, house)) == 200  # without what is there


def test_nor_once_a_document_of_it_was_moved_to_the_firm_s_own(
    app: Flask, house: House
) -> None:
    dora = signed_in(app, house.manager)
    archive = made(dora, house)
    contract = db.session.scalars(
        select(Document).where(Document.name == "Contrat.pdf")
    ).one()
    trash_document(contract, by=house.manager)
    db.session.commit()
    assert downloads(dora, archive) == 200  # they find it in the trash, too
    restore_document(contract, by=house.manager, channel="web")
    move_document(contract, house.folder("Cabinet"), by=house.staff)
    db.session.commit()
    assert downloads(dora, archive) == 422


def test_a_year_that_is_the_firm_s_own_by_now_is_not_even_named(
    app: Flask, house: House
) -> None:
    dora = signed_in(app, house.manager)
    archive = made(dora, house, str(house.folder(YEAR).id))
    house.folder(YEAR).visibility = "firm_only"
    db.session.commit()
    assert downloads(dora, archive) == 404
    page = dora.get(f"/companies/{house.dune.slug}/archives").text
    assert "Exercice 2026" not in page


def test_who_went_down_or_left_downloads_nothing_of_before(
    app: Flask, house: House
) -> None:
    dora, ben = signed_in(app, house.manager), signed_in(app, house.staff)
    archive, of_firm = made(dora, house), made(ben, house)
    key = (house.manager.id, house.dune.id)
    db.session.get_one(Membership, key).role = "company_user"
    assert downloads(dora, archive) == 404
    db.session.delete(db.session.get_one(Membership, key))
    db.session.delete(db.session.get_one(Membership, (house.staff.id, house.dune.id)))
    assert downloads(dora, archive) == 404
    assert downloads(ben, of_firm) == 404


def test_one_of_which_is_not_known_what_it_holds_is_for_the_firm_alone(
    app: Flask, house: House
) -> None:
    """Those of before it was noted."""
    dora = signed_in(app, house.manager)
    archive = made(dora, house)
    archive.held = None
    assert downloads(dora, archive) == 422
    assert downloads(signed_in(app, house.admin), archive) == 200


def test_a_company_that_is_archived_is_given_its_documents(
    app: Flask, house: House
) -> None:
    archive(house.dune, by=house.admin)
    db.session.commit()
    for person, files in ((house.admin, 3), (house.manager, 2)):
        browser = signed_in(app, person)
        given = made(browser, house)
        assert (given.state, given.files) == ("ready", files)
        assert browser.get(f"/archives/{given.id}/download").status_code == 200


def test_one_that_is_under_way_is_not_asked_for_twice(app: Flask, house: House) -> None:
    ada = signed_in(app, house.admin)
    ask(ada, house)
    ask(ada, house)
    assert len(db.session.scalars(select(Archive)).all()) == 1
    ask(signed_in(app, house.manager), house)  # a client's is another one
    assert len(db.session.scalars(select(Archive)).all()) == 2


def test_a_job_that_was_killed_is_taken_up_again_when_it_gives_no_sign(
    app: Flask, house: House
) -> None:
    ask(signed_in(app, house.admin), house)
    archive = newest()
    archive.state, archive.attempts, archive.seen_at = "working", 1, utc_now()
    db.session.commit()
    making.make(str(archive.id))
    assert newest().state == "working"  # somebody seems to be at it
    newest().seen_at = utc_now() - timedelta(minutes=10)
    db.session.commit()
    making.make(str(archive.id))
    assert (newest().state, newest().attempts) == ("ready", 2)


def test_after_three_tries_it_has_failed_and_can_be_started_again(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = signed_in(app, house.admin)
    ask(ada, house)
    archive = newest()

    def broken(*_args: object) -> None:
        raise StorageUnavailable("full")

    with monkeypatch.context() as away:
        away.setattr(making, "_chunks", broken)
        for _try in range(4):
            making.make(str(archive.id))
    assert newest().state == "failed"
    assert (told(), told("archive_failed")) == ([], [house.admin.email])
    page = ada.get(f"/companies/{house.dune.slug}/archives").text
    assert f"/archives/{archive.id}/retry" in page
    assert ada.post(f"/archives/{archive.id}/retry").status_code == 303
    making.make(str(archive.id))
    assert newest().state == "ready"
    assert ada.post(f"/archives/{archive.id}/retry").status_code == 422


def test_who_may_not_have_it_any_more_is_not_told_that_it_failed(
    app: Flask, house: House
) -> None:
    ask(signed_in(app, house.manager), house)
    newest().attempts = making.MOST_ATTEMPTS
    db.session.delete(db.session.get(Membership, (house.manager.id, house.dune.id)))
    db.session.commit()
    making.make(str(newest().id))
    assert (newest().state, told("archive_failed")) == ("failed", [])


def test_told_to_end_it_leaves_the_work_to_another(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(signed_in(app, house.admin), house)
    with monkeypatch.context() as ending:
        ending.setitem(app.extensions, TOLD_TO_END, True)
        making.make(str(newest().id))
    assert newest().state == "waiting"
    making.make(str(newest().id))
    assert newest().state == "ready"


def test_what_nobody_makes_is_asked_for_again(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(signed_in(app, house.admin), house)
    asked: list[str] = []
    monkeypatch.setattr(
        looking_after, "enqueue_once", lambda _f, one, **_how: asked.append(one)
    )
    looking_after.look_after()
    assert asked == []  # its own job is on its way
    newest().asked_at = utc_now() - timedelta(hours=1)
    db.session.commit()
    looking_after.look_after()
    assert asked == [str(newest().id)]


def test_a_store_that_was_away_for_two_runs_costs_no_day(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (address := redis_url("queueing")):
        pytest.skip("bin/test starts Redis")
    monkeypatch.setitem(app.config, "REDIS_URL", address)
    with Redis.from_url(address) as there:
        there.flushdb()
        ask(signed_in(app, house.admin), house)
        newest().asked_at = utc_now() - timedelta(hours=1)
        db.session.commit()

        def away(*_args: object) -> None:
            raise StorageUnavailable("503")

        with monkeypatch.context() as storm:
            storm.setattr(making, "_chunks", away)
            work_off()
            looking_after.look_after()
            work_off()
        assert newest().state == "waiting"
        looking_after.look_after()
        work_off()
        assert newest().state == "ready"
        there.flushdb()


def work_off() -> None:
    """What waits, here."""
    names = [queue(name) for name in ("mail", making.QUEUE)]
    SimpleWorker(names, serializer=JSONSerializer).work(burst=True)


def test_after_seven_days_it_is_gone_and_so_is_its_file(
    app: Flask, house: House
) -> None:
    ada = signed_in(app, house.admin)
    archive = made(ada, house)
    key = archive.storage_key
    assert key
    looking_after.look_after()
    assert store().exists(key)
    newest().expires_at = utc_now() - timedelta(minutes=1)
    db.session.commit()
    looking_after.look_after()
    assert not store().exists(key)
    assert newest().state == "over"
    assert ada.get(f"/archives/{archive.id}/download").status_code == 303


def test_the_sweep_leaves_an_archive_alone(app: Flask, house: House) -> None:
    key = made(signed_in(app, house.admin), house).storage_key
    assert key
    kept = store()
    assert isinstance(kept, FileStorage)
    os.utime(kept._root / key, (0, 0))
    sweep()
    assert kept.exists(key)
    newest().storage_key = None
    db.session.commit()
    sweep()
    assert not kept.exists(key)


def test_a_document_that_cannot_be_read_is_named(app: Flask, house: House) -> None:
    key = db.session.scalars(
        select(Version.storage_key).where(Version.original_name == "Contrat.pdf")
    ).one()
    store().delete(key)
    archive = made(signed_in(app, house.admin), house)
    assert (archive.state, archive.missing) == ("ready", 1)
    assert "Juridique/Contrat.pdf" in content(archive).read("LISEZ-MOI.txt").decode()
