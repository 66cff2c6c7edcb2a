"""The fields of a form, byte for byte: a raw message has its own charset, or several,
and Werkzeug would read it as UTF-8."""

from io import BytesIO
from urllib.parse import parse_qsl

from app.mailroom.inbound.brought import Unreadable
from app.multipart import BadUpload, read_bytes


def fields(body: bytes, content_type: str) -> dict[str, bytes]:
    """The first of each name. Raises Unreadable."""
    found: dict[str, bytes] = {}
    try:
        if content_type.lower().startswith("application/x-www-form-urlencoded"):
            text = body.decode("latin-1")
            pairs = parse_qsl(text, keep_blank_values=True, encoding="latin-1")
            given = [(name, value.encode("latin-1")) for name, value in pairs]
        else:
            given = list(read_bytes(BytesIO(body), content_type))
    except (BadUpload, ValueError) as error:
        raise Unreadable(str(error)) from error
    for name, value in given:
        found.setdefault(name, value)
    return found


def text(value: bytes | None, longest: int = 500) -> str:
    return (value or b"")[:longest].decode(errors="replace").strip()


def message_in(found: dict[str, bytes], name: str) -> bytes:
    if name not in found:
        raise Unreadable(f"no {name!r}: the raw message is to be asked for")
    return found[name]
