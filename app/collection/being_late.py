"""A colleague was quicker with a mail: whoever comes second is told where they look."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.collection.settling import TooLate
from app.db import db
from app.errors import answer_refusal


def answer_too_late(refusal: TooLate) -> ResponseReturnValue:
    """A message in the open page, else the mail as it is now; the operator, whose mail
    may be with a firm by now, is given the list."""
    if htmx.is_fragment():
        return answer_refusal(refusal)
    db.session.rollback()
    flash(refusal.message, "info")
    if current_user.is_operator:
        return redirect(url_for(".index"), 303)
    return redirect(url_for(".show", **(request.view_args or {})), 303)
