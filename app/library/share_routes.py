"""What a phone shares to the portal lands in «À classer», from where it is moved on.

The phone's system posts the files itself, so no token of ours can come with them: the
browser says instead (Sec-Fetch-Site) that no other site is behind it.
"""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.finding import companies_and_roles
from app.companies.models import Company
from app.db import db
from app.library.deposit import deposit
from app.library.finding import url_of
from app.library.models import Folder
from app.library.shortcuts import inbox_of
from app.library.tree import sight_of
from app.library.uploads import deposit_all
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _

blueprint = Blueprint("share", __name__)
OF_NO_OTHER_SITE = {"none", "same-origin"}


@blueprint.get("/share")
@open_to("clients")
def show() -> ResponseReturnValue:
    """Where a reload of the page leads."""
    return redirect(url_for("firms.home"))


@blueprint.post("/share")
@open_to("everyone")
@reads_its_own_body
def create() -> ResponseReturnValue:
    if request.headers.get("Sec-Fetch-Site") not in OF_NO_OTHER_SITE:
        abort(400)
    if not current_user.is_authenticated:
        flash(_("Nothing was kept: sign in first, then share again."), "bad")
        return redirect(url_for("people.login"), 303)
    if not current_user.is_client:
        abort(404)
    company, inbox = _inbox() or abort(404)
    db.session.commit()  # no transaction while the files flow in
    outcomes = deposit_all(
        request,
        lambda received, upload_id, _way: deposit(
            received,
            into=inbox,
            by=current_user,
            channel="phone",
            upload_id=upload_id,
        ),
        has_token=False,
    )
    status = max(outcome.status for outcome in outcomes)
    page = render_template(
        "library/deposit_results.html",
        results=outcomes,
        folder=inbox,
        company=company,
        back_url=url_of(company, inbox),
        nav_current="documents",
    )
    return page, status if status >= 400 else 200


def _inbox() -> tuple[Company, Folder] | None:
    """Of the first company that has one open to the person."""
    for company, role in companies_and_roles():
        if folder := inbox_of(company, sight_of(role, company)):
            return company, folder
    return None
