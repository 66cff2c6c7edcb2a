"""What every answer carries: caching that keeps secrets, and the security headers."""

from urllib.parse import SplitResult, urlsplit

from flask import Flask, Response, current_app, request

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    app.after_request(set_headers)


def is_fragment() -> bool:
    """htmx asks for a part; restoring its history wants the whole page."""
    return (
        "HX-Request" in request.headers
        and "HX-History-Restore-Request" not in request.headers
        and "HX-Boosted" not in request.headers
    )


def page_seen() -> SplitResult:
    """The page that asks for a fragment, as it says itself."""
    return split_url(request.headers.get("HX-Current-URL", ""))


def split_url(given: str) -> SplitResult:
    """What no address looks like has no part at all."""
    try:
        return urlsplit(given)
    except ValueError:
        return urlsplit("")


def set_headers(response: Response) -> Response:
    headers = response.headers
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
        response.vary.update(["Cookie", "HX-Request"])
    headers.setdefault("Content-Security-Policy", CSP)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "geolocation=(), microphone=()")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        headers.setdefault("Strict-Transport-Security", "max-age=63072000")
    return response
