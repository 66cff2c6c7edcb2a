"""One act on many documents of a company: each by the act for one, all in one
transaction, and taken back as one. What cannot be done stays as it was and is named
with its reason. The caller commits.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.activity.models import Entry
from app.activity.recording import as_one
from app.companies.models import Company
from app.db import db, lock_company, new_id, utc_now
from app.errors import Refused
from app.library.judging import take_back, validate
from app.library.models import Document, Folder
from app.library.moving import move_document
from app.library.permissions import acts_on
from app.library.taking import FRESHLY, living
from app.library.trashing import restore_document, trash_document
from app.library.tree import Sight, hidden_folders
from app.people.models import Person
from app.texts import gettext as _

MOST = 500
UNDOABLE = {"moved", "trashed", "validated"}
# An offer to undo stands for some seconds; a page may have been left open.
UNDONE_WITHIN = timedelta(days=1)


@dataclass(frozen=True)
class Hands:
    """Whose they are, and in which company."""

    person: Person
    company: Company
    sight: Sight

    @property
    def channel(self) -> str:
        return "firm" if self.sight.firm_side else "web"


@dataclass
class Outcome:
    act_id: uuid.UUID
    done: list[Document] = field(default_factory=list)
    # By reason: the names of those that it keeps.
    not_done: dict[str, list[str]] = field(default_factory=dict)
    missing: int = 0  # not there any more, or never there for this person


def act_on_all(
    ids: Iterable[uuid.UUID], act: str, hands: Hands, to: Folder | None = None
) -> Outcome:
    """validate, trash, or move (`to`). Others wait their turn meanwhile, so that two
    people who want several of the same do not wait for each other."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise Refused(_("Choose at least one document."))
    if len(wanted) > MOST:
        raise Refused(_("At most %(most)s documents at once.", most=MOST))
    lock_company(hands.company.id, exclusive=True)
    found = _documents(wanted, hands)
    outcome = Outcome(new_id(), missing=len(wanted) - len(found))
    with as_one(outcome.act_id):
        for document in found:
            _try(outcome, document, lambda d: _do(d, act, hands, to))
    return outcome


def undo_all(act_id: uuid.UUID, hands: Hands) -> Outcome:
    """What that person did by one act is taken back, where nobody acted since."""
    lock_company(hands.company.id, exclusive=True)
    outcome = Outcome(new_id())
    with as_one(outcome.act_id):
        for entry in _entries(act_id, hands):
            document = db.session.get(Document, entry.document_id)
            if document is None:
                outcome.missing += 1
            else:
                _try(outcome, document, lambda d, e=entry: _undo(d, e, hands))  # type: ignore[misc]
    return outcome


def _documents(wanted: list[uuid.UUID], hands: Hands) -> list[Document]:
    """Those that the person may see, in the order that was asked for."""
    hidden = hidden_folders(hands.company, hands.sight)
    found = {
        document.id: document
        for document in db.session.scalars(
            select(Document)
            .options(joinedload(Document.folder))
            .where(
                Document.id.in_(wanted),
                Document.company_id == hands.company.id,
                Document.trashed_at.is_(None),
                Document.folder_id.not_in(hidden),
            )
            .execution_options(**FRESHLY)
        )
    }
    return [found[one] for one in wanted if one in found]


def _entries(act_id: uuid.UUID, hands: Hands) -> list[Entry]:
    found = db.session.scalars(
        select(Entry)
        .where(
            Entry.firm_id == hands.company.firm_id,
            Entry.company_id == hands.company.id,
            Entry.at > utc_now() - UNDONE_WITHIN,
            Entry.actor_id == hands.person.id,
            Entry.verb.in_(UNDOABLE),
            Entry.details["together"].as_string() == str(act_id),
        )
        .order_by(Entry.id)
    )
    return list(found)


def _try(
    outcome: Outcome, document: Document, act: Callable[[Document], object]
) -> None:
    """In a savepoint: what is refused leaves nothing half done."""
    name = document.name
    try:
        with db.session.begin_nested():
            act(document)
    except Refused as refusal:
        outcome.not_done.setdefault(refusal.message, []).append(name)
    else:
        outcome.done.append(document)


def _do(document: Document, act: str, hands: Hands, to: Folder | None) -> None:
    may = acts_on(document, document.folder, hands.sight)
    if act not in may and act != "validate":
        raise Refused(_why_not(document, hands))
    if act == "validate":
        validate(document, by=hands.person)
    elif act == "trash":
        trash_document(document, by=hands.person)
    elif to is not None:
        if document.folder_id == to.id:
            raise Refused(_("It is there already."))
        move_document(document, to, by=hands.person, channel=hands.channel)


def _why_not(document: Document, hands: Hands) -> str:
    """Staff may do everything, so this is for a client."""
    if not hands.sight.may_deposit_in(document.folder):
        return _("This folder is read-only for you.")
    if document.status == "rejected":
        return _("Refused by your firm: bring a new version in its place.")
    return _("Your firm has taken it into account: it stays as it is.")


def _undo(document: Document, entry: Entry, hands: Hands) -> None:
    if entry.verb == "validated":
        take_back(document, "validated", by=hands.person, to_before=True)
        return
    before = uuid.UUID(entry.details["before" if entry.verb == "moved" else "folder"])
    folder = _open_folder(before, hands)
    if entry.verb == "trashed":
        restore_document(document, by=hands.person, channel=hands.channel)
        return
    if str(document.folder_id) != entry.details["folder"]:
        raise Refused(_("Somebody else has just moved this document. Look again."))
    if "move" not in acts_on(document, document.folder, hands.sight):
        raise Refused(_why_not(document, hands))
    move_document(document, folder, by=hands.person, channel=hands.channel)


def _open_folder(folder_id: uuid.UUID, hands: Hands) -> Folder:
    """Where the person may file; one in the trash is for the act to say."""
    folder = db.session.get_one(Folder, folder_id)
    if hands.sight.firm_side or folder.trashed_at is not None:
        return folder
    path = living(folder, hands.company.id)
    may_see = all(hands.sight.allows(above) for above in path)
    if not may_see or not hands.sight.may_deposit_in(folder):
        raise Refused(_("This folder is read-only for you."))
    return folder
