"""The answer to an act: the page that shows what became of it, with a word, and with
the way back where there is one."""

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from app import htmx


def to_page(
    url: str, text: str, *, undo_url: str | None = None, **undo_fields: str
) -> ResponseReturnValue:
    """`undo_url` takes the act back when `undo_fields` are posted to it."""
    flash(_told(text, undo_url, undo_fields), "ok")  # type: ignore[arg-type]
    if htmx.is_fragment():
        # It follows by itself only within its own target.
        return "", 204, {"HX-Redirect": url}
    return redirect(url, 303)


def in_place(
    url: str, text: str, *, undo_url: str | None = None, **undo_fields: str
) -> ResponseReturnValue:
    """The same for an act in a list: the page stays as it is, and looks again."""
    if not htmx.is_fragment():
        return to_page(url, text, undo_url=undo_url, **undo_fields)
    told = _told(text, undo_url, undo_fields)
    page = render_template("errors/_message.html", text=told, tone="ok")
    where = {"HX-Retarget": "#messages", "HX-Reswap": "beforeend"}
    return page, 200, where | {"HX-Trigger-After-Swap": "portal:look"}


def _told(
    text: str, undo_url: str | None, undo_fields: dict[str, str]
) -> str | dict[str, object]:
    if not undo_url:
        return text
    return {"text": text, "undo_url": undo_url, "undo_fields": undo_fields}
