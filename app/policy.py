"""Who may call which address. Every endpoint says so; what says nothing is refused.

`@open_to("everyone" | "signed_in" | "clients" | "firm" | "firm_admins" | "operator" |
"machines")`
A client that asks for a firm's page gets 404: it is not to know that it exists.
"""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, abort, current_app, g, request
from flask.globals import request_ctx
from flask_login import current_user
from werkzeug.exceptions import MethodNotAllowed

from app.errors import SessionExpired
from app.extensions import csrf

View = TypeVar("View", bound=Callable[..., object])

AUDIENCES = (
    *("everyone", "signed_in", "clients", "firm", "firm_admins", "operator"),
    "machines",
)


def open_to(audience: str) -> Callable[[View], View]:
    """Declare who may call the view."""
    if audience not in AUDIENCES:
        raise ValueError(audience)

    def mark(view: View) -> View:
        view.audience = audience  # type: ignore[attr-defined]
        return view

    return mark


def reads_its_own_body(view: View) -> View:
    """The view streams its body, and checks the CSRF token found on the way."""
    view.reads_its_own_body = True  # type: ignore[attr-defined]
    return view


def only_reads(view: View) -> View:
    """The view changes nothing of a company, though it is asked for by POST."""
    view.only_reads = True  # type: ignore[attr-defined]
    return view


def only_reads_now() -> bool:
    """Whether what is asked for leaves everything as it is."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method in {"GET", "HEAD"} or getattr(view, "only_reads", False)


def audience_of(endpoint: str | None) -> str | None:
    if endpoint == "static":
        return "everyone"
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "audience", None)


def init_app(app: Flask) -> None:
    app.before_request(enforce)


def enforce() -> None:
    if request.endpoint is None:
        _hide_what_is_not_theirs()
        return  # no such address: the router answers 404 itself
    audience = audience_of(request.endpoint)
    if audience is None:
        abort(404)
    if audience == "machines":
        _only_on_the_platform()
        return  # no browser, no session: the view looks who signed
    if audience != "everyone":
        _let_in(audience)
    view = current_app.view_functions[request.endpoint]
    if not getattr(view, "reads_its_own_body", False):
        csrf.protect()


def _hide_what_is_not_theirs() -> None:
    """405 would tell of an address that does not exist for this person."""
    error = request.routing_exception
    router = request_ctx.url_adapter
    if not isinstance(error, MethodNotAllowed) or router is None:
        return
    endpoints = [router.match(method=m)[0] for m in error.valid_methods or ()]
    if all(audience_of(endpoint) == "machines" for endpoint in endpoints):
        _only_on_the_platform()
    if not current_user.is_authenticated:
        return
    if not any(_is_open(audience_of(endpoint)) for endpoint in endpoints):
        abort(404)


def _only_on_the_platform() -> None:
    """At a firm's portal there is no such address."""
    if g.firm is not None:
        abort(404)


def _let_in(audience: str) -> None:
    if (audience == "operator") != (g.firm is None):
        abort(404)
    if not current_user.is_authenticated:
        raise SessionExpired
    if not _is_open(audience):
        g.is_hidden = not current_user.is_firm_side
        abort(404 if g.is_hidden else 403)


def _is_open(audience: str | None) -> bool:
    """To the person who is signed in."""
    allowed = {
        None: False,
        "everyone": True,
        "signed_in": True,
        "clients": current_user.is_client,
        "firm": current_user.is_firm_side,
        "firm_admins": current_user.is_firm_admin,
        "operator": current_user.is_operator,
        "machines": False,
    }
    return bool(allowed[audience])
