"""The hourly reading of the auditor: what is recorded agrees, or the operators know.

Reads only, but for its own row. Files are hashed some at a time: each reading goes on
where the one before it ended.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from flask_babel import force_locale
from sqlalchemy import select, update

from app.companies.followers import operators
from app.db import database_now, db, utc_now
from app.delivery.auditing import differences, read_some_files
from app.delivery.models import Audit
from app.formats import midnight
from app.notices.models import Notice
from app.notices.writing import notify
from app.texts import gettext as _, ngettext

log = logging.getLogger(__name__)
KIND = "audit_differences"
MOST_KEPT = 100  # differences in a row
MOST_FILES, MOST_SECONDS = 500, 60.0
SHOWN = 12


def run(
    since: datetime | None = None, *, should_stop: Callable[[], bool] = lambda: False
) -> Audit | None:
    """One reading; None when another one began `since` then. Commits."""
    if since is not None and _began_since(since):
        return None
    before = _newest_that_ended()
    audit = Audit(began_at=database_now())
    db.session.add(audit)
    db.session.commit()
    audit_id, after = audit.id, before.last_version_id if before else None
    kept: list[dict[str, str]] = []
    found = 0
    for difference in differences(with_files=False):
        found += 1
        kept += [asdict(difference)] if len(kept) < MOST_KEPT else []
    some = read_some_files(
        after, most=MOST_FILES, seconds=MOST_SECONDS, should_stop=should_stop
    )
    found += len(some.differences)
    kept += [asdict(difference) for difference in some.differences]
    db.session.execute(
        update(Audit)
        .where(Audit.id == audit_id)
        .values(
            finished_at=database_now(),
            differences=kept[:MOST_KEPT],
            found=found,
            files_read=some.read,
            last_version_id=some.last,
        )
    )
    if found:
        log.error("the auditor found %d differences", found)
        _tell(found, kept)
    db.session.commit()
    return db.session.get(Audit, audit_id, populate_existing=True)


def last_ones() -> Sequence[Audit]:
    wanted = select(Audit).order_by(Audit.began_at.desc(), Audit.id.desc())
    return db.session.scalars(wanted.limit(SHOWN)).all()


def _began_since(since: datetime) -> bool:
    wanted = select(Audit.id).where(Audit.began_at >= since).limit(1)
    return db.session.scalar(wanted) is not None


def _newest_that_ended() -> Audit | None:
    return db.session.scalars(
        select(Audit)
        .where(Audit.finished_at.is_not(None))
        .order_by(Audit.began_at.desc(), Audit.id.desc())
        .limit(1)
    ).first()


def _tell(found: int, kept: list[dict[str, str]]) -> None:
    """The operators, once a day at most."""
    told = select(Notice.id).where(
        Notice.kind == KIND, Notice.created_at >= midnight(utc_now())
    )
    if db.session.scalar(told.limit(1)) is not None:
        return
    lines = [f"{d['kind']} {d['about']}: {d['text']}" for d in kept[:MOST_KEPT]]
    for person in operators():
        with force_locale(person.locale):
            intro = _("The auditor read everything again; this does not agree:")
            notify(
                person.email,
                kind=KIND,
                subject=ngettext(
                    "The auditor found %(num)d difference",
                    "The auditor found %(num)d differences",
                    found,
                ),
                text="\n".join((intro, "", *lines, "")),
                firm=None,
            )
