"""Looks for a message that breaks its reader, guided by what of it each one reaches.

    pip install atheris
    python -m tests.fuzz.opening ../shared/corpus/eml -max_total_time=600

The folders are where it begins, and the first is where it keeps what it finds. Ends
with the message that broke a rule in a file `crash-…`; of use only by hand, so that
atheris is none of what the house needs.
"""

import io
import sys
import types
from pathlib import Path

import atheris

# The package without what makes the application of it: as the process apart has it.
app = types.ModuleType("app")
app.__path__ = [str(Path(__file__).resolve().parents[2] / "app")]
sys.modules["app"] = app
with atheris.instrument_imports(
    include=["app.mailroom", "app.library.naming", "tnefparse", "email", "zipfile"]
):
    from app.mailroom.opening import opening
    from app.mailroom.parts import MOST_PARTS
    from app.mailroom.reading import from_json

LARGEST = 200_000
# What the result may hold of a message, unpacked: `packages.MOST_RATIO` and its own.
MOST_RATIO = 110


def one(raw: bytes) -> None:
    """Raises where a rule does not hold."""
    result = io.BytesIO()
    said = opening.opened(io.BytesIO(raw), result, most=LARGEST, unzip=True)
    letter = from_json(said["letter"])
    for text in (letter.subject, letter.text, letter.from_name, letter.from_address):
        text.encode()
        assert "\x00" not in text
    papers = said["papers"]
    numbers = {paper["number"] for paper in papers}
    assert len(numbers) == len(papers) <= MOST_PARTS + 200
    assert sum(paper["size"] for paper in papers) <= MOST_RATIO * len(raw)
    for paper in papers:
        paper["name"].encode()
        assert len(paper["name"]) <= 200
        assert paper["at"] + paper["size"] <= len(result.getvalue())


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
