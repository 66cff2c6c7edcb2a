"""A mailbox at an IMAP server, opened to be read only: nothing there is changed, marked
or deleted."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from imaplib import IMAP4
from typing import Any
from urllib.parse import unquote, urlsplit

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFetchError

PATIENCE = 30  # seconds for each answer
# What the server or the line to it may come to.
FAULTS = (ImapToolsError, IMAP4.error, OSError)
HERE = {"localhost", "127.0.0.1", "::1"}
# It will give it out later (RFC 5530, 3; Google says it in words).
_NOT_NOW = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|OVERQUOTA|SERVERBUG|CONTACTADMIN|THROTTLED)\]|"
    r"bandwidth|temporar|try again|too many",
    re.IGNORECASE,
)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class Unfetchable(Exception):
    """The server does not give out this one message, and says not that it will."""


@dataclass(frozen=True)
class Address:
    """Where the mailbox is, by INBOUND_IMAP_URL."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    folder: str

    @property
    def name(self) -> str:
        """Without the password: for the operator's eyes, and to know it again."""
        return f"{self.user}@{self.host}/{self.folder}"[:255]


@dataclass(frozen=True)
class Head:
    uid: int
    size: int
    headers: bytes


def address_from(url: str) -> Address:
    parts = urlsplit(url)
    return Address(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or (993 if parts.scheme == "imaps" else 143),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        folder=unquote(parts.path.strip("/")) or "INBOX",
    )


class Fetched:
    """What imap-tools makes of an answer: the bytes alone. Its own class would parse
    them here, without limits."""

    def __init__(self, answer: list[Any]) -> None:
        literals = [item for item in answer if isinstance(item, tuple)]
        self.raw: bytes = literals[0][1] if literals else b""
        words = [item[0] if isinstance(item, tuple) else item for item in answer]
        found = _SIZE.search(b" ".join(words))
        self.size = int(found[1]) if found else len(self.raw)


class Mailbox:
    """While its line is open."""

    def __init__(self, line: BaseMailBox, validity: int) -> None:
        self.line = line
        self.validity = validity

    def uids_after(self, last: int) -> list[int]:
        """In their order. A server gives the last one for any range beyond it."""
        found = self.line.uids(f"UID {last + 1}:*", charset=None)
        return sorted(uid for uid in map(int, found) if uid > last)

    def head(self, uid: int) -> Head | None:
        """None when it is there no longer."""
        found = self._fetch(uid, headers_only=True)
        return Head(uid, found.size, found.raw) if found else None

    def whole(self, uid: int) -> bytes | None:
        """None as above. Raises Unfetchable also where nothing is given out of it."""
        found = self._fetch(uid)
        if found and not found.raw:
            raise Unfetchable("was given out empty")
        return found.raw if found else None

    def _fetch(self, uid: int, **more: Any) -> Any:
        try:
            wanted = self.line.fetch(uid_list=[str(uid)], mark_seen=False, **more)
            return next(wanted, None)
        except MailboxFetchError as error:
            if _NOT_NOW.search(str(error)):
                raise
            raise Unfetchable(str(error)) from error


@contextmanager
def opened(at: Address) -> Iterator[Mailbox]:
    """Raises one of FAULTS."""
    line = _connected(at)
    line.email_message_class = Fetched  # type: ignore[assignment]
    try:
        line.login_utf8(at.user, at.password, initial_folder=None)
        status = line.folder.status(at.folder, ["UIDVALIDITY"])
        line.folder.set(at.folder, readonly=True)
        yield Mailbox(line, status["UIDVALIDITY"])
    finally:
        with suppress(*FAULTS):
            line.logout()


def _connected(at: Address) -> BaseMailBox:
    """In clear on this machine only."""
    where = {"host": at.host, "port": at.port, "timeout": PATIENCE}
    if at.scheme == "imaps":
        return MailBox(**where, ssl_context=ssl.create_default_context())
    if at.host in HERE:
        return MailBoxUnencrypted(**where)
    return MailBoxStartTls(**where, ssl_context=ssl.create_default_context())
