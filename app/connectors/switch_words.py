"""What is said once a switch is set."""

from app.connectors.folder_block import FolderApp
from app.connectors.switching import Done
from app.library.models import Folder
from app.texts import gettext as _, ngettext


def said(item: FolderApp, folder: Folder, state: str, done: Done) -> str:
    names = {"app": item.app.short_name, "folder": folder.name}
    if state == "inherit":
        return _("%(folder)s follows the folder above again.", **names)
    return _said_on(done, names) if state == "on" else _said_off(done, names)


def _said_on(done: Done, names: dict[str, str]) -> str:
    if done.sent:
        return ngettext(
            "%(app)s is on in %(folder)s. The %(num)d document already there leaves "
            "too.",
            "%(app)s is on in %(folder)s. The %(num)d documents already there leave "
            "too.",
            done.sent,
            **names,
        )
    if not done.before.staying:
        return _("%(app)s is on in %(folder)s.", **names)
    return ngettext(
        "%(app)s is on in %(folder)s. Not retroactive: the %(num)d document "
        "already there will not leave.",
        "%(app)s is on in %(folder)s. Not retroactive: the %(num)d documents "
        "already there will not leave.",
        done.before.staying,
        **names,
    )


def _said_off(done: Done, names: dict[str, str]) -> str:
    if done.sent:
        return ngettext(
            "%(app)s is off in %(folder)s. The %(num)d document that waited leaves "
            "all the same.",
            "%(app)s is off in %(folder)s. The %(num)d documents that waited leave "
            "all the same.",
            done.sent,
            **names,
        )
    if done.cancelled:
        return ngettext(
            "%(app)s is off in %(folder)s. %(num)d waiting document will not leave.",
            "%(app)s is off in %(folder)s. %(num)d waiting documents will not leave.",
            done.cancelled,
            **names,
        )
    return _("%(app)s is off in %(folder)s. Nothing will leave.", **names)
