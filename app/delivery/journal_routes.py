"""The delivery journal of the firm: to read, to act on, to take away."""

import uuid
from collections.abc import Callable
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
from app.db import db, utc_now
from app.delivery import by_hand, journal as journals, journal_counts, outages
from app.delivery.badges import reason_text
from app.delivery.clock import next_slot
from app.delivery.journal import Filters, filters_from
from app.delivery.journal_export import journal_csv
from app.delivery.models import Delivery
from app.delivery.story import story_of
from app.policy import open_to
from app.texts import gettext as _, ngettext

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
        "after": after,
    }
    return url_for(endpoint, **query)


@blueprint.get("/deliveries.csv")
@open_to("firm")
def export() -> ResponseReturnValue:
    filters = filters_from(request.args, request.args.getlist("state"))
    wanted = journals.chosen(filters).order_by(Delivery.id.desc())
    found = db.session.scalars(wanted.execution_options(yield_per=500))
    lines = (journals.line_of(delivery) for delivery in found)
    answer = Response(
        stream_with_context(journal_csv(lines)), content_type="text/csv; charset=utf-8"
    )
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
    asked = ACTS.get(request.form.get("act", "")) or abort(400)
    ids = [_uuid(raw) for raw in request.form.getlist("id")[:MOST_AT_ONCE]]
    wanted = journals.visible().where(Delivery.id.in_(ids)).order_by(Delivery.id)
    found = db.session.scalars(wanted).unique().all()
    done = sum(asked(delivery) for delivery in found)
    db.session.commit()
    text, tone = _said(request.form["act"], done, len(found))
    flash(text, tone)
    return redirect(_back(), 303)


def _resend(delivery: Delivery) -> bool:
    return by_hand.resend(delivery, by=current_user) is not None


def _release(delivery: Delivery) -> bool:
    return by_hand.release(delivery, by=current_user)


def _mark_received(delivery: Delivery) -> bool:
    return by_hand.mark_received(delivery, by=current_user)


def _call_off(delivery: Delivery) -> bool:
    return by_hand.call_off(delivery, by=current_user)


ACTS: dict[str, Callable[[Delivery], bool]] = {
    "resend": _resend,
    "release": _release,
    "received": _mark_received,
    "cancel": _call_off,
}


def _uuid(raw: str) -> uuid.UUID:
    try:
        return uuid.UUID(raw)
    except ValueError:
        abort(400)


def _back() -> str:
    """To the journal as it was filtered."""
    filters = filters_from(request.args, request.args.getlist("state"))
    return _address(filters)


def _said(act_name: str, done: int, asked: int) -> tuple[str, str]:
    if not asked:
        return _("Tick at least one line."), "info"
    if act_name in {"resend", "release"}:
        text = ngettext(
            "%(num)d document will leave with the next run.",
            "%(num)d documents will leave with the next run.",
            done,
        )
    elif act_name == "received":
        text = ngettext(
            "%(num)d document marked as received.",
            "%(num)d documents marked as received.",
            done,
        )
    else:
        text = ngettext(
            "%(num)d document will not leave.",
            "%(num)d documents will not leave.",
            done,
        )
    if done < asked:
        text += " " + ngettext(
            "%(num)d was left as it is: its state does not allow it.",
            "%(num)d were left as they are: their state does not allow it.",
            asked - done,
        )
    return text, "ok" if done else "info"
