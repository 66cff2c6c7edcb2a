"""What reads files that others made, apart from everything: no database, no settings.

Started by `apart`, by its path, and imports nothing of the house. It loads the readers
once and waits; each order is done by a fork of it, under limits of memory and time that
the kernel keeps, so that a file which breaks its reader breaks that fork alone.
"""

import importlib.util
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

IDLE_SECONDS = 300
TASK_FILES = (
    *("apart_pages.py", "apart_sheets.py", "apart_ocr.py"),
    *("apart_mail.py", "apart_signatures.py"),
)
BEGUN = b"\n"  # sent by the fork before anything else
MOST_PIXELS = 100_000_000  # a phone makes 50, an A3 page at 600 dpi has 70
QUALITY = 90
PAGES_TRIED = 50
MOST_TEXT_PAGES, MOST_TEXT_BYTES, TEXT_SECONDS = 200, 400_000, 8
PASSWORD, SECURITY = 4, 5  # FPDF_GetLastError: asked for, or of a kind it knows not
# Audit events (PEP 578)
OUTSIDE = ("socket.",)
PROGRAMS = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")
FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
}
# Kinds whose every compression the reader does not know: what it cannot decode may be
# good all the same.
ONLY_OPENED = ("image/bmp", "image/tiff")


def look(source: BinaryIO, _result: BinaryIO, content_type: str) -> dict[str, Any]:
    """`defect` (damaged, encrypted, oversized or null) and `pages`, for a PDF."""
    if content_type == "application/pdf":
        return _look_at_pdf(source)
    return {"defect": _defect_of_image(source, content_type)}


def _look_at_pdf(source: BinaryIO) -> dict[str, Any]:
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(source)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        return {"defect": defect_of(error)}
    for number in range(min(pages, PAGES_TRIED)):
        with suppress(pypdfium2.PdfiumError):
            document[number]
            return {"defect": None, "pages": pages}
    return {"defect": "damaged", "pages": pages}


def _defect_of_image(source: BinaryIO, content_type: str) -> str | None:
    with _defects() as found:
        image = opened(source, content_type)
        if content_type not in ONLY_OPENED:
            # An eighth of a JPEG's size: all its bytes are read, few pixels made.
            image.draft("RGB", (image.width // 8, image.height // 8))
            image.load()
    return found["defect"]


def jpeg(source: BinaryIO, result: BinaryIO, content_type: str) -> dict[str, Any]:
    """The picture as it is seen, without where and when it was taken."""
    from PIL import ImageOps

    with _defects() as found:
        image = opened(source, content_type)
        profile = image.info.get("icc_profile")
        # Turned already where the format says so by itself (HEIF: irot), else by EXIF.
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.info.clear()
        upright.save(result, "JPEG", quality=QUALITY, icc_profile=profile)
        result.flush()
    return found


def opened(source: BinaryIO, content_type: str) -> Any:
    """The image, of which only the head was read. Raises _TooManyPixels."""
    from PIL import Image

    image = Image.open(source, formats=[FORMATS[content_type]])
    refuse_bombs(image)
    return image


def refuse_bombs(image: Any) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise _TooManyPixels


class _TooManyPixels(Exception):
    pass


@contextmanager
def _defects() -> Iterator[dict[str, str | None]]:
    """What goes wrong inside is the file's defect, but for a lack of memory."""
    found: dict[str, str | None] = {"defect": None}
    try:
        yield found
    except Exception as error:
        found["defect"] = defect_of(error)


def defect_of(error: Exception) -> str:
    """damaged, encrypted or oversized. Raises what is a lack of memory: no defect."""
    if isinstance(error, _TooManyPixels):
        return "oversized"
    if isinstance(error, MemoryError) or "alloc" in str(error).lower():
        raise error
    is_locked = getattr(error, "err_code", None) in {PASSWORD, SECURITY}
    return "encrypted" if is_locked else "damaged"


def text(source: BinaryIO, result: BinaryIO, _content_type: str) -> dict[str, Any]:
    """The text layer of a PDF in UTF-8, a form feed behind each page; what was read
    stays when the reader breaks or its time is over. `bare`: pages that have none."""
    import pypdfium2

    document = pypdfium2.PdfDocument(source)
    left, until, bare = MOST_TEXT_BYTES, time.monotonic() + TEXT_SECONDS, 0
    for number in range(min(len(document), MOST_TEXT_PAGES)):
        with suppress(pypdfium2.PdfiumError):
            page = document[number]
            said = page.get_textpage().get_text_range(errors="ignore")
            result.write(said.encode(errors="ignore")[:left] + b"\f")
            result.flush()
            left -= len(said)
            bare += not said.strip()
            page.close()
        if left <= 0 or time.monotonic() > until:
            break
    return {"bare": bare}


LOADED: dict[str, Any] = {}  # the files beside this one, by name
TASKS: dict[str, Any] = {"look": look, "jpeg": jpeg, "text": text}
STARTERS: set[str] = set()  # tasks that start a program


def main() -> None:
    _load_readers()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the forks
    control = socket.socket(fileno=int(sys.argv[1]))
    control.settimeout(IDLE_SECONDS)
    while True:
        try:
            order, files, _flags, _address = socket.recv_fds(control, 4096, 3)
        except TimeoutError:
            return
        if not order:
            return  # whoever asks is no more
        if os.fork() == 0:
            control.close()
            _obey(json.loads(order), *files)
        for file in files:
            os.close(file)


def _load_readers() -> None:
    import dkim  # noqa: F401
    import pillow_heif
    import pypdfium2  # noqa: F401
    from PIL import Image

    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # counted above, before anything is decoded
    pillow_heif.register_heif_opener()
    pillow_heif.options.DECODE_THREADS = 1  # each thread would take address space
    for name in TASK_FILES:
        _load_tasks(Path(__file__).with_name(name))


def _load_tasks(path: Path) -> None:
    """By its path: nothing of the house is on this process's."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.child = sys.modules[__name__]  # type: ignore[attr-defined]
    TASKS.update(module.TASKS)
    STARTERS.update(getattr(module, "STARTERS", ()))
    LOADED[path.stem] = module


def _obey(order: dict[str, Any], source: int, result: int, answer: int) -> None:
    """Do it, say what came of it, and end; never returns."""
    said: dict[str, Any] = {}
    try:
        os.write(answer, BEGUN)
        _limit(order["seconds"], order["megabytes"])
        _shut_in(may_start=order["task"] in STARTERS)
        with os.fdopen(source, "rb") as given, os.fdopen(result, "wb") as made:
            task = TASKS[order["task"]]
            said = task(given, made, order["content_type"], **order["wishes"])
    except BaseException as error:  # whatever it is, it must not go on as the parent
        said = {"fault": repr(error)[:300]}
    finally:
        os.write(answer, json.dumps(said).encode())
        os.close(answer)  # whoever asks need not wait for the memory to be given back
        os._exit(0)


def _limit(seconds: int, megabytes: int) -> None:
    memory = megabytes << 20
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.alarm(seconds)
    os.nice(5)  # whoever waits for a page comes first
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, memory),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # a system that knows no such limit
            resource.setrlimit(kind, (most, most))


def _shut_in(*, may_start: bool) -> None:
    """Nothing that is read is fetched; nothing started, but by who lives of it."""
    refused = OUTSIDE if may_start else OUTSIDE + PROGRAMS

    def refuse(event: str, _given: Any) -> None:
        if event.startswith(refused):
            raise PermissionError(event)

    sys.addaudithook(refuse)


if __name__ == "__main__":
    main()
