"""What people call who may write to an address, and why it leads where it does."""

from app.texts import gettext as _


def policies() -> dict[str, str]:
    return {
        "open": _("Open to all"),
        "known": _("Known senders"),
        "list": _("The list only"),
    }


def policy_helps() -> dict[str, str]:
    return {
        "open": _("Suppliers that have never written too."),
        "known": _("People of the company and of the firm, and the accepted senders."),
        "list": _("Only the accepted senders; not even the people of the company."),
    }


def warning(word: str) -> str:
    """Why mail does not go where the rule would have it; nothing for nothing."""
    return {
        "": "",
        "chosen_gone": _(
            "The folder that was chosen is in the trash: mail goes where the family "
            "leads, until it is restored or another one is chosen."
        ),
        "no_year": _(
            "No fiscal year is open for today: mail goes to the folder to be sorted."
        ),
        "no_year_folder": _(
            "The folder of the fiscal year is in the trash or cannot be told from "
            "another: mail goes to the folder to be sorted."
        ),
        "no_folder": _(
            "The company has no such folder: mail goes to the folder to be sorted."
        ),
        "no_inbox": _("There is no folder for it: every mail waits for a person."),
    }[word]
