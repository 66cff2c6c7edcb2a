"""Documents shown as pictures of their pages; what breaks the reader breaks nothing."""

import io
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from app import apart
from app.db import db
from app.library.deposit import deposit
from app.library.models import Document, Version
from app.library.receiving import receive, store
from app.library.taking import current_version
from app.library.trashing import trash_document
from app.operator.sweeping import sweep
from app.pages import jobs, making
from app.pages.models import PageImage, Preview
from app.queueing import queue
from tests.cast import Browser, House, World, signed_in
from tests.files import heic
from tests.pages.bad_files import KINDS, many_pages, pdf_of, turned_jpeg
from tests.redis_server import Queue, needs_redis, redis

__all__ = ["redis"]

CORPUS = Path(__file__).resolve().parents[3] / "shared/corpus/pdf"


def dropped(house: House, content: bytes, name: str = "Scan.pdf") -> Document:
    return house.drop(name, content=content).document


def shown(document: Document) -> Preview:
    """Its pictures, as all the jobs together make them."""
    version = current_version(document)
    while making.make_some(version.id) is not None:
        pass
    return db.session.scalars(
        select(Preview)
        .where(Preview.version_id == version.id)
        .execution_options(populate_existing=True)
    ).one()


def pictures(preview: Preview, width: int = making.PAGE) -> list[PageImage]:
    return list(
        db.session.scalars(
            select(PageImage)
            .where(PageImage.preview_id == preview.id, PageImage.width == width)
            .order_by(PageImage.number)
        )
    )


def pixels(picture: PageImage) -> Image.Image:
    with store().open(picture.storage_key) as blob:
        return Image.open(io.BytesIO(blob.read())).convert("RGB")


def test_each_page_becomes_a_picture_of_each_width(world: World) -> None:
    preview = shown(dropped(world.alder, pdf_of("One", "Two", "Three")))
    assert (preview.state, preview.pages, preview.broken) == ("done", 3, 0)
    for width in making.WIDTHS:
        found = pictures(preview, width)
        assert [p.number for p in found] == [1, 2, 3]
        assert {pixels(p).width for p in found} == {width}


def test_pictures_are_made_some_at_a_time(world: World) -> None:
    document = dropped(world.alder, pdf_of(*map(str, range(making.A_BATCH + 2))))
    version = current_version(document)
    assert making.make_some(version.id) == making.A_BATCH
    assert making.make_some(version.id) is None
    assert making.make_some(version.id) is None  # nothing is left to do
    assert len(pictures(shown(document))) == making.A_BATCH + 2


def test_of_two_that_make_the_same_pictures_the_first_one_s_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = making.A_BATCH + 2
    document = dropped(world.alder, pdf_of(*map(str, range(pages))))
    version = current_version(document)
    keep = making._keep
    kept: list[bool] = []

    def late(preview: Preview, *args: Any) -> int | None:
        if not kept:
            kept.append(True)
            other = db.session.get_one(Version, version.id)
            assert making.make_some(other.id) == making.A_BATCH
        args[1].seek(0)
        return keep(preview, *args)

    monkeypatch.setattr(making, "_keep", late)
    assert making.make_some(version.id) is None
    assert len(pictures(shown(document))) == pages


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_file_is_shown_or_says_why_not_and_can_be_downloaded(
    app: Flask, world: World, kind: str
) -> None:
    name, made, pages = KINDS[kind]
    content = made()
    document = dropped(world.alder, content, name)
    preview = shown(document)
    found = pictures(preview)
    if pages >= 0:
        assert len(found) == pages
        assert preview.state == ("done" if pages else "failed")
    browser = signed_in(app, world.alder.manager)
    page = browser.get(f"/documents/{document.id}")
    assert page.status_code == 200
    assert page.text.count('class="viewer-page"') == (preview.made if found else 0)
    if preview.state == "failed":
        assert "viewer-none" in page.text
    assert browser.get(f"/documents/{document.id}/download").data == content


def test_a_file_of_64000_pages_shows_the_first_and_offers_the_rest(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder, many_pages())
    preview = shown(document)
    assert (preview.pages, preview.made) == (64_000, making.MOST_PAGES)
    page = signed_in(app, world.alder.manager).get(f"/documents/{document.id}").text
    assert page.count('class="viewer-page"') == making.MOST_PAGES
    assert "63800" in page.replace("\N{NARROW NO-BREAK SPACE}", "").replace(",", "")


@pytest.mark.parametrize("content", [turned_jpeg(), heic(400, 200)])
def test_a_photo_is_shown_as_it_was_held(world: World, content: bytes) -> None:
    name = "a.jpg" if content.startswith(b"\xff\xd8") else "a.heic"
    [picture] = pictures(shown(dropped(world.alder, content, name)))
    seen = pixels(picture)
    assert seen.height > seen.width
    top, bottom = seen.getpixel((50, 20)), seen.getpixel((50, seen.height - 20))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[1] < 90  # red
    assert bottom[1] > 200  # white


