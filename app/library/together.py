"""One act on many documents of a company: by as many statements as for one, all in one
transaction, and taken back as one. What cannot be done stays as it was and is named
with its reason. The caller commits.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.activity.models import Entry
from app.activity.recording import as_one
from app.companies.finding import still_open
from app.companies.models import Company
from app.db import among, db, new_id, utc_now
from app.errors import Refused
from app.library.judging import already_validated, take_back, validate_all
from app.library.models import Document, Folder
from app.library.moving import move_all, name_before
from app.library.permissions import acts_on, why_closed
from app.library.taking import FRESHLY, in_the_trash, living, moved_since
from app.library.trashing import restore_document, trash_all
from app.library.tree import Sight, hidden_folders
from app.locks import lock_company
from app.people.models import Person
from app.texts import gettext as _

MOST = 1000
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
    come: bool = False  # back to where they were


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
    still_open(hands.company.id)
    found = _documents(wanted, hands)
    outcome = Outcome(new_id(), missing=len(wanted) - len(found))
    for document in found:
        if why_not := _why_not(document, act, hands, to):
            outcome.not_done.setdefault(why_not, []).append(document.name)
        else:
            outcome.done.append(document)
    if outcome.done:
        with as_one(outcome.act_id):
            _do_all(outcome.done, act, hands, to)
    return outcome


def undo_all(act_id: uuid.UUID, hands: Hands) -> Outcome:
    """What that person did by one act is taken back, where nobody acted since."""
    lock_company(hands.company.id, exclusive=True)
    still_open(hands.company.id)
    outcome = Outcome(new_id())
    moved: dict[str, list[Document]] = defaultdict(list)  # by where they were
    names: dict[uuid.UUID, str] = {}
    entries = _entries(act_id, hands)
    there = _taken(entries, hands)
    outcome.come = any(entry.verb != "validated" for entry in entries)
    with as_one(outcome.act_id):
        for entry in entries:
            document = there.get(entry.document_id)
            if document is None:
                outcome.missing += 1
            elif entry.verb != "moved":
                _try(outcome, [document], partial(_undo, document, entry, hands))
            elif why_not := _why_not_back(document, entry, hands):
                outcome.not_done.setdefault(why_not, []).append(document.name)
            else:
                moved[entry.details["before"]].append(document)
                if name := name_before(entry, document):
                    names[document.id] = name
        for before, those in moved.items():
            _try(outcome, those, partial(_move_back, those, before, hands, names))
    return outcome


def _documents(wanted: list[uuid.UUID], hands: Hands) -> list[Document]:
    """Those that the person may see, taken in hand with their folders at hand, in the
    order that was asked for."""
    hidden = hidden_folders(hands.company, hands.sight)
    found = {
        document.id: document
        for document in db.session.scalars(
            select(Document)
            .where(
                among(Document.id, wanted),
                Document.company_id == hands.company.id,
                Document.trashed_at.is_(None),
                Document.folder_id.not_in(hidden),
            )
            .order_by(Document.id)
            .options(selectinload(Document.folder))
            .with_for_update(key_share=True)
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


def _taken(entries: list[Entry], hands: Hands) -> dict[uuid.UUID | None, Document]:
    """The documents that these tell of and the person still sees, taken in hand, by
    their ids."""
    found = db.session.scalars(
        select(Document)
        .where(
            among(Document.id, [entry.document_id for entry in entries]),
            Document.folder_id.not_in(hidden_folders(hands.company, hands.sight)),
        )
        .order_by(Document.id)
        .with_for_update(key_share=True)
        .execution_options(**FRESHLY)
    )
    return {document.id: document for document in found}


def _try(
    outcome: Outcome, documents: list[Document], act: Callable[[], object]
) -> None:
    """In a savepoint: what is refused leaves nothing half done."""
    names = [document.name for document in documents]
    try:
        with db.session.begin_nested():
            act()
    except Refused as refusal:
        outcome.not_done.setdefault(refusal.message, []).extend(names)
    else:
        outcome.done.extend(documents)


def _do_all(
    documents: list[Document], act: str, hands: Hands, to: Folder | None
) -> None:
    if act == "validate":
        validate_all(documents, by=hands.person)
    elif act == "trash":
        trash_all(documents, by=hands.person)
    elif to is not None:
        living(to, hands.company.id)
        move_all(documents, to, by=hands.person, channel=hands.channel)


def _why_not(
    document: Document, act: str, hands: Hands, to: Folder | None
) -> str | None:
    """Why it stays as it is; None when nothing keeps it from being done."""
    if act == "validate":
        return already_validated() if document.status == "validated" else None
    if act not in acts_on(document, document.folder, hands.sight):
        return why_closed(document, document.folder, hands.sight, act)
    if to is not None and document.folder_id == to.id:
        return _("It is there already.")
    return None


def _undo(document: Document, entry: Entry, hands: Hands) -> None:
    if entry.verb == "validated":
        take_back(document, "validated", by=hands.person, to_before=True)
        return
    if document.trashed_at and not _is_as_they_trashed_it(document, hands):
        raise Refused(
            _("It was put in the trash once more since: restore it from there.")
        )
    _open_folder(uuid.UUID(entry.details["folder"]), hands)
    restore_document(document, by=hands.person, channel=hands.channel)


def _is_as_they_trashed_it(document: Document, hands: Hands) -> bool:
    is_alone = document.trashed_with_id is None
    return is_alone and document.trashed_by_id == hands.person.id


def _why_not_back(document: Document, entry: Entry, hands: Hands) -> str | None:
    """The same for a move that is to be taken back."""
    if document.trashed_at is not None:
        return in_the_trash()
    if str(document.folder_id) != entry.details["folder"]:
        return moved_since()
    if "move" not in acts_on(document, document.folder, hands.sight):
        return why_closed(document, document.folder, hands.sight, "move")
    return None


def _move_back(
    documents: list[Document], before: str, hands: Hands, names: dict[uuid.UUID, str]
) -> None:
    folder = _open_folder(uuid.UUID(before), hands)
    living(folder, hands.company.id)
    move_all(documents, folder, by=hands.person, channel=hands.channel, names=names)


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
