"""Indexes of other products' bugs (bugs.md): each says in which modules of `tests` it
is a test here, and under what names («TestClass.test_name» in a class)."""

from importlib import import_module
from operator import attrgetter

Index = dict[str, dict[str, list[str]]]


def missing(index: Index, bug: str) -> list[str]:
    """What the bug names and is nowhere; the bug itself when it names nothing."""
    named = [(module, name) for module, names in index[bug].items() for name in names]
    gone = [
        f"{module}: {name}" for module, name in named if not _is_there(module, name)
    ]
    return gone if named else [bug]


def _is_there(module: str, name: str) -> bool:
    try:
        return callable(attrgetter(name)(import_module(f"tests.{module}")))
    except AttributeError:
        return False
