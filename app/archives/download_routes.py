"""Many documents in one download: those that were ticked, or a folder with its own."""

import uuid

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.archives import gathering
from app.archives.safe_names import Names, harmless
from app.archives.sending import README, as_zip
from app.companies.finding import company_and_role
from app.library.finding import place_or_404
from app.library.tree import sight_of
from app.policy import only_reads, open_to
from app.texts import gettext as _

blueprint = Blueprint("downloads", __name__)


@blueprint.post("/companies/<slug>/documents/download")
@open_to("signed_in")
@only_reads
def documents(slug: str) -> ResponseReturnValue:
    company, role = company_and_role(slug)
    ids = request.form.getlist("id")
    items = gathering.chosen(company, sight_of(role, company), ids, Names(README))
    return as_zip(items, harmless(_("%(company)s, documents", company=company.name)))


@blueprint.get("/companies/<slug>/folders/<uuid:folder_id>/download")
@open_to("signed_in")
def folder(slug: str, folder_id: uuid.UUID) -> ResponseReturnValue:
    place = place_or_404(slug, folder_id)
    items = gathering.inside(place.company, place.folder, place.sight, Names(README))
    return as_zip(items, harmless(place.folder.name))
