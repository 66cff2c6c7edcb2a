"""Putting several documents of a folder together: chosen on a page of its own."""

from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.finding import company_and_role
from app.db import db, id_from
from app.errors import DomainError, Refused
from app.library.answering import to_page
from app.library.finding import Place, place_or_404
from app.library.models import Document
from app.library.receiving import give_back
from app.pages import editing, merging
from app.pages.making import THUMBNAIL
from app.policy import open_to
from app.texts import gettext as _
from app.typed import whole

blueprint = Blueprint("page_merging", __name__)


@blueprint.get("/companies/<slug>/documents/merge")
@open_to("signed_in")
def merge(slug: str) -> ResponseReturnValue:
    company_and_role(slug)
    if not (folder := request.args.get("folder")):
        return redirect(url_for("library.root", slug=slug))
    return _form(_place(slug, folder), request.args.getlist("id"))


@blueprint.post("/companies/<slug>/documents/merge")
@open_to("signed_in")
def merge_create(slug: str) -> ResponseReturnValue:
    given = _in_order(request.form.getlist("id"))
    place = _place_of(slug, given)
    received = None
    try:
        pairs = merging.chosen(merging.mergeable(place, current_user, given), given)
        db.session.commit()  # no transaction while they are put together
        name, sure = request.form.get("name", ""), "sure" in request.form
        received = merging.merged(pairs, name, sure=sure)
        channel = "firm" if current_user.is_firm_side else "web"
        made = merging.merge(
            pairs, place.folder, received, by=current_user, channel=channel
        )
    except DomainError as refusal:
        db.session.rollback()
        if received:
            give_back(received)
        if not isinstance(refusal, Refused):
            raise
        return _form(place, given, refusal)
    db.session.commit()
    text = _("Put together. The originals are in the trash, for 30 days.")
    return to_page(url_for("library.document", document_id=made.id), text)


def _place(slug: str, folder: str) -> Place:
    return place_or_404(slug, id_from(folder) or abort(404))


def _place_of(slug: str, given: list[str]) -> Place:
    """The folder that the form says, else that of the first document."""
    company, _role = company_and_role(slug)
    if folder := request.form.get("folder"):
        return _place(slug, folder)
    wanted = id_from(given[0]) if given else None
    first = db.session.get(Document, wanted) if wanted else None
    if first is None or first.company_id != company.id:
        abort(404)
    return place_or_404(slug, first.folder_id)


def _in_order(given: list[str]) -> list[str]:
    """By the numbers beside them, where there are any."""

    def place(one: str) -> int:
        return whole(request.form.get(f"place-{one}"), 10**9)

    return sorted(given, key=place)


def _form(
    place: Place, given: list[str], error: Refused | None = None
) -> ResponseReturnValue:
    pairs = merging.mergeable(place, current_user, given)
    # Those that were chosen first, as they were chosen; then the list's order.
    rank = {one: at for at, one in enumerate(given)}
    pairs.sort(key=lambda pair: rank.get(str(pair[0].id), len(given)))
    values: dict[str, Any] = {
        "offered": [document for document, _version in pairs],
        "chosen": set(given),
        "company": place.company,
        "folder": place.folder,
        "back_url": place.url,
        "width": THUMBNAIL,
        "error": error,
        "asks_sure": isinstance(error, editing.Signed),
        "typed": request.form,
        "nav_current": "documents",
    }
    page = render_template("pages/merge.html", **values)
    return (page, 422) if error else page
