"""What one line to the mail server does in a run: claim, send, and again until nothing
is due."""

import logging
import uuid
from collections import Counter
from collections.abc import Callable

from app.db import db
from app.delivery import claiming, ours, outages, outcomes, quota, reaping
from app.delivery.answers import NoServer, Reply
from app.delivery.breaker import Breaker
from app.delivery.claiming import A_CLAIM, Claim, Lease
from app.delivery.recorder import Recorder, Unrecorded
from app.delivery.sending import ServerGone, send
from app.delivery.transport import Session
from app.delivery.turns import Turns

log = logging.getLogger(__name__)


class Line:
    """Another owner, another lease, claims of its own: to the other lines of a run it
    is what another worker is."""

    def __init__(
        self,
        owner: str,
        company_id: uuid.UUID | None,
        session: Session,
        recorder: Recorder,
        is_over: Callable[[], bool],
    ) -> None:
        self.owner = owner
        self.company_id = company_id
        self.session = session
        self.recorder = recorder
        self.is_over = is_over
        self.counts: Counter[str] = Counter()
        self.lease = Lease(owner)
        self.turns = Turns(company_id)
        self.breaker = Breaker(owner, self.turns)

    def send_all(self, when_more: Callable[[], None]) -> str | None:
        """The text of the fault that ended it, or None. `when_more` is called with each
        claim that may have left something to others. Raises Unrecorded."""
        while not self.is_over():
            if (most := self.breaker.most()) == 0:
                return "another worker is trying the server"
            batch = claiming.claim(self.owner, self.turns, most)
            if not batch:
                return None if self.company_id else self._fault_of_now()
            if len(batch) == A_CLAIM:
                when_more()
            self.counts["claimed"] += len(batch)
            self.lease.take(batch)
            try:
                self._send_batch(batch)
                self.recorder.wait()
            except ServerGone as gone:
                log.warning("the mail server is not to be had: %s", gone)
                outages.note(str(gone), gone.code)
                return str(gone)
            finally:
                reaping.give_back(self.owner, self.lease.held)
        return None

    def _send_batch(self, batch: list[Claim]) -> None:
        for claim in batch:
            self.lease.keep()
            if self.breaker.is_open(claim):  # given back with what is left
                self.counts["postponed"] += 1
                continue
            if self.is_over() or not quota.wait(self.lease.keep, self.is_over):
                return
            if claim.id not in self.lease.held:
                self.counts["lost"] += 1
                continue
            self.lease.held.discard(claim.id)
            state = self._send_one(claim)
            self.breaker.note(claim, state, self.session.cuts)
            self.counts[state] += 1
            if self.breaker.server_is_lost():
                raise ServerGone("the line was cut again and again")

    def _send_one(self, claim: Claim) -> str:
        """One that cannot be sent for a reason of its own must not stop the others."""
        try:
            return send(claim, self.session, self.recorder, self.lease.keep)
        except (ServerGone, Unrecorded):
            raise
        except Exception:
            db.session.rollback()
            self.session.drop()
            if claim.is_past_return:
                raise  # the dot may be out: only its lease may end this
            log.exception("delivery %s could not be sent", claim.id)
            reply = Reply("body", 0, ours.FAULT)
            return outcomes.deferred(claim, "body", reply)

    def _fault_of_now(self) -> str | None:
        """Nothing is due: during an outage a greeting is enough to end it."""
        if self.breaker.outage is None:
            return None
        try:
            self.session.largest_message()
        except NoServer as gone:
            outages.note(gone.text, gone.code)
            return gone.text
        outages.over()
        return None