def test_a_picture_that_light_goes_through_lies_on_white(world: World) -> None:
    made = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(made, "PNG")
    [picture] = pictures(shown(dropped(world.alder, made.getvalue(), "a.png")))
    assert pixels(picture).getpixel((20, 20)) == (255, 255, 255)


def test_a_reader_that_breaks_is_tried_page_by_page_and_not_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = dropped(world.alder, pdf_of(*map(str, range(20))))
    asked: list[int] = []

    def never(_task: str, *_args: Any, count: int, **_how: Any) -> None:
        asked.append(count)

    monkeypatch.setattr(apart, "ask", never)
    preview = shown(document)
    assert (preview.state, preview.broken) == ("failed", making.MOST_BREAKS)
    assert asked.count(1) == making.MOST_BREAKS


def test_one_page_that_breaks_its_reader_costs_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = dropped(world.alder, pdf_of("One", "Two", "Three"))
    ask = apart.ask

    def picky(task: str, *args: Any, first: int, count: int, **how: Any) -> Any:
        if first <= 1 < first + count:
            return None
        return ask(task, *args, first=first, count=count, **how)

    monkeypatch.setattr(apart, "ask", picky)
    preview = shown(document)
    assert (preview.state, preview.broken) == ("done", 1)
    assert [p.number for p in pictures(preview)] == [1, 3]


def test_what_cannot_be_shown_says_so_and_is_offered(app: Flask, world: World) -> None:
    document = dropped(world.alder, b"a;b\n1;2\n", "table.csv")
    assert making.make_some(current_version(document).id) is None
    browser = signed_in(app, world.alder.manager)
    browser.get("/preferences?locale=en")
    page = browser.get(f"/documents/{document.id}").text
    assert 'data-state="none"' in page
    assert "hx-get" not in page[page.index('id="viewer"') :].split("</section>")[0]


def image_of(browser: Browser, document: Document, page: int = 1, **how: Any) -> Any:
    width = how.pop("width", making.THUMBNAIL)
    return browser.get(f"/documents/{document.id}/pages/{page}.webp?w={width}", **how)


