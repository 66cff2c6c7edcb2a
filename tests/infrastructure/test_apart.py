"""Files are read apart: what breaks its reader, or never ends, breaks nothing else."""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from app import apart
from tests.files import heic
from tests.papers import one_page_pdf

PDF = "application/pdf"
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def on_disk(content: bytes) -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


def look(content: bytes, content_type: str = PDF, megabytes: int = 1024) -> Any:
    with on_disk(content) as file:
        return apart.ask("look", file, content_type, megabytes=megabytes)


def test_what_breaks_its_reader_is_not_known_and_the_next_one_is_read() -> None:
    assert look(b"x", "image/unheard-of") == {"defect": "damaged"}
    with on_disk(b"x") as file:
        assert apart.ask("no such task", file, PDF) is None
    assert look(one_page_pdf("Next")) == {"defect": None, "pages": 1}


def test_what_never_ends_is_ended_by_the_kernel() -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as endless, os.fdopen(write, "wb"):
        assert apart.ask("look", endless, "image/png", seconds=1) is None
    assert look(one_page_pdf("Next")) == {"defect": None, "pages": 1}


def test_no_memory_is_no_defect() -> None:
    photo = heic(4032, 3024)
    assert look(photo, "image/heic") == {"defect": None}
    assert look(photo, "image/heic", megabytes=130) is None


def test_the_process_that_forks_is_started_again_when_it_is_gone() -> None:
    look(one_page_pdf("First"))
    process = apart._nursery._process
    assert process
    process.kill()
    process.wait()
    assert look(one_page_pdf("Second")) == {"defect": None, "pages": 1}


def test_it_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "never told")
    apart._nursery.stop()
    look(one_page_pdf("First"))
    process = apart._nursery._process
    assert process
    environment = Path(f"/proc/{process.pid}/environ")
    if environment.exists():
        assert b"SECRET_KEY" not in environment.read_bytes()


def test_the_result_is_written_where_it_was_asked() -> None:
    from PIL import Image

    with on_disk(heic()) as photo, tempfile.TemporaryFile() as made:
        said = apart.ask("jpeg", photo, "image/heic", made)
        assert said == {"defect": None}
        made.seek(0)
        assert Image.open(io.BytesIO(made.read())).format == "JPEG"


def test_the_web_process_loads_no_reader() -> None:
    """They are large, and not to be trusted with what people send."""
    code = (
        "import sys; from app import create_app; create_app(); "
        "print({'PIL', 'pypdfium2', 'pillow_heif'} & set(sys.modules))"
    )
    env = dict(os.environ) | {"GUICHET_ENV": "test"}
    said = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "set()"
