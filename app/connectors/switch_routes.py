"""The switches of a folder, and «Envoyer maintenant»."""

import uuid

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.finding import company_or_404
from app.connectors import panel, switches
from app.connectors.finding import connection_or_404
from app.connectors.folder_block import FolderApp, block_for
from app.db import db
from app.delivery import jobs
from app.errors import Refused
from app.library.finding import Place, place_or_404
from app.library.models import Folder
from app.policy import open_to
from app.queueing import enqueue_once
from app.texts import gettext as _, ngettext

blueprint = Blueprint("switches", __name__)


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/switches")
@open_to("firm")
def folder_block(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    return _block(place)


def _block(place: Place, message: str = "") -> str:
    whole = "connectors/folder.html"
    template = "connectors/_folder_block.html" if htmx.is_fragment() else whole
    return render_template(
        template,
        block=block_for(place.company, place.path),
        company=place.company,
        folder=place.folder,
        back_url=_folder_url(place),
        message=message,
        nav_current="documents",
    )


def _folder_url(place: Place) -> str:
    return url_for("library.show", slug=place.company.slug, folder_id=place.folder.id)


@blueprint.get(
    "/companies/<slug>/folders/<uuid:folder_id>/switches/<connection>/confirm"
)
@open_to("firm")
def switch_confirm(
    slug: str, folder_id: uuid.UUID, connection: str
) -> ResponseReturnValue:
    """What the switch will do, in numbers, before it does anything."""
    place = place_or_404(slug, folder_id)
    item = _folder_app(place, connection)
    folders, documents = switches.below(place.folder)
    template = "_confirm.html" if htmx.is_fragment() else "confirm.html"
    return render_template(
        f"connectors/{template}",
        item=item,
        company=place.company,
        folder=place.folder,
        state="off" if item.is_on else "on",
        folders=folders,
        documents=documents,
        back_url=_folder_url(place),
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
    cancelled = switches.set_switch(
        place.folder, item.connection, item.slot.key, state, by=current_user
    )
    db.session.commit()
    message = _said(item, place.folder, state, cancelled)
    if htmx.is_fragment():
        return _block(place, message)
    flash(message, "ok")
    return redirect(_folder_url(place), 303)


def _said(item: FolderApp, folder: Folder, state: str, cancelled: int) -> str:
    names = {"app": item.app.short_name, "folder": folder.name}
    if state == "on":
        _folders, documents = switches.below(folder)
        return ngettext(
            "%(app)s is on in %(folder)s. Not retroactive: the %(num)d document "
            "already there will not leave.",
            "%(app)s is on in %(folder)s. Not retroactive: the %(num)d documents "
            "already there will not leave.",
            documents,
            **names,
        )
    if state == "inherit":
        return _("%(folder)s follows the folder above again.", **names)
    if cancelled:
        return ngettext(
            "%(app)s is off in %(folder)s. %(num)d waiting document will not leave.",
            "%(app)s is off in %(folder)s. %(num)d waiting documents will not leave.",
            cancelled,
            **names,
        )
    return _("%(app)s is off in %(folder)s. Nothing will leave.", **names)


@blueprint.post("/companies/<slug>/send-now")
@open_to("firm")
def send_now(slug: str) -> ResponseReturnValue:
    """Ask for a run now, at most once a minute for a company."""
    company = company_or_404(slug)
    waiting = panel.waiting(company)
    company_id = company.id
    db.session.commit()
    text, tone = _("No document is waiting."), "info"
    if waiting:
        job_id = f"now-{company_id}-{jobs.this_minute()}"
        asked = enqueue_once(jobs.send_now, str(company_id), job_id=job_id)
        text, tone = _asked(asked, waiting)
    if htmx.is_fragment():
        return render_template("errors/_message.html", text=text, tone=tone)
    flash(text, tone)
    return redirect(url_for("library.root", slug=slug), 303)


def _asked(asked: bool | None, waiting: int) -> tuple[str, str]:
    if asked is None:
        text = _("It could not be started now. The next run will send them by itself.")
        return text, "bad"
    if not asked:
        return _("A run is already under way."), "info"
    text = ngettext(
        "Sending of %(num)d document started.",
        "Sending of %(num)d documents started.",
        waiting,
    )
    return text, "ok"
