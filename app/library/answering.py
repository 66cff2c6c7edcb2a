"""The answer to an act: the page that shows what became of it, with a word, and with
the way back where there is one. And the form of an act: a page, or a dialog."""

from typing import Any

from flask import flash, redirect, render_template
from flask.typing import ResponseReturnValue

from app import htmx
from app.errors import Refused

Undo = dict[str, str]  # undo_url, and the fields that are posted to it


def to_page(url: str, text: str, undo: Undo | None = None) -> ResponseReturnValue:
    """`undo` takes the act back."""
    flash(told(text, undo), "ok")  # type: ignore[arg-type]
    if htmx.is_fragment():
        # It follows by itself only within its own target.
        return "", 204, {"HX-Redirect": url}
    return redirect(url, 303)


def told(text: str, undo: Undo | None) -> str | dict[str, object]:
    """What the message shows."""
    if not undo:
        return text
    fields = {name: value for name, value in undo.items() if name != "undo_url"}
    return {"text": text, "undo_url": undo["undo_url"], "undo_fields": fields}


def form_of(
    template: str, error: Refused | None = None, **context: Any
) -> ResponseReturnValue:
    """With script it is a dialog over the page where the person is at work."""
    in_dialog = htmx.is_fragment()
    page = render_template(
        template,
        in_dialog=in_dialog,
        error=error.message if error else None,
        nav_current="documents",
        **context,
    )
    where = {"HX-Retarget": "#dialogue", "HX-Reswap": "innerHTML"}
    return page, 422 if error else 200, where if in_dialog else {}
