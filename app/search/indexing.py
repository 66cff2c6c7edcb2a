"""The entry that a document is found by: its words, and the scope they are in."""

import uuid
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import Insert

from app.db import db, insert_into
from app.folding import words
from app.library.models import Comment, Document
from app.search.models import SearchEntry

LONGEST_WORD = 60
MOST_BYTES = 200_000  # a tsvector takes a megabyte, positions included


def text_of(document: Document, *, is_new: bool = False) -> list[str]:
    """The words that people gave it; only what everybody who sees the document may
    read: a hit tells of what it was found by. Nobody has written beside a new one."""
    own = [document.name, document.piece_number or "", document.description or ""]
    return own if is_new else own + _shared_comments(document)


def _shared_comments(document: Document) -> list[str]:
    return list(
        db.session.scalars(
            select(Comment.body)
            .where(
                Comment.document_id == document.id,
                Comment.visibility == "shared",
                Comment.removed_at.is_(None),
            )
            .order_by(Comment.id)
        )
    )


def body_of(document: Document, content: str, *, is_new: bool) -> str:
    """Words of the name first: of a very long text the end is left out."""
    found = words("\n".join([*text_of(document, is_new=is_new), content]))
    body = " ".join(keyed(found, document.firm_id))
    return body.encode()[:MOST_BYTES].decode(errors="ignore")


def keyed(words: list[str], firm_id: uuid.UUID) -> list[str]:
    """The firm's own words: those that begin like one of them are met by nobody else's
    search, which would have to pass over «facture» in every document there is."""
    key = f"k{firm_id.hex[-6:]}"
    return list(dict.fromkeys(key + word[:LONGEST_WORD] for word in words))


def scope_of(company_id: uuid.UUID) -> str:
    return f"c{company_id.hex}"


def write(
    document: Document,
    content: str,
    read_sha256: str | None,
    *,
    is_new: bool = False,
    needs_ocr: bool | None = None,
) -> None:
    """Past the session's own rows: this also runs while it flushes. `needs_ocr` stays
    as it was unless it is given."""
    values: dict[str, Any] = {
        "firm_id": document.firm_id,
        "company_id": document.company_id,
        "scope": scope_of(document.company_id),
        "body": body_of(document, content, is_new=is_new),
        "content": content,
        "read_sha256": read_sha256,
    }
    if needs_ocr is not None:
        values["needs_ocr"] = needs_ocr
    asked = _writing(tuple(values), db.session.get_bind().dialect.name)
    values["document_id"] = document.id
    db.session.execute(asked, {f"new_{name}": values[name] for name in values})


@lru_cache(maxsize=4)
def _writing(names: tuple[str, ...], _dialect: str) -> Insert:
    entry = insert_into(SearchEntry).values(
        {name: bindparam(f"new_{name}") for name in ("document_id", *names)}
    )
    return entry.on_conflict_do_update(
        index_elements=["document_id"],
        set_={name: entry.excluded[name] for name in names},
    )
