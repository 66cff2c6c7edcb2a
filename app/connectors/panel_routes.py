"""The panel of one application: its companies, their access and their addresses."""

from typing import Any

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.finding import company_or_404
from app.companies.models import Company
from app.connectors import panel_history, panel_listing, panel_rows, panel_steps, saving
from app.connectors.catalogue import PartnerApp
from app.connectors.destinations import checked_address, doubts
from app.connectors.finding import app_or_404
from app.db import db
from app.errors import Refused
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("panel", __name__)


@blueprint.get("/apps/<key>")
@open_to("firm")
def show(key: str) -> ResponseReturnValue:
    app = app_or_404(key)
    listing = panel_listing.companies(app, panel_listing.asked_for(request.args))
    row = panel_listing.chosen(app, listing, request.args.get("company"))
    return render_template(
        "connectors/show.html",
        app=app,
        listing=listing,
        # The tab tells of all of them, whatever is searched.
        authorised=panel_listing.counted(app)
        if listing.asked.q
        else listing.authorised,
        chosen=row,
        todo=panel_steps.to_do(app, row) if row else None,
        tab="companies",
        endpoints=current_app.view_functions,
        nav_current="apps",
    )


@blueprint.post("/apps/<key>/companies/<slug>/check")
@open_to("firm")
def check(key: str, slug: str) -> ResponseReturnValue:
    """What is wrong or doubtful with an address, while it is typed; writes nothing."""
    app = app_or_404(key)
    company = company_or_404(slug)
    slot = app.slot(request.form.get("slot", "")) or abort(404)
    named = f"destination_{slot.key}"
    raw = request.form.get("address", request.form.get(named, ""))
    error, found = "", []
    try:
        if raw.strip():
            found = doubts(company, slot, checked_address(raw), by=current_user)
    except Refused as refusal:
        error = refusal.message
    return render_template("connectors/_panel_check.html", error=error, doubts=found)


@blueprint.post("/apps/<key>/companies/<slug>")
@open_to("firm")
def company_update(key: str, slug: str) -> ResponseReturnValue:
    """Authorise (or revoke) the company and keep its addresses, in one go."""
    app = app_or_404(key)
    company = company_or_404(slug)
    typed = saving.typed_in(request.form, app)
    try:
        saved = saving.save(company, app, typed, by=current_user)
    except saving.Unconfirmed as asked:
        db.session.rollback()
        return _ask(app, company, typed, asked)
    except Refused as refusal:
        db.session.rollback()
        return _row(app, company, typed=typed, refusal=refusal), 422
    db.session.commit()
    message = _said(saved)
    if htmx.is_fragment():
        return _row(app, company, message=message)
    flash(message, "ok")
    return redirect(url_for("panel.show", key=key, company=slug), 303)


def _said(saved: saving.Saved) -> str:
    if saved.held:
        return ngettext(
            "Access revoked: %(num)d document is kept back.",
            "Access revoked: %(num)d documents are kept back.",
            saved.held,
        )
    return _("Access revoked.") if saved.held == 0 else _("Saved.")


def _ask(
    app: PartnerApp, company: Company, typed: saving.Typed, asked: saving.Unconfirmed
) -> ResponseReturnValue:
    """«Confirmez votre mot de passe», with all that was typed."""
    values = {"app": app, "concerned": company, "typed": typed, "asked": asked}
    if not htmx.is_fragment():
        return _page("connectors/_panel_confirm_page.html", **values), 422
    text = render_template("connectors/_panel_confirm.html", **values)
    answer = make_response(text, 422)
    answer.headers["HX-Retarget"] = "#dialogue"
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def _row(
    app: PartnerApp,
    company: Company,
    *,
    typed: saving.Typed | None = None,
    refusal: Refused | None = None,
    message: str = "",
) -> str:
    """The company's row; after a refusal with what was typed, so nothing is lost."""
    lines = []
    if isinstance(refusal, saving.Outdated) and typed:
        lines = panel_history.since(app, company, typed.revision or 0)
    values = {
        "app": app,
        "row": panel_rows.row(app, company, typed),
        "refusal": refusal,
        "is_outdated": isinstance(refusal, saving.Outdated),
        "lines": lines,
        "message": message,
    }
    if refusal and not htmx.is_fragment():
        return _page("connectors/company.html", **values)
    return render_template("connectors/_company_row.html", **values)


def _page(template: str, **values: Any) -> str:
    return render_template(
        template, tab="companies", is_page=True, nav_current="apps", **values
    )
