"""What a document's state is called: the one place where the firm's words become
the client's.

A client is told Reçu, Validé or Refusé, and nothing that comes from a delivery.
"""

from dataclasses import dataclass, replace
from textwrap import shorten

from app.connectors import apps
from app.delivery.briefs import Brief, Told
from app.delivery.models import DONE, Delivery
from app.delivery.needing import newest
from app.delivery.ours import in_words
from app.formats import clock
from app.library.models import Document
from app.texts import gettext as _

LONGEST_ANSWER = 60  # letters of it in a badge


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


def firm_badge(document: Document, deliveries: list[Told]) -> Badge:
    """The most telling of the document's deliveries, else its own state."""
    ended = (*DONE, "cancelled")
    open_ones = [d for d in newest(deliveries) if d.state not in ended]
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


def delivery_badge(delivery: Delivery | Brief) -> Badge:
    """What one delivery is called by the firm."""
    state, text = delivery.state, in_words(delivery.last_text)
    if state == "deferred":
        label = _("New try at %(time)s", time=clock(delivery.not_before))
        return Badge(state, label, "info", "refresh", text)
    if state == "held":
        label = _("On hold: %(reason)s", reason=reason_text(delivery.reason))
        return Badge(state, label, "warn", "player-pause", hold_detail(delivery))
    # Of one that is held it is the address that is refused; here it is the message.
    if state == "failed" and delivery.reason != "refused":
        label = _("Failed: %(reason)s", reason=reason_text(delivery.reason))
        return Badge(state, label, "bad", "alert-triangle", text)
    return _plain_badges(text)[state]


def _plain_badges(text: str) -> dict[str, Badge]:
    doubt = _("The line was cut at the moment of sending: check in the tool.")
    sending = Badge("sending", _("Sending…"), "info", "loader-2")
    sent = Badge("accepted", _("Sent"), "ok", "circle-check")
    refused = Badge("bounced", _refused(text), "bad", "alert-triangle", text)
    received = Badge("delivered", _("Received by the tool"), "ok", "circle-check")
    return {
        "pending": Badge("pending", _("To be sent"), "info", "clock"),
        "sending": sending,
        "in_doubt": replace(sending, key="in_doubt"),
        "accepted": sent,
        "delivered": received,
        "cancelled": Badge("cancelled", _("Not sent"), "mute", "circle-x"),
        "unknown": Badge("unknown", _("To be checked"), "warn", "help-circle", doubt),
        "failed": replace(refused, key="failed"),
        "bounced": refused,
    }


def _refused(text: str) -> str:
    """With the beginning of what was answered; the whole of it is the detail."""
    if not text:
        return _("Refused by the tool")
    return _("Refused: %(text)s", text=shorten(text, LONGEST_ANSWER, placeholder="…"))


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
        "encrypted": _("protected by a password"),
        "oversized": _("too many pixels"),
        "duplicate_review": _("duplicate to be reviewed"),
        "empty": _("empty file"),
        "worker_lost": _("its sending was interrupted again and again"),
    }
    return known.get(reason or "", reason or _("unknown reason"))


def hold_detail(delivery: Delivery | Brief) -> str:
    """Why it is held and what to do, where that follows from the file."""
    app = apps.get(delivery.app_key)
    known = {
        "bad_type": _("%(app)s does not accept this format.", app=app.name),
        "too_big": _("Larger than what %(app)s accepts.", app=app.name),
        "damaged": _(
            "The file is damaged, or no page of it can be read: ask for it again."
        ),
        "encrypted": _("PDF protected by a password: ask for it without protection."),
        "oversized": _("The picture has too many pixels: ask for a smaller one."),
        "duplicate_review": _(
            "Same content as an earlier document: send it anyway, or call it off."
        ),
    }
    return known.get(delivery.reason or "") or in_words(delivery.last_text)
