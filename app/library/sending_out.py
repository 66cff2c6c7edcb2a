"""A file on its way to a browser: always as a download, never as a page of ours."""

from typing import Any, BinaryIO, Protocol
from unicodedata import category, normalize
from urllib.parse import quote

from flask import Response, request
from werkzeug.wsgi import wrap_file

from app.library.models import Version
from app.library.naming import split_extension


class Kept(Protocol):
    """What is said of the bytes: a document, or a photo it was made of."""

    name: Any
    content_type: Any
    size: Any


def as_download(
    blob: BinaryIO, document: Kept, version: Version | None = None
) -> Response:
    """The document's bytes of now, or those of the version that they are."""
    of = version or document
    return as_attachment(flowing(blob, of.content_type, of.size), document.name)


def flowing(blob: BinaryIO, content_type: str, size: int) -> Response:
    """The stored bytes, read as they leave."""
    response = Response(
        wrap_file(request.environ, blob, 65536), direct_passthrough=True
    )
    response.call_on_close(blob.close)
    response.content_type = content_type
    response.content_length = size
    return response


def as_attachment(response: Response, name: str) -> Response:
    """To be kept under that name, and never shown by the browser."""
    # RFC 6266: filename* (RFC 8187) with an ASCII fallback beside it.
    response.headers.set("Content-Disposition", "attachment", **_names(name))
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _names(name: str) -> dict[str, str]:
    # No row should hold a line break, but one that does is not lost for that.
    name = "".join(each for each in name if category(each) not in {"Cc", "Cs"})
    plain = normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = plain.translate({ord('"'): "'", ord("%"): "_", ord("\\"): "_"}).strip()
    if not split_extension(plain)[0]:
        plain = "document" + plain
    names = {"filename": plain}
    if plain != name:
        names["filename*"] = f"UTF-8''{quote(name, safe='')}"
    return names
