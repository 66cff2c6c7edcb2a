"""What a phone shared and whose company is still to be chosen: its files are in the
store, and a signed note of them goes to the page and comes back with the choice.

Nothing of it is written down before; what is never chosen for is swept a day later.
"""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer

from app.db import db
from app.errors import DomainError, Refused
from app.library.deposit import deposit
from app.library.models import Folder
from app.library.receiving import Received
from app.library.uploads import Outcome, outcome_of
from app.people.models import Person
from app.storage import Stored
from app.texts import gettext as _

PATIENCE = timedelta(hours=12)  # half of what the store leaves to files of nobody
ONCE = uuid.UUID("6f0d7e0c-3b1e-4c52-9a0b-0d6c2f1f6a51")


def note_of(files: Sequence[Received], person: Person) -> str:
    return _signer().dumps([str(person.id), [asdict(file) for file in files]])


def files_of(note: str, person: Person) -> list[Received]:
    """Those of the note, which is the person's own. Raises Refused."""
    try:
        whose, files = _signer().loads(note, max_age=int(PATIENCE.total_seconds()))
    except BadData as error:
        raise _too_old() from error
    if whose != str(person.id):
        raise _too_old()
    return [Received(**file | {"stored": Stored(*file["stored"])}) for file in files]


def deposit_shared(file: Received, into: Folder, by: Person) -> Outcome:
    """Commits. The bytes stay in the store whatever comes of it: another company may be
    chosen then, and a second click finds the first one's document."""
    once = uuid.uuid5(ONCE, file.stored.key)
    try:
        done = deposit(file, into=into, by=by, channel="phone", upload_id=once)
    except DomainError as refusal:
        db.session.rollback()
        return Outcome(file.name, refusal.message, status=refusal.status)
    db.session.commit()
    if done.document.company_id != into.company_id:
        told = _("Already deposited for another company.")
        return Outcome(file.name, told, status=409, document_id=done.document.id)
    return outcome_of(done, file, by)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="shared")


def _too_old() -> Refused:
    return Refused(_("This page is too old: share the files again."))
