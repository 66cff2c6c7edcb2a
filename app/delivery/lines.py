"""Several lines to the mail server at once: a long message, or an address that does not
answer, keeps only what was claimed with it waiting.

The first is the caller's own. The others open when that one is open and has claimed all
that it may: a few messages go over one line, and so does everything to a server that
takes no more. On SQLite, which has one writer, the first stays alone.
"""

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from flask import Flask, current_app

from app.db import on_sqlite
from app.delivery import ledger
from app.delivery.answers import NoServer
from app.delivery.line import Line
from app.delivery.recorder import Recorder
from app.delivery.transport import Session

Sent = tuple[Counter[str], str | None]


class Lines:
    """Those of one run. Where one breaks (Unrecorded), the others end after the message
    that they have in hand."""

    def __init__(
        self,
        owner: str,
        company_id: uuid.UUID | None,
        should_stop: Callable[[], bool],
    ) -> None:
        self.app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self.owner = owner
        self.company_id = company_id
        self.should_stop = should_stop
        self.is_broken = Event()
        self.others: list[Future[Sent]] = []
        self.more = _most() - 1

    def send_all(self) -> Sent:
        """How many came to what, and the text of the fault that ended it too early."""
        first = Session()
        with ThreadPoolExecutor(max(1, self.more), "line") as pool:
            sent = [
                self._one(self.owner, first, lambda: self._open_others(first, pool))
            ]
            sent += [other.result() for other in self.others]
        counts: Counter[str] = Counter()
        for counted, _fault in sent:
            counts.update(counted)
        return counts, next((fault for _counted, fault in sent if fault), None)

    def _open_others(self, first: Session, pool: ThreadPoolExecutor) -> None:
        if self.more and not self.others and _is_taken(first):
            names = (f"{self.owner}/{number + 2}" for number in range(self.more))
            self.others = [pool.submit(self._another, name) for name in names]

    def _another(self, owner: str) -> Sent:
        with self.app.app_context():
            session = Session()
            if not _is_taken(session):
                return Counter(), None
            return self._one(owner, session, lambda: None)

    def _one(self, owner: str, session: Session, when_more: Callable[[], None]) -> Sent:
        try:
            with session, ledger.opened() as kept, Recorder(kept) as recorder:
                line = Line(owner, self.company_id, session, recorder, self._is_over)
                fault = line.send_all(when_more)
            return line.counts, fault
        except BaseException:
            self.is_broken.set()
            raise

    def _is_over(self) -> bool:
        return self.is_broken.is_set() or self.should_stop()


def _is_taken(session: Session) -> bool:
    """A server that takes fewer lines than we would open is not ill."""
    try:
        session.largest_message()
    except NoServer:
        return False
    return True


def _most() -> int:
    if on_sqlite():
        return 1
    return int(current_app.config["MAIL_LINES"])
