"""Messages taken apart: a task of `apart_child`, which loads this file by its path and
lays itself there as `child`.

The rules are the house's (`app.mailroom.opening`); of the house only these and what
they import are loaded, under a package `app` that is nothing but the place.
"""

import importlib
import io
import sys
import types
from pathlib import Path
from typing import Any, BinaryIO

child: Any = None


def _house(name: str) -> Any:
    if "app" not in sys.modules:
        place = types.ModuleType("app")
        place.__path__ = [str(Path(__file__).parent)]
        sys.modules["app"] = place
    return importlib.import_module(name)


_opening = _house("app.mailroom.opening.opening")
# What is loaded at the first need is loaded now, and not once in each fork.
_SAMPLE = (
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xc3\xa9\n--b\n"
    b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+\n--b--\n"
)
_opening.opened(io.BytesIO(_SAMPLE), io.BytesIO(), most=len(_SAMPLE), unzip=False)


def mail(
    source: BinaryIO,
    result: BinaryIO,
    content_type: str,
    *,
    most: int,
    unzip: bool,
) -> dict[str, Any]:
    """`letter`, `papers` (each lies in the result at `at`), and a `defect`."""
    said: dict[str, Any] = _opening.opened(source, result, most=most, unzip=unzip)
    result.flush()
    return said


def letter(source: BinaryIO, _result: BinaryIO, content_type: str) -> dict[str, Any]:
    """The letter alone."""
    return {"letter": _opening.letter_of(source)}


TASKS = {"mail": mail, "letter": letter}
