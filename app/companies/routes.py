"""The list of companies, and the way from one to another."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.searching import search
from app.policy import open_to
from app.typed import searched

blueprint = Blueprint("companies", __name__)

A_FEW = 8
LONGEST = 200
# The sections of a company that another one has too.
SECTIONS = {
    "trash": "acts.of_company",
    "settings": "company_settings.show",
    "automation": "addresses.show",
}


@blueprint.get("/companies")
@open_to("signed_in")
def index() -> ResponseReturnValue:
    q = searched(request.args.get("q", ""), LONGEST)
    archived = "archived" in request.args
    found = search(q, archived=archived)
    is_narrowed = bool(q) or archived
    if current_user.is_client and found.total == 1 and not is_narrowed:
        slug = found.companies[0].slug
        return redirect(url_for("library.root", slug=slug))
    part = "companies/_list.html" if htmx.is_fragment() else "companies/index.html"
    return render_template(
        part, found=found, q=q, archived=archived, nav_current="documents"
    )


@blueprint.get("/companies/find")
@open_to("firm")
def find() -> ResponseReturnValue:
    """What the switcher of the top bar shows; the page of all without script."""
    q = searched(request.args.get("q", ""), LONGEST)
    if not htmx.is_fragment():
        return redirect(url_for("companies.index", q=q or None))
    return render_template(
        "companies/_switcher.html",
        found=search(q, most=A_FEW),
        q=q,
        here=request.args.get("here", ""),
        endpoint=_same_section(),
    )


def _same_section() -> str:
    """Where what the person looks at is in another company."""
    path = htmx.page_seen().path.split("/")
    [section] = path[3:4] or [""]
    if section == "settings" and not current_user.is_firm_admin:
        section = ""
    return SECTIONS.get(section, "library.root")
