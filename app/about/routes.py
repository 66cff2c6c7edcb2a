"""The part of a folder's pane that comes behind the page."""

import uuid

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from app import htmx
from app.about.facts import facts_of
from app.library.finding import place_or_404
from app.policy import open_to

blueprint = Blueprint("about", __name__)


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/about")
@open_to("signed_in")
def folder(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    if not htmx.is_fragment():
        return redirect(place.url)
    return render_template("about/folder.html", facts=facts_of(place), place=place)
