"""The headers of a message, as far as who wrote it and how it came go by them.

Two programs must not read two different authors out of one message: an author is only
told where every reading of `From` that we know of gives the same one.
"""

import re
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.utils import getaddresses

import dkim

from app.mailroom import decoding
from app.mailroom.parts import BROKEN, MOST_HEADERS, header, headers_of, safely

LONGEST_FROM = 1000
LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3; nothing keeps or answers a longer one
_BARE_RETURN = re.compile(rb"\r(?!\n)|\x00")
_FOLD = re.compile(r"[ \t\r\n]+")
_END = re.compile(rb"\r?\n\r?\n")
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
# A name and an address in brackets, with nothing behind it.
_NAMED = re.compile(r"([^<>]*)<\s*([^<>@\s]+@[^<>@\s]+)\s*>[\s,;]*")
_AROUND_SIGNS = re.compile(r"\s*([.@])\s*")
_IN_NAME = re.compile(r"([^\s\"'«»“”„‘’‚,;:@]+)@([^\s\"'«»“”„‘’‚,;:@]*)")
# What may stand within an address, or hide one.
_HIDING = re.compile(r"[()\[\]\\<>]")


@dataclass(frozen=True)
class Author:
    """Who stands in From. `address`: in small letters of ASCII, or nothing where none
    can be told; `trouble`: then why (none, several, ambiguous)."""

    address: str = ""
    trouble: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True)
class Head:
    raw: bytes  # all up to the first empty line
    message: Message

    def get(self, name: str) -> str:
        """The topmost, decoded, on one line."""
        return header(self.message, name)

    def all(self, name: str) -> list[str]:
        """As they were written, the topmost first, each on one line."""
        return [
            _unfolded(value)
            for each, value in self.message.raw_items()
            if each.lower() == name.lower()
        ]


def _unfolded(value: str) -> str:
    """Nothing else of it is made better: what cannot be seen must not be overlooked."""
    return _FOLD.sub(" ", value).strip(" ")


def head_of(raw: bytes) -> Head:
    """`raw`: the message, or at least its beginning."""
    raw = raw[:MOST_HEADERS]
    end = _END.search(raw)
    raw = raw[: end.start()] if end else raw
    return Head(raw, headers_of(raw))


def author_of(head: Head) -> Author:
    values = head.all("From")
    if not any(values):
        return Author(trouble="none")
    if len(values) > 1:
        return Author(trouble="several")
    if _BARE_RETURN.search(head.raw) or not _is_read_alike(head):
        return Author(trouble="ambiguous")
    if len(values[0]) > LONGEST_FROM:
        return Author(trouble="ambiguous")
    return _author_in(values[0])


def _author_in(value: str) -> Author:
    found = _by_the_books(value)
    if found.trouble and (address := _only_one(value)):
        return Author(address)
    return found


def _only_one(value: str) -> str:
    """The address in the brackets, where the name before it breaks the rules (a quote
    of another kind, or one too few) and no other address can be read out of it."""
    named = _NAMED.fullmatch(value)
    address = _small(named[2]) if named else ""
    if named is None or not _is_usual(address):
        return ""
    written = decoding.decoded(named[1].encode("utf-8", "surrogateescape"))
    names = (written, decoding.words(named[1]))
    return address if all(_holds_no_other(name, address) for name in names) else ""


def _holds_no_other(name: str, address: str) -> bool:
    """One that bears no address, or the same one, as many programs write it."""
    if "@" not in name:
        return True
    if _HIDING.search(name):
        return False
    found = _IN_NAME.findall(_AROUND_SIGNS.sub(r"\1", name))
    real = [f"{local}@{domain}".lower() for local, domain in found if "." in domain]
    return all(one == address for one in real)


def _is_usual(address: str) -> bool:
    return len(address) <= LONGEST_ADDRESS and bool(_ADDRESS.fullmatch(address))


def _by_the_books(value: str) -> Author:
    nothing: list[str] = []
    readings = [safely(nothing, read, value) for read in (_by_utils, _by_registry)]
    found = {address for reading in readings for address in reading}
    if not found:
        return Author(trouble="none")
    if len(found) > 1:
        return Author(trouble="several")
    address = found.pop()
    # Small letters last: other alphabets have some that become ours by it.
    if not all(readings) or not _is_usual(_small(address)):
        return Author(trouble="ambiguous")
    return Author(_small(address))


def _small(address: str) -> str:
    return address.lower() if address.isascii() else ""


def _by_utils(value: str) -> list[str]:
    return [address for _name, address in getaddresses([value]) if "@" in address]


def _by_registry(value: str) -> list[str]:
    read = policy.default.header_factory("From", value)
    return [one.addr_spec for one in read.addresses if "@" in one.addr_spec]


def _is_read_alike(head: Head) -> bool:
    """By the library that looks at signatures too, where it can read the headers."""
    try:
        fields, _body = dkim.rfc822_parse(head.raw + b"\r\n\r\n")
    except (*BROKEN, dkim.DKIMException):
        return True  # then no signature is good
    seen = [value for name, value in fields if name.strip().lower() == b"from"]
    as_text = [_unfolded(value.decode("ascii", "surrogateescape")) for value in seen]
    return as_text == head.all("From")
