"""Doing what the dialog of a switch said, if it is still so.

An act; the caller commits, and asks for a run when something is `sent`.
"""

from dataclasses import dataclass

from app.connectors.foreseeing import (
    MOST_AT_ONCE,
    Foreseen,
    foresee,
    to_cancel,
    to_send,
)
from app.connectors.models import Connection
from app.connectors.switches import set_switch
from app.delivery import covering
from app.delivery.by_hand import transmit
from app.errors import Refused
from app.library.models import Folder
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _


@dataclass(frozen=True)
class Done:
    """`before` is how it stood; documents that leave all the same, and given up."""

    before: Foreseen
    sent: int = 0
    cancelled: int = 0


class NotAsSeen(Exception):
    """What the dialog said is not so any more; nothing was done."""


def switch_as_seen(
    folder: Folder,
    connection: Connection,
    slot: str,
    state: str,
    *,
    seen: str | None,
    and_send: bool,
    by: Person | None,
) -> Done:
    """`seen` is the stamp of the dialog; `and_send` lets what is already there leave
    when switching on, and what waits when switching off.

    Raises NotAsSeen, and Refused when more are there than one act may send.
    """
    lock_company(folder.company_id, exclusive=True)
    before = foresee(folder, connection, slot)
    if seen is not None and state != "inherit":
        if before.is_on == (state == "on"):
            return Done(before)  # somebody else did it
        if seen != before.stamp(state):
            raise NotAsSeen
    sent = 0
    if and_send and state == "on":
        sent = _send_what_is_there(folder, connection, slot, before, by)
    elif and_send and state == "off":
        waiting = to_cancel(folder, connection, slot, even_held=False)
        sent = covering.let_go(waiting)
    cancelled = set_switch(folder, connection, slot, state, by=by, sent=sent)
    return Done(before, sent, cancelled)


def _send_what_is_there(
    folder: Folder,
    connection: Connection,
    slot: str,
    before: Foreseen,
    by: Person | None,
) -> int:
    if before.sendable > MOST_AT_ONCE:
        raise Refused(_("These are too many documents to be sent at once."))
    for document, version in to_send(folder, connection, slot):
        transmit(document, version, connection, slot, by=by)
    return before.sendable
