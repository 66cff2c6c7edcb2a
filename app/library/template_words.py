"""What the folders of a template are called by: who sees them, what they are for."""

from collections.abc import Iterable

from app.library.template_nodes import ACCOUNTING
from app.texts import gettext as _


def visibility_words() -> dict[str, str]:
    return {
        "shared": _("Shared with the client"),
        "read_only": _("Read-only for the client"),
        "firm_only": _("Firm only"),
    }


def kind_words(kinds: Iterable[str]) -> dict[str, str]:
    """Those that a new folder may be made for; an ordinary one first."""
    known = {
        "inbox": _("To be sorted"),
        "purchases": _("Purchases"),
        "sales": _("Sales"),
        "expenses": _("Expense claims"),
        "bank": _("Bank"),
        "tax": _("Tax documents"),
        "social": _("Payroll"),
        "legal": _("Legal"),
        "administrative": _("Administrative"),
        "firm": _("Firm’s own"),
    }
    found = {kind: known.get(kind, kind) for kind in known if kind in kinds}
    assert ACCOUNTING not in found  # noqa: S101 - there is one, and only one
    return {"plain": _("Ordinary folder"), **found}
