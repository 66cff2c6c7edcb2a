"""The answer to an act: the page that shows what became of it, with a word, and with
the way back where there is one."""

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from app import htmx


def to_page(
    url: str, text: str, *, undo_url: str | None = None, **undo_fields: str
) -> ResponseReturnValue:
    """`undo_url` takes the act back when `undo_fields` are posted to it."""
    if undo_url:
        flash({"text": text, "undo_url": undo_url, "undo_fields": undo_fields}, "ok")  # type: ignore[arg-type]
    else:
        flash(text, "ok")
    if htmx.is_fragment():
        # It follows by itself only within its own target.
        return "", 204, {"HX-Redirect": url}
    return redirect(url, 303)
