"""Many things in a row, of which one that fails keeps none of the others waiting."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.db import db

log = logging.getLogger(__name__)


@contextmanager
def alone(what: str, faults: list[Exception] | None = None) -> Iterator[None]:
    """A fault inside is logged, what was open is rolled back, and the caller goes on.
    `faults` collects them, for who has to say in the end that not all went well."""
    try:
        yield
    except Exception as fault:
        db.session.rollback()
        log.exception("%s failed, the others go on", what)
        if faults is not None:
            faults.append(fault)
