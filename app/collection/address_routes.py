"""The addresses of a company, for the people of the firm: seen, tried, changed."""

import uuid
from dataclasses import dataclass
from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app import htmx
from app.collection import address_page, echoing, replacing, sender_list
from app.collection.addresses import Listed, listed, settle
from app.collection.models import CollectionAddress
from app.collection.policy_words import policies, policy_helps
from app.collection.sender_list import LooksLike
from app.collection.trying import Told, would_be
from app.companies.finding import company_or_404
from app.companies.models import Company
from app.connectors.bots import SEPARATORS
from app.db import db, id_from
from app.errors import Refused
from app.library.choosing import choices
from app.library.finding import place_or_404
from app.library.models import Folder
from app.library.tree import sight_of
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("addresses", __name__)


@dataclass(frozen=True)
class Wrong:
    """A form that was refused: which, where in it, and why."""

    part: str
    field: str
    message: str
    # What a person may say to be meant all the same.
    may_insist: bool = False


@blueprint.get("/companies/<slug>/automation")
@open_to("firm")
def show(slug: str) -> ResponseReturnValue:
    """With `sender` and `family`: what would become of such a mail."""
    company = company_or_404(slug)
    try:
        told = _tried(company)
    except Refused as refusal:
        return _page(company, Wrong("try", "sender", refusal.message)), 422
    return _page(company, told=told)


def _tried(company: Company) -> Told | None:
    if "sender" not in request.args:
        return None
    rows = listed(company)
    wanted = request.args.get("family", "")
    one = next((r for r in rows if r.family.prefix == wanted), rows[0])
    return would_be(company, one, request.args["sender"], reader=current_user)


@blueprint.get("/companies/<slug>/automation/mails")
@open_to("firm")
def mails(slug: str) -> ResponseReturnValue:
    """The last ones, for the page that is open."""
    company = company_or_404(slug)
    if not htmx.is_fragment():
        return redirect(url_for(".show", slug=company.slug, _anchor="mails"))
    return render_template(
        "collection/_last_mails.html",
        company=company,
        mails=address_page.last_mails(company),
        endpoints=current_app.view_functions,
    )


