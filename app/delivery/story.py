"""The whole story of one delivery, as a person of the firm may read it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.activity.models import Entry
from app.db import db
from app.delivery.actions import Action
from app.delivery.badges import reason_text
from app.delivery.by_hand import may_release
from app.delivery.explaining import explained
from app.delivery.journal import Line, line_of
from app.delivery.models import BLOCKED, DONE, LEASED, Attempt, Delivery
from app.delivery.needing import is_one_followed
from app.delivery.ours import in_words
from app.delivery.proof import cancel_text
from app.delivery.repeats import ARRIVED
from app.delivery.sheet_words import phase_text
from app.delivery.told import Told, told_of
from app.delivery.unmarking import may_unmark
from app.library.models import Folder, Rendition, Version
from app.texts import gettext as _


@dataclass(frozen=True)
class Story:
    line: Line
    title: str
    text: str
    action: Action | None  # where it is done, when that is elsewhere
    reply: str
    attempts: list[tuple[Attempt, str]]  # and what was answered, in words
    told: list[Told]  # by the mail provider, since
    version: Version
    folder: Folder
    arrived_at: datetime
    # Its line in the firm's chain of the trail, once it is sealed.
    position: int | None
    # Its bytes in the place of the version's, when they were converted.
    rendition: Rendition | None
    may_resend: bool
    may_release: bool
    may_mark_received: bool
    may_unmark: bool
    may_cancel: bool


def story_of(delivery: Delivery) -> Story:
    attempts = db.session.scalars(
        select(Attempt)
        .where(Attempt.delivery_id == delivery.id)
        .order_by(Attempt.started_at, Attempt.id)
    ).all()
    version = db.session.get_one(Version, delivery.version_id)
    folder = db.session.get_one(Folder, delivery.document.folder_id)
    means = explained(delivery)
    return Story(
        line=line_of(delivery),
        title=title_of(delivery),
        text=means.text,
        action=_elsewhere(means.action),
        reply=in_words(delivery.last_text),
        attempts=[
            (one, in_words(one.text) or phase_text(one.phase)) for one in attempts
        ],
        told=told_of(delivery),
        version=version,
        folder=folder,
        arrived_at=delivery.document.arrived_at,
        position=_position(delivery),
        rendition=db.session.get(Rendition, delivery.rendition_id)
        if delivery.rendition_id
        else None,
        may_resend=may_resend(delivery),
        may_release=may_release(delivery, version)
        and delivery.company.archived_at is None,
        may_mark_received=may_mark_received(delivery),
        may_unmark=may_unmark(delivery),
        may_cancel=may_cancel(delivery),
    )


def _elsewhere(action: Action | None) -> Action | None:
    """The buttons are here, and the link to here leads nowhere else."""
    if action is None or action.method != "get" or action.endpoint == "journal.show":
        return None
    return action


def may_resend(delivery: Delivery) -> bool:
    """What is held leaves by itself once its reason is gone; what arrived before is
    there; of what was sent again, the newest is."""
    if delivery.reason == ARRIVED or delivery.document.is_kept_back:
        return False
    if delivery.company.archived_at is not None:
        return False
    has_ended = delivery.state in {"failed", "bounced", "unknown", "cancelled"}
    return has_ended and not is_one_followed(delivery)


def may_mark_received(delivery: Delivery) -> bool:
    return delivery.state in BLOCKED


def may_cancel(delivery: Delivery) -> bool:
    if delivery.state in (*DONE, *LEASED, "cancelled"):
        return False
    return not is_one_followed(delivery)


def _position(delivery: Delivery) -> int | None:
    entries = db.session.scalars(
        select(Entry)
        .where(Entry.document_id == delivery.document_id, Entry.verb == "transmitted")
        .order_by(Entry.id.desc())
    )
    mine = (e for e in entries if e.details.get("delivery") == str(delivery.id))
    entry = next(mine, None)
    return entry.position if entry else None


def title_of(delivery: Delivery) -> str:
    """What became of it, in a few words."""
    state = delivery.state
    if state == "held":
        return _("On hold: %(reason)s", reason=reason_text(delivery.reason))
    if state == "failed":
        return _("Not sent: %(why)s", why=reason_text(delivery.reason))
    return {
        "pending": _("Waits for the next run"),
        "deferred": _("Will be tried again"),
        "sending": _("Being sent"),
        "in_doubt": _("Sent, the answer is awaited"),
        "accepted": _("Handed to the mail server"),
        "delivered": _("The tool has it"),
        "bounced": _("Refused by the tool"),
        "unknown": _("Uncertain: it may have arrived"),
        "cancelled": _("Not sent: %(why)s", why=cancel_text(delivery.reason)),
    }[state]
