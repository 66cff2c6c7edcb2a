"""A browser's upload, read part by part: each file is stored as it flows in.

The CSRF token may come in a header or in a field, before or after the files, so files
wait in the store until the whole body was read and the token found good.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace as replace_in

from flask import Request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, validate_csrf
from wtforms import ValidationError

from app import multipart
from app.db import db, id_from
from app.errors import UNLIMITED, DomainError, Refused
from app.library.deposit import Deposited
from app.library.models import Version
from app.library.naming import LONGEST, clean_name, whole_name
from app.library.past import may_see_still
from app.library.receiving import Received, give_back, receive
from app.library.twins import has_twin_in_sight
from app.library.ways import is_shortened
from app.people.models import Person
from app.texts import gettext as _

# With the id of the upload, and the way («a/b») to the folder that it lies in.
Deposit = Callable[[Received, uuid.UUID | None, str], Deposited]


@dataclass(frozen=True)
class Outcome:
    """What the person is told of one file."""

    name: str
    message: str
    status: int = 200
    detail: str = ""
    document_id: uuid.UUID | None = None
    renamed: bool = False

    @property
    def ok(self) -> bool:
        return self.status < 400


@dataclass
class Body:
    """What was found in the request."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Received | Outcome] = field(default_factory=list)

    @property
    def whole(self) -> list[Received]:
        """The files that could be kept."""
        return [file for file in self.files if isinstance(file, Received)]

    def identity(self, *files: Received, place: int = 0) -> uuid.UUID | None:
        """By which these, the `place`-th of the form, are known when they come again.

        The form's own id is not enough: a page that was gone back to bears the same
        one, and other files then.
        """
        form = id_from(self.fields.get("upload_id"))
        hashes = [file.stored.sha256 for file in files]
        return identity_of(form, place, *hashes) if form else None


def identity_of(form: uuid.UUID, place: int, *sha256s: str) -> uuid.UUID:
    return uuid.uuid5(form, f"{place} {' '.join(sha256s)}")


def take_in(request: Request, *, has_token: bool = True) -> Body:
    """All that the request holds, in the store.

    Raises CSRFError (400) when the token is not good; then nothing is kept. Without
    token, the caller has made sure that no other site is behind the request.
    """
    body = Body()
    with _keeping_nothing_on_error(body):
        _read(request, body)
        if has_token:
            _check_token(request, body)
    if not body.files:
        body.files.append(Outcome("", _("No file was chosen."), status=422))
    return body


def deposit_all(request: Request, deposit: Deposit) -> list[Outcome]:
    """Deposit each file of the request, each in a transaction of its own. Raises
    CSRFError (400); then nothing is kept."""
    body = take_in(request)
    way = body.fields.get("path", "")
    outcomes = []
    for place, file in enumerate(body.files):
        if isinstance(file, Outcome):
            outcomes.append(file)
        else:
            once = body.identity(file, place=place)
            outcomes.append(_deposit_one(file, once, way, deposit))
    if any(outcome.ok for outcome in outcomes) and is_shortened(way):
        outcomes = [_with_short_folder(outcome) for outcome in outcomes]
    return outcomes


def replace_by(request: Request, replace: Callable[[Received], Version]) -> None:
    """The one file of the request takes the place of another, in a transaction of its
    own. Raises CSRFError and Refused; then nothing is kept."""
    body = Body()
    with _keeping_nothing_on_error(body):
        _read(request, body)
        _check_token(request, body)
        if len(body.files) != 1:
            raise Refused(_("Choose one file."))
        [file] = body.files
        if isinstance(file, Outcome):
            raise Refused(file.message)
        version = replace(file)
    # Should this fail, the bytes stay: nobody can tell whether the row is there.
    db.session.commit()
    if version.storage_key != file.stored.key:
        give_back(file)


