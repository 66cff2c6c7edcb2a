"""Messages put together line by line, as mail programs really write them."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from app.collection.reading import Reading, reading_of
from app.library.naming import clean_name
from tests.papers import one_page_pdf

PDF = one_page_pdf("Facture")


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Found:
    """What a reading gave, kept when its files are gone."""

    reading: Reading
    contents: dict[str, bytes]

    @property
    def names(self) -> list[str]:
        """As the documents will be called."""
        return [name_of(item.raw_name) for item in self.reading.documents]

    @property
    def ignored(self) -> list[str]:
        return [item.ignored for item in self.reading.items if item.ignored]


def name_of(raw_name: str) -> str:
    return clean_name(raw_name, fallback="?")


def read(raw: bytes, *, unzip: bool = False) -> Found:
    with reading_of(BytesIO(raw), unzip=unzip) as found:
        contents = {
            name_of(item.raw_name): b"".join(found.contents(item))
            for item in found.documents
        }
        return Found(found, contents)


@contextmanager
def reading(raw: bytes) -> Iterator[Reading]:
    with reading_of(BytesIO(raw)) as found:
        yield found


def part(headers: str, content: bytes | str = PDF, *, is_encoded: bool = True) -> bytes:
    """One part: bytes in base64, a text as it is."""
    if isinstance(content, str):
        return as_bytes(headers) + b"\r\n\r\n" + as_bytes(content)
    if not is_encoded:
        return as_bytes(headers) + b"\r\n\r\n" + content
    head = as_bytes(headers) + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head + base64.encodebytes(content).replace(b"\n", b"\r\n")


def multipart(*parts: bytes, kind: str = "mixed", also: str = "") -> bytes:
    """Several in one. The boundary is none of those inside."""
    mark = f"=_{kind}_{sum(map(len, parts))}_{len(parts)}"
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"{also}\r\n\r\n'
    inside = b"".join(f"--{mark}\r\n".encode() + one + b"\r\n" for one in parts)
    return head.encode() + inside + f"--{mark}--\r\n".encode()


def mail(body: bytes, subject: str = "Votre facture", headers: str = "") -> bytes:
    head = (
        f"From: Fournitures <compta@supplier.test>\r\nSubject: {subject}\r\n{headers}"
        "MIME-Version: 1.0\r\n"
    )
    return as_bytes(head) + body


TEXT = part("Content-Type: text/plain; charset=utf-8", "Bonjour,\r\nci-joint.")


def html(inside: str = "<p>Bonjour</p>") -> bytes:
    return part("Content-Type: text/html; charset=utf-8", inside)


def photo_of(width: int, height: int) -> bytes:
    """Grain, that its bytes are many."""
    made = BytesIO()
    Image.effect_noise((width, height), 60).save(made, "JPEG", quality=90)
    return made.getvalue()
