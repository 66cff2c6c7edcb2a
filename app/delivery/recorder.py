"""Acceptances are recorded while the next message is under way, and always before its
marker: of one line at most one message is in doubt, and for no longer than the
database takes.
"""

import logging
from types import TracebackType
from typing import Self

import psycopg

from app.delivery import acceptance
from app.delivery.answers import Reply
from app.delivery.claiming import Claim
from app.delivery.ledger import Ledger

log = logging.getLogger(__name__)


class Unrecorded(Exception):
    """An acceptance could not be recorded: nothing more may leave."""


class Recorder:
    """Begins each recording at once. `with` waits for the last one, whatever happened.

    Without a ledger (SQLite) each is done when the call returns.
    """

    def __init__(self, ledger: Ledger | None) -> None:
        self.ledger = ledger
        self.last: tuple[Claim, Reply] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.wait()

    def accepted(self, claim: Claim, reply: Reply) -> None:
        """Raises Unrecorded."""
        self.wait()
        self.last = claim, reply
        if self.ledger is None:
            self.wait()
            return
        try:
            acceptance.begin(claim, reply, self.ledger)
        except psycopg.Error as error:
            self._put_off(error)

    def wait(self) -> None:
        """Until nothing is left to be recorded. Raises Unrecorded."""
        if self.last is None:
            return
        try:
            if not self._is_answered():
                acceptance.accepted(*self.last)
        except Exception as error:
            self.last = None
            raise Unrecorded(repr(error)) from error
        self.last = None

    def _is_answered(self) -> bool:
        """It is recorded; False when that has to be seen to by other means."""
        if self.ledger is None or self.ledger.asked is None:
            return False
        try:
            self.ledger.answer()
        except psycopg.Error as error:
            self._put_off(error)
            return False
        return True

    def _put_off(self, error: psycopg.Error) -> None:
        log.warning("an acceptance is still to be recorded: %s", error)
