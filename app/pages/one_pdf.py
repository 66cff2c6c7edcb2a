"""Several stored files as the pages of one PDF: documents that are put together, photos
of one paper. Made apart, with no transaction open.
"""

import shutil
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from app import apart
from app.library.naming import clean_name, shortened, split_extension
from app.library.receiving import Received, receive, store
from app.pages.editing import PDF, SECONDS, Signed, chunks, refuse


class Part(NamedTuple):
    storage_key: str
    content_type: str
    size: int  # bytes
    name: str


def one_pdf(parts: Sequence[Part], typed: str, *, sure: bool) -> Received:
    """In the store, in their order, called as was typed or after the first one.

    Raises Refused, which names the one that cannot be read, and Signed unless the
    person is sure.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as made:
        for part in parts:
            with store().open(part.storage_key) as blob:
                shutil.copyfileobj(blob, given)
        given.seek(0)
        kinds = [(part.content_type, part.size) for part in parts]
        said = apart.ask("merge", given, PDF, made, seconds=SECONDS, parts=kinds)
        at = (said or {}).get("at")
        refuse(said, parts[at].name if at is not None else "")
        if said and said["is_signed"] and not sure:
            raise Signed
        made.seek(0)
        return receive(chunks(made, None), _name(typed, parts[0].name))


def _name(typed: str, first: str) -> str:
    stem = split_extension(clean_name(typed, fallback=split_extension(first)[0]))[0]
    return shortened(f"{stem}.pdf")
