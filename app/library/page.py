"""What the folder page shows, in a fixed number of queries whatever the folder holds.

One for the folder and those above, one for the tree, one for the rows and their count,
and for the firm one for the deliveries and one for the covered folders.
"""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask import current_app, url_for
from sqlalchemy import ColumnElement, Select, case, func, select, tuple_
from sqlalchemy.orm import aliased, joinedload

from app.companies.models import Company
from app.connectors.models import FolderSwitch
from app.db import db, new_id
from app.delivery.badges import Badge, client_badge, firm_badge
from app.delivery.models import Delivery
from app.library.models import Document, Folder
from app.library.naming import split_extension
from app.library.tree import Sight, hidden_folders
from app.texts import gettext as _

ROWS = 50
COUNTED = 1000  # beyond, «1 000+»: a full count would cost with the folder's size


@dataclass(frozen=True)
class Row:
    id: uuid.UUID
    name: str
    stem: str
    extension: str
    url: str
    download_url: str
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


@dataclass
class Node:
    id: uuid.UUID
    name: str
    url: str
    icon: str
    level: int
    is_open: bool
    is_current: bool
    has_children: bool
    is_locked: bool
    connector: str | None
    children_url: str
    children: list["Node"] = field(default_factory=list)


@dataclass(frozen=True)
class Listing:
    """The rows of a folder from a place on; `stamp` changes with what is shown."""

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


ICONS = {
    "inbox": "inbox",
    "fiscal_year": "calendar",
    "social": "users",
    "legal": "gavel",
    "firm": "lock",
}


def listing(
    company: Company, folder: Folder, sight: Sight, after: str | None = None
) -> Listing:
    """`after` is the place («<microseconds>.<id>») behind which the page begins."""
    documents, total, size = _documents(folder, after)
    more = len(documents) > ROWS
    documents = documents[:ROWS]
    deliveries = _deliveries(documents) if sight.firm_side else {}
    rows = [_row(d, sight, deliveries.get(d.id, [])) for d in documents]
    here: dict[str, Any] = {"slug": company.slug, "folder_id": folder.id}
    counts = {"documents": total}
    for status in ("received", "validated", "rejected"):
        counts[status] = sum(d.status == status for d in documents)
    if sight.firm_side:
        counts["waiting"] = sum(row.badge.key not in _CALM for row in rows)
    newest = documents[0] if documents and not after else None
    stamp = _stamp(rows, total)
    return Listing(
        rows=rows,
        total=min(total, COUNTED),
        total_is_floor=total > COUNTED,
        total_bytes=size if total <= COUNTED else None,
        next_url=url_for("library.show", **here, after=place(documents[-1]))
        if more
        else None,
        first_url=url_for("library.show", **here),
        poll_url=url_for("library.rows", **here, after=after, seen=stamp),
        stamp=stamp,
        counts=counts,
        last_deposit=(newest.arrived_at, newest.depositor_name) if newest else None,
    )


_CALM = {"received", "validated", "rejected"}


def place(document: Document) -> str:
    microseconds = round(document.arrived_at.timestamp() * 1_000_000)
    return f"{microseconds}.{document.id}"


def _documents(folder: Folder, after: str | None) -> tuple[list[Document], int, int]:
    here = (Document.folder_id == folder.id) & Document.trashed_at.is_(None)
    counted = select(Document.size).where(here).limit(COUNTED + 1).subquery("counted")
    total = select(func.count()).select_from(counted).scalar_subquery()
    size = select(func.coalesce(func.sum(counted.c.size), 0)).scalar_subquery()
    page = (
        select(Document, total, size)
        .where(here, *_behind(after))
        .order_by(Document.arrived_at.desc(), Document.id.desc())
        .limit(ROWS + 1)
    )
    found = db.session.execute(page).all()
    if not found:
        return [], 0, 0
    return [row[0] for row in found], int(found[0][1]), int(found[0][2])


def _behind(after: str | None) -> list[ColumnElement[bool]]:
    try:
        microseconds, _dot, document_id = (after or "").partition(".")
        at = datetime.fromtimestamp(int(microseconds) / 1_000_000, UTC)
        last = uuid.UUID(document_id)
    except (ValueError, OverflowError, OSError):
        return []
    return [tuple_(Document.arrived_at, Document.id) < tuple_(at, last)]


