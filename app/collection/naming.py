"""Names for what came without one: what the mail was about, a number, an ending."""

import mimetypes
from collections.abc import Iterator
from typing import Any, BinaryIO

import filetype

from app.library.naming import shortened, split_extension
from app.library.receiving import PROGRAMS
from app.texts import gettext as _

LONGEST = 200
_SNIFFED = 8192
_ANYTHING = "application/octet-stream"
# Where the standard list has another first, or none.
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "text/plain": ".txt",
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/x-pdf": ".pdf",
    "application/excel": ".xls",
    "application/x-excel": ".xls",
    "application/x-msexcel": ".xls",
    "application/x-zip-compressed": ".zip",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "message/rfc822": ".eml",
    "message/global": ".eml",
}


def named(
    papers: list[dict[str, Any]], made: BinaryIO
) -> Iterator[tuple[dict[str, Any], str]]:
    """Each with its name; two without one get two that differ, and one whose ending was
    lost gets that of its content."""
    nameless = [p for p in papers if not p["name"].strip() and not p["ignored"]]
    number = 0
    for paper in papers:
        name = paper["name"].strip()
        if paper["ignored"]:
            yield paper, paper["name"]
            continue
        made.seek(paper["at"])
        head = made.read(min(_SNIFFED, paper["size"]))
        if name:
            yield paper, _ended(paper["name"], head)
            continue
        number += 1
        counted = f" {number}" if len(nameless) > 1 else ""
        ending = ending_of(paper["content_type"], head)
        yield paper, made_up(paper["title"], counted, ending)


def _ended(name: str, head: bytes) -> str:
    extension = split_extension(name.strip())[1].lower()
    ending = ending_of("", head)
    is_ending = extension and not extension[1:].isdigit()
    is_pdf = head.lstrip().startswith(b"%PDF-")  # «Facture M.Dupont» is a name
    if is_ending and (not is_pdf or _is_known(extension)):
        return name
    stem = name.rstrip("\ufffd. ") if ending else name
    return shortened(stem, LONGEST - len(ending)) + ending


def _is_known(extension: str) -> bool:
    """A program stays one, whatever it begins with."""
    told = mimetypes.guess_type(f"x{extension}")[0]
    is_told = len(extension) > 2 and told not in {None, _ANYTHING}
    return is_told or extension in PROGRAMS.split()


def made_up(title: str, counted: str, ending: str) -> str:
    """«Votre facture 2.pdf»"""
    title = title.replace("/", "-").replace("\\", "-").strip(" .")
    stem, extension = split_extension(title)
    stem = stem if extension.lower() == ending else title
    stem = stem or _("Untitled document")
    return shortened(stem, LONGEST - len(counted) - len(ending)) + counted + ending


def ending_of(content_type: str, head: bytes) -> str:
    """By the content, else by what it was declared as; nothing where neither tells."""
    if b"%PDF-" in head[:1024]:
        return ".pdf"
    declared = _ENDINGS.get(content_type) or mimetypes.guess_extension(content_type)
    found = filetype.guess(head) if head else None
    is_vague = found is not None and found.mime == "application/zip"
    if found and not (is_vague and declared):
        return _ENDINGS.get(found.mime) or f".{found.extension}"
    return declared or ""
