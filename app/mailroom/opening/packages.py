"""What is packed in a part: winmail.dat (TNEF), a ZIP, a signed message (CMS).

Each gives nothing where it cannot be opened whole: it is kept as it is then.
"""

import io
import logging
import stat
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from app.library.naming import split_extension
from app.mailroom import decoding

MOST_FILES = 200
MOST_BYTES = 200_000_000
MOST_RATIO = 100  # unpacked to packed
PIECE = 1 << 20
TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
ZIP = {"application/zip", "application/x-zip-compressed", "application/x-zip"}
SIGNED = {"application/pkcs7-mime", "application/x-pkcs7-mime"}
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")
_ZIP_ENTRY = b"PK\x01\x02"
_IS_UTF8 = 0x800  # APPNOTE.TXT, 4.4.4
logging.getLogger("tnef-decode").setLevel(logging.CRITICAL)


class Unfit(Exception):
    """It is kept as it is."""


def tnef_files(content: bytes) -> list[tuple[str, bytes]] | None:
    """(name, content) of what Outlook packed; the text itself is none of it. None where
    it cannot be opened, or holds a message without a file."""
    import tnefparse

    if not _is_whole(content):
        return None
    try:
        # It leaves out the last attribute where that is short.
        whole = tnefparse.TNEF(content + b"\0" * 12, do_checksum=False)
        found = list(_flat(whole))
        if found and all(map(_is_message, found)):
            return None
        return [(_tnef_name(file), bytes(file.data or b"")) for file in found]
    except Exception:  # the reader knows no error of its own
        return None


def _is_whole(content: bytes) -> bool:
    """Up to its last byte: the reader takes a file that was cut for a whole one."""
    at = 6
    while at + 11 <= len(content):
        at += 11 + int.from_bytes(content[at + 5 : at + 9], "little")
    return at <= len(content) and not content[at:].strip(b"\0\r\n")


def _flat(whole: Any) -> Iterator[Any]:
    """Also what is attached to a message that is attached; without any file that one is
    a paper itself."""
    for file in whole.attachments:
        if _is_message(file) and file.embed.attachments:
            yield from _flat(file.embed)
        else:
            yield file


def _is_message(file: Any) -> bool:
    return bool(getattr(file, "embed", None))


def _tnef_name(file: Any) -> str:
    try:
        name = file.long_filename() or file.name or ""
    except UnicodeDecodeError:  # the short one, which the reader takes for UTF-8
        name = decoding.decoded(file._name, file.codepage or "")
    name = str(name).rstrip("\x00")
    return f"{name or 'message'}.dat" if _is_message(file) else name


def signed_content(content: bytes) -> bytes | None:
    """The message in an opaque S/MIME signature (RFC 8551, 3.5.2). The signature itself
    is not judged: it says who wrote it, not whether it may be filed."""
    from asn1crypto import cms

    try:
        whole = cms.ContentInfo.load(content)
        if whole["content_type"].native != "signed_data":
            return None
        inside = whole["content"]["encap_content_info"]["content"].native
    except Exception:  # as above
        return None
    return inside if isinstance(inside, bytes) and inside else None


def is_zip(kind: str, name: str) -> bool:
    """By its name; by its type only where that has no other ending: spreadsheets are
    said to be archives by whoever looks at their first bytes alone."""
    extension = split_extension(name.strip())[1].lower()
    is_ending = extension and not extension[1:].isdigit()
    return extension == ".zip" or (kind in ZIP and not is_ending)


Take = Callable[[str, Iterator[bytes]], None]


def unzip(content: bytes, take: Take, files_left: int, bytes_left: int) -> None:
    """Hand out each file of the archive. Raises Unfit where it is encrypted, damaged, a
    bomb, or holds links, absolute paths or other archives; some may be out by then."""
    if content.count(_ZIP_ENTRY) > 2 * MOST_FILES:
        raise Unfit
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [e for e in archive.infolist() if _is_wanted(e)]
            if not entries or len(entries) > files_left or _is_document(entries):
                raise Unfit
            for entry in entries:
                _refuse(entry)
            limit = min(bytes_left, MOST_RATIO * len(content))
            left = [limit]
            for entry in entries:
                take(_zip_name(entry), _flow(archive, entry, left))
    except Unfit:
        raise
    except Exception as error:  # zlib, lzma, struct… each with its own
        raise Unfit from error


def _zip_name(entry: zipfile.ZipInfo) -> str:
    """A Mac writes UTF-8 without saying so, Windows what its console had."""
    if entry.flag_bits & _IS_UTF8:
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")  # which the library took it for
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp850")


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    return not entry.is_dir() and not any(word in entry.filename for word in _LITTER)


def _is_document(entries: list[zipfile.ZipInfo]) -> bool:
    """Of Word or Excel (ISO/IEC 29500-2), or OpenDocument, packed as they are."""
    return entries[0].filename in {"[Content_Types].xml", "mimetype"}


def _refuse(entry: zipfile.ZipInfo) -> None:
    name = entry.filename.replace("\\", "/")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    is_outside = name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")
    is_archive = name.lower().endswith(".zip")
    is_encrypted = bool(entry.flag_bits & 1)
    if is_link or is_outside or is_archive or is_encrypted:
        raise Unfit


def _flow(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: list[int]
) -> Iterator[bytes]:
    """What really comes out is counted: what the archive says of it may be a lie."""
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            left[0] -= len(piece)
            if left[0] < 0:
                raise Unfit
            yield piece
