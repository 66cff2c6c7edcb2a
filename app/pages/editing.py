"""The pages of a PDF turned, removed and put in another order, or a photo turned: a new
version of it.

The bytes are made apart, with no transaction open; the older version is kept as it
came.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from app import apart
from app.errors import Refused
from app.library.finding import Place
from app.library.models import Document, Version
from app.library.permissions import acts_on
from app.library.receiving import Received, receive, store
from app.library.replacing import replace
from app.pages.making import MOST_PAGES
from app.pages.versions import EDITED
from app.people.models import Person
from app.texts import gettext as _

PDF = "application/pdf"
PHOTOS = ("image/jpeg", "image/png", "image/heic")  # they can be turned
SECONDS = 25  # somebody waits for it
CHUNK = 1 << 18
QUARTERS = (0, 90, 180, 270)


@dataclass(frozen=True)
class Plan:
    """What becomes of the pages; they count from 1."""

    pages: tuple[tuple[int, int], ...]  # those that stay, in order: number and turn
    removed: tuple[int, ...]

    @property
    def numbers(self) -> list[int]:
        return [number for number, _turn in self.pages]

    @property
    def turned(self) -> bool:
        return any(turn for _number, turn in self.pages)

    @property
    def reordered(self) -> bool:
        return self.numbers != sorted(self.numbers)

    @property
    def only_turned(self) -> bool:
        return self.turned and not self.removed and not self.reordered


def may_edit(
    document: Document, version: Version, place: Place, person: Person
) -> bool:
    """Staff, and clients what they deposited themselves until the firm has it."""
    if not 0 < pages_of(version) <= MOST_PAGES:
        return False
    if place.sight.firm_side:
        return True
    is_own = document.depositor_id == person.id and document.status != "validated"
    return is_own and bool(acts_on(document, place.folder, place.sight))


def pages_of(version: Version) -> int:
    """Those that can be worked on; 0 when there are none."""
    if version.defect:
        return 0
    if version.content_type in PHOTOS:
        return 1
    return version.pages or 0 if version.content_type == PDF else 0


def may_split(
    document: Document, version: Version, place: Place, person: Person
) -> bool:
    """The original goes to the trash by it."""
    if "trash" not in acts_on(document, place.folder, place.sight):
        return False
    return pages_of(version) > 1 and may_edit(document, version, place, person)


def plan(pages: int, form: Mapping[str, Any], removed: list[str]) -> Plan:
    """As the form says. Raises Refused when nothing is left, or nothing changes."""
    gone = {_number(number, 0) for number in removed}
    kept = []
    for number in range(1, pages + 1):
        turn = _number(form.get(f"turn-{number}"), 0)
        if turn not in QUARTERS:
            raise Refused(_("Pages can be turned by quarters only."))
        if number not in gone:
            kept.append((_number(form.get(f"place-{number}"), number), number, turn))
    if not kept:
        raise Refused(_("At least one page has to stay."))
    found = Plan(
        tuple((number, turn) for _place, number, turn in sorted(kept)),
        tuple(sorted(gone & set(range(1, pages + 1)))),
    )
    if not (found.removed or found.turned or found.reordered):
        raise Refused(_("Nothing was changed yet: turn, remove or move a page."))
    return found


def _number(given: Any, otherwise: int) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):  # thousands of digits too
        return otherwise


def edited(
    document: Document, version: Version, wanted: Plan, *, sure: bool
) -> Received:
    """The file with its pages so, in the store. Raises Refused."""
    with tempfile.TemporaryFile() as made:
        if version.content_type in PHOTOS:
            said = ask("turn", version, made, degrees=wanted.pages[0][1])
        else:
            pages = [[number - 1, turn] for number, turn in wanted.pages]
            said = ask("edit", version, made, pages=pages)
        if said["is_signed"] and not sure:
            raise Signed
        return receive(chunks(made, None), document.name)


def edit(
    document: Document,
    received: Received,
    wanted: Plan,
    *,
    by: Person,
    channel: str,
    number: int,
) -> Version:
    """`number` is the version that was edited: nobody may have brought another one
    meanwhile. The caller commits."""
    made = replace(
        document,
        received,
        by=by,
        channel=channel,
        kind="rotate" if wanted.only_turned else "replace",
        verb=EDITED,
        removed=list(wanted.removed),
        turned=wanted.turned,
        reordered=wanted.reordered,
    )
    if made.number != number + 1:
        raise Refused(_("Somebody else has just changed this document. Look again."))
    return made


class Signed(Refused):
    """The person has to be sure."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This PDF is signed: its signature will be void in what is made of it. "
                "The signed original is kept. Tick the box to go on."
            ),
            "sure",
        )


def ask(task: str, version: Version, made: BinaryIO, **wishes: Any) -> dict[str, Any]:
    """What the task says of the version's bytes. Raises Refused."""
    with tempfile.TemporaryFile() as copy:
        with store().open(version.storage_key) as blob:
            shutil.copyfileobj(blob, copy)
        copy.seek(0)
        of = version.content_type
        said = apart.ask(task, copy, of, made, seconds=SECONDS, **wishes)
    refuse(said)
    made.seek(0)
    return said or {}


def refuse(said: dict[str, Any] | None, name: str = "") -> None:
    """Raises Refused when its pages could not be worked on."""
    defect = said["defect"] if said else "slow"
    if not defect:
        return
    text = {
        "encrypted": _(
            "This PDF is protected: its pages cannot be changed. Ask for it without "
            "protection."
        ),
        "slow": _("This file takes too long to work on. Nothing was changed."),
    }.get(defect, _("This file seems damaged: its pages cannot be changed."))
    raise Refused(f"{name}: {text}" if name else text)


def chunks(made: BinaryIO, size: int | None) -> Iterator[bytes]:
    """So many bytes from where it is, or all that are left."""
    left = size if size is not None else 1 << 62
    while left and (chunk := made.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk
