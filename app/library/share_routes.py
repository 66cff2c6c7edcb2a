"""What a phone shares to the portal lands in «À classer», from where it is moved on.
Whoever has several companies says first for which one it is.

The phone's system posts the files itself, so no token of ours can come with them: the
browser says instead (Sec-Fetch-Site) that no other site is behind it.
"""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.finding import companies_and_roles
from app.companies.models import Company
from app.db import db
from app.library.finding import url_of
from app.library.models import Folder
from app.library.receiving import Received
from app.library.sharing import deposit_shared, files_of, note_of
from app.library.shortcuts import inbox_of
from app.library.tree import sight_of
from app.library.uploads import Outcome, take_in
from app.policy import open_to, reads_its_own_body
from app.texts import gettext as _

blueprint = Blueprint("share", __name__)
OF_NO_OTHER_SITE = {"none", "same-origin"}

Inbox = tuple[Company, Folder]


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
    inboxes = _inboxes()
    if not inboxes:
        flash(_("Nothing was kept: no folder is open to your deposits."), "bad")
        return redirect(url_for("firms.home"), 303)
    db.session.commit()  # no transaction while the files flow in
    body = take_in(request, has_token=False)
    if len(inboxes) == 1 or not body.whole:
        return _deposited(body.files, inboxes[0])
    return render_template(
        "library/share.html",
        files=body.files,
        note=note_of(body.whole, current_user),
        companies=[company for company, _inbox in inboxes],
        nav_current="documents",
    )


@blueprint.post("/share/for")
@open_to("clients")
def choose() -> ResponseReturnValue:
    """`company`: the slug of the one that it is for; `note`: the files."""
    wanted = request.form.get("company")
    chosen = next((one for one in _inboxes() if one[0].slug == wanted), None)
    files = files_of(request.form.get("note", ""), current_user)
    return _deposited(files, chosen or abort(404))


def _deposited(files: Sequence[Received | Outcome], into: Inbox) -> ResponseReturnValue:
    company, inbox = into
    outcomes = [
        file if isinstance(file, Outcome) else deposit_shared(file, inbox, current_user)
        for file in files
    ]
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


def _inboxes() -> list[Inbox]:
    """Those that are open to the person, in the order of the companies' names."""
    found = (
        (company, inbox_of(company, sight_of(role, company)))
        for company, role in companies_and_roles()
    )
    return [(company, inbox) for company, inbox in found if inbox]
