"""What a person wants to be written to about, and the one click that stops it."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app.companies.finding import companies_and_roles
from app.db import db
from app.notices.models import FREQUENCIES, NoticeSetting
from app.notices.setting import set_frequency
from app.notices.stopping import read_token
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _

blueprint = Blueprint("notices", __name__)


@blueprint.get("/settings/notices")
@open_to("signed_in")
def settings() -> ResponseReturnValue:
    chosen = dict(
        db.session.execute(
            select(NoticeSetting.company_id, NoticeSetting.deposits).where(
                NoticeSetting.person_id == current_user.id
            )
        ).all()
    )
    companies = [company for company, _role in companies_and_roles()]
    return render_template(
        "notices/settings.html",
        lines=[(c, chosen.get(c.id, "never")) for c in companies if not c.archived_at],
    )


@blueprint.post("/settings/notices")
@open_to("signed_in")
def update() -> ResponseReturnValue:
    """A field for each company, named by its slug; those not named stay as they are."""
    for company, _role in companies_and_roles():
        wanted = request.form.get(f"deposits-{company.slug}")
        if wanted is not None and wanted not in FREQUENCIES:
            abort(400)
        if wanted:
            set_frequency(current_user, company, wanted)
    db.session.commit()
    flash(_("Saved."), "ok")
    return redirect(url_for("notices.settings"), 303)


@blueprint.get("/notices/stop")
@open_to("everyone")
def stop() -> ResponseReturnValue:
    """Asks first: programs that look at mails follow every link."""
    setting = _setting()
    return render_template("notices/stop.html", setting=setting, is_done=False)


@blueprint.post("/notices/stop")
@open_to("everyone")
@reads_its_own_body
def stop_create() -> ResponseReturnValue:
    """Of the person, or of their mail program (RFC 8058): the address is the proof."""
    setting = _setting()
    if setting is not None:
        setting.deposits = "never"
        db.session.commit()
    return render_template("notices/stop.html", setting=setting, is_done=True)


def _setting() -> NoticeSetting | None:
    read = read_token(request.args.get("for", "")) or abort(404)
    return db.session.get(NoticeSetting, read)
