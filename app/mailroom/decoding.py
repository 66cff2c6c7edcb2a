"""Text out of bytes that were written by anybody: never an error, never a trap."""

import base64
import binascii
import codecs
import quopri
import re

# Codecs that are slow on hostile bytes, or that no mail is written in.
_NOT_FOR_MAIL = {"idna", "punycode", "unicode-escape", "raw-unicode-escape"}
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_WORDS = re.compile(rf"(?:{_WORD.pattern})+")
_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")
# No database keeps a NUL; the others hide, turn or break what they stand in.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_BLANK = re.compile(r"[\s\u2028\u2029\u200b-\u200f\u2060]+")


def decoded(raw: bytes, charset: str = "") -> str:
    """By the charset where it is one, else as UTF-8, else as Windows wrote it."""
    for name in (_codec(charset), "utf-8"):
        if name:
            try:
                return raw.decode(name)
            except (UnicodeError, LookupError):
                continue
    # Cut off or damaged somewhere, it is what most of it is.
    text = raw.decode("utf-8", "replace")
    beyond = sum(1 for letter in text if letter > "\x7f")
    if beyond > 2 * text.count("\ufffd"):
        return text
    return raw.decode("cp1252", "replace")


def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset.strip("\"' ")).name
    except (LookupError, ValueError):
        return ""
    return "" if name in _NOT_FOR_MAIL else name


def header(value: str) -> str:
    """A header's value on one line, its encoded words (RFC 2047) read."""
    return line(words(value))


def words(value: str) -> str:
    """Encoded words read; those of one charset that stand side by side in one, for
    letters are cut in two where one ends."""
    raw = value.encode("utf-8", "surrogateescape")
    text = _BETWEEN_WORDS.sub(r"\1", decoded(raw))
    return _WORDS.sub(lambda run: _run(run[0]), text)


def _run(written: str) -> str:
    read: list[tuple[str, bytes]] = []
    for word in _WORD.finditer(written):
        charset = word[1].partition("*")[0].lower()
        raw = _word(word[2], word[3])
        if read and read[-1][0] == charset:
            raw = read.pop()[1] + raw
        read.append((charset, raw))
    return "".join(decoded(raw, charset) for charset, raw in read)


def _word(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "bB":
        try:
            return base64.b64decode(raw + b"=" * (-len(raw) % 4))
        except (binascii.Error, ValueError):
            return raw
    return quopri.decodestring(raw, header=True)


def line(text: str) -> str:
    """On one line, without what cannot be seen."""
    return _BLANK.sub(" ", _UNFIT.sub("", text)).strip()


def paragraphs(text: str) -> str:
    """With its lines, at most one empty one between two."""
    text = _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (words.rstrip() for words in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