def test_a_picture_is_private_and_asked_for_again_each_time(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder, pdf_of("One"))
    shown(document)
    browser = signed_in(app, world.alder.manager)
    answer = image_of(browser, document)
    assert (answer.status_code, answer.content_type) == (200, "image/webp")
    assert Image.open(io.BytesIO(answer.data)).width == making.THUMBNAIL
    assert answer.headers["Cache-Control"] == "private, no-cache"
    again = image_of(
        browser, document, headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    for page, width in (
        (2, making.PAGE),
        (0, making.PAGE),
        (1, 999),
        (10**12, making.PAGE),
    ):
        assert image_of(browser, document, page, width=width).status_code == 404


def test_a_picture_is_for_those_who_may_see_the_document(
    app: Flask, world: World
) -> None:
    house = world.alder
    bank = f"{'/'.join(house_path())}/Banque"
    seen = dropped(house, pdf_of("One"))
    banked = house.drop("b.pdf", path=bank, content=pdf_of("Bank")).document
    kept = house.drop("c.pdf", path="Cabinet", content=pdf_of("Firm")).document
    for document in (seen, banked, kept):
        shown(document)

    def statuses(browser: Browser) -> list[int]:
        return [image_of(browser, d).status_code for d in (seen, banked, kept)]

    assert statuses(signed_in(app, house.staff)) == [200, 200, 200]
    assert statuses(signed_in(app, house.manager)) == [200, 200, 404]
    assert statuses(signed_in(app, house.user)) == [200, 404, 404]
    assert statuses(signed_in(app, house.other_client)) == [404, 404, 404]
    assert statuses(signed_in(app, world.birch.admin)) == [404, 404, 404]
    browser = signed_in(app, house.staff)
    trash_document(db.session.get_one(Document, seen.id), by=house.staff)
    db.session.commit()
    assert image_of(browser, seen).status_code == 404


def house_path() -> list[str]:
    from tests.cast import PURCHASES

    return PURCHASES.split("/")[:-1]


def test_the_page_waits_for_its_pictures_and_stops_waiting(
    app: Flask, world: World
) -> None:
    document = dropped(world.alder, pdf_of("One"))
    browser = signed_in(app, world.alder.manager)
    hx = {"HX-Request": "true"}
    page = browser.get(f"/documents/{document.id}").text
    assert "viewer-skeleton" in page
    assert f"/documents/{document.id}/preview?poll=1" in page
    for poll, goes_on in ((1, True), (29, True), (30, False), (10**9, False)):
        url = f"/documents/{document.id}/preview?poll={poll}"
        part = browser.get(url, headers=hx).text
        assert "viewer-skeleton" in part
        assert ("hx-get" in part) == goes_on
    shown(document)
    part = browser.get(f"/documents/{document.id}/preview?poll=2", headers=hx).text
    assert 'class="viewer-page"' in part
    assert "hx-get" not in part


def test_a_lost_job_is_made_up_for_by_whoever_opens_the_document(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = dropped(world.alder, pdf_of("One"))
    version = current_version(document)
    asked: list[uuid.UUID] = []
    monkeypatch.setattr(jobs, "ask_again", asked.append)
    browser = signed_in(app, world.alder.manager)
    browser.get(f"/documents/{document.id}")
    assert asked == [version.id]
    preview = making._begun(version)
    browser.get(f"/documents/{document.id}")
    assert asked == [version.id]  # one is at it
    preview.touched_at -= timedelta(minutes=2)
    db.session.add(preview)
    db.session.commit()
    browser.get(f"/documents/{document.id}")
    assert asked == [version.id] * 2
    shown(document)
    browser.get(f"/documents/{document.id}")
    assert asked == [version.id] * 2


def test_a_deposit_asks_for_its_pictures_once_it_is_committed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    def note(wanted: Any, *_: object) -> bool:
        if wanted.function is jobs.make:
            sent.append(wanted)
        return True

    monkeypatch.setattr("app.queueing._send", note)
    house = world.alder

    def one(name: str) -> Document:
        received = receive([pdf_of("One")], name)
        return deposit(
            received, into=house.folder(), by=house.manager, channel="web"
        ).document

    document = one("a.pdf")
    assert sent == []
    db.session.commit()
    [wanted] = sent
    assert wanted.args == (str(current_version(document).id),)
    assert wanted.queue == "default"
    one("b.pdf")
    db.session.rollback()
    assert len(sent) == 1


def test_the_store_being_away_ends_no_preview(
    world: World,
) -> None:
    document = dropped(world.alder, pdf_of("One"))
    version = current_version(document)
    key = version.storage_key
    version.storage_key = "00/00/" + "0" * 32
    db.session.commit()
    assert making.make_some(version.id) is None
    version.storage_key = key
    db.session.commit()
    assert shown(document).state == "done"


def test_pictures_are_swept_with_their_version_and_not_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operator.sweeping.AGE", timedelta(0))
    monkeypatch.setattr("app.operator.sweeping.DOUBTFUL", 10**6)
    document = dropped(world.alder, pdf_of("One"))
    keys = [p.storage_key for p in pictures(shown(document))]
    sweep()
    assert all(store().exists(key) for key in keys)
    db.session.delete(current_version(document))
    db.session.commit()
    assert db.session.scalar(select(func.count(PageImage.id))) == 0
    sweep()
    assert not any(store().exists(key) for key in keys)


def test_neighbours_are_those_of_the_list(app: Flask, world: World) -> None:
    house = world.alder
    old, mid, new = (dropped(house, pdf_of(t), f"{t}.pdf") for t in ("1", "2", "3"))
    gone = dropped(house, pdf_of("4"), "4.pdf")
    trash_document(gone, by=house.staff)
    house.drop("elsewhere.pdf", path="À classer")
    browser = signed_in(app, house.manager)
    page = browser.get(f"/documents/{mid.id}").text
    before, behind = page.index('data-step="previous"'), page.index('data-step="next"')
    assert f'href="/documents/{new.id}"' in page[before - 300 : before]
    assert f'href="/documents/{old.id}"' in page[behind - 300 : behind]
    assert 'data-step="previous"' not in browser.get(f"/documents/{new.id}").text
    assert 'data-step="next"' not in browser.get(f"/documents/{old.id}").text


def corpus() -> list[Path]:
    return sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.skipif(not corpus(), reason="the corpus is not there")
def test_real_files_are_shown_or_say_why_not(app: Flask, world: World) -> None:
    browser = signed_in(app, world.alder.manager)
    for path in corpus():
        document = dropped(world.alder, path.read_bytes(), path.name)
        if making.can_be_shown(document.content_type):
            preview = shown(document)
            assert preview.state in {"done", "failed"}, path.name
            assert bool(pictures(preview)) == (preview.state == "done"), path.name
        assert browser.get(f"/documents/{document.id}").status_code == 200, path.name


@needs_redis
def test_what_somebody_opens_goes_before_what_waits(
    app: Flask, world: World, redis: Queue
) -> None:
    house = world.alder
    documents = [house.drop(f"{n}.pdf", content=pdf_of(str(n))).document for n in "abc"]
    versions = [str(current_version(document).id) for document in documents]
    assert waiting(redis) == versions
    signed_in(app, house.admin).get(f"/documents/{documents[2].id}")
    assert waiting(redis) == [versions[2], *versions]


def waiting(redis: Queue) -> list[str]:
    """The versions whose pictures are asked for, in the order of the queue."""
    found = queue("default", redis.redis).jobs
    return [
        job.args[0]
        for job in found
        if (job.func_name or "").endswith("pages.jobs.make")
    ]
