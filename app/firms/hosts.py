"""Which firm answers on a host: `<slug>.<PLATFORM_DOMAIN>`, or a domain of its own."""

import time

from flask import current_app
from sqlalchemy import select

from app.db import db
from app.firms.models import Firm, FirmDomain

SECONDS_REMEMBERED = 5.0


def firm_at(host: str) -> Firm | None:
    """The firm on this host, or None; remembered for a few seconds per process."""
    known = _remembered()
    found_at, firm = known.get(host, (0.0, None))
    if firm is None or time.monotonic() - found_at > SECONDS_REMEMBERED:
        firm = _look_up(host)
        if firm is not None:
            db.session.expunge(firm)
            known[host] = (time.monotonic(), firm)
    return firm


def url_of(firm: Firm) -> str:
    """Where the firm's portal is, from its row and never from a request."""
    return _url(f"{firm.slug}.{current_app.config['PLATFORM_DOMAIN']}")


def console_url() -> str:
    """Where the operator's pages are."""
    return _url(current_app.config["PLATFORM_DOMAIN"])


def _url(host: str) -> str:
    scheme = "https" if current_app.config["SESSION_COOKIE_SECURE"] else "http"
    port = current_app.config["PUBLIC_PORT"]
    return f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"


def _remembered() -> dict[str, tuple[float, Firm]]:
    known: dict[str, tuple[float, Firm]] = current_app.extensions.setdefault(
        "guichet.hosts", {}
    )
    return known


def _look_up(host: str) -> Firm | None:
    suffix = "." + current_app.config["PLATFORM_DOMAIN"]
    if host.endswith(suffix):
        return db.session.scalar(
            select(Firm).where(Firm.slug == host.removesuffix(suffix))
        )
    return db.session.scalar(
        select(Firm)
        .join(FirmDomain, FirmDomain.firm_id == Firm.id)
        .where(FirmDomain.host == host)
    )
