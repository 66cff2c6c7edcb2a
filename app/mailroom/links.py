"""The links of a mail, each with the host that a browser would really go to.

A link is written anew from its parts: what is shown and what opens are one.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any
from unicodedata import normalize
from urllib.parse import quote, unquote

LONGEST = 2000
LONGEST_HOST = 253  # RFC 1035, 2.3.4
LONGEST_TEXT = 200
# Browsers take any number of slashes, of either kind, and drop these characters.
_DROPPED = re.compile(r"[\t\r\n]")
_PARTS = re.compile(r"(https?):[/\\]*([^/\\?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r":([0-9]{0,5})\Z")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?|\[[0-9a-f:.]+\]")
# Registries below which the names of different owners stand: co.uk, com.br, gouv.fr…
_SECOND_LEVEL = {"ac", "asso", "co", "com", "edu", "gouv", "gov", "net", "org"}


@dataclass(frozen=True)
class Link:
    """`host` is ASCII (punycode); `text` is what the mail wrote over the link."""

    url: str
    host: str
    text: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def link(url: str, text: str = "") -> Link | None:
    """None for what is neither http nor https, too long, or leads nowhere."""
    url = _DROPPED.sub("", url[: 2 * LONGEST]).strip("\x00\x20")
    parts = _PARTS.fullmatch(url)
    if not parts or len(url) > LONGEST:
        return None
    authority = parts[2].rpartition("@")[2]
    port = _PORT.search(authority)
    host = real_host(authority[: port.start()] if port else authority)
    if not host:
        return None
    rest = quote(
        parts[3].replace("\\", "/"), safe="/?#[]@!$&'()*+,;=:%~", errors="replace"
    )
    tail = f":{port[1]}" if port and port[1] else ""
    whole = (
        f"{parts[1].lower()}://{host}{tail}{rest if rest[:1] in '/?#' else '/' + rest}"
    )
    return Link(whole, host, text[:LONGEST_TEXT]) if len(whole) <= LONGEST else None


def real_host(written: str) -> str:
    """The host in ASCII and small letters, or nothing where it cannot be one."""
    host = normalize("NFKC", unquote(written[: 4 * LONGEST_HOST])).lower()
    if len(host) > LONGEST_HOST:
        return ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return ""
    return host if _HOST.fullmatch(host) and ".." not in host else ""


def is_under(host: str, domain: str) -> bool:
    host, domain = host.rstrip("."), domain.rstrip(".").lower()
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def site_of(host: str) -> str:
    """The name that its owner registered, as far as a name alone can tell."""
    labels = host.rstrip(".").lower().split(".")
    is_below = len(labels) > 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if is_below else -2 :])
