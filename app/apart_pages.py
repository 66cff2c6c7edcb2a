"""Pictures of pages, and PDFs made of other pages: tasks of `apart_child`, which loads
this file by its path and lays itself there as `child`. Imports nothing of the house.
"""

import ctypes
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

Picture = Any
child: Any = None

PDF = "application/pdf"
SEVERAL = ("image/tiff",)  # kinds whose frames are pages
TALLEST = 6  # times as high as wide: a long receipt; what is longer is made smaller
QUALITY = 80
PHOTO_QUALITY = 95
PAPER_DPI = 150  # of a photo that becomes a page


def show(
    source: BinaryIO,
    result: BinaryIO,
    content_type: str,
    *,
    first: int,
    count: int,
    widths: list[int],
) -> dict[str, Any]:
    """Pictures (WebP) of the pages from `first` on (from 0), one behind the other in
    the result: `images` says of each its page, width asked for, bytes and pixels."""
    try:
        pages, page_at, traits = _reader(source, content_type, max(widths))
    except Exception as error:
        return {"defect": child.defect_of(error)}
    said: dict[str, Any] = {"defect": None, "pages": pages, "images": [], **traits}
    if pages == 0:
        return said | {"defect": "empty"}
    for number in range(first, min(first + count, pages)):
        try:
            _write(page_at(number), number, widths, result, said["images"])
        except Exception as error:
            said["why"] = child.defect_of(error)
    result.flush()
    return said


def _reader(
    source: BinaryIO, content_type: str, widest: int
) -> tuple[int, Callable[[int], Picture], dict[str, bool]]:
    if content_type == PDF:
        return _pdf_reader(source, widest)
    image = child.opened(source, content_type)
    pages = getattr(image, "n_frames", 1) if content_type in SEVERAL else 1

    def frame(number: int) -> Picture:
        if number:
            image.seek(number)
        child.refuse_bombs(image)
        image.draft("RGB", (2 * widest, 2 * widest))
        return _upright(image)

    return pages, frame, {}


def _pdf_reader(
    source: BinaryIO, widest: int
) -> tuple[int, Callable[[int], Picture], dict[str, bool]]:
    import pypdfium2
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument(source)
    document.init_forms()  # what was filled in is seen too

    def page_at(number: int) -> Picture:
        page = document[number]
        wide, high = page.get_size()
        scale = min(widest / wide, widest * TALLEST / high)
        picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
        page.close()
        return picture

    traits = {
        "is_signed": raw.FPDF_GetSignatureCount(document) > 0,
        "is_locked": raw.FPDF_GetSecurityHandlerRevision(document) != -1,
    }
    return len(document), page_at, traits


def _upright(image: Picture) -> Picture:
    """As it is seen, in RGB, on white."""
    from PIL import Image, ImageOps

    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"I", "F"} or upright.mode.startswith("I;16"):
        upright = _in_grey(upright)
    if upright.has_transparency_data:
        paper = Image.new("RGB", upright.size, "white")
        glass = upright.convert("RGBA")
        paper.paste(glass, mask=glass)
        return paper
    return upright.convert("RGB")


def _in_grey(image: Picture) -> Picture:
    """Of more than 8 bits a pixel: from the darkest to the lightest that there is."""
    deep = image.convert("F")
    low, high = deep.getextrema()
    if image.mode.startswith("I;16"):
        low, high = 0, 65535
    step = 255 / (high - low or 1)
    return deep.point(lambda value: value * step + -low * step).convert("L")


def _write(
    picture: Picture,
    number: int,
    widths: list[int],
    result: BinaryIO,
    images: list[dict[str, int]],
) -> None:
    for width in sorted(widths, reverse=True):
        scale = min(1, width / picture.width, width * TALLEST / picture.height)
        size = [max(1, round(side * scale)) for side in picture.size]
        if tuple(size) != picture.size:
            picture = picture.resize(size, reducing_gap=2)
        made = io.BytesIO()
        picture.save(made, "WEBP", quality=QUALITY, method=2)
        result.write(made.getbuffer())
        images.append(
            {"page": number, "width": width, "size": made.tell()}
            | {"wide": size[0], "high": size[1]}
        )


def edit(
    source: BinaryIO, result: BinaryIO, content_type: str, *, pages: list[list[int]]
) -> dict[str, Any]:
    """The PDF with these pages, in this order: [number from 0, degrees to turn it].
    What else the file holds (attached files, metadata) stays."""
    from pypdfium2 import raw

    document, said = _unlocked(source)
    if document is None:
        return said
    for number, turn in pages:
        page = document[number]
        page.set_rotation((page.get_rotation() + turn) % 360)
        page.close()
    kept = [number for number, _turn in pages]
    for number in sorted(set(range(len(document))) - set(kept), reverse=True):
        document.del_page(number)
    ranks = sorted(kept)
    now = [ranks.index(number) for number in kept]
    if now != sorted(now):
        order = (ctypes.c_int * len(now))(*now)
        if not raw.FPDF_MovePages(document, order, len(now), 0):
            return said | {"defect": "damaged"}
    document.save(result, flags=raw.FPDF_NO_INCREMENTAL)
    result.flush()
    return said


