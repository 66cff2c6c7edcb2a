"""The text of pages that are pictures, by tesseract: a task of `apart_child`, which
loads this file by its path and lays itself there as `child`. Imports nothing of the
house.
"""

import io
import os
import subprocess
from typing import Any, BinaryIO

Picture = Any
child: Any = None

LANGUAGE = "fra"
WIDE = 2480  # pixels: A4 at 300 dpi, as tesseract likes it
TALLEST = 3  # times as high as wide
SECONDS = 25  # for one page: less than the fork has, which would leave it alone
COMMAND = ("tesseract", "stdin", "stdout", "-l", LANGUAGE, "--psm", "3")


def ocr(
    source: BinaryIO, result: BinaryIO, content_type: str, *, first: int
) -> dict[str, Any]:
    """The text of the first page without text at or behind `first` (from 0), in UTF-8.
    `page` is its number, null where there is none any more."""
    if content_type == "application/pdf":
        page, picture = _bare_page(source, first)
    else:
        page, picture = (
            (0, _picture(source, content_type)) if first == 0 else (None, None)
        )
    if page is not None:
        result.write(_read(picture))
        result.flush()
    return {"page": page}


def _bare_page(source: BinaryIO, first: int) -> tuple[int | None, Picture]:
    import pypdfium2

    document = pypdfium2.PdfDocument(source)
    for number in range(first, len(document)):
        page = document[number]
        if not page.get_textpage().get_text_range(errors="ignore").strip():
            wide, high = page.get_size()
            scale = min(WIDE / wide, WIDE * TALLEST / high)
            return number, page.render(scale=scale, grayscale=True).to_pil()
        page.close()
    return None, None


def _picture(source: BinaryIO, content_type: str) -> Picture:
    pages = child.LOADED["apart_pages"]
    picture = pages._upright(child.opened(source, content_type)).convert("L")
    picture.thumbnail((WIDE, WIDE * TALLEST))
    return picture


def _read(picture: Picture) -> bytes:
    """It inherits the limits of memory and time."""
    given = io.BytesIO()
    picture.save(given, "PNG", compress_level=1)
    return subprocess.run(  # noqa: S603 - no words of anybody
        COMMAND,
        input=given.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ) | {"OMP_THREAD_LIMIT": "1"},
        timeout=SECONDS,
        check=True,
    ).stdout


TASKS = {"ocr": ocr}
STARTERS = ("ocr",)  # a program of its own
