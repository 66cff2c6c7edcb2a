"""What a person wants to be written to about, and the one click that stops it."""

from flask import (
    Blueprint,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from app.companies.finding import companies_and_roles
from app.db import db
from app.notices.models import FREQUENCIES, NoticeSetting
from app.notices.setting import set_frequency, usual
from app.notices.stopping import read_mention_token, read_token
from app.people.models import Person
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
        lines=[
            (company, chosen.get(company.id, usual(current_user)))
            for company in companies
            if not company.archived_at
        ],
    )


@blueprint.post("/settings/notices")
@open_to("signed_in")
def update() -> ResponseReturnValue:
    """A field for each company, named by its slug, and one for mentions; what is not
    named stays as it is."""
    for company, _role in companies_and_roles():
        wanted = request.form.get(f"deposits-{company.slug}")
        if wanted is not None and wanted not in _offered():
            abort(400)
        if wanted:
            set_frequency(current_user, company, wanted)
    if "mentions_shown" in request.form:
        current_user.mention_mails = "mentions" in request.form
    db.session.commit()
    flash(_("Saved."), "ok")
    return redirect(url_for("notices.settings"), 303)


def _offered() -> list[str]:
    """What comes by mail of one's own is a client's."""
    return [one for one in FREQUENCIES if one != "mails" or current_user.is_client]


@blueprint.get("/notices/stop")
@open_to("everyone")
def stop() -> ResponseReturnValue:
    """Asks first: programs that look at mails follow every link."""
    setting = _setting()
    return _stop_page(setting is None or setting.deposits == "never")


@blueprint.post("/notices/stop")
@open_to("everyone")
@reads_its_own_body
def stop_create() -> ResponseReturnValue:
    """Of the person, or of their mail program (RFC 8058): the address is the proof."""
    setting = _setting()
    if setting is not None:
        setting.deposits = "never"
        db.session.commit()
    return _stop_page(True)


@blueprint.get("/notices/stop-mentions")
@open_to("everyone")
def stop_mentions() -> ResponseReturnValue:
    person = _called()
    return _stop_page(person is None or not person.mention_mails)


@blueprint.post("/notices/stop-mentions")
@open_to("everyone")
@reads_its_own_body
def stop_mentions_create() -> ResponseReturnValue:
    person = _called()
    if person is not None:
        person.mention_mails = False
        db.session.commit()
    return _stop_page(True)


def _stop_page(is_stopped: bool) -> str:
    """The form answers to the address that the page was asked by."""
    return render_template("notices/stop.html", is_stopped=is_stopped)


def _setting() -> NoticeSetting | None:
    read = read_token(request.args.get("for", "")) or abort(404)
    return db.session.get(NoticeSetting, read)


def _called() -> Person | None:
    """Of this firm, whose address the mail was for."""
    read = read_mention_token(request.args.get("for", "")) or abort(404)
    here = g.firm.id if g.firm else None
    return db.session.scalar(
        select(Person).where(Person.id == read, Person.firm_id == here)
    )
