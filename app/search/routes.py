"""The search: its page, and what is proposed while somebody types."""

import uuid

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app import htmx
from app.db import db
from app.filters.keeping import filters_of
from app.library.models import Folder
from app.policy import open_to
from app.search import showing
from app.search.asking import Asked, asked_from
from app.search.rights import Realm, choices, realm

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
@open_to("signed_in")
def index() -> ResponseReturnValue:
    asked = asked_from(request.args, firm_side=current_user.is_firm_side)
    where = realm(asked.company)
    is_asked = bool(asked.q) or asked.is_narrowed
    part = htmx.is_fragment() and request.headers.get("HX-Target") == "search-results"
    return render_template(
        "search/_results.html" if part else "search/index.html",
        asked=asked,
        folder=_folder(asked, where),
        found=showing.results(asked, where) if is_asked else None,
        companies=choices(),
        filters=[] if part else filters_of(current_user, "search"),
        nav_current="search",
    )


@blueprint.get("/search/suggestions")
@open_to("signed_in")
def suggestions() -> ResponseReturnValue:
    asked = asked_from(request.args, firm_side=current_user.is_firm_side)
    if not htmx.is_fragment():
        return redirect(url_for("search.index", **asked.query()))  # type: ignore[arg-type]
    where = realm(asked.company)
    return render_template(
        "search/_suggestions.html", asked=asked, found=showing.suggestions(asked, where)
    )


def _folder(asked: Asked, where: Realm) -> Folder | None:
    """The one that is looked in; 404 when the person may not see it."""
    if asked.folder is None:
        return None
    return _visible(asked.folder, where) or abort(404)


def _visible(folder_id: uuid.UUID, where: Realm) -> Folder | None:
    return db.session.scalar(
        select(Folder).where(
            Folder.id == folder_id, Folder.trashed_at.is_(None), where.folders()
        )
    )