@blueprint.get("/companies/<slug>/automation/addresses/<prefix>")
@open_to("firm")
def edit(slug: str, prefix: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    return _form(company, _listed_or_404(company, prefix))


@blueprint.post("/companies/<slug>/automation/addresses/<prefix>")
@open_to("firm")
def update(slug: str, prefix: str) -> ResponseReturnValue:
    """Who may write to it, and where it leads."""
    company = company_or_404(slug)
    one = _listed_or_404(company, prefix)
    try:
        folder = _chosen(company, request.form.get("folder", ""))
        policy = request.form.get("policy", "")
        replacing.set_policy(company, one.family, policy, by=current_user)
        replacing.set_folder(company, one.family, folder, by=current_user)
    except Refused as refusal:
        return _form_refused(slug, prefix, "update", refusal)
    db.session.commit()
    return _done(company, _("Saved."))


def _chosen(company: Company, given: str) -> Folder | None:
    """None: as the family has it."""
    if not given:
        return None
    folder_id = id_from(given)
    if folder_id is None:
        raise Refused(_("Choose a folder."), "folder")
    return place_or_404(company.slug, folder_id).folder


@blueprint.post("/companies/<slug>/automation/addresses/<prefix>/replace")
@open_to("firm")
def replace(slug: str, prefix: str) -> ResponseReturnValue:
    company = company_or_404(slug)
    one, form = _listed_or_404(company, prefix), request.form
    try:
        months = replacing.months_from(form.get("months", ""))
        word, sign = form.get("word", ""), form.get("sign", "+")
        row = replacing.replace(
            company, one.family, word, sign, months, by=current_user
        )
        db.session.commit()
    except Refused as refusal:
        return _form_refused(slug, prefix, "replace", refusal)
    except IntegrityError:
        db.session.rollback()
        text = _("Somebody was quicker with this address. Choose another one.")
        return _form_refused(slug, prefix, "replace", Refused(text, "word"))
    return _done(company, _("The address is now %(address)s.", address=row.address))


@blueprint.post("/companies/<slug>/automation/addresses/<prefix>/test")
@open_to("firm")
def test(slug: str, prefix: str) -> ResponseReturnValue:
    """Send a message of ours there, to see whether it comes back."""
    company = company_or_404(slug)
    one = _listed_or_404(company, prefix)
    try:
        row = settle(company, one.family)
        echoing.ask(company, row, by=current_user)
    except Refused as refusal:
        return _form_refused(slug, prefix, "test", refusal)
    db.session.commit()
    text = _("A test leaves for %(address)s.", address=row.address)
    flash(text, "ok")
    return redirect(url_for(".edit", slug=slug, prefix=prefix, _anchor="test"), 303)


@blueprint.post("/companies/<slug>/automation/former/<uuid:address_id>")
@open_to("firm")
def former_update(slug: str, address_id: uuid.UUID) -> ResponseReturnValue:
    """For how long an address that was replaced goes on."""
    company = company_or_404(slug)
    row = db.session.scalar(
        select(CollectionAddress).where(
            CollectionAddress.id == address_id,
            CollectionAddress.company_id == company.id,
        )
    )
    if row is None:
        abort(404)
    months = request.form.get("months", "")
    if months != "same":
        replacing.set_end(row, replacing.months_from(months), by=current_user)
        db.session.commit()
    return _done(company, _("Saved."))


@blueprint.post("/companies/<slug>/automation/senders")
@open_to("firm")
def sender_add(slug: str) -> ResponseReturnValue:
    company, form = company_or_404(slug), request.form
    try:
        sender = sender_list.accept(
            company,
            form.get("pattern", ""),
            by=current_user,
            is_sure=form.get("sure") == form.get("pattern"),
        )
        db.session.commit()
    except LooksLike as like:
        return _refused(slug, Wrong("sender", "pattern", like.message, may_insist=True))
    except Refused as refusal:
        return _refused(slug, Wrong("sender", "pattern", refusal.message))
    except IntegrityError:
        db.session.rollback()
        return _refused(slug, Wrong("sender", "pattern", _("It is accepted already.")))
    return _done(company, _("“%(pattern)s” is accepted.", pattern=sender.pattern))


@blueprint.post("/companies/<slug>/automation/senders/<uuid:sender_id>/remove")
@open_to("firm")
def sender_remove(slug: str, sender_id: uuid.UUID) -> ResponseReturnValue:
    company = company_or_404(slug)
    sender = sender_list.find(company, sender_id) or abort(404)
    sender_list.forget(company, sender, by=current_user)
    db.session.commit()
    text = _("“%(pattern)s” is no longer accepted.", pattern=sender.pattern)
    return _done(company, text)


def _listed_or_404(company: Company, prefix: str) -> Listed:
    found = (one for one in listed(company) if one.family.prefix == prefix)
    return next(found, None) or abort(404)


def _done(company: Company, text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(url_for(".show", slug=company.slug), 303)


def _refused(slug: str, wrong: Wrong) -> ResponseReturnValue:
    db.session.rollback()
    return _page(company_or_404(slug), wrong), 422


def _form_refused(
    slug: str, prefix: str, part: str, refusal: Refused
) -> ResponseReturnValue:
    db.session.rollback()
    company = company_or_404(slug)
    wrong = Wrong(part, refusal.field or "", refusal.message)
    return _form(company, _listed_or_404(company, prefix), wrong), 422


def _page(
    company: Company, wrong: Wrong | None = None, told: Told | None = None
) -> str:
    return render_template(
        "collection/addresses.html",
        page=address_page.page(company),
        company=company,
        wrong=wrong,
        told=told,
        typed=request.values,
        **_words(),
    )


def _form(company: Company, one: Listed, wrong: Wrong | None = None) -> str:
    sight = sight_of(current_user.role, company)
    folder_id = one.row.folder_id if one.row else None
    [row] = address_page.rows(company, [one])
    return render_template(
        "collection/address.html",
        company=company,
        row=row,
        former=address_page.formers(company, one.family.prefix),
        choices=choices(company, sight, here=folder_id, but_here=False),
        folder_id=str(folder_id) if folder_id else "",
        echo=echoing.last_of(one.address) if one.address else None,
        signs=SEPARATORS,
        sign=current_app.config["ADDRESS_SEPARATOR"],
        suggestion=replacing.suggestion(company),
        wrong=wrong,
        typed=request.form,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "policies": policies(),
        "policy_helps": policy_helps(),
        "overlaps": {
            "0": _("ends now"),
            "3": _("3 months"),
            "6": _("6 months"),
            "12": _("12 months"),
            "always": _("for ever"),
        },
        "endpoints": current_app.view_functions,
    }
