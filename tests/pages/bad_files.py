"""Files that mean ill, or are only odd, made by our own code."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from tests.files import heic, jpeg, locked_pdf, png_of
from tests.papers import one_page_pdf

A4 = (595, 842)


def pdf_of(*texts: str, size: tuple[float, float] = A4) -> bytes:
    """A page for each text."""
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=size)
    for text in texts:
        canvas.setFont("Helvetica", 40)
        canvas.drawString(60, size[1] - 100, text)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def filled_pdf(*values: str) -> bytes:
    """A page for each text, which stands in a field that somebody filled in."""
    made = io.BytesIO()
    canvas = Canvas(made, pagesize=A4)
    for number, value in enumerate(values):
        canvas.acroForm.textfield(name=f"field {number}", value=value, x=60, y=700)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def tiff_of(*colours: str) -> bytes:
    """As fax machines and scanners make them: a page for each colour."""
    first, *others = (Image.new("RGB", (60, 80), colour) for colour in colours)
    made = io.BytesIO()
    first.save(made, "TIFF", save_all=True, append_images=others)
    return made.getvalue()


def written(objects: list[bytes]) -> bytes:
    """A PDF of these objects; the first is its catalogue."""
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(body))
    )


def with_picture(head: bytes, data: bytes, box: bytes = b"0 0 595 842") -> bytes:
    """A page that is all one picture, of any compression."""
    drawing = b"q 595 0 0 842 0 0 cm /I Do Q"
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R "
            b"/Resources << /XObject << /I 5 0 R >> >> >>" % box,
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
            b"<< /Type /XObject /Subtype /Image %s /Length %d >>\nstream\n%s\nendstream"
            % (head, len(data), data),
        ]
    )


def pdf_bomb() -> bytes:
    """A picture of 60,000 by 60,000 pixels in some kilobytes."""
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    head = (
        b"/Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB "
        b"/Filter /FlateDecode"
    )
    return with_picture(head, rows)


def tiff_bomb() -> bytes:
    """The head of a picture of 65,000 by 65,000 pixels."""
    entries = [
        (256, 4, 65_000),
        (257, 4, 65_000),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 65_000),
        (279, 4, 65_000),
    ]
    table = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries
    )
    return b"II*\0" + struct.pack("<I", 8) + table + b"\0" * 4


def no_pages() -> bytes:
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [] /Count 0 >>",
        ]
    )


def many_pages(number: int = 64_000) -> bytes:
    kids = b"3 0 R " * number
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, number),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
        ]
    )


def huge_page() -> bytes:
    box = b"[0 0 14400000 14400000]"
    return one_page_pdf("Huge").replace(b"[0 0 595 842]", box)


def thin_page() -> bytes:
    return one_page_pdf("Thin").replace(b"[0 0 595 842]", b"[0 0 1 200000]")


def endless_tree() -> bytes:
    """Pages that hold themselves."""
    return written(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000 >>",
        ]
    )


def jbig2() -> bytes:
    head = (
        b"/Width 64 /Height 64 /BitsPerComponent 1 /ColorSpace /DeviceGray "
        b"/Filter /JBIG2Decode"
    )
    return with_picture(head, random.Random(3).randbytes(900))  # noqa: S311 - no secret


def jpx() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(made, "JPEG2000")
    head = b"/Width 64 /Height 64 /Filter /JPXDecode"
    return with_picture(head, made.getvalue())


def fuzz(seed: int = 7) -> bytes:
    """A PDF of which every fiftieth byte is another one."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    made = bytearray(pdf_of("Fuzz", "Fuzz", "Fuzz"))
    for at in range(20, len(made), 50):
        made[at] = chance.randrange(256)
    return bytes(made)


def picture(kind: str, mode: str = "RGB", size: Any = (400, 300), **how: Any) -> bytes:
    made = io.BytesIO()
    image = Image.new(mode, size, how.pop("colour", 0))
    image.save(made, kind, **how)
    return made.getvalue()


def animated_gif() -> bytes:
    frames = [Image.new("P", (60, 40), number) for number in range(5)]
    made = io.BytesIO()
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    return made.getvalue()


def two_page_tiff() -> bytes:
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    made = io.BytesIO()
    frames[0].save(made, "TIFF", save_all=True, append_images=frames[1:])
    return made.getvalue()


def turned_jpeg() -> bytes:
    """Red at the left of the sensor, held so that it is at the top as seen."""
    image = Image.new("RGB", (400, 200), "white")
    image.paste("red", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif)
    return made.getvalue()


def polyglot() -> bytes:
    """An HTML page, a ZIP and a PDF in one."""
    page, archive = b"<html><script>alert(1)</script>", b"PK\x05\x06" + b"\0" * 18
    return page + pdf_of("Poly") + archive


# name → (file, made by, pages of which there are pictures; 0: none, and it says so)
KINDS: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "a PNG bomb": ("a.png", lambda: png_of(60_000, 60_000), 0),
    "a TIFF bomb": ("a.tif", tiff_bomb, 0),
    "a PDF whose picture is a bomb": ("a.pdf", pdf_bomb, -1),
    "a PDF cut short": ("a.pdf", lambda: pdf_of("One", "Two")[:300], 0),
    "a JPEG cut short": ("a.jpg", lambda: jpeg()[:200], 0),
    "a PDF with a password": ("a.pdf", lambda: locked_pdf(b"secret"), 0),
    "a PDF with an owner's password": ("a.pdf", lambda: locked_pdf(b""), 1),
    "a PDF without pages": ("a.pdf", no_pages, 0),
    "a PDF whose pages hold themselves": ("a.pdf", endless_tree, 0),
    "a polyglot": ("a.pdf", polyglot, 1),
    "a fuzzed PDF": ("a.pdf", fuzz, -1),
    "a page of five kilometres": ("a.pdf", huge_page, 1),
    "a page like a thread": ("a.pdf", thin_page, 1),
    "a JBIG2 picture of noise": ("a.pdf", jbig2, 1),
    "a JPEG 2000 picture": ("a.pdf", jpx, 1),
    "an animated GIF": ("a.gif", animated_gif, 1),
    "a TIFF of 16 bits": ("a.tif", lambda: picture("TIFF", "I;16", colour=40_000), 1),
    "a TIFF of two pages": ("a.tif", two_page_tiff, 2),
    "a JPEG in CMYK": ("a.jpg", lambda: picture("JPEG", "CMYK"), 1),
    "a PNG that lets light through": ("a.png", lambda: picture("PNG", "RGBA"), 1),
    "a picture of one pixel": ("a.png", lambda: picture("PNG", size=(1, 1)), 1),
    "a HEIC photo": ("a.heic", heic, 1),
    "a JPEG turned by EXIF": ("a.jpg", turned_jpeg, 1),
}
