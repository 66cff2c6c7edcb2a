"""The list of companies."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.companies.models import Company
from app.db import db
from app.policy import open_to

blueprint = Blueprint("companies", __name__)


@blueprint.get("/companies")
@open_to("signed_in")
def index() -> ResponseReturnValue:
    companies = db.session.scalars(
        Company.visible_to(current_user).order_by(Company.name)
    ).all()
    if current_user.is_client and len(companies) == 1:
        return redirect(url_for("library.root", slug=companies[0].slug))
    return render_template("companies/index.html", companies=companies)
