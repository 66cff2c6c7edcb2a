"""A catch-all mailbox of somebody else's server: what comes there for an address of
ours is taken in, once, and stays there.

How far it was read is written down with each message (RFC 3501, 2.3.1.1). Where the
server counts anew it is read anew: what is known already is known by its bytes.
"""

import logging
import time
from email.utils import getaddresses, parseaddr

from flask import current_app
from sqlalchemy import select, update

from app.collection import accepting
from app.collection.accepting import Envelope
from app.collection.limits import Full, NotNow
from app.collection.models import CollectionAddress, WatchedMailbox
from app.db import database_now, db, insert_into
from app.mailroom.entrance import Nobody, take_in, whose
from app.mailroom.mailbox import (
    FAULTS,
    Head,
    Mailbox,
    Unfetchable,
    address_from,
    opened,
)
from app.mailroom.parts import headers_of, raw_header, safely

log = logging.getLogger(__name__)
MOST_SECONDS = 20  # the next look comes after a minute
MOST_DELIVERIES = 25  # from one server to the next
MOST_RECIPIENTS = 100  # as at the door
# Where the servers that deliver say for whom; each writes above the ones before.
_FOR_WHOM = {
    *("delivered-to", "x-original-to", "envelope-to", "x-envelope-to"),
    *("x-delivered-to", "x-gm-original-to"),
}
_OF_ONE = "UID "  # a trouble with one message begins so


def poll() -> int:
    """Take what is new; gives how many messages. Commits. What goes wrong is noted."""
    url = current_app.config["INBOUND_IMAP_URL"]
    if not url:
        return 0
    at = address_from(url)
    watch = Watch(at.name, own=at.user)
    try:
        with opened(at) as mailbox:
            watch.read(mailbox)
    except FAULTS as fault:
        watch.trouble = str(fault) or type(fault).__name__
    except Exception as fault:
        # The store or the database is away, most likely; from here on it goes on.
        log.exception("the mailbox %s could not be read", at.name)
        watch.trouble = type(fault).__name__
    watch.note()
    return watch.taken


class Watch:
    """One look at the mailbox."""

    def __init__(self, name: str, own: str) -> None:
        self.name = name
        self.own = own.lower()
        self.taken = 0
        self.trouble = ""

    def read(self, mailbox: Mailbox) -> None:
        until = time.monotonic() + MOST_SECONDS
        for uid in mailbox.uids_after(self._last(mailbox.validity)):
            # Another look may be under way: it wrote down how far it came.
            if uid > self._last(mailbox.validity):
                try:
                    self._read_one(mailbox, uid)
                except Full as why:  # what waits is read by itself: then it goes on
                    db.session.rollback()
                    self.trouble = str(why)
                    return
                self._came_to(uid, mailbox.validity)
            if time.monotonic() > until:
                return

    def _read_one(self, mailbox: Mailbox, uid: int) -> None:
        """One that cannot be taken stays where it is; the others do not wait for it."""
        try:
            head = mailbox.head(uid)
            to = recipients_of(head.headers, self.own) if head else []
            if head and to:
                self._take(mailbox, head, to)
            elif head and not _says_for_whom(head.headers):
                self._left(uid, "says not for whom it came")
        except Full:
            raise
        except (Unfetchable, NotNow) as why:
            db.session.rollback()
            self._left(uid, str(why))

    def _take(self, mailbox: Mailbox, head: Head, to: list[str]) -> None:
        envelope = Envelope("imap", sender_of(head.headers))
        if head.size > current_app.config["MAX_MAIL_MB"] * 1_000_000:
            self._left(head.uid, f"too big: {head.size} bytes")
            for address in to:
                self._tell_of_too_big(head, address, envelope)
        elif (raw := mailbox.whole(head.uid)) is not None:
            take_in(raw, envelope, to)
            self.taken += 1

    def _tell_of_too_big(self, head: Head, to: str, envelope: Envelope) -> None:
        found = whose(to)
        given = (head.headers, head.size, envelope, to)
        if isinstance(found, CollectionAddress):
            accepting.tell_of(*given, found)
        elif isinstance(found, Nobody):
            accepting.tell_of(*given, None, found.firm_id)

    def _left(self, uid: int, why: str) -> None:
        self.trouble = f"{_OF_ONE}{uid} {why}; it is left where it is"
        log.warning("%s: %s", self.name, self.trouble)

    def _last(self, validity: int) -> int:
        """How far it was read; commits."""
        kept = db.session.execute(
            select(WatchedMailbox.uid_validity, WatchedMailbox.last_uid).where(
                WatchedMailbox.name == self.name
            )
        ).one_or_none()
        if kept is None or kept.uid_validity != validity:
            anew = {"uid_validity": validity, "last_uid": 0}
            row = insert_into(WatchedMailbox).values(name=self.name, trouble="", **anew)
            db.session.execute(
                row.on_conflict_do_update(index_elements=["name"], set_=anew)
            )
        db.session.commit()
        return kept.last_uid if kept and kept.uid_validity == validity else 0

    def _came_to(self, uid: int, validity: int) -> None:
        db.session.execute(
            update(WatchedMailbox)
            .where(
                WatchedMailbox.name == self.name,
                WatchedMailbox.uid_validity == validity,
                WatchedMailbox.last_uid < uid,
            )
            .values(last_uid=uid)
        )
        db.session.commit()

    def note(self) -> None:
        """When it was looked at, and what went wrong. What one message came to is told
        until the next one; what the line came to, until it is well again."""
        db.session.rollback()
        row = db.session.get(WatchedMailbox, self.name, populate_existing=True)
        if row is None:
            row = WatchedMailbox(name=self.name, uid_validity=0)
            db.session.add(row)
        row.looked_at = database_now()
        is_still_so = not self.taken and (row.trouble or "").startswith(_OF_ONE)
        if self.trouble or not is_still_so:
            row.trouble = self.trouble[:500]
        db.session.commit()


def recipients_of(headers: bytes, own: str) -> list[str]:
    """Those in the topmost header that names somebody here (some servers deliver once
    for several, and write them all down); else the topmost at a domain of ours, save
    the mailbox's own. Under whatever name one signs in, that is nobody's (B27)."""
    stray: list[str] = []
    for addresses in _delivered_to(headers):
        others = [address for address in addresses if address != own]
        found = {address: to for address in others if (to := whose(address))}
        db.session.commit()  # an address may have got its row
        known = [address for address in found if not isinstance(found[address], Nobody)]
        if known:
            return known
        stray = stray or list(found)[:1]
    return stray


def sender_of(headers: bytes) -> str:
    """As the server that delivered wrote it down."""
    message = headers_of(headers)
    name = "Return-Path" if "Return-Path" in message else "From"
    return parseaddr(raw_header(message, name))[1]


def _says_for_whom(headers: bytes) -> bool:
    return bool(_delivered_to(headers))


def _delivered_to(headers: bytes) -> list[list[str]]:
    """Those of each header in small letters, the topmost first."""
    message = headers_of(headers)
    found: list[tuple[str, object]] = safely([], lambda: list(message.items()))
    values = [str(value) for name, value in found if name.lower() in _FOR_WHOM]
    every = map(_addresses_in, values[:MOST_DELIVERIES])
    return [addresses for addresses in every if addresses]


def _addresses_in(value: str) -> list[str]:
    listed = safely([("", "")], getaddresses, [value])
    addresses = [address.strip().lower() for _name, address in listed]
    return [address for address in addresses if "@" in address][:MOST_RECIPIENTS]