@contextmanager
def received_together(request: Request) -> Iterator[Body]:
    """The files of the request, which become one thing: when one of them cannot be
    kept, or the caller fails, none is. Raises CSRFError and Refused."""
    body = Body()
    with _keeping_nothing_on_error(body):
        _read(request, body)
        _check_token(request, body)
        for file in body.files:
            if isinstance(file, Outcome):
                raise Refused(f"{file.name} – {file.message}")
        yield body


class Interrupted(Refused):
    """The body ended too early or cannot be read."""

    status = 400


class NameTooLong(Interrupted):
    """It would not be read the next time either."""

    status = 422


def _read(request: Request, body: Body) -> None:
    try:
        _read_parts(request, body)
    except multipart.HeaderTooLong as error:
        raise NameTooLong(
            _(
                "The name of this file is much too long. Nothing was kept: give it a "
                "shorter one and try again."
            )
        ) from error
    except multipart.BadUpload as error:
        raise Interrupted(
            _("The upload was cut short. Nothing was kept: please try again.")
        ) from error


def _read_parts(request: Request, body: Body) -> None:
    request.max_content_length = UNLIMITED  # each file is counted as it flows in
    parts = multipart.read(
        request.stream,
        request.content_type or "",
        request.content_length,
    )
    for part in parts:
        if isinstance(part, multipart.Field):
            body.fields[part.name] = part.value
        elif part.filename:
            body.files.append(_receive(part))


def _receive(part: multipart.File) -> Received | Outcome:
    try:
        return receive(part, part.filename)
    except Refused as refusal:
        name = clean_name(part.filename, fallback=_("Untitled document"))
        return Outcome(name, refusal.message, status=refusal.status)


def _check_token(request: Request, body: Body) -> None:
    token = request.headers.get("X-CSRFToken") or body.fields.get("csrf_token")
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(error.args[0]) from None


@contextmanager
def _keeping_nothing_on_error(body: Body) -> Iterator[None]:
    try:
        yield
    except Exception:
        for file in body.files:
            if isinstance(file, Received):
                give_back(file)
        raise


def _deposit_one(
    received: Received, upload_id: uuid.UUID | None, way: str, deposit: Deposit
) -> Outcome:
    try:
        done = deposit(received, upload_id, way)
    except Exception as error:
        db.session.rollback()
        give_back(received)
        if isinstance(error, DomainError):
            return Outcome(received.name, error.message, status=error.status)
        raise
    # Should this fail, the bytes stay: nobody can tell whether the row is there.
    db.session.commit()
    if done.is_repeat:
        give_back(received)
    return outcome_of(done, received, current_user)


def outcome_of(done: Deposited, received: Received, by: Person) -> Outcome:
    document = done.document
    if done.is_repeat and not may_see_still(document, by):
        return Outcome(received.name, _("Deposited"))
    detail = ""
    if done.was_renamed:
        detail = _(
            "A file already has this name: renamed “%(name)s”.", name=document.name
        )
    elif has_twin_in_sight(document, by):
        detail = _("This file is already here. Kept here too.")
    elif len(whole_name(received.original_name, "")) > LONGEST:
        detail = _("Its name was too long: the end of it is left out.")
    return Outcome(
        document.name,
        _("Deposited"),
        detail=_warning(received.defect) or detail,
        document_id=document.id,
        renamed=done.was_renamed,
    )


def _with_short_folder(outcome: Outcome) -> Outcome:
    if not outcome.ok:
        return outcome
    told = _("The name of its folder was too long: the end of it is left out.")
    return replace_in(outcome, detail=f"{outcome.detail} {told}".strip())


def _warning(defect: str | None) -> str:
    """What the person can do about the file that was kept."""
    return {
        "encrypted": _(
            "This file is protected by a password: your firm may not be able to read "
            "it."
        ),
        "damaged": _(
            "This file seems damaged: your firm may not be able to read it. Check it, "
            "and deposit it again if needed."
        ),
        "oversized": _(
            "This picture is very large: your firm may not be able to read it."
        ),
    }.get(defect or "", "")
