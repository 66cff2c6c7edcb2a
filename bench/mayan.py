"""Mayan EDMS, as P5 stands beside it: in a venv of its own, on a database of the same
server, behind the same gunicorn."""

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

from _parts import ROOT
from bench.ground import Ground
from bench.measuring import say

HOME = ROOT / "var/mayan"
PROGRAMS = HOME / "bin"
PEERS = ROOT / "bench/peers"
PINS = PEERS / "mayan.txt"
STAMP = HOME / ".installed"
USER = "hugo"

# A document as an upload leaves it, with its file, its version and a page of both. What
# Mayan notes of it besides (its log, its search, its text) the list does not read.
FILLING = (
    "INSERT INTO documents_documenttype (label, filename_generator_backend,"
    " filename_generator_backend_arguments, document_stub_expiration_interval,"
    " document_stub_pruning_enabled) VALUES ('Facture', 'uuid', '', 86400, true)",
    "INSERT INTO documents_document (id, uuid, label, description, datetime_created,"
    " language, document_type_id, in_trash, is_stub, file_latest_id, version_active_id)"
    " SELECT n, gen_random_uuid(), name, '', at, 'fra', type.id, false, false, n, n"
    " FROM bench_plan, documents_documenttype type",
    "INSERT INTO documents_documentfile (id, document_id, timestamp, comment, file,"
    " filename, mimetype, encoding, checksum, size)"
    " SELECT n, n, at, '', gen_random_uuid(), name, 'application/pdf', 'binary',"
    " encode(sha256(n::text::bytea), 'hex'), 50000 + n % 400000 FROM bench_plan",
    "INSERT INTO documents_documentfilepage (id, page_number, document_file_id)"
    " SELECT n, 1, n FROM bench_plan",
    "INSERT INTO documents_documentversion (id, document_id, timestamp, comment,"
    " active) SELECT n, n, at, '', true FROM bench_plan",
    "INSERT INTO documents_documentversionpage (id, page_number, object_id,"
    " content_type_id, document_version_id) SELECT n, 1, n, kind.id, n"
    " FROM bench_plan, django_content_type kind"
    " WHERE kind.app_label = 'documents' AND kind.model = 'documentfilepage'",
)
PLAN = """
CREATE TEMPORARY TABLE bench_plan AS
SELECT n, now() - interval '2 years' * (1 - n::float / :count) AS at,
  'Facture ' || (ARRAY['Orange', 'EDF', 'Point P', 'Cemex'])[n % 4 + 1] || ' '
    || n || '.pdf' AS name
FROM generate_series(1, CAST(:count AS int)) n
"""


@dataclass(frozen=True)
class Mayan:
    """Where it is served, and what signs a request of its superuser."""

    port: int
    cookie: str


def version() -> str:
    return next(re.finditer(r"^mayan-edms==(\S+)", PINS.read_text(), re.M))[1]


def is_installed() -> bool:
    return STAMP.exists() and STAMP.read_bytes() == PINS.read_bytes()


def install() -> None:
    """Some minutes and half a gigabyte, the first time and when its pins change."""
    if is_installed():
        return
    say(f"installing Mayan EDMS {version()} into {HOME.relative_to(ROOT)}:")
    python, pip = PROGRAMS / "python", ("-m", "pip", "install", "--quiet")
    _run(sys.executable, "-m", "venv", "--clear", HOME)
    # Without what is needed by what is left out (bin/lock), so nothing is resolved.
    options = ("--disable-pip-version-check", "--require-hashes", "--no-deps")
    _run(python, *pip, *options, "-r", PINS)
    shutil.copy(PINS, STAMP)


@contextmanager
def mayan(ground: Ground, documents: int, rows: int) -> Iterator[Mayan]:
    """It serves so many documents, that many of them on a page."""
    install()
    folder = ground.folder / "mayan"
    folder.mkdir()
    url = ground.new_database("mayan")
    password = secrets.token_hex(16)
    env = _settings(folder, sa.make_url(url), rows)
    say(f"{documents} documents of Mayan's:")
    _manage(env, "migrate", "--verbosity", "0")
    account = ("--username", USER, "--email", "hugo@durand.example")
    naming = {"DJANGO_SUPERUSER_PASSWORD": password}
    _manage(env | naming, "createsuperuser", "--noinput", *account)
    _fill(url, documents)
    target = "mayan.wsgi:application"
    with ground.gunicorn(target, env, programs=PROGRAMS, folder=PEERS) as port:
        yield Mayan(port, _sign_in(port, password))


def _settings(folder: Path, url: sa.URL, rows: int) -> dict[str, str]:
    """What it reads from its environment; the rest is as it comes, save that it keeps
    its lines to the database, as we do."""
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username,
        "HOST": url.query["host"],
        "CONN_MAX_AGE": 600,
    }
    return {
        "PYTHONPATH": str(PEERS),
        "PYTHONWARNINGS": "ignore",
        "DJANGO_SETTINGS_MODULE": "mayan_settings",
        "MAYAN_MEDIA_ROOT": str(folder),
        "MAYAN_SECRET_KEY": secrets.token_hex(32),
        "MAYAN_DATABASES": json.dumps({"default": database}),
        "MAYAN_ALLOWED_HOSTS": '["127.0.0.1"]',
        "MAYAN_VIEWS_PAGINATE_BY": str(rows),
    }


def _manage(env: dict[str, str], *words: str) -> None:
    _run(PROGRAMS / "python", "-m", "django", *words, env=env)


def _run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        command,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        say(done.stdout)
        raise RuntimeError(f"{command[0]} ended with {done.returncode}")
    say(".", end="")


def _fill(url: str, documents: int) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        # Documents name their files and files their documents.
        connection.execute(sa.text("SET CONSTRAINTS ALL DEFERRED"))
        connection.execute(sa.text(PLAN), {"count": documents})
        for statement in FILLING:
            connection.execute(sa.text(statement))
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("VACUUM (ANALYZE)"))
    engine.dispose()
    say(" filled")


def _sign_in(port: int, password: str) -> str:
    """The cookies of the superuser, of whom the fewest questions are asked."""
    line = HTTPConnection("127.0.0.1", port, timeout=120)
    path = "/authentication/login/"
    line.request("GET", path)
    answer = line.getresponse()
    token = re.search(
        r'name="csrfmiddlewaretoken" value="(\w+)"', answer.read().decode()
    )
    if token is None:
        raise LookupError("no form to sign in by")
    cookies = SimpleCookie(answer.headers["Set-Cookie"])
    form = {"csrfmiddlewaretoken": token[1], "username": USER, "password": password}
    headers = {
        "Cookie": f"csrftoken={cookies['csrftoken'].value}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    line.request("POST", path, urlencode(form), headers)
    answer = line.getresponse()
    answer.read()
    for cookie in answer.headers.get_all("Set-Cookie", []):
        if session := SimpleCookie(cookie).get("sessionid"):
            return f"sessionid={session.value}"
    raise RuntimeError(f"signing in: {answer.status}")