def _deliveries(documents: list[Document]) -> dict[uuid.UUID, list[Delivery]]:
    found: dict[uuid.UUID, list[Delivery]] = {}
    for delivery in db.session.scalars(
        select(Delivery)
        .options(joinedload(Delivery.connection))
        .where(Delivery.document_id.in_([d.id for d in documents]))
        .order_by(Delivery.created_at)
    ):
        found.setdefault(delivery.document_id, []).append(delivery)
    return found


def _row(document: Document, sight: Sight, deliveries: list[Delivery]) -> Row:
    stem, extension = split_extension(document.name)
    badge = (
        firm_badge(document, deliveries) if sight.firm_side else client_badge(document)
    )
    return Row(
        id=document.id,
        name=document.name,
        stem=stem,
        extension=extension,
        url=url_for("library.document", document_id=document.id),
        download_url=url_for("library.download", document_id=document.id),
        depositor=document.depositor_name,
        channel=document.channel,
        channel_label=channel_label(document.channel),
        arrived_at=document.arrived_at,
        size=document.size,
        kind=kind_of(document.content_type),
        badge=badge,
        delivery=deliveries[-1].state if deliveries else None,
        note=document.rejected_reason or "" if document.status == "rejected" else "",
        duplicate_note=_("Probably a duplicate")
        if document.duplicate_of_id and sight.firm_side
        else "",
    )


def channel_label(channel: str) -> str:
    return {
        "web": _("Deposited on the site"),
        "phone": _("Taken by phone"),
        "mail": _("Received by e-mail"),
        "firm": _("Filed by the firm"),
        "api": _("Received by a programme"),
    }.get(channel, channel)


def kind_of(content_type: str) -> str:
    if content_type == "application/pdf":
        return "pdf"
    if content_type.startswith("image/"):
        return "image"
    is_sheet = "sheet" in content_type or "excel" in content_type
    return "sheet" if is_sheet or content_type == "text/csv" else "other"


def _stamp(rows: list[Row], total: int) -> str:
    """Of what this person sees only: a firm's fact cannot change a client's stamp."""
    seen = [(str(r.id), r.name, r.badge, r.delivery, r.note) for r in rows]
    return hashlib.sha256(repr((seen, total)).encode()).hexdigest()[:16]


def tree(company: Company, path: list[Folder], sight: Sight) -> list[Node]:
    """The top of the tree, open along the path to the current folder."""
    open_ids = [folder.id for folder in path]
    branch = Branch(company, sight, open_ids, _children(company, [None, *open_ids]))
    return branch.nodes(None, level=1, inherited=None)


def children(company: Company, path: list[Folder], sight: Sight) -> list[Node]:
    """What lies right below the last folder of the path."""
    marks = _marks([folder.id for folder in path]) if sight.firm_side else {}
    explicit = [marks[folder.id] for folder in path if folder.id in marks]
    branch = Branch(company, sight, [], _children(company, [path[-1].id]))
    return branch.nodes(
        path[-1].id, len(path) + 1, inherited=explicit[-1] if explicit else None
    )


@dataclass(frozen=True)
class Child:
    """A folder with what the tree must know of it."""

    folder: Folder
    has_children: bool
    is_on: bool | None  # by a setting of its own


def _children(
    company: Company, parents: list[uuid.UUID | None]
) -> dict[uuid.UUID | None, list[Child]]:
    below = aliased(Folder)
    has_children = (
        select(below.id)
        .where(below.parent_id == Folder.id, below.trashed_at.is_(None))
        .exists()
    )
    wanted: ColumnElement[bool] = Folder.parent_id.in_([p for p in parents if p])
    if None in parents:
        wanted = wanted | Folder.parent_id.is_(None)
    setting = _setting(FolderSwitch.folder_id == Folder.id).scalar_subquery()
    found: dict[uuid.UUID | None, list[Child]] = {}
    for folder, more, is_on in db.session.execute(
        select(Folder, has_children, setting)
        .where(Folder.company_id == company.id, Folder.trashed_at.is_(None), wanted)
        .order_by(Folder.position, Folder.name)
    ):
        child = Child(folder, more, None if is_on is None else bool(is_on))
        found.setdefault(folder.parent_id, []).append(child)
    return found


