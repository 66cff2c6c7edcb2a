"""What a tree is made of: the nodes of a template, and the one that there is where a
firm has none of its own.

What stands below the accounting node is made anew in each fiscal year.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from app.companies.models import Company, TreeTemplate
from app.db import db

ACCOUNTING = "accounting"


@dataclass(frozen=True)
class Node:
    name: str
    kind: str = "plain"
    visibility: str = "shared"
    is_locked: bool = True
    monthly: bool = False  # a folder for each month of the fiscal year
    children: tuple["Node", ...] = ()


Nodes = tuple[Node, ...]

STANDARD: Nodes = (
    Node("À classer", "inbox"),
    Node(
        "Dossier comptable annuel",
        ACCOUNTING,
        children=(
            Node("Achats", "purchases", monthly=True),
            Node("Ventes", "sales", monthly=True),
            Node("Notes de frais", "expenses", monthly=True),
            Node("Banque", "bank", monthly=True),
            Node("Documents fiscaux", "tax"),
        ),
    ),
    Node("Social", "social"),
    Node("Juridique", "legal"),
    Node("Administratif", "administrative"),
    Node("Cabinet", "firm", "firm_only"),
)


def every(nodes: Iterable[Node]) -> Iterator[Node]:
    """Each node, from the top down."""
    for node in nodes:
        yield node
        yield from every(node.children)


# What a folder may be made for.
KINDS = frozenset(node.kind for node in every(STANDARD))


def written(nodes: Nodes) -> list[dict[str, Any]]:
    """As a row keeps them."""
    return [asdict(node) | {"children": written(node.children)} for node in nodes]


def read(content: Iterable[dict[str, Any]]) -> Nodes:
    return tuple(
        Node(**{**raw, "children": read(raw.get("children", ()))}) for raw in content
    )


def default_template() -> TreeTemplate | None:
    """The firm's own; None where the standard one is taken."""
    return db.session.scalar(select(TreeTemplate).where(TreeTemplate.is_default))


def template_of(company: Company) -> TreeTemplate | None:
    """The company's, else its firm's default; None where the standard one is taken."""
    own = TreeTemplate.id == company.template_id
    return db.session.scalar(
        select(TreeTemplate)
        .where(
            TreeTemplate.firm_id == company.firm_id,
            own if company.template_id else TreeTemplate.is_default,
        )
        .limit(1)
    )


def nodes_of(company: Company) -> Nodes:
    template = template_of(company)
    return read(template.content) if template else STANDARD
