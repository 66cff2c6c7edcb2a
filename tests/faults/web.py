"""Deposits by real requests to gunicorn, repeated until they are answered."""

import http.client
import signal
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from _parts import free_ports
from app.companies.models import Company
from app.db import db
from app.library.models import Document
from app.library.uploads import identity_of
from tests.cast import House, signed_in
from tests.delivery.processes import members, signal_all, start, wait_until
from tests.papers import one_page_pdf


@dataclass
class Web:
    """A gunicorn of two workers, any of which may be killed."""

    process: subprocess.Popen[bytes]
    port: int

    def workers(self) -> list[int]:
        return [pid for pid in members(self.process) if pid != self.process.pid]

    def is_there(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        return False


@contextmanager
def web(env: dict[str, str], log: Path, *more: str) -> Iterator[Web]:
    """As in the Procfile, with `more` options of gunicorn's."""
    (port,) = free_ports(1)
    words = ["-m", "gunicorn", "--no-control-socket", "--worker-class", "gthread"]
    words += ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}", *more]
    served = Web(start(*words, "app:create_app()", env=env, log=log), port)
    try:
        wait_until(served.is_there)
        yield served
    finally:
        signal_all(served.process, signal.SIGKILL)
        served.process.wait()


@dataclass
class Depositor:
    """A person's browser, which sends a file again until it is told that it is kept.

    The names bear accents, and bytes repeat: both are no reason to lose any.
    """

    port: int
    host: str
    headers: dict[str, str]
    path: str
    kept: dict[uuid.UUID, str] = field(default_factory=dict)  # upload: SHA-256
    repeats: int = 0

    @classmethod
    def of(cls, app: Flask, port: int, house: House, company: Company) -> "Depositor":
        browser = signed_in(app, house.admin)
        cookie = browser.get_cookie("sid", domain=browser.host)
        assert cookie
        assert browser.token
        return cls(
            port,
            browser.host,
            {
                "Host": browser.host,
                "Cookie": f"sid={cookie.value}",
                "X-CSRFToken": browser.token,
                "HX-Request": "true",
                "Content-Type": "multipart/form-data; boundary=of-the-test",
            },
            f"/companies/{company.slug}/folders/"
            f"{house.folder(company=company).id}/documents",
        )

    def deposit(self) -> None:
        number = len(self.kept)
        content = one_page_pdf(f"{self.host} {number // 2}")
        upload = uuid.uuid4()
        while not self._is_kept(upload, f"Pièce n° {number} – été.pdf", content):
            self.repeats += 1
        self.kept[upload] = sha256(content).hexdigest()

    def _is_kept(self, upload: uuid.UUID, name: str, content: bytes) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        head = "--of-the-test\r\nContent-Disposition: form-data; name="
        body = (
            f'{head}"upload_id"\r\n\r\n{upload}\r\n{head}"file"; filename="{name}"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        ).encode()
        try:
            line.request(
                "POST",
                self.path,
                body + content + b"\r\n--of-the-test--\r\n",
                self.headers,
            )
            answer = line.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()
        assert answer.status in {200, 500, 502, 503}, said
        return answer.status == 200


def unkept(depositors: Sequence[Depositor]) -> Iterator[str]:
    """What was answered for and is not there once, with its bytes."""
    there: dict[uuid.UUID | None, list[str]] = {}
    for upload, digest in db.session.execute(
        select(Document.upload_id, Document.sha256)
    ):
        there.setdefault(upload, []).append(digest)
    db.session.commit()
    for each in depositors:
        for upload, digest in each.kept.items():
            found = there.get(identity_of(upload, 0, digest))
            if found != [digest]:
                yield f"upload {upload} is there as {found}"
