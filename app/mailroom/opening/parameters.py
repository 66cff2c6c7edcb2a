"""The parameters of a header, and the name of a part, in every form they are written.

RFC 2231 (`filename*0*=UTF-8''…`) and RFC 2047 (`filename="=?utf-8?B?…?="`), and what is
written against both: words without quotes, bytes of any charset, folded anywhere.
"""

import re
from email.message import Message
from unicodedata import normalize
from urllib.parse import unquote_to_bytes

from app.library.naming import shortened
from app.mailroom import decoding

LONGEST = 200  # characters of a name
_MOST = 100_000  # characters of one header
_FOLD = re.compile(r"(?:\r\n|\n|\r)[ \t]+")
_PARAMETER = re.compile(
    r';\s*([^=;"\s]{1,100}?)\s*=\s*("(?:\\.|[^"\\])*"?|[^;]*)', re.DOTALL
)
_NUMBERED = re.compile(r"(.+?)\*(\d{1,3})(\*?)")
_EXTENDED = re.compile(r"([\w.:+-]{0,40})'([\w-]{0,20})'(.*)", re.DOTALL)


def name_of(message: Message) -> str:
    """As the sender wrote it, decoded; at most 200 characters, its ending kept. What is
    no part of a name (paths, control characters) is for `clean_name` to take out."""
    for header, name in (("Content-Disposition", "filename"), ("Content-Type", "name")):
        written = raw_header(message, header)
        if found := value_of(parameters(written), name).strip():
            whole = found.encode("utf-8", "replace").decode()
            return shortened(normalize("NFC", whole), LONGEST)
    return ""


def parameters(written: str) -> dict[str, str]:
    """By their names in small letters, the first of each; not decoded."""
    found: dict[str, str] = {}
    unfolded = _FOLD.sub(" ", written[:_MOST])
    for match in _PARAMETER.finditer(unfolded):
        found.setdefault(match[1].lower(), _unquoted(match[2]))
    return found


def raw_header(message: Message, name: str) -> str:
    """As it was written; bytes beyond ASCII are surrogates."""
    wanted = name.lower()
    pairs = message.raw_items()
    return next((str(value) for key, value in pairs if key.lower() == wanted), "")


def _unquoted(written: str) -> str:
    written = written.strip()
    if not written.startswith('"'):
        in_single = re.fullmatch(r"'([^']+)'", written)
        return in_single[1] if in_single else written
    inside = (
        written[1:-1] if len(written) > 1 and written.endswith('"') else written[1:]
    )
    return re.sub(r'\\(["\\])', r"\1", inside)


def value_of(found: dict[str, str], name: str) -> str:
    """The extended form says it best; then the plain one."""
    for extended in (found.get(f"{name}*"), _continued(found, name)):
        if extended and (text := _extended(extended)):
            return text
    plain = found.get(name, "")
    if "%" in plain and plain[0] != "'" and _EXTENDED.fullmatch(plain):
        return _extended(plain)
    return decoding.words(plain)


def _continued(found: dict[str, str], name: str) -> str:
    """`name*0*=…; name*1=…` in one, in the form of the first."""
    pieces: dict[int, tuple[str, str]] = {}
    for key, value in found.items():
        match = _NUMBERED.fullmatch(key)
        if match and match[1] == name:
            pieces.setdefault(int(match[2]), (value, match[3]))
    if any(mark for _value, mark in pieces.values()):
        # What is not marked stands for itself among what is percent-encoded.
        written = (
            value if mark else value.replace("%", "%25")
            for _number, (value, mark) in sorted(pieces.items())
        )
        return "".join(written)
    return decoding.words("".join(value for _n, (value, _m) in sorted(pieces.items())))


def _extended(written: str) -> str:
    match = _EXTENDED.fullmatch(written)
    charset, rest = (match[1], match[3]) if match else ("", written)
    if "=?" in rest:
        return decoding.words(rest)
    raw = unquote_to_bytes(rest.encode("utf-8", "surrogateescape"))
    return decoding.decoded(raw, charset)
