"""Files as people send them: locked, cut short, photographed, or a bomb."""

import hashlib
import io
import struct
import zlib

from tests.papers import one_page_pdf

# ISO 32000-1, 7.6.3.3: what a password is filled up with.
_FILLER = bytes.fromhex(
    "28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a"
)
_GPS, _ORIENTATION, _MAKER = 0x8825, 0x0112, 0x010F


def padded_pdf(size: int) -> bytes:
    """One that can be read and has so many bytes."""
    page = one_page_pdf("Long")
    return page + b"%" + b"x" * (size - len(page) - 1)


def body_for(phase: str) -> bytes | None:
    """For a fault in the body: more than both ends of a line hold, so that who sends
    is still at it when the fault comes. Any other fault needs no file of its own."""
    return padded_pdf(12_000_000) if phase == "body" else None


def locked_pdf(password: bytes) -> bytes:
    """Encrypted (RC4, 40 bits); an empty password only forbids to print and copy."""
    owner, rights, name = hashlib.sha256(b"owner").digest(), -64, b"0123456789abcdef"
    padded = (password + _FILLER)[:32]
    key = hashlib.md5(  # noqa: S324 - what the format asks for
        padded + owner + struct.pack("<i", rights) + name
    ).digest()[:5]
    lock = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P %d >>" % (
        owner.hex().encode(),
        _rc4(key, _FILLER).hex().encode(),
        rights,
    )
    ids = b"/ID [<%s> <%s>]" % (name.hex().encode(), name.hex().encode())
    return one_page_pdf("Secret").replace(
        b"/Root 1 0 R", b"/Root 1 0 R /Encrypt %s %s" % (lock, ids)
    )


def _rc4(key: bytes, text: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i, j, made = 0, 0, bytearray()
    for byte in text:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        made.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(made)


def heic(width: int = 96, height: int = 64) -> bytes:
    """A phone held upright: red at the left of its sensor, so at the top as seen;
    with the place where it was taken."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    picture = Image.new("RGB", (width, height), "white")
    picture.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_MAKER] = 6, "Telephone"
    exif.get_ifd(_GPS)[1] = "N"
    exif.get_ifd(_GPS)[2] = (48.0, 51.0, 24.0)
    made = io.BytesIO()
    picture.save(made, "HEIF", quality=90, exif=exif.tobytes())
    return made.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels, in some dozens of bytes."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body))
        + kind
        + body
        + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def jpeg(width: int = 640, height: int = 480) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.radial_gradient("L").resize((width, height)).save(made, "JPEG")
    return made.getvalue()
