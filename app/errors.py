"""What may go wrong, and how it is told: a page, or a message in the open page.

Acts raise a `DomainError` with a sentence for the person; here it becomes an answer.
"""

import secrets

from flask import (
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from markupsafe import escape
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from app import htmx
from app.db import db
from app.multipart import drain
from app.texts import gettext as _

# For a body that is read as a stream and counted on the way (None means the default).
UNLIMITED = 2**60
# Whose page it is that asks, by their id; its scripts say so.
PAGE_OF = "X-Page-Of"
# What an error says besides its words (RFC 9110: 405, 416, 429).
TOLD_IN_HEADERS = ("Allow", "Content-Range", "Retry-After")


class DomainError(Exception):
    """A rule of the product says no; the message is for the person."""

    status = 422

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(DomainError):
    """What was given cannot be taken; `field` says where to show it."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DoneAlready(Refused):
    """What was asked for is so already, by a second click or by somebody else: a route
    may tell that where the person is, as it tells of the act."""


class PageOfAnother(DomainError):
    """Somebody else has signed in since the page was opened that asks."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else has signed in in this browser since this page was "
                "opened. Nothing was done: reload the page."
            )
        )


class SessionExpired(Exception):
    """Nobody is signed in where somebody must be."""


def init_app(app: Flask) -> None:
    app.register_error_handler(SessionExpired, answer_signed_out)
    app.register_error_handler(CSRFError, answer_stale_token)
    app.register_error_handler(DomainError, answer_refusal)
    app.register_error_handler(DataError, answer_unreadable)
    app.register_error_handler(HTTPException, answer_http_error)
    app.register_error_handler(Exception, answer_surprise)
    app.after_request(read_what_was_refused)


def answer_signed_out(_error: SessionExpired) -> ResponseReturnValue:
    """To the sign-in page and back; a fragment is never a sign-in form."""
    if not request.htmx:  # type: ignore[attr-defined]
        where = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("people.login", next=where), 303)
    seen = htmx.page_seen()
    back = seen.path + (f"?{seen.query}" if seen.query else "")
    answer = _message(
        401, _("Your session has expired. Sign in again to continue."), "bad"
    )
    answer.headers["HX-Redirect"] = url_for("people.login", next=back or None)
    return answer


def answer_stale_token(_error: CSRFError) -> ResponseReturnValue:
    """A page open since morning: its script takes the new token and tries again; not
    that of another than who has signed in since, in whose name it would be done."""
    if is_page_of_another():
        return answer_refusal(PageOfAnother())
    text = _("This page had been open too long. Nothing is lost: please try again.")
    answer = _answer(400, _("Please try again"), text)
    answer.headers["X-CSRF-Refresh"] = generate_csrf()
    return answer


def is_page_of_another() -> bool:
    whose = request.headers.get(PAGE_OF, "")
    return bool(
        whose and current_user.is_authenticated and whose != str(current_user.id)
    )


def answer_refusal(error: DomainError) -> ResponseReturnValue:
    db.session.rollback()
    return _answer(error.status, _("This could not be done"), error.message)


def answer_unreadable(error: DataError) -> ResponseReturnValue:
    """A character or a number that no column takes, in an address or in a form."""
    db.session.rollback()
    current_app.logger.info("refused what was typed: %s", error.orig)
    return answer_refusal(
        Refused(_("What was typed holds a character or a number that cannot be kept."))
    )


def answer_http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error
    db.session.rollback()
    title, text = _words(code)
    answer = _answer(code, title, text, message=_whole(title, text))
    for name, value in error.get_headers(request.environ):
        if name in TOLD_IN_HEADERS:
            answer.headers[name] = value
    return answer


def answer_surprise(error: Exception) -> ResponseReturnValue:
    """A fault of ours: logged whole under a reference, told without details."""
    db.session.rollback()
    reference = secrets.token_hex(3).upper()
    current_app.logger.exception("fault %s", reference, exc_info=error)
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    title, text = _words(500)
    told = f"{_whole(title, text)} {_('Reference %(reference)s', reference=reference)}"
    try:
        if request.htmx:  # type: ignore[attr-defined]
            return _message(500, told, "bad")
        return _page(500, title, text, reference=reference), 500
    except Exception:
        # What a page needs (the database, say) is what is missing.
        current_app.logger.exception("fault %s has no page either", reference)
        return f"<!doctype html><title>{escape(title)}</title><p>{escape(told)}", 500


def read_what_was_refused(response: Response) -> Response:
    """Take in the rest of a refused upload, or the browser only sees a cut line."""
    if response.status_code >= 400 and request.content_length:
        request.max_content_length = UNLIMITED
        drain(request.stream, 4 * current_app.config["MAX_UPLOAD_MB"] * 1_000_000)
    return response


def _words(code: int) -> tuple[str, str]:
    known = {
        403: (
            _("This is not open to you"),
            _("Ask an administrator of the firm if you need it."),
        ),
        404: _gone(),
        405: (_("This cannot be done here"), _("Go back and try again.")),
        413: (_("Too large"), _("What was sent is larger than what is accepted.")),
        429: (_("Too many attempts"), _("Try again in 15 minutes.")),
    }
    ours = (
        _("A problem on our side"),
        _("Nothing is lost: your deposited documents are safe.")
        if request.method == "GET"
        else _(
            "What you just sent may not have been recorded: "
            "look, then try again. What was recorded before is safe."
        ),
    )
    return known.get(
        code, ours if code >= 500 else (_("Please try again"), _("Please try again"))
    )


def _gone() -> tuple[str, str]:
    """By what was asked for or done; what is not open to a person is gone too. An
    address that does not exist for them says nothing of what it would be about."""
    titles = {
        "document_id": _("This document is no longer here"),
        "folder_id": _("This folder is no longer here"),
    }
    asked = {} if g.get("is_hidden") else request.view_args or {}
    title = next((titles[one] for one in titles if one in asked), "")
    if not title:
        return _("This page cannot be found"), _(
            "The address may be mistyped, or what it shows is not open to you."
        )
    return title, _(
        "It was moved or put in the trash, or it is not open to you. "
        "Look for it by its name."
    )


def _page(code: int, title: str, text: str, reference: str | None = None) -> str:
    if getattr(g, "is_unknown_host", False):
        return str(escape(_("There is no portal at this address.")))
    return render_template(
        "errors/error.html",
        code=code,
        title=title,
        text=text,
        reference=reference,
        again_url=request.full_path.rstrip("?") if request.method == "GET" else None,
    )


def _whole(title: str, text: str) -> str:
    """Where there is no room for a title."""
    return text if text == title else f"{title}. {text}"


def _answer(code: int, title: str, text: str, message: str = "") -> Response:
    """A message for who asks by script, else a page."""
    if request.htmx:  # type: ignore[attr-defined]
        return _message(code, message or text, "bad")
    return make_response(_page(code, title, text), code)


def _message(code: int, text: str, tone: str) -> Response:
    answer = make_response(
        render_template("errors/_message.html", text=text, tone=tone), code
    )
    answer.headers["HX-Retarget"] = "#messages"
    answer.headers["HX-Reswap"] = "beforeend"
    return answer
