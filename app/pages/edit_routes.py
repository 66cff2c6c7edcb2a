"""Changing the pages of a document: turn, remove, move; cut into several; each on a
page of its own that works without script."""

import uuid

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.db import db
from app.errors import DomainError, Refused
from app.library.answering import to_page
from app.library.finding import Place, document_or_404, keep_out
from app.library.models import Document, Version
from app.library.receiving import give_back
from app.library.taking import current_version
from app.pages import editing, splitting
from app.pages.viewing import viewer
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("page_tools", __name__)
AGAIN = "again"  # the field of «the parts will leave again»


def _allowed(document_id: uuid.UUID, act: str) -> tuple[Document, Place, Version]:
    document, place = document_or_404(document_id)
    version = current_version(document)
    may = editing.may_edit if act == "edit" else editing.may_split
    if not may(document, version, place, current_user):
        keep_out(document, place, "trash")
    return document, place, version


def _channel() -> str:
    return "firm" if current_user.is_firm_side else "web"


def _url(document: Document) -> str:
    return url_for("library.document", document_id=document.id)


def _form(
    act: str,
    document: Document,
    place: Place,
    version: Version,
    error: Refused | None = None,
) -> ResponseReturnValue:
    shown = viewer(document, version)
    asks_sure = shown.is_signed or isinstance(error, editing.Signed)
    has_left = place.sight.firm_side and splitting.has_left(document.id)
    page = render_template(
        f"pages/{act}.html",
        act=act,
        document=document,
        company=place.company,
        version=version,
        pages=editing.pages_of(version),
        pictures={page.number: page for page in shown.pages},
        asks_sure=asks_sure,
        has_left=act == "split" and has_left,
        error=error,
        typed=request.form,
        removed=set(request.form.getlist("remove")),
        cuts=set(request.form.getlist("cuts")),
        quarters=editing.QUARTERS,
        nav_current="documents",
    )
    return (page, 422) if error else page


@blueprint.get("/documents/<uuid:document_id>/edit")
@open_to("signed_in")
def edit(document_id: uuid.UUID) -> ResponseReturnValue:
    return _form("edit", *_allowed(document_id, "edit"))


@blueprint.post("/documents/<uuid:document_id>/edit")
@open_to("signed_in")
def edit_create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place, version = _allowed(document_id, "edit")
    db.session.commit()  # no transaction while the pages are worked on
    received, number = None, version.number
    try:
        _is_still(version)
        pages, removed = editing.pages_of(version), request.form.getlist("remove")
        wanted = editing.plan(pages, request.form, removed)
        sure = "sure" in request.form
        received = editing.edited(document, version, wanted, sure=sure)
        editing.edit(
            document,
            received,
            wanted,
            by=current_user,
            channel=_channel(),
            number=number,
        )
    except DomainError as refusal:
        db.session.rollback()
        if received:
            give_back(received)
        if not isinstance(refusal, Refused):
            raise  # the form is not theirs any more
        return _form("edit", document, place, version, refusal)
    db.session.commit()
    return to_page(
        _url(document), _("The pages are changed. The older version is kept.")
    )


@blueprint.get("/documents/<uuid:document_id>/split")
@open_to("signed_in")
def split(document_id: uuid.UUID) -> ResponseReturnValue:
    return _form("split", *_allowed(document_id, "split"))


@blueprint.post("/documents/<uuid:document_id>/split")
@open_to("signed_in")
def split_create(document_id: uuid.UUID) -> ResponseReturnValue:
    document, place, version = _allowed(document_id, "split")
    keep = place.sight.firm_side and splitting.has_left(document.id)
    db.session.commit()  # no transaction while the parts are made
    received = []
    try:
        _is_still(version)
        cuts = splitting.cuts_of(request.form.getlist("cuts"), version.pages or 0)
        _ask_whether_again(keep)
        sure = "sure" in request.form
        received = splitting.parts(document, version, cuts, sure=sure)
        made = splitting.split(
            document,
            place.folder,
            received,
            by=current_user,
            channel=_channel(),
            number=version.number,
            keep=keep,
        )
    except DomainError as refusal:
        db.session.rollback()
        splitting.give_all_back(received)
        if not isinstance(refusal, Refused):
            raise
        return _form("split", document, place, version, refusal)
    db.session.commit()
    return to_page(place.url, _said(len(made), keep))


def _is_still(version: Version) -> None:
    """The form was made for the version that is still the document's."""
    if request.form.get("version", str(version.number)) != str(version.number):
        raise Refused(_("Somebody else has just changed this document. Look again."))


def _ask_whether_again(has_left: bool) -> None:
    if has_left and AGAIN not in request.form:
        raise Refused(
            _(
                "This document was already sent: its parts would be sent again, as new "
                "documents. Tick the box to go on."
            ),
            AGAIN,
        )


def _said(parts: int, keep: bool) -> str:
    text = ngettext(
        "Split into %(num)d document.", "Split into %(num)d documents.", parts
    )
    if keep:
        return f"{text} {_('The original stays, since it was sent.')}"
    return f"{text} {_('The original is in the trash, for 30 days.')}"
