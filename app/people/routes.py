"""Signing in and out, and what a person prefers."""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from app import htmx
from app.db import db
from app.errors import PageOfAnother, is_page_of_another
from app.extensions import limiter
from app.formats import LOCALES
from app.people.passwords import normal_email
from app.people.signing_in import person_with, sign_in, sign_out
from app.policy import open_to
from app.texts import gettext as _

blueprint = Blueprint("people", __name__)

SCHEMES = ("light", "dark", "auto")
KEYS = ("on", "off")
A_YEAR = 365 * 24 * 3600


def account_and_address() -> str:
    return f"{get_remote_address()} {normal_email(request.form.get('email', ''))}"


@blueprint.get("/login")
@open_to("everyone")
def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("firms.home"))
    return render_template("people/login.html", email="", error=None)


@blueprint.post("/login")
@open_to("everyone")
@limiter.limit(
    "10 per 15 minutes",
    key_func=account_and_address,
    deduct_when=lambda response: response.status_code == 422,
)
def login_create() -> ResponseReturnValue:
    email = request.form.get("email", "")
    person = person_with(email, request.form.get("password", ""))
    if person is None:
        page = "people/_error.html" if htmx.is_fragment() else "people/login.html"
        error = _("Wrong address or password.")
        return render_template(page, email=email, error=error), 422
    sign_in(person, get_remote_address())
    db.session.commit()
    if htmx.is_fragment():  # the page stays, and goes on with a fresh token
        return "", 204, {"X-CSRF-Refresh": generate_csrf()}
    return redirect(_own_path(request.args.get("next")) or url_for("firms.home"), 303)


@blueprint.post("/logout")
@open_to("everyone")
def logout() -> ResponseReturnValue:
    sign_out()
    db.session.commit()
    answer: Response = redirect(url_for("people.login"), 303)  # type: ignore[assignment]
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.get("/session")
@open_to("signed_in")
def session_lasts() -> ResponseReturnValue:
    """Whether an act would be let in, and the token for it. Raises PageOfAnother."""
    if is_page_of_another():
        raise PageOfAnother
    return "", 204, {"X-CSRF-Refresh": generate_csrf(), "Cache-Control": "no-store"}


@blueprint.post("/preferences")
@open_to("everyone")
def preferences() -> ResponseReturnValue:
    """Colour scheme, language, and whether single letters do something (WCAG 2.1.4);
    kept in cookies so that sign-in has them too."""
    back = _own_path(htmx.split_url(request.referrer or "").path) or url_for(
        "firms.home"
    )
    answer: Response = redirect(back, 303)  # type: ignore[assignment]
    known = (("colour_scheme", SCHEMES), ("locale", LOCALES), ("keys", KEYS))
    for name, choices in known:
        if request.form.get(name) in choices:
            answer.set_cookie(
                name, request.form[name], max_age=A_YEAR, samesite="Lax", httponly=True
            )
    return answer


def _own_path(path: str | None) -> str | None:
    """The path when it leads nowhere but here, else None."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")):
        return None
    return None if any(ord(c) < 32 or c == "\\" for c in path) else path
