"""What a run asks of the database past SQLAlchemy, and what a test does before."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import ClauseElement

from app.delivery.ledger import Ledger


@contextmanager
def before_asking(act: Callable[[str], object]) -> Iterator[None]:
    """Do it with each statement that a ledger is about to ask."""
    real = Ledger.ask

    def ask(self: Ledger, statement: ClauseElement, values: Mapping[str, Any]) -> None:
        act(str(statement))
        real(self, statement, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "ask", ask)
        yield
