"""The auditor: reads everything again and says what does not agree. Changes nothing.

Each difference names what it is about, so that a person can look.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from flask import current_app
from sqlalchemy import exists, select

from app.activity.verifying import broken_links
from app.db import database_now, db
from app.delivery.decisions import wrong_decisions
from app.delivery.models import DONE, LEASED, Delivery
from app.firms.models import Firm
from app.library.models import Document, Rendition, Version
from app.pages.models import Photo
from app.storage import Missing, StorageUnavailable

OLD_LEASE = timedelta(hours=1)
CHUNK = 1 << 18
A_BATCH = 500


@dataclass(frozen=True)
class Difference:
    # chain, decision, validation, lease or file
    kind: str
    about: str
    text: str


def differences(*, with_files: bool = True) -> Iterator[Difference]:
    """All that does not agree; nothing when all is well."""
    yield from _chains()
    for arrival_id, text in wrong_decisions():
        yield Difference("decision", str(arrival_id), text)
    yield from _validations()
    yield from _old_leases()
    if with_files:
        yield from _files()


def _chains() -> Iterator[Difference]:
    for firm_id, slug in db.session.execute(select(Firm.id, Firm.slug)).all():
        for text in broken_links(firm_id):
            yield Difference("chain", slug, text)


def _validations() -> Iterator[Difference]:
    """Validated by nobody ⇔ accepted by the tool's side."""
    accepted = exists().where(
        Delivery.document_id == Document.id, Delivery.state.in_(DONE)
    )
    unexplained = select(Document.id).where(
        Document.status == "validated", Document.validated_by_id.is_(None), ~accepted
    )
    for document_id in db.session.scalars(unexplained):
        text = "validated, but nobody did it and nothing was accepted"
        yield Difference("validation", str(document_id), text)
    # One that was refused is received again with its new version, which nobody has.
    as_it_is = accepted.where(
        Version.id == Delivery.version_id, Version.number == Document.version_number
    )
    forgotten = select(Document.id).where(Document.status == "received", as_it_is)
    for document_id in db.session.scalars(forgotten):
        text = "accepted by the mail server, but not validated"
        yield Difference("validation", str(document_id), text)


def _old_leases() -> Iterator[Difference]:
    old = select(Delivery.id, Delivery.state).where(
        Delivery.state.in_(LEASED), Delivery.lease_until < database_now() - OLD_LEASE
    )
    for delivery_id, state in db.session.execute(old):
        text = f"{state} for more than an hour: does a worker run?"
        yield Difference("lease", str(delivery_id), text)


def _files() -> Iterator[Difference]:
    """Every stored version, hashed again."""
    last: uuid.UUID | None = None
    while versions := _next_versions(last, A_BATCH):
        for version in versions:
            yield from _faults_of(version)
        last = versions[-1].id


@dataclass
class SomeFiles:
    """`last` is the version that was come to; None when they were the last ones."""

    read: int = 0
    last: uuid.UUID | None = None
    differences: list[Difference] = field(default_factory=list)


def read_some_files(
    after: uuid.UUID | None,
    *,
    most: int,
    seconds: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> SomeFiles:
    """The versions that follow the given one, hashed again: so many, for so long."""
    some = SomeFiles(last=after)
    until = time.monotonic() + seconds
    versions = _next_versions(after, most)
    for version in versions:
        if should_stop() or (some.read and time.monotonic() > until):
            return some
        some.differences += _faults_of(version)
        some.read, some.last = some.read + 1, version.id
    if len(versions) < most:
        some.last = None
    return some


def _next_versions(last: uuid.UUID | None, most: int) -> list[Version]:
    wanted = select(Version).order_by(Version.id).limit(most)
    if last is not None:
        wanted = wanted.where(Version.id > last)
    found = list(db.session.scalars(wanted))
    db.session.expunge_all()
    db.session.commit()  # no transaction is open while the store is read
    return found


def _faults_of(version: Version) -> Iterator[Difference]:
    if text := _fault_of(version):
        yield Difference("file", str(version.id), text)
    for made in _made_of_or_from(version):
        if text := _fault_of(made):
            yield Difference("file", str(made.id), text)


def _made_of_or_from(version: Version) -> list[Rendition | Photo]:
    made = select(Rendition).where(Rendition.version_id == version.id)
    of = select(Photo).where(Photo.version_id == version.id)
    found = [*db.session.scalars(made), *db.session.scalars(of)]
    db.session.commit()
    return found


def _fault_of(version: Version | Rendition | Photo) -> str | None:
    hashed, size = hashlib.sha256(), 0
    try:
        with current_app.extensions["guichet.storage"].open(
            version.storage_key
        ) as blob:
            while chunk := blob.read(CHUNK):
                hashed.update(chunk)
                size += len(chunk)
    except Missing:
        return "its file is missing"
    except (StorageUnavailable, OSError) as error:
        return f"its file cannot be read: {error}"
    if (size, hashed.hexdigest()) != (version.size, version.sha256):
        return "its file is not what was deposited"
    return None
