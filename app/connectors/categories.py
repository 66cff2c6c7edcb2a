"""The categories of the store: a fixed list, in its order, each with an icon."""

from dataclasses import dataclass

from app.texts import gettext as _

# key → its Tabler icon
ICONS = {
    "capture": "robot",
    "trade": "file-invoice",
    "expenses": "receipt-euro",
    "banks": "building-bank",
    "payroll": "users",
    "vaults": "lock",
    "firm_tools": "tool",
    "other": "dots",
}


@dataclass(frozen=True)
class Category:
    key: str
    name: str
    icon: str


def name_of(key: str) -> str:
    return {
        "capture": _("Automated bookkeeping"),
        "trade": _("Invoicing and sales"),
        "expenses": _("Expense reports"),
        "banks": _("Online banks"),
        "payroll": _("Payroll and staff matters"),
        "vaults": _("Digital vaults"),
        "firm_tools": _("Tools of the firm"),
        "other": _("Others"),
    }[key]


def every_category() -> list[Category]:
    return [Category(key, name_of(key), icon) for key, icon in ICONS.items()]
