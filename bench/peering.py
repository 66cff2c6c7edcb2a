"""P5: the folder page, 50 rows of 10,000, beside Mayan's list of as many documents."""

import gzip
import json
import platform
import re
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection

from sqlalchemy import func, select, text

from app.db import db
from app.library.fetching import ROWS
from app.library.models import Document
from bench.dataset import BIG
from bench.ground import LOAD_CORE, Ground
from bench.mayan import mayan, version
from bench.measuring import Result, alternate, timed
from bench.portal import HOST, Portal
from bench.serving import APP
from bench.wire import on_core

DOCUMENTS = 10_000  # in the folder, and in all of Mayan
AMONG = DOCUMENTS * BIG  # there are so many in ours
A_ROUND = 4  # requests
NAME = re.compile(r"Facture (?:Orange|EDF|Point P|Cemex) \d+\.pdf")


class Page:
    """An address that is asked for again and again over one line, as by a browser."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        self.path = path
        self._line = HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Accept-Encoding": "gzip", **headers}
        sent = self.get()
        is_gzip = sent.startswith(b"\x1f\x8b")
        self.body = gzip.decompress(sent) if is_gzip else sent
        self.sent_kb = len(sent) / 1000
        self.rows = len(set(NAME.findall(self.body.decode())))
        if self.rows != ROWS:
            raise RuntimeError(f"{path} shows {self.rows} documents, not {ROWS}")

    def get(self) -> bytes:
        self._line.request("GET", self.path, headers=self._headers)
        answer = self._line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{self.path}: {answer.status}")
        return body

    def side(self) -> list[float]:
        with on_core(LOAD_CORE):
            return [timed(self.get) for _ in range(A_ROUND)]

    @property
    def gzip_kb(self) -> float:
        return len(gzip.compress(self.body, 6)) / 1000


def p5(ground: Ground, portal: Portal) -> Iterator[Result]:
    """Its list is a part that its script puts into the page, without the menus around
    it; what our page asks for by itself later is not counted either, nor pictures."""
    folder = portal.path(portal.big)
    signed = {"Host": HOST, "Cookie": f"sid={portal.cookie}"}
    with (
        ground.gunicorn(APP, portal.env) as port,
        mayan(ground, DOCUMENTS, ROWS) as peer,
    ):
        theirs = {"Host": f"127.0.0.1:{peer.port}", "Cookie": peer.cookie}
        by_script = {**theirs, "X-Requested-With": "XMLHttpRequest"}
        ours = Page(port, folder, signed)
        listed = Page(peer.port, "/documents/documents/", by_script)
        api = Page(peer.port, f"/api/v4/documents/?page_size={ROWS}", theirs)
        page, other, by_api = alternate(ours.side, listed.side, api.side)
    ratio = other.median / page.median
    yield Result(
        id="P5",
        value=page.median,
        baseline=other.median,
        ratio=ratio,
        unit="ms",
        target=">= 10 x",
        ok=ratio >= 10,
        also={
            "p95": page.p95,
            "baseline_p95": other.p95,
            "api_ms": by_api.median,
            "api_ratio": by_api.median / page.median,
            "rows": ours.rows,
            "baseline_rows": listed.rows,
            "documents": _documents(portal),
            "baseline_documents": json.loads(api.body)["count"],
            "sent_kb": ours.sent_kb,
            "baseline_sent_kb": listed.sent_kb,
            "gzip_kb": ours.gzip_kb,
            "baseline_gzip_kb": listed.gzip_kb,
            "versions": _versions(portal),
        },
    )


def _documents(portal: Portal) -> int:
    in_folder = select(func.count()).where(Document.folder_id == portal.big)
    with portal.app.app_context():
        return db.session.execute(in_folder).scalar_one()


def _versions(portal: Portal) -> str:
    with portal.app.app_context():
        server = db.session.execute(text("SHOW server_version")).scalar_one()
    python = platform.python_version()
    return f"Mayan EDMS {version()}, PostgreSQL {server.split()[0]}, Python {python}"
