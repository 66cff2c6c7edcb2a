"""Changing the nodes of a template. Nodes are not changed: others stand in for them.

A node is known by the numbers that lead to it: (1, 0) is the first below the second.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.errors import Refused
from app.library.models import VISIBILITIES
from app.library.template_nodes import ACCOUNTING, KINDS, Node, Nodes, every
from app.texts import gettext as _

Way = tuple[int, ...]
MOST_LEVELS = 6
MOST_NODES = 200
LONGEST_NAME = 100


@dataclass(frozen=True)
class Asked:
    """What a form says of a node."""

    name: str
    visibility: str = "shared"
    is_locked: bool = False
    monthly: bool = False
    kind: str = "plain"


def way_from(text: str) -> Way:
    """«1.0» → (1, 0); empty for the top. Raises Refused."""
    try:
        return tuple(int(part) for part in text.split(".")) if text else ()
    except ValueError:
        raise _gone() from None


def node_at(nodes: Nodes, way: Way) -> Node:
    """Raises Refused when there is none."""
    here, node = nodes, None
    for number in way:
        if not 0 <= number < len(here):
            raise _gone()
        node = here[number]
        here = node.children
    if node is None:
        raise _gone()
    return node


def added(nodes: Nodes, way: Way, asked: Asked) -> Nodes:
    """With one more, the last below that node (or at the top)."""
    if len(way) >= MOST_LEVELS:
        raise Refused(_("A template has 6 levels at most."), "name")
    if sum(1 for _node in every(nodes)) >= MOST_NODES:
        raise Refused(_("A template has 200 folders at most."), "name")
    siblings = node_at(nodes, way).children if way else nodes
    name = _checked_name(asked.name, siblings)
    kind = asked.kind if asked.kind in KINDS - {ACCOUNTING} else "plain"
    node = Node(
        name,
        kind,
        _visibility(asked),
        asked.is_locked,
        asked.monthly and is_yearly(nodes, way),
    )
    if not way:
        return (*nodes, node)
    return _at(nodes, way, lambda n: replace(n, children=(*n.children, node)))


def changed(nodes: Nodes, way: Way, asked: Asked) -> Nodes:
    node = node_at(nodes, way)
    siblings = node_at(nodes, way[:-1]).children if way[:-1] else nodes
    others = tuple(other for other in siblings if other is not node)
    new = replace(
        node,
        name=_checked_name(asked.name, others),
        visibility=_visibility(asked),
        is_locked=asked.is_locked,
        monthly=asked.monthly and is_yearly(nodes, way[:-1]),
    )
    return _at(nodes, way, lambda _old: new)


def removed(nodes: Nodes, way: Way) -> Nodes:
    """Raises Refused for the one that holds the fiscal years."""
    node = node_at(nodes, way)
    if node.kind == ACCOUNTING:
        raise Refused(
            _("“%(name)s” holds the fiscal years: it has to stay.", name=node.name)
        )
    return _among(
        nodes, way, lambda siblings: tuple(n for n in siblings if n is not node)
    )


def moved(nodes: Nodes, way: Way, step: int) -> Nodes:
    """One place up (-1) or down (1) among those beside it; at the end it stays."""
    node_at(nodes, way)
    at, to = way[-1], way[-1] + step

    def swap(siblings: Nodes) -> Nodes:
        if not 0 <= to < len(siblings):
            return siblings
        order = list(siblings)
        order[at], order[to] = order[to], order[at]
        return tuple(order)

    return _among(nodes, way, swap)


def is_yearly(nodes: Nodes, way: Way) -> bool:
    """Whether what lies below that node is made in each fiscal year."""
    return any(node_at(nodes, way[: n + 1]).kind == ACCOUNTING for n in range(len(way)))


def _at(nodes: Nodes, way: Way, change: Callable[[Node], Node]) -> Nodes:
    first, *rest = way
    node = nodes[first]
    if rest:
        new = replace(node, children=_at(node.children, tuple(rest), change))
    else:
        new = change(node)
    return (*nodes[:first], new, *nodes[first + 1 :])


def _among(nodes: Nodes, way: Way, change: Callable[[Nodes], Nodes]) -> Nodes:
    """Change the list that the node stands in."""
    if len(way) == 1:
        return change(nodes)
    return _at(nodes, way[:-1], lambda n: replace(n, children=change(n.children)))


def _checked_name(typed: str, siblings: Nodes) -> str:
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not name:
        raise Refused(_("Give the folder a name."), "name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("The name is too long: 100 letters at most."), "name")
    if "/" in name or not name.isprintable():
        raise Refused(_("A folder’s name has no “/” in it."), "name")
    if any(name.casefold() == other.name.casefold() for other in siblings):
        raise Refused(_("Another folder there is called so."), "name")
    return name


def _visibility(asked: Asked) -> str:
    return asked.visibility if asked.visibility in VISIBILITIES else "shared"


def _gone() -> Refused:
    return Refused(_("This folder is no longer in the template."), "version")
