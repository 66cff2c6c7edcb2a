"""What a part of a form says of itself in its Content-Disposition: the names of its
field and of its file, as clients of all ages write them (RFC 7578, RFC 5987).
"""

import re
from urllib.parse import unquote_to_bytes

# "; name=value". A quoted value ends at the quote that the next parameter or the end
# follows: old clients send the quotes and backslashes of a file name as they are.
_PARAMETER = re.compile(
    r""";\s*([\w!#$&+.^`|~-]+\*?)\s*=\s*
        (?:"(.*?)"(?=\s*(?:;\s*[\w!#$&+.^`|~-]+\*?\s*=|;?\s*$))|([^";]*))""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)


def names_of(header: str) -> tuple[str, str | None]:
    """Of its field, and of its file; None where it has none. The header is decoded as
    Latin-1. Raises ValueError for what cannot be read safely."""
    sent = _parameters(header)
    filename = _extended(sent.get("filename*", ""))
    if filename is None and "filename" in sent:
        filename = _unquoted(sent["filename"])
    return _unquoted(sent.get("name", "")), filename


def _parameters(header: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    end = max(header.find(";"), 0)
    while match := _PARAMETER.match(header, end):
        key, quoted, bare = match.groups()
        parameters.setdefault(key.lower(), bare.strip() if quoted is None else quoted)
        end = match.end()
    if header[end:].strip("; \t"):
        raise ValueError(f"Content-Disposition: {header[:200]!r}")
    return parameters


def _unquoted(value: str) -> str:
    """Undo what browsers write for a quote and a line break, and nothing more."""
    text = _decoded(value.encode("latin-1"))
    if '\\"' in text:  # curl before 7.81, old browsers
        return re.sub(r'\\(["\\])', r"\1", text)
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _extended(value: str) -> str | None:
    """Read RFC 5987's charset'language'percent-encoded form; None when it is not."""
    charset, _, encoded = value.partition("'")
    if charset.lower() != "utf-8" or "'" not in encoded:
        return None
    return _decoded(unquote_to_bytes(encoded.partition("'")[2].encode("latin-1")))


def _decoded(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:  # command-line clients on Windows
        return name.decode("cp1252", "replace")
