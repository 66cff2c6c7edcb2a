"""The rows of a folder, as one person sees them."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from sqlalchemy import select

from app.companies.models import Company
from app.db import db
from app.delivery.badges import Badge, client_badge, firm_badge
from app.delivery.briefs import Brief
from app.library.fetching import COUNTED, ROWS, deliveries_of, fetch
from app.library.kinds import kind_of
from app.library.models import STATUSES, Document, Folder
from app.library.naming import split_extension
from app.library.ordering import BY, USUAL, Order, by_column
from app.library.permissions import acts_on
from app.library.tree import Sight, hidden_folders
from app.library.twins import twins_of
from app.people.models import Person
from app.texts import gettext as _, language

NOBODY = uuid.UUID(int=0)


@dataclass(frozen=True)
class Row:
    id: uuid.UUID
    name: str
    version: int
    stem: str
    extension: str
    url: str
    depositor: str
    channel: str
    channel_label: str
    arrived_at: datetime
    size: int
    kind: str
    badge: Badge
    delivery: str | None
    note: str
    duplicate_note: str
    is_unread: bool  # for this person
    acts: str  # what this person may do with it: «copy move rename…»

    @property
    def download_url(self) -> str:
        return f"{self.url}/download"

    @property
    def take_up_url(self) -> str | None:
        """Where a client brings a new version of what was refused."""
        if not self.note or self.acts != "replace":
            return None
        return f"{self.url}/versions?from=list"


@dataclass(frozen=True)
class Heading:
    """Of a column that orders the page: where it leads, and how it orders now."""

    url: str
    sort: str | None  # ascending, descending


@dataclass(frozen=True)
class Listing:
    """The rows of a folder from a place on; `stamp` changes with what is shown."""

    company: Company
    folder: Folder
    may_deposit: bool
    rows: list[Row]
    total: int
    total_is_floor: bool
    total_bytes: int | None
    next_url: str | None
    first_url: str
    poll_url: str
    stamp: str
    counts: dict[str, int]
    last_deposit: tuple[datetime, str] | None
    headings: dict[str, Heading]
    states: dict[str | None, str]  # where the documents of one are, None: of all
    status: str | None
    # It began behind others, and nothing is there any more.
    is_past_the_end: bool


def listing(
    company: Company,
    folder: Folder,
    sight: Sight,
    after: str | None = None,
    *,
    reader: Person | None = None,
    order: Order = USUAL,
    status: str | None = None,
) -> Listing:
    """`after` is the place, in that order, behind which the page begins; `status` that
    of the documents that are wanted, None for all."""
    found = fetch(folder, sight, after, reader, order, status)
    counts = found.counts
    more = len(found.documents) > ROWS
    documents = found.documents[:ROWS]
    documents_url = _documents_url()
    twins = twins_of(documents) if sight.firm_side else {}
    rows = [
        _row(
            d,
            documents_url,
            sight,
            found.deliveries.get(d.id, []),
            acts_on(d, folder, sight),
            twin=twins.get(d.id),
            is_unread=d.id in found.unread,
        )
        for d in documents
    ]
    here: dict[str, Any] = {"slug": company.slug, "folder_id": folder.id}
    here |= {"sort": order.name, "state": status}
    total = counts["documents"]
    is_first = order == USUAL and not after and not status
    newest = documents[0] if documents and is_first else None
    stamp = _stamp(rows, counts)
    return Listing(
        company=company,
        folder=folder,
        may_deposit=sight.may_deposit_in(folder),
        rows=rows,
        total=min(total, COUNTED),
        total_is_floor=total > COUNTED,
        total_bytes=found.bytes if total <= COUNTED else None,
        next_url=url_for("library.show", **here, after=order.place(documents[-1]))
        if more
        else None,
        first_url=url_for("library.show", **here),
        poll_url=url_for("library.rows", **here, after=after, seen=stamp),
        stamp=stamp,
        counts=counts,
        last_deposit=(newest.arrived_at, newest.depositor_name) if newest else None,
        headings={by: _heading(by, order, here) for by in BY},
        states={one: _only(one, order) for one in (None, *STATUSES)},
        status=status,
        is_past_the_end=bool(after and total and not rows),
    )


def _heading(by: str, now: Order, here: dict[str, Any]) -> Heading:
    sort = None
    if now.by == by:
        sort = "descending" if now.is_descending else "ascending"
    url = url_for("library.show", **here | {"sort": by_column(by, now).name})
    return Heading(url, sort)


def _only(status: str | None, order: Order) -> str:
    """The address of the documents of that status, from the folder's own page."""
    asked = {"sort": order.name, "state": status}
    return "?" + urlencode({name: value for name, value in asked.items() if value})


def _documents_url() -> str:
    """What comes before the id in a document's address: the same for all the rows."""
    return url_for("library.document", document_id=NOBODY).removesuffix(str(NOBODY))


def _row(
    document: Document,
    documents_url: str,
    sight: Sight,
    deliveries: list[Brief],
    acts: frozenset[str] = frozenset(),
    *,
    twin: Document | None = None,
    is_unread: bool = False,
) -> Row:
    stem, extension = split_extension(document.name)
    badge = (
        firm_badge(document, deliveries) if sight.firm_side else client_badge(document)
    )
    return Row(
        id=document.id,
        name=document.name,
        version=document.version_number,
        stem=stem,
        extension=extension,
        url=f"{documents_url}{document.id}",
        depositor=document.depositor_name,
        channel=document.channel,
        channel_label=channel_label(document.channel),
        arrived_at=document.arrived_at,
        size=document.size,
        kind=kind_of(document.content_type),
        badge=badge,
        delivery=deliveries[-1].state if deliveries else None,
        note=document.rejected_reason or "" if document.status == "rejected" else "",
        duplicate_note=_("Same content as “%(name)s”", name=twin.name) if twin else "",
        is_unread=is_unread,
        acts=" ".join(sorted(acts)),
    )


def channel_label(channel: str) -> str:
    return _channel_labels(language()).get(channel, channel)


@lru_cache(maxsize=4)
def _channel_labels(_language: str | None) -> dict[str, str]:
    return {
        "web": _("Deposited on the site"),
        "phone": _("Taken by phone"),
        "mail": _("Received by e-mail"),
        "firm": _("Filed by the firm"),
        "api": _("Received by a programme"),
    }


def _stamp(rows: list[Row], counts: dict[str, int]) -> str:
    """Of what this person sees only: a firm's fact cannot change a client's stamp."""
    seen = [(str(r.id), r.name, r.badge, r.delivery, r.note, r.is_unread) for r in rows]
    return hashlib.sha256(repr((seen, counts)).encode()).hexdigest()[:16]


def recent_rows(company: Company, sight: Sight, most: int) -> list[Row]:
    """The newest documents of the company that the person may see, anywhere."""
    documents = db.session.scalars(
        select(Document)
        .join(Document.folder)
        .where(
            Document.company_id == company.id,
            Document.trashed_at.is_(None),
            Folder.id.not_in(hidden_folders(company, sight)),
        )
        .order_by(Document.arrived_at.desc(), Document.id.desc())
        .limit(most)
    ).all()
    return rows_of(list(documents), sight)


def rows_of(documents: list[Document], sight: Sight) -> list[Row]:
    """In the order given, without acts."""
    deliveries = deliveries_of(documents) if sight.firm_side else {}
    twins = twins_of(documents) if sight.firm_side else {}
    documents_url = _documents_url()
    return [
        _row(d, documents_url, sight, deliveries.get(d.id, []), twin=twins.get(d.id))
        for d in documents
    ]
