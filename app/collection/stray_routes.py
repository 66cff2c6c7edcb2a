"""The mails of no firm, for the operator: whose they are, or nobody's.

Who wrote, to what address and when; neither the text nor the documents.
"""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app.collection import quarantine, settling
from app.collection.being_late import answer_too_late
from app.collection.finding import stray_or_404
from app.collection.models import InboundMail
from app.collection.settling import TooLate
from app.db import db, id_from
from app.errors import Refused
from app.firms.models import Firm
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("strays", __name__)
blueprint.register_error_handler(TooLate, answer_too_late)


@blueprint.get("/console/mail")
@open_to("operator")
def index() -> ResponseReturnValue:
    return _page(quarantine.box(request.args.get("show", "")))


@blueprint.get("/console/mail/<uuid:stray_id>")
@open_to("operator")
def show(stray_id: uuid.UUID) -> ResponseReturnValue:
    mail = stray_or_404(stray_id)
    return _page(quarantine.box(mail.state), mail)


@blueprint.post("/console/mail/<uuid:stray_id>/firm")
@open_to("operator")
def hand_over(stray_id: uuid.UUID) -> ResponseReturnValue:
    mail = stray_or_404(stray_id)
    wanted = id_from(request.form.get("firm"))
    firm = db.session.get(Firm, wanted) if wanted else None
    if firm is None:
        return _page(quarantine.box(), mail, Refused(_("Choose a firm."), "firm"))
    settling.hand_over(mail, firm, by=current_user)
    db.session.commit()
    return _told(_("The mail is with %(firm)s now.", firm=firm.name))


@blueprint.post("/console/mail/<uuid:stray_id>/discard")
@open_to("operator")
def discard(stray_id: uuid.UUID) -> ResponseReturnValue:
    mail = stray_or_404(stray_id)
    settling.discard(mail, by=current_user)
    db.session.commit()
    back = {"undo_url": url_for(".bring_back", stray_id=mail.id), "undo_fields": {}}
    flash({"text": _("Set aside."), **back}, "ok")  # type: ignore[arg-type]
    return redirect(url_for(".index"), 303)


@blueprint.post("/console/mail/<uuid:stray_id>/back")
@open_to("operator")
def bring_back(stray_id: uuid.UUID) -> ResponseReturnValue:
    mail = stray_or_404(stray_id)
    settling.bring_back(mail, by=current_user)
    db.session.commit()
    return _told(_("It is back among the mails to check."))


def _told(text: str) -> ResponseReturnValue:
    flash(text, "ok")
    return redirect(url_for(".index"), 303)


def _page(
    box: quarantine.Box,
    mail: InboundMail | None = None,
    refusal: Refused | None = None,
) -> ResponseReturnValue:
    page = render_template(
        "operator/mail.html",
        box=box,
        opened=quarantine.opened(mail) if mail else None,
        firms=db.session.scalars(select(Firm).order_by(Firm.name)).all(),
        refusal=refusal,
        nav_current="mail",
    )
    return page, refusal.status if refusal else 200
