"""Archives of a company: asked for, waited for, downloaded."""

import uuid

from flask import (
    Blueprint,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.archives import asking
from app.archives.held import may_see_all
from app.archives.models import Archive
from app.archives.safe_names import harmless
from app.companies.models import Company
from app.db import db
from app.errors import Refused
from app.library.answering import to_page
from app.library.receiving import store
from app.library.sending_out import as_attachment, flowing
from app.library.tree import Sight
from app.policy import only_reads, open_to
from app.texts import gettext as _

blueprint = Blueprint("archives", __name__)


@blueprint.get("/companies/<slug>/archives")
@open_to("signed_in")
def index(slug: str) -> ResponseReturnValue:
    company, sight = asking.company_or_404(slug)
    return _page(company, sight)


@blueprint.post("/companies/<slug>/archives")
@open_to("signed_in")
@only_reads  # the company, which may be archived
def create(slug: str) -> ResponseReturnValue:
    company, sight = asking.company_or_404(slug)
    try:
        year = request.form.get("year", "")
        archive = asking.ask(company, sight, year, by=current_user)
    except Refused as refusal:
        db.session.rollback()
        return _page(company, sight, refusal), 422
    db.session.commit()
    return to_page(_url(company), _promised(archive))


def _promised(archive: Archive) -> str:
    """One that somebody else asked for is told to them."""
    if archive.asked_by_id != current_user.id:
        return _("It is being made already: you will find it here.")
    return _("The archive is being made. You will get a mail.")


@blueprint.post("/archives/<uuid:archive_id>/retry")
@open_to("signed_in")
@only_reads
def retry(archive_id: uuid.UUID) -> ResponseReturnValue:
    archive, company, _sight = asking.archive_or_404(archive_id)
    asking.again(archive, by=current_user)
    db.session.commit()
    return to_page(_url(company), _promised(archive))


@blueprint.get("/archives/<uuid:archive_id>/download")
@open_to("signed_in")
def download(archive_id: uuid.UUID) -> ResponseReturnValue:
    archive, company, sight = asking.archive_or_404(archive_id)
    if archive.storage_key is None or archive.size is None:
        return redirect(_url(company), 303)
    if not may_see_all(archive, company, sight):
        raise Refused(
            _(
                "What you may see has changed since this archive was made. Ask for a "
                "new one."
            )
        )
    db.session.commit()
    blob = store().open(archive.storage_key)
    response = flowing(blob, "application/zip", archive.size)
    return as_attachment(response, f"{_name(archive, company)}.zip")


def _page(company: Company, sight: Sight, refusal: Refused | None = None) -> str:
    archives = asking.archives_of(company, sight)
    is_made = any(archive.state in asking.UNDER_WAY for archive in archives)
    part = htmx.is_fragment() and not refusal
    return render_template(
        "archives/_list.html" if part else "archives/index.html",
        company=company,
        archives=archives,
        is_made=is_made,
        years=asking.years_of(company, sight),
        error=refusal.message if refusal else None,
        nav_current="documents",
    )


def _url(company: Company) -> str:
    return url_for("archives.index", slug=company.slug)


def _name(archive: Archive, company: Company) -> str:
    return harmless(f"{company.name}, {archive.name or _('all its documents')}")
