"""Bytes of a message that no row refers to yet: given back when none will."""

import contextlib
from collections.abc import Iterator

from app.db import db
from app.library.receiving import store
from app.storage import StorageUnavailable, Stored


@contextlib.contextmanager
def given_back_on_error(stored: Stored | None) -> Iterator[None]:
    """Whatever goes wrong, the transaction is rolled back and the bytes are deleted;
    the error goes on."""
    try:
        yield
    except BaseException:
        db.session.rollback()
        if stored is not None:
            with contextlib.suppress(StorageUnavailable):
                store().delete(stored.key)
        raise
