"""Uploads over real sockets to the server of production, and into a store that speaks
S3 (bugs.md, B49, B51, B56, B57)."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, has_app_context
from sqlalchemy import select

from app.db import db
from app.library.models import Version
from app.storage import storage_from_url
from tests.cast import Browser, House, World, signed_in
from tests.delivery.processes import ROOT, environment
from tests.faults.web import Depositor, Web, web
from tests.files import padded_pdf
from tests.infrastructure.s3 import s3_url
from tests.library.test_depositing import HTMX, documents, form, post as send
from tests.library.test_page import url_of
from tests.papers import one_page_pdf
from tests.smtp import MailServer

__all__ = ["s3_url"]

MB = 1_000_000
LIMIT = 1  # MB
GUNICORN_WAITS = 2  # seconds, where production leaves it at 30


@pytest.fixture
def house(world: World) -> House:
    return world.alder


@pytest.fixture
def served(app: Flask, house: House, smtp: MailServer, tmp_path: Path) -> Iterator[Web]:
    env = environment(app, smtp) | {
        "MAX_UPLOAD_MB": str(LIMIT),
        "PLATFORM_DOMAIN": app.config["PLATFORM_DOMAIN"],
        "SESSION_COOKIE_NAME": "sid",
    }
    db.session.commit()
    waits = ("--timeout", str(GUNICORN_WAITS))
    with web(env, tmp_path / "web.log", *waits, *options()) as running:
        yield running


def options() -> list[str]:
    """How many workers and threads production has."""
    said = (ROOT / "Procfile").read_text()
    found = re.findall(r"(--workers|--threads) \$\{\w+:-(\d+)\}", said)
    assert len(found) == 2
    return [word for pair in found for word in pair]


def request_of(who: Depositor, body: bytes, **headers: str) -> bytes:
    lines = {**who.headers, "Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {who.path} HTTP/1.1\r\n{head}\r\n".encode() + body


def answer_to(
    who: Depositor, sent: bytes, pieces: int = 1, pause: float = 0
) -> tuple[int, str]:
    """All of it is sent before anything is read, as browsers do."""
    if has_app_context():
        db.session.commit()  # on SQLite what the test holds locks the server out
    with socket.create_connection(("127.0.0.1", who.port), timeout=60) as line:
        step = -(-len(sent) // pieces)
        for start in range(0, len(sent), step):
            line.sendall(sent[start : start + step])
            time.sleep(pause)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        return answer.status, answer.read().decode()


def test_b49_what_is_too_large_is_told_and_the_others_are_kept(
    app: Flask, house: House, served: Web
) -> None:
    who = Depositor.of(app, served.port, house, house.dune)
    big = padded_pdf((LIMIT + 1) * MB)
    files = [(one_page_pdf("1"), "1.pdf"), (big, "gros.pdf"), (b"%PDF-1.4", "2.pdf")]
    status, said = answer_to(who, request_of(who, form(files, {})))
    assert status == 413
    assert "gros.pdf" in said
    assert "la limite est de 1\N{NO-BREAK SPACE}Mo" in said
    assert [document.name for document in documents()] == ["1.pdf", "2.pdf"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": "sid=gone"}, 401),
        ({"X_CSRFToken": "stale"}, 400),
        ({"Content_Type": "text/plain"}, 400),
    ],
)
def test_b49_whatever_is_refused_is_told_before_the_line_is_closed(
    app: Flask, house: House, served: Web, headers: dict[str, str], status: int
) -> None:
    """An answer while much is still on its way would only be seen as a cut line."""
    who = Depositor.of(app, served.port, house, house.dune)
    body = form([(padded_pdf(3 * MB), "a.pdf")], {})
    told, said = answer_to(who, request_of(who, body, **headers))
    assert told == status
    assert "message" in said or "toast" in said
    assert documents() == []


def test_b51_slow_uploads_arrive_and_keep_nobody_waiting(
    app: Flask, house: House, served: Web
) -> None:
    """Two people's, three at a time each, for three times as long as gunicorn waits
    for a worker: though all may be in the hands of one, others look meanwhile."""
    who = Depositor.of(app, served.port, house, house.dune)
    contents = {f"{n}.pdf": padded_pdf(900_000 + n) for n in range(6)}
    told: list[int] = []

    def slowly(name: str) -> None:
        sent = request_of(who, form([(contents[name], name)], {}))
        told.append(answer_to(who, sent, 60, GUNICORN_WAITS * 3 / 60)[0])

    folder_url = url_of(house)
    db.session.commit()  # as in `answer_to`, which is in other threads here
    phones = [threading.Thread(target=slowly, args=[name]) for name in contents]
    for phone in phones:
        phone.start()
    looked = 0
    while any(phone.is_alive() for phone in phones):
        line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        line.request("GET", folder_url, headers=who.headers | {"HX-Request": ""})
        answer = line.getresponse()
        answer.read()
        assert answer.status == 200
        # While all of them were still under way.
        looked += not told
        line.close()
    assert looked > 3
    assert told == [200] * len(contents)
    dora = signed_in(app, house.manager)
    for document in documents():
        got = dora.get(f"/documents/{document.id}/download").data
        assert got == contents[document.name]


@pytest.fixture
def on_s3(
    app: Flask, s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = storage_from_url(s3_url.replace("?", f"/{tmp_path.name}?"))
    monkeypatch.setitem(app.extensions, "guichet.storage", storage)


@pytest.mark.s3
@pytest.mark.parametrize("size", [1000, 20 * MB], ids=["1kB", "20MB"])
@pytest.mark.usefixtures("on_s3")
def test_b56_what_is_done_after_the_storing_is_done_for_small_and_large(
    app: Flask, house: House, size: int
) -> None:
    """It is read again for its pages and defects, copied, and given back."""
    dora: Browser = signed_in(app, house.manager)
    content = padded_pdf(size)
    answer = send(dora, f"{url_of(house)}/documents", (content, "a.pdf"), headers=HTMX)
    assert answer.status_code == 200
    [document] = documents()
    version = db.session.scalars(select(Version)).one()
    assert (version.pages, version.defect, version.size) == (1, None, size)
    assert dora.get(f"/documents/{document.id}/download").data == content


NAMES = ["Relevé.pdf", "发票 – été № 3.pdf", "a\tb.pdf", "é" * 300 + ".pdf"]


@pytest.mark.s3
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("on_s3")
def test_b57_a_name_is_nothing_to_the_store(
    app: Flask, house: House, name: str
) -> None:
    dora = signed_in(app, house.manager)
    content = one_page_pdf(name)
    assert send(dora, f"{url_of(house)}/documents", (content, name)).status_code == 303
    [document] = documents()
    answer = dora.get(f"/documents/{document.id}/download")
    assert answer.data == content
    said = answer.headers["Content-Disposition"]
    assert ("filename*=UTF-8''" in said) == (not document.name.isascii())
