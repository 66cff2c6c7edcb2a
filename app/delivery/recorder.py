"""Acceptances are recorded while the next message is under way, and always before its
marker: of one worker at most one message is in doubt, and for no longer than the
database takes.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from flask import Flask, current_app

from app.delivery import acceptance
from app.delivery.answers import Reply
from app.delivery.claiming import Claim


class Unrecorded(Exception):
    """An acceptance could not be recorded: nothing more may leave."""


class Recorder:
    """Begins each recording at once, in a thread of its own. `with` waits for the last
    one, whatever happened."""

    def __init__(self) -> None:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self.app = app
        self.thread = ThreadPoolExecutor(1, "recorder")
        self.last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            self.wait()
        finally:
            self.thread.shutdown()

    def accepted(self, claim: Claim, reply: Reply) -> None:
        self.wait()
        self.last = self.thread.submit(self._record, claim, reply)

    def wait(self) -> None:
        """Until nothing is left to be recorded. Raises Unrecorded."""
        last, self.last = self.last, None
        if last is None:
            return
        try:
            last.result()
        except Exception as error:
            raise Unrecorded(repr(error)) from error

    def _record(self, claim: Claim, reply: Reply) -> None:
        with self.app.app_context():
            acceptance.accepted(claim, reply)
