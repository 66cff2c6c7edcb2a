"""The brand's stylesheet and the first page."""

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app import htmx
from app.companies.models import Company
from app.db import db, utc_now
from app.delivery import outages
from app.filters.keeping import filters_of
from app.firms import desk as desks, home as homes
from app.firms.brand import Brand
from app.firms.models import Firm
from app.firms.theme import PLATFORM, fingerprint, theme_css
from app.operator.console import firm_lines
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("firms", __name__)

FOREVER = "public, max-age=31536000, immutable"


def _brand() -> Brand:
    brand: Brand = g.firm.brand if g.get("firm") else PLATFORM
    return brand


@blueprint.get("/theme.css")
@open_to("everyone")
def theme() -> ResponseReturnValue:
    brand = _brand()
    answer = Response(theme_css(brand), content_type="text/css; charset=utf-8")
    is_named = request.args.get("v") == fingerprint(brand)
    answer.headers["Cache-Control"] = FOREVER if is_named else "no-cache"
    return answer


@blueprint.get("/")
@open_to("everyone")
def home() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return redirect(url_for("people.login"))
    if current_user.is_operator:
        return render_template("operator/index.html", firms=firm_lines())
    if current_user.is_firm_side:
        shown = desks.desk(desks.wanted_from(request.args))
        if htmx.is_fragment():
            return render_template("firms/_lines.html", desk=shown)
        return render_template(
            "firms/dashboard.html",
            desk=shown,
            today=utc_now(),
            filters=filters_of(current_user, "desk"),
            outage=outages.current(),
            nav_current="home",
        )
    every = db.session.scalars(
        Company.visible_to(current_user).order_by(Company.name)
    ).all()
    companies = [c for c in every if not c.archived_at] or every
    chosen = next((c for c in every if c.slug == request.args.get("company")), None)
    chosen = chosen or (companies[0] if companies else None)
    return render_template(
        "firms/client_home.html",
        home=homes.client_home(chosen.slug) if chosen else None,
        companies=companies,
        nav_current="home",
    )


class FirmName:
    """The firm as templates know it."""

    def __init__(self, firm: Firm | None) -> None:
        self.slug = firm.slug if firm else ""
        self.name = firm.name if firm else _("Console")
        self.tagline = firm.tagline if firm else ""
        self.topbar = firm.topbar if firm else PLATFORM.topbar
        self.initials = self.name[:1].upper()


@blueprint.app_context_processor
def surroundings() -> dict[str, Any]:
    """What every page needs of the firm and the person."""
    brand = _brand()
    scheme = request.cookies.get("colour_scheme", "auto")
    return {
        "firm": FirmName(g.get("firm")),
        "person": current_user._get_current_object(),  # asked hundreds of times
        "person_role": _role(),
        "icon_url": lambda side: url_for(
            "install.icon", side=side, v=fingerprint(brand)
        ),
        "theme_url": url_for("firms.theme", v=fingerprint(brand)),
        "colour_scheme": scheme if scheme in {"light", "dark"} else "auto",
        "keys": "off" if request.cookies.get("keys") == "off" else "on",
        "documents_url": url_for("companies.index"),
    }


def _role() -> str:
    return {
        "firm_admin": _("Administrator of the firm"),
        "staff": _("Staff"),
        "client": _("Client"),
        "operator": _("Operator"),
    }.get(getattr(current_user, "role", ""), "")