def turn(
    source: BinaryIO, result: BinaryIO, content_type: str, *, degrees: int
) -> dict[str, Any]:
    """The picture as it is seen, turned to the right; of its own format, without where
    and when it was taken."""
    from PIL import ImageOps

    try:
        image = child.opened(source, content_type)
        # Colours, and the one that light goes through; of the rest nothing stays.
        known = ("icc_profile", "transparency")
        kept = {name: image.info[name] for name in known if name in image.info}
        turned = ImageOps.exif_transpose(image).rotate(-degrees, expand=True)
        turned.info.clear()
        kind = child.FORMATS[content_type]
        turned.save(result, kind, quality=PHOTO_QUALITY, **kept)
    except Exception as error:
        return {"defect": child.defect_of(error)}
    result.flush()
    return {"defect": None, "is_signed": False}


def split(
    source: BinaryIO, result: BinaryIO, content_type: str, *, cuts: list[int]
) -> dict[str, Any]:
    """A PDF for each run of pages, cut behind these numbers (from 1), one behind the
    other in the result; `sizes` says their bytes."""
    import pypdfium2

    document, said = _unlocked(source)
    if document is None:
        return said
    _fix_forms(document)
    starts, ends = [0, *cuts], [*cuts, len(document)]
    sizes = []
    for start, end in zip(starts, ends, strict=True):
        part = pypdfium2.PdfDocument.new()
        part.import_pages(document, list(range(start, end)))
        sizes.append(_append(part, result))
    return said | {"sizes": sizes}


def merge(
    source: BinaryIO,
    result: BinaryIO,
    content_type: str,
    *,
    parts: list[tuple[str, int]],
) -> dict[str, Any]:
    """One PDF of several files, which lie one behind the other in the source: type and
    bytes of each. `at` is the one that could not be read."""
    import pypdfium2

    whole, signed = pypdfium2.PdfDocument.new(), False
    for at, (kind, content) in enumerate(_parts(source, parts)):
        try:
            for paper in _papers(content, kind):
                document, said = _unlocked(paper)
                if document is None:
                    return said | {"at": at}
                signed = signed or said["is_signed"]
                _fix_forms(document)
                whole.import_pages(document)
        except Exception as error:
            return {"defect": child.defect_of(error), "at": at}
    _append(whole, result)
    return {"defect": None, "is_signed": signed}


def _parts(
    source: BinaryIO, parts: list[tuple[str, int]]
) -> Iterator[tuple[str, BinaryIO]]:
    for kind, size in parts:
        yield kind, io.BytesIO(source.read(size))


def _papers(content: BinaryIO, kind: str) -> Iterator[BinaryIO]:
    """The file as PDFs: a picture is one for each of its pages."""
    if kind == PDF:
        yield content
        return
    image = child.opened(content, kind)
    for number in range(getattr(image, "n_frames", 1) if kind in SEVERAL else 1):
        if number:
            image.seek(number)
            child.refuse_bombs(image)
        made = io.BytesIO()
        _upright(image).save(made, "PDF", resolution=PAPER_DPI, quality=90)
        made.seek(0)
        yield made


def _fix_forms(document: Any) -> None:
    """What was filled in becomes part of its page: a page that goes into another file
    leaves its form behind, and what stands in the fields with it."""
    from pypdfium2 import raw

    if raw.FPDF_GetFormType(document) == raw.FORMTYPE_NONE:
        return
    document.init_forms()
    for number in range(len(document)):
        page = document[number]
        raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
        page.close()


def _unlocked(source: BinaryIO) -> tuple[Any, dict[str, Any]]:
    """The PDF, if its pages may be changed; else what keeps them from it."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        return None, {"defect": child.defect_of(error)}
    if raw.FPDF_GetSecurityHandlerRevision(document) != -1:
        return None, {"defect": "encrypted"}
    is_signed = raw.FPDF_GetSignatureCount(document) > 0
    return document, {"defect": None, "is_signed": is_signed}


def _append(document: Any, result: BinaryIO) -> int:
    """PDFium writes from where it is; gives the bytes that were added."""
    before = result.tell()
    document.save(result)
    return result.tell() - before


TASKS = {"show": show, "edit": edit, "turn": turn, "split": split, "merge": merge}
