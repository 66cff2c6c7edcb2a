"""The delivery journal of the firm: to read, to act on, to take away."""

import uuid
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.models import Company
from app.db import db, id_from, utc_now
from app.delivery import (
    jobs,
    journal as journals,
    journal_acts,
    journal_counts,
    outages,
)
from app.delivery.asking import said_of_asking, said_of_none_due
from app.delivery.badges import reason_text
from app.delivery.clock import next_slot
from app.delivery.journal_export import journal_csv
from app.delivery.journal_filters import Filters, filters_from
from app.delivery.models import Delivery
from app.delivery.story import story_of
from app.delivery.waiting import due_now_in
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("journal", __name__)
MOST_AT_ONCE = 200


@blueprint.get("/deliveries")
@open_to("firm")
def index() -> ResponseReturnValue:
    filters = filters_from(request.args, request.args.getlist("state"))
    found = journals.journal(filters)
    # More lines are asked for by the last one; a filter replaces them all.
    shown = {
        "filters": filters,
        "journal": found,
        "more_url": _address(filters, found.next_after) if found.next_after else None,
        "csv_url": _address(filters, endpoint="journal.export"),
    }
    if htmx.is_fragment():
        template = "_lines" if filters.after else "_journal"
        return render_template(f"delivery/{template}.html", **shown)
    return render_template(
        "delivery/index.html",
        **shown,
        choices=journals.choices(),
        counts=journal_counts.counts(),
        bars=journal_counts.bars(),
        reason_text=reason_text,
        now=utc_now(),
        next_run_at=next_slot(utc_now()),
        outage=outages.current(),
        nav_current="deliveries",
    )


def _address(
    filters: Filters, after: uuid.UUID | None = None, endpoint: str = "journal.index"
) -> str:
    query: dict[str, Any] = {
        "q": filters.q or None,
        "days": filters.days,
        "company": filters.company or None,
        "app": filters.app or None,
        "state": list(filters.groups),
        "run": filters.run.isoformat() if filters.run else None,
        "after": after,
    }
    return url_for(endpoint, **query)


@blueprint.get("/deliveries.csv")
@open_to("firm")
def export() -> ResponseReturnValue:
    filters = filters_from(request.args, request.args.getlist("state"))
    lines = stream_with_context(journal_csv(journals.everything(filters)))
    answer = Response(lines, content_type="text/csv; charset=utf-8")
    name = f"envois-{g.firm.slug}-{utc_now():%Y-%m-%d}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _delivery_or_404(delivery_id: uuid.UUID) -> Delivery:
    wanted = journals.visible().where(Delivery.id == delivery_id)
    return db.session.scalars(wanted).unique().one_or_none() or abort(404)


@blueprint.get("/deliveries/<uuid:delivery_id>")
@open_to("firm")
def show(delivery_id: uuid.UUID) -> ResponseReturnValue:
    story = story_of(_delivery_or_404(delivery_id))
    template = "_story" if htmx.is_fragment() else "show"
    return render_template(
        f"delivery/{template}.html", story=story, nav_current="deliveries"
    )


@blueprint.post("/deliveries")
@open_to("firm")
def act() -> ResponseReturnValue:
    """Send again or anyway, mark received, call off: one delivery, or those ticked."""
    name, ids = _chosen()
    asked = journal_acts.ACTS.get(name) or abort(400)
    # By company: two people at once lock the same ones in the same order.
    wanted = journals.visible().order_by(Delivery.company_id, Delivery.id)
    wanted = wanted.where(Delivery.id.in_(ids[:MOST_AT_ONCE]))
    found = db.session.scalars(wanted).unique().all()
    states = [asked(delivery) for delivery in found]
    db.session.commit()
    text, tone = journal_acts.said(name, states)
    if len(ids) > MOST_AT_ONCE:
        text += " " + _("At most %(most)s lines at a time.", most=MOST_AT_ONCE)
    flash(text, tone)
    return redirect(_back(), 303)


def _chosen() -> tuple[str, list[uuid.UUID]]:
    """The act and what it is for: the one line whose own button was pressed («resend
    <id>»), else those ticked."""
    act, _space, one = request.form.get("one", "").partition(" ")
    if act:
        return act, [id_from(one) or abort(400)]
    ids = request.form.getlist("id")
    return request.form.get("act", ""), [id_from(raw) or abort(400) for raw in ids]


@blueprint.post("/deliveries/send-now")
@open_to("firm")
def send_now() -> ResponseReturnValue:
    """A run for each of the person's companies that has something due, unless one of
    this minute is not over yet."""
    companies = Company.visible_to(current_user).with_only_columns(Company.id)
    due = due_now_in(companies)
    db.session.commit()
    if due:
        asked = [jobs.ask_now(company_id) for company_id in due]
        # One that began is what matters; else that none can; else that all have.
        outcome = True if True in asked else None if None in asked else False
        text, tone = said_of_asking(outcome, sum(due.values()))
    else:
        text, tone = said_of_none_due(0)
    flash(text, tone)
    return redirect(_back(), 303)


def _back() -> str:
    """To the journal as it was filtered."""
    filters = filters_from(request.args, request.args.getlist("state"))
    return _address(filters)