def _setting(where: ColumnElement[bool]) -> Select[int]:
    """1 when any application is on by an explicit setting, 0 when all are cut."""
    is_on = case((FolderSwitch.is_on, 1), else_=0)
    return select(func.max(is_on)).where(where, FolderSwitch.closed_at.is_(None))


def _marks(folder_ids: list[uuid.UUID]) -> dict[uuid.UUID, bool]:
    where = FolderSwitch.folder_id.in_(folder_ids)
    found = db.session.execute(
        _setting(where)
        .add_columns(FolderSwitch.folder_id)
        .group_by(FolderSwitch.folder_id)
    )
    return {folder_id: bool(is_on) for is_on, folder_id in found}


@dataclass(frozen=True)
class Branch:
    """The walk down the folders that were found, as one person sees them."""

    company: Company
    sight: Sight
    open_ids: list[uuid.UUID]
    found: dict[uuid.UUID | None, list[Child]]

    def nodes(
        self, parent_id: uuid.UUID | None, level: int, inherited: bool | None
    ) -> list[Node]:
        nodes = []
        for child in self.found.get(parent_id, []):
            if not self.sight.allows(child.folder):
                continue
            is_on = inherited if child.is_on is None else child.is_on
            node = self.node(child, level, is_on)
            if node.is_open:
                node.children = self.nodes(child.folder.id, level + 1, is_on)
            nodes.append(node)
        return nodes

    def node(self, child: Child, level: int, is_on: bool | None) -> Node:
        folder = child.folder
        here: dict[str, Any] = {"slug": self.company.slug, "folder_id": folder.id}
        is_open = folder.id in self.open_ids
        mark = None if is_on is None else ("on" if is_on else "cut")
        if mark == "cut" and child.is_on is None:
            mark = None  # only the folder where it was cut is marked
        return Node(
            id=folder.id,
            name=folder.name,
            url=url_for("library.show", **here),
            icon=ICONS.get(folder.kind, "folder-open" if is_open else "folder"),
            level=level,
            is_open=is_open and child.has_children,
            is_current=bool(self.open_ids) and folder.id == self.open_ids[-1],
            has_children=child.has_children,
            is_locked=folder.visibility == "firm_only",
            connector=mark if self.sight.firm_side else None,
            children_url=url_for("library.nodes", **here),
        )


@dataclass(frozen=True)
class Frame:
    """The rest of the page around the listing."""

    company: Company
    folder: Folder
    icon: str
    crumbs: list[tuple[str, str]]
    nodes: list[Node]
    may_deposit: bool
    deposit_url: str
    upload_id: uuid.UUID
    max_upload_mb: int
    firm_block_url: str | None


def frame(company: Company, path: list[Folder], sight: Sight) -> Frame:
    folder = path[-1]
    here: dict[str, Any] = {"slug": company.slug, "folder_id": folder.id}
    return Frame(
        company=company,
        folder=folder,
        icon=ICONS.get(folder.kind, "folder-open"),
        crumbs=[
            (f.name, url_for("library.show", slug=company.slug, folder_id=f.id))
            for f in path
        ],
        nodes=tree(company, path, sight),
        may_deposit=sight.may_deposit_in(folder),
        deposit_url=url_for("library.deposit_create", **here),
        upload_id=new_id(),
        max_upload_mb=current_app.config["MAX_UPLOAD_MB"],
        firm_block_url=url_for("connectors.folder_block", **here)
        if sight.firm_side
        else None,
    )


@dataclass(frozen=True)
class Page(Frame, Listing):
    """The whole page: the listing and what stands around it."""


def whole(around: Frame, rows: Listing) -> Page:
    return Page(**vars(around), **vars(rows))


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
    deliveries = _deliveries(list(documents)) if sight.firm_side else {}
    return [_row(d, sight, deliveries.get(d.id, [])) for d in documents]
