"""The folder page: the listing, and what stands around it."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for

from app.companies.models import Company
from app.db import new_id
from app.library import tree_finding
from app.library.finding import url_of
from app.library.listing import Listing
from app.library.models import Folder
from app.library.navigation import ICONS, Node, tree
from app.library.permissions import may_change
from app.library.tree import Sight
from app.people.models import Person


@dataclass(frozen=True)
class Frame:
    """The rest of the page around the listing."""

    icon: str
    crumbs: list[tuple[str, str]]
    nodes: list[Node]
    tree_of: str
    tree_url: str
    unread: int  # for this person, here and below
    read_url: str
    may_change: bool
    may_archive: bool
    deposit_url: str
    upload_id: uuid.UUID
    max_upload_mb: int
    firm_block_url: str | None
    about_url: str


def frame(
    company: Company,
    path: list[Folder],
    sight: Sight,
    reader: Person | None = None,
    tree_of: str = "",
) -> Frame:
    """`tree_of`: the tree is kept down to folders of that name."""
    folder = path[-1]
    nodes = nodes_of(company, path, sight, reader, tree_of)
    here: dict[str, Any] = {"slug": company.slug, "folder_id": folder.id}
    return Frame(
        icon=ICONS.get(folder.kind, "folder-open"),
        crumbs=[(f.name, url_of(company, f)) for f in path],
        nodes=nodes,
        tree_of=tree_of,
        tree_url=url_for("library.tree", **here),
        unread=_unread_here(nodes),
        read_url=url_for("unread.create", **here),
        may_change=may_change(folder, sight),
        may_archive=sight.sees_all_that_is_shared,
        deposit_url=url_for("library.deposit_create", **here),
        upload_id=new_id(),
        max_upload_mb=current_app.config["MAX_UPLOAD_MB"],
        firm_block_url=url_for("switches.folder_block", **here)
        if sight.firm_side
        else None,
        about_url=url_for("about.folder", **here),
    )


def nodes_of(
    company: Company,
    path: list[Folder],
    sight: Sight,
    reader: Person | None,
    tree_of: str,
) -> list[Node]:
    if words := tree_finding.words_of(tree_of):
        return tree_finding.found(company, words, path[-1].id, sight, reader)
    return tree(company, path, sight, reader)


def _unread_here(nodes: list[Node]) -> int:
    for node in nodes:
        if node.is_current:
            return node.unread_whole
        if below := _unread_here(node.children):
            return below
    return 0


@dataclass(frozen=True)
class Page(Frame, Listing):
    """The whole page: the listing and what stands around it."""


def whole(around: Frame, rows: Listing) -> Page:
    return Page(**vars(around), **vars(rows))
