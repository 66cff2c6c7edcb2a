"""What a receipt says of one mail, to whom: a client reads no folder that is hidden
from them, and whoever is no person of the portal reads none. They read the names of
their files as they sent them: the number that one got tells of another one there."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app.collection.models import InboundMail, InboundPart
from app.db import db
from app.library.models import Folder
from app.library.tree import chain, sight_of_person
from app.people.models import Person
from app.texts import gettext as _, ngettext

MOST_NAMES = 50
# Sent as files, and none of them filed.
_LEFT_OUT = ("empty", "encrypted", "external", "partial")
EVERYWHERE = {"across_firms": True}
PARIS = ZoneInfo("Europe/Paris")


def subject_of(mail: InboundMail, parts: Sequence[InboundPart]) -> str:
    filed = sum(part.outcome == "filed" for part in parts)
    if not filed:
        return _("Nothing of your mail was filed")
    return ngettext("%(num)d document received", "%(num)d documents received", filed)


def section(
    mail: InboundMail, parts: Sequence[InboundPart], person: Person | None
) -> str:
    when = f"{mail.received_at.astimezone(PARIS):%d/%m/%Y %H:%M}"
    to = mail.recipient
    lines = [_("Your mail of %(when)s to %(address)s", when=when, address=to), ""]
    filed = [part for part in parts if part.outcome == "filed"]
    if filed:
        way = _way_for(person, mail, filed)
        names = [_name(part) if way else part.name for part in filed]
        lines += [_where(way), *_listed(names), ""]
    refused = [part for part in parts if is_told(part)]
    if refused:
        said = [f"{part.name} – {_why(part)}" for part in refused]
        lines += [_("Not filed:"), *_listed(said), ""]
    if not filed:
        lines += [_why_nothing(mail), ""]
    return "\n".join(lines).rstrip()


def _listed(names: object) -> list[str]:
    every = [f"– {name}" for name in names]  # type: ignore[attr-defined]
    if len(every) <= MOST_NAMES:
        return every
    rest = len(every) - MOST_NAMES
    return [
        *every[:MOST_NAMES],
        ngettext("and %(num)d more", "and %(num)d more", rest),
    ]


def _name(part: InboundPart) -> str:
    return part.document.name if part.document else part.name


def is_left_out(part: InboundPart) -> bool:
    """Signatures and the pictures of a text are no documents, and nobody asks."""
    is_file = part.outcome == "ignored" and part.reason in _LEFT_OUT
    return part.outcome == "refused" or is_file


def is_told(part: InboundPart) -> bool:
    """Also of a picture that may be a photo, as long as nobody can tell (`pasted`)."""
    is_pasted = part.outcome == "ignored" and part.reason == "inline_image"
    return is_pasted or is_left_out(part)


def _why(part: InboundPart) -> str:
    return {
        "empty": _("the file is empty"),
        "encrypted": _("encrypted message, which nobody here can read"),
        "external": _("the mail only says where it lies: attach the file itself"),
        "partial": _("one piece of a message: send it again in one"),
        "inline_image": _("image shown in the text: attach it if it is a document"),
    }.get(part.reason, part.reason)


def _why_nothing(mail: InboundMail) -> str:
    if mail.reason == "archived":
        return _("This company is archived: nothing is filed there any more.")
    if mail.reason == "refused":
        return _("None of its files could be filed. Your accountant can see the mail.")
    return _(
        "There was no file to keep in it. Attach your documents to the mail, or drop "
        "them on the portal."
    )


def _where(way: Sequence[Folder]) -> str:
    if not way:
        return _("Filed:")
    return _("Filed in %(folder)s:", folder=" / ".join(each.name for each in way[-2:]))


def _way_for(
    person: Person | None, mail: InboundMail, filed: Sequence[InboundPart]
) -> list[Folder]:
    """To the folder, for whoever sees it; empty for others."""
    folder = _folder_of(filed)
    if person is None or mail.company is None or folder is None:
        return []
    way = chain(folder.id, folder.company_id)
    sight = sight_of_person(person, mail.company)
    return way if all(sight.allows(each) for each in way) else []


def _folder_of(filed: Sequence[InboundPart]) -> Folder | None:
    found = next((part.document for part in filed if part.document), None)
    if found is None:
        return None
    return db.session.get(Folder, found.folder_id, execution_options=EVERYWHERE)
