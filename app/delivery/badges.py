"""What a document's state is called: the one place where the firm's words become
the client's.

A client is told Reçu, Validé or Refusé, and nothing that comes from a delivery.
"""

from dataclasses import dataclass, replace

from app.connectors import apps
from app.delivery.models import DONE, Delivery
from app.formats import clock
from app.library.models import Document
from app.texts import gettext as _


@dataclass(frozen=True)
class Badge:
    key: str
    label: str
    tone: str  # mute, info, ok, warn or bad
    icon: str
    detail: str = ""


def client_badge(document: Document) -> Badge:
    if document.status == "validated":
        return Badge("validated", _("Validated"), "ok", "circle-check")
    if document.status == "rejected":
        return Badge("rejected", _("Rejected"), "bad", "circle-x")
    return Badge("received", _("Received"), "mute", "inbox")


def firm_badge(document: Document, deliveries: list[Delivery]) -> Badge:
    """The most telling of the document's deliveries, else its own state."""
    open_ones = [d for d in deliveries if d.state not in (*DONE, "cancelled")]
    told = max(open_ones, key=lambda d: _URGENCY.index(d.state), default=None)
    if told is None or document.status == "rejected":
        return client_badge(document)
    return delivery_badge(told)


# The later in this list, the more it needs to be seen.
_URGENCY = (
    "pending",
    "sending",
    "in_doubt",
    "deferred",
    "held",
    "unknown",
    "failed",
    "bounced",
)


def delivery_badge(delivery: Delivery) -> Badge:
    """What one delivery is called by the firm."""
    state, text = delivery.state, delivery.last_text or ""
    if state == "deferred":
        label = _("New try at %(time)s", time=clock(delivery.not_before))
        return Badge(state, label, "info", "refresh", text)
    if state == "held":
        label = _("On hold: %(reason)s", reason=reason_text(delivery.reason))
        return Badge(state, label, "warn", "player-pause", hold_detail(delivery))
    if state == "failed":
        label = _("Failed: %(reason)s", reason=reason_text(delivery.reason))
        return Badge(state, label, "bad", "alert-triangle", text)
    return _plain_badges(text)[state]


def _plain_badges(text: str) -> dict[str, Badge]:
    doubt = _("The line was cut at the moment of sending: check in the tool.")
    sending = Badge("sending", _("Sending…"), "info", "loader-2")
    sent = Badge("accepted", _("Sent"), "ok", "circle-check")
    return {
        "pending": Badge("pending", _("To be sent"), "info", "clock"),
        "sending": sending,
        "in_doubt": replace(sending, key="in_doubt"),
        "accepted": sent,
        "delivered": replace(sent, key="delivered"),
        "cancelled": Badge("cancelled", _("Not sent"), "mute", "circle-x"),
        "unknown": Badge("unknown", _("To be checked"), "warn", "help-circle", doubt),
        "bounced": Badge(
            "bounced", _("Refused by the tool"), "bad", "alert-triangle", text
        ),
    }


def reason_text(reason: str | None) -> str:
    known = {
        "too_big": _("too large"),
        "bad_type": _("format"),
        "refused": _("address"),
        "no_connection": _("no address"),
        "address_changed": _("the address has changed"),
        "revoked": _("connection revoked"),
        "expired": _("too many attempts"),
        "damaged": _("damaged file"),
        "empty": _("empty file"),
        "worker_lost": _("its sending was interrupted again and again"),
    }
    return known.get(reason or "", reason or _("unknown reason"))


def hold_detail(delivery: Delivery) -> str:
    app = apps.get(delivery.connection.app_key)
    if delivery.reason == "bad_type":
        return _("%(app)s does not accept this format.", app=app.name)
    if delivery.reason == "too_big":
        return _("Larger than what %(app)s accepts.", app=app.name)
    return delivery.last_text or ""
