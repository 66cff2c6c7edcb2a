"""Saving the filters of a page under a name, and looking after those saved."""

import uuid
from collections.abc import Mapping
from urllib.parse import parse_qsl

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db
from app.errors import Refused
from app.filters import keeping
from app.filters.asking import canonical, url_of
from app.filters.models import PAGES, SavedFilter
from app.library.answering import to_page
from app.policy import only_reads, open_to
from app.texts import gettext as _

blueprint = Blueprint("filters", __name__)
MOST_FIELDS = 30


@blueprint.get("/filters")
@open_to("signed_in")
def index() -> ResponseReturnValue:
    return _page()


@blueprint.post("/filters")
@open_to("signed_in")
@only_reads  # the companies, that is
def create() -> ResponseReturnValue:
    page = request.form.get("page", "")
    if page not in _pages():
        abort(404)
    query = canonical(page, _read(request.form.get("query", "")))
    back = url_of(page, query)
    try:
        keeping.save(current_user, page, request.form.get("name", ""), query)
    except Refused as refusal:
        db.session.rollback()
        flash(refusal.message, "bad")
        return redirect(back, 303)
    db.session.commit()
    return to_page(back, _("The filter is saved."))


@blueprint.post("/filters/<uuid:filter_id>/rename")
@open_to("signed_in")
@only_reads
def rename(filter_id: uuid.UUID) -> ResponseReturnValue:
    typed = request.form.get("name", "")
    kept = _own_or_404(filter_id)
    try:
        keeping.rename(kept, typed)
    except Refused as refusal:
        db.session.rollback()
        return _page(error=refusal, of=filter_id, typed=typed), 422
    db.session.commit()
    return to_page(url_for("filters.index"), _("The filter is renamed."))


@blueprint.post("/filters/<uuid:filter_id>/delete")
@open_to("signed_in")
@only_reads
def delete(filter_id: uuid.UUID) -> ResponseReturnValue:
    kept = _own_or_404(filter_id)
    again = {
        "undo_url": url_for("filters.create"),
        "page": kept.page,
        "name": kept.name,
        "query": kept.as_text,
    }
    db.session.delete(kept)
    db.session.commit()
    return to_page(
        url_for("filters.index"),
        _("The filter “%(name)s” is deleted.", name=again["name"]),
        again,
    )


def _own_or_404(filter_id: uuid.UUID) -> SavedFilter:
    return keeping.one_of(current_user, filter_id) or abort(404)


def _pages() -> tuple[str, ...]:
    """Those that the person has filters on."""
    return PAGES if current_user.is_firm_side else ("search",)


def _read(query: str) -> Mapping[str, str]:
    try:
        return dict(parse_qsl(query[:4000].lstrip("?"), max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def _page(
    error: Refused | None = None, of: uuid.UUID | None = None, typed: str = ""
) -> str:
    return render_template(
        "filters/index.html",
        groups=[(page, keeping.filters_of(current_user, page)) for page in _pages()],
        error=error,
        wrong=of,
        typed=typed,
        nav_current="search",
    )
