"""What is done to one company in the panel, besides its row: steps, what waits."""

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

from app import htmx
from app.companies.finding import company_or_404
from app.companies.models import Company
from app.connectors import connecting, panel_rows, panel_steps
from app.connectors.catalogue import PartnerApp
from app.connectors.finding import app_or_404
from app.connectors.models import Connection
from app.db import db
from app.errors import Refused
from app.policy import open_to
from app.texts import gettext as _, ngettext

blueprint = Blueprint("panel_acts", __name__)


@blueprint.post("/apps/<key>/companies/<slug>/steps")
@open_to("firm")
def step_update(key: str, slug: str) -> ResponseReturnValue:
    """Tick the step (`done` is yes), or untick it."""
    app = app_or_404(key)
    company = company_or_404(slug)
    step = request.form.get("step", "")
    if step not in {one.key for one in panel_steps.steps_of(app)}:
        raise Refused(_("Unknown step."), "step")
    connection = connecting.latest(company, app.key)
    if connection is None:
        raise Refused(_("Switch the access on first."), "step")
    is_done = request.form.get("done") == "yes"
    panel_steps.tick(connection, step, is_done=is_done, by=current_user)
    db.session.commit()
    if not htmx.is_fragment():
        return _back(key, slug)
    todo = panel_steps.to_do(app, panel_rows.row(app, company))
    return render_template(
        "connectors/_steps.html",
        app=app,
        todo=todo,
        endpoints=current_app.view_functions,
    )


def _back(key: str, slug: str) -> ResponseReturnValue:
    return redirect(url_for("panel.show", key=key, company=slug), 303)


@blueprint.post("/apps/<key>/companies/<slug>/held")
@open_to("firm")
def held_update(key: str, slug: str) -> ResponseReturnValue:
    """What waits because the address changed: `decision` is send or drop."""
    app = app_or_404(key)
    company = company_or_404(slug)
    connection = _connection_or_404(company, key)
    decision = request.form.get("decision")
    if decision == "send":
        number = connecting.resume(connection, by=current_user)
        message = ngettext(
            "%(num)d document leaves at the next run.",
            "%(num)d documents leave at the next run.",
            number,
        )
    elif decision == "drop":
        number = connecting.give_up(connection, by=current_user)
        message = ngettext(
            "%(num)d document will not be sent.",
            "%(num)d documents will not be sent.",
            number,
        )
    else:
        raise Refused(_("Choose what to do with them."), "decision")
    db.session.commit()
    return _answer(app, company, message)


def _connection_or_404(company: Company, key: str) -> Connection:
    return connecting.latest(company, key) or abort(404)


@blueprint.post("/apps/<key>/companies/<slug>/retry")
@open_to("firm")
def retry(key: str, slug: str) -> ResponseReturnValue:
    """The sender was refused; somebody has seen to it at the tool."""
    app = app_or_404(key)
    company = company_or_404(slug)
    connection = _connection_or_404(company, key)
    number = connecting.try_again(connection, by=current_user)
    db.session.commit()
    message = _("The next documents are tried again.")
    if number:
        message = ngettext(
            "%(num)d document is tried again at the next run.",
            "%(num)d documents are tried again at the next run.",
            number,
        )
    return _answer(app, company, message)


def _answer(app: PartnerApp, company: Company, message: str) -> ResponseReturnValue:
    if htmx.is_fragment():
        row = panel_rows.row(app, company)
        return render_template(
            "connectors/_company_row.html", app=app, row=row, message=message
        )
    flash(message, "ok")
    return _back(app.key, company.slug)
