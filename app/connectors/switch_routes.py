"""The switches of a folder, and «Envoyer maintenant»."""

import uuid

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.finding import company_or_404
from app.connectors import switches
from app.connectors.finding import connection_or_404
from app.connectors.folder_block import FolderApp, block_for
from app.connectors.foreseeing import MOST_AT_ONCE, foresee
from app.connectors.switch_words import said
from app.connectors.switching import NotAsSeen, switch_as_seen
from app.db import db
from app.delivery import jobs
from app.delivery.asking import said_of_asking, said_of_none_due
from app.delivery.waiting import due_now, leaving
from app.errors import Refused
from app.library.finding import Place, place_or_404
from app.library.marks import marks_below
from app.policy import open_to
from app.queueing import enqueue
from app.texts import gettext as _

blueprint = Blueprint("switches", __name__)


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/switches")
@open_to("firm")
def folder_block(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    return _block(place)


def _block(place: Place, message: str = "") -> str:
    """After an act (with its message) the marks of the tree come along."""
    whole = "connectors/folder.html"
    template = "connectors/_folder_block.html" if htmx.is_fragment() else whole
    return render_template(
        template,
        block=block_for(place.company, place.path),
        company=place.company,
        folder=place.folder,
        back_url=place.url,
        message=message,
        marks=marks_below(place.company, place.path) if message else None,
        nav_current="documents",
    )


@blueprint.get(
    "/companies/<slug>/folders/<uuid:folder_id>/switches/<connection>/confirm"
)
@open_to("firm")
def switch_confirm(
    slug: str, folder_id: uuid.UUID, connection: str
) -> ResponseReturnValue:
    """What the switch will do, in numbers, before it does anything."""
    place = place_or_404(slug, folder_id)
    return _ask(place, _folder_app(place, connection))


def _ask(place: Place, item: FolderApp, *, again: bool = False) -> str:
    state = "off" if item.is_on else "on"
    foreseen = foresee(place.folder, item.connection, item.slot.key)
    template = "_confirm.html" if htmx.is_fragment() else "confirm.html"
    return render_template(
        f"connectors/{template}",
        item=item,
        company=place.company,
        folder=place.folder,
        state=state,
        foreseen=foreseen,
        most=MOST_AT_ONCE,
        seen=foreseen.stamp(state),
        again=again,
        is_ticked=again and _and_send(),
        back_url=place.url,
        nav_current="documents",
    )


def _folder_app(place: Place, connection: str) -> FolderApp:
    wanted = connection_or_404(place.company, connection)
    slot = request.values.get("slot")
    items = block_for(place.company, place.path).items
    fitting = (
        item
        for item in items
        if item.connection.id == wanted.id and slot in {None, "", item.slot.key}
    )
    return next(fitting, None) or abort(404)


@blueprint.post("/companies/<slug>/folders/<uuid:folder_id>/switches/<connection>")
@open_to("firm")
def switch_update(
    slug: str, folder_id: uuid.UUID, connection: str
) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    item = _folder_app(place, connection)
    state = request.form.get("state", "")
    if state not in switches.STATES:
        raise Refused(_("Unknown state."))
    try:
        done = switch_as_seen(
            place.folder,
            item.connection,
            item.slot.key,
            state,
            seen=request.form.get("seen"),
            and_send=_and_send(),
            by=current_user,
        )
    except NotAsSeen:
        db.session.rollback()
        return _ask_again(place_or_404(slug, folder_id), connection)
    if done.sent:
        company_id = place.company.id
        name = jobs.name_of_now(company_id)
        enqueue(jobs.send_now, str(company_id), job_id=name, again=True)
    db.session.commit()
    message = said(item, place.folder, state, done)
    if htmx.is_fragment():
        return _block(place, message)
    flash(message, "ok")
    return redirect(place.url, 303)


def _and_send() -> bool:
    return request.form.get("send") == "yes"


def _ask_again(place: Place, connection: str) -> ResponseReturnValue:
    text = _ask(place, _folder_app(place, connection), again=True)
    return text, 422, {"HX-Retarget": "#dialogue", "HX-Reswap": "innerHTML"}


@blueprint.post("/companies/<slug>/send-now")
@open_to("firm")
def send_now(slug: str) -> ResponseReturnValue:
    """Ask for a run now, unless one of this minute is not over yet."""
    company = company_or_404(slug)
    due, all_that_leave = due_now(company.id), leaving(company.id)
    company_id = company.id
    db.session.commit()
    if due:
        text, tone = said_of_asking(jobs.ask_now(company_id), due)
    else:
        text, tone = said_of_none_due(all_that_leave)
    if htmx.is_fragment():
        return render_template("errors/_message.html", text=text, tone=tone)
    flash(text, tone)
    return redirect(url_for("library.root", slug=slug), 303)
