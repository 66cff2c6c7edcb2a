"""What one delivery's state means, in a sentence, and the one action that changes it.

The only place where states are explained; `badges` and `proof` have their names.
"""

from dataclasses import dataclass

from sqlalchemy import select

from app.companies.models import Company
from app.connectors import apps
from app.db import db, utc_now
from app.delivery import actions
from app.delivery.actions import Action
from app.delivery.badges import hold_detail, reason_text
from app.delivery.clock import next_slot
from app.delivery.models import DONE, LEASED, WAITING, Delivery
from app.delivery.obstacles import archived, obstacle
from app.delivery.ours import in_words
from app.delivery.proof import cancel_text
from app.delivery.repeats import ARRIVED
from app.formats import filesize, fulltime, short
from app.library.models import Document, Rendition, Version
from app.texts import gettext as _

OF_THE_FILE = {"too_big", "bad_type", "empty", "damaged", "encrypted", "oversized"}


@dataclass(frozen=True)
class Explained:
    text: str
    action: Action | None = None


def explained(delivery: Delivery) -> Explained:
    means = _explained(delivery)
    if delivery.state in (*DONE, *LEASED):
        return means
    return where_it_is(delivery.company, means)


def where_it_is(company: Company, means: Explained) -> Explained:
    """In an archived company it says so first, and offers no act: none is taken."""
    is_archived = archived(company)
    if is_archived is None:
        return means
    says_so = means.text.startswith(is_archived)
    text = means.text if says_so else f"{is_archived} {means.text}"
    only_looks = means.action and means.action.endpoint == "journal.show"
    return Explained(text, means.action if only_looks else None)


def _explained(delivery: Delivery) -> Explained:
    state = delivery.state
    if state in DONE:
        return Explained(_left(delivery))
    if state in LEASED:
        return Explained(_("Is being sent."))
    if state == "unknown" or _is_not_to_be_repeated(delivery):
        text = _(
            "Uncertain: the line was cut at the moment of sending. Check in the tool: "
            "sending it again may make a second copy."
        )
        return Explained(text, actions.look(delivery, _("Check, then decide")))
    if state in WAITING:
        return Explained(obstacle(delivery) or _will_leave(delivery))
    if state == "held":
        return Explained(_held(delivery), _of_held(delivery))
    if state == "cancelled":
        text = _("Will not leave: %(why)s.", why=cancel_text(delivery.reason))
        return Explained(text, _of_cancelled(delivery))
    return Explained(_refused(delivery), _of_refused(delivery))


def _is_not_to_be_repeated(delivery: Delivery) -> bool:
    """It waits, but the address has changed since a first copy may have left: the next
    run gives it to a person (`sending`)."""
    if delivery.state not in WAITING or not delivery.ambiguous:
        return False
    now = delivery.connection.destination_for(delivery.slot)
    return now is not None and now.address != delivery.destination


def _left(delivery: Delivery) -> str:
    if delivery.reason == "by_hand":
        at = delivery.settled_at or delivery.created_at
        return _("Marked as received on %(time)s.", time=fulltime(at))
    at = delivery.accepted_at or delivery.settled_at or delivery.created_at
    return _(
        "Sent to %(address)s on %(time)s.",
        address=delivery.destination or "–",
        time=fulltime(at),
    )


def _will_leave(delivery: Delivery) -> str:
    at = short(next_slot(max(utc_now(), delivery.not_before)))
    if delivery.state == "pending":
        return _("Will leave at %(time)s.", time=at)
    said = in_words(delivery.last_text) or _("unknown reason")
    return _("Will be tried again at %(time)s: %(why)s", time=at, why=said)


def _held(delivery: Delivery) -> str:
    if delivery.reason == "too_big":
        return _too_big(delivery)
    if delivery.reason == "duplicate_review" and (first := _twin_of(delivery)):
        return _(
            "Same content as “%(name)s”, deposited on %(time)s: a person decides.",
            name=first.name,
            time=fulltime(first.arrived_at),
        )
    if delivery.reason == "refused":
        used = delivery.connection.destination_for(delivery.slot)
        said = (used.refusal if used else None) or in_words(delivery.last_text)
        if said:
            return _("The address is refused: %(text)s", text=said)
    known = {
        "no_connection": _("Paste the address in Applications: it leaves by itself."),
        "refused": _("Correct the address in Applications: it leaves by itself."),
        "revoked": _("Authorise the company again in Applications: it leaves then."),
        "address_changed": _("The address has changed since: say if it may leave."),
        "empty": _("The file is empty."),
    }.get(delivery.reason or "")
    reason = reason_text(delivery.reason)
    return known or hold_detail(delivery) or _("Waits: %(reason)s.", reason=reason)


def _too_big(delivery: Delivery) -> str:
    app, version = apps.find(delivery.connection.app_key), _leaving(delivery)
    limit = app.largest(version.content_type) if app else 0
    if app is None or version.size <= limit:
        said = in_words(delivery.last_text) or reason_text(delivery.reason)
        return _("The mail server takes no message of this size: %(text)s", text=said)
    return _(
        "%(size)s, the limit of %(app)s is %(limit)s.",
        size=filesize(version.size),
        app=app.name,
        limit=filesize(limit),
    )


def _leaving(delivery: Delivery) -> Version | Rendition:
    """The bytes that leave: the version's, or those that were made of it."""
    made = delivery.rendition_id and db.session.get(Rendition, delivery.rendition_id)
    return made or delivery.version


def _twin_of(delivery: Delivery) -> Document | None:
    """The oldest document of the company that has the same bytes."""
    return db.session.scalars(
        select(Document)
        .where(
            Document.company_id == delivery.company_id,
            Document.sha256 == delivery.document.sha256,
            Document.id != delivery.document_id,
            Document.trashed_at.is_(None),
        )
        .order_by(Document.arrived_at, Document.id)
        .limit(1)
    ).one_or_none()


def _refused(delivery: Delivery) -> str:
    if delivery.state == "failed" and delivery.reason == "too_big":
        return _too_big(delivery)
    if delivery.reason in {"expired", "damaged", "worker_lost"}:
        why = reason_text(delivery.reason)
        said = in_words(delivery.last_text)
        text = _("Failed: %(reason)s", reason=why)
        return f"{text}. {said}" if said else f"{text}."
    said = in_words(delivery.last_text) or reason_text(delivery.reason)
    return _("Refused: %(text)s", text=said)


def _of_held(delivery: Delivery) -> Action | None:
    if delivery.reason in {
        "too_big",
        "bad_type",
        "empty",
        "damaged",
        "encrypted",
        "oversized",
    }:
        return _another_file(delivery)
    if delivery.reason == "duplicate_review":
        return actions.release(delivery)
    label = {
        "refused": _("Correct the address"),
        "no_connection": _("Paste the address"),
        "revoked": _("Authorise again"),
        "address_changed": _("Say if it may leave"),
    }.get(delivery.reason or "")
    if label:
        return actions.open_panel(delivery.connection, label)
    return actions.look(delivery, _("See what to do"))


def _of_refused(delivery: Delivery) -> Action | None:
    if delivery.document.is_kept_back:
        return None
    is_another = delivery.version.number < delivery.document.version_number
    if delivery.reason in {"too_big", "damaged"} and not is_another:
        return _another_file(delivery)
    used = delivery.connection.destination_for(delivery.slot)
    if used is None or used.refused_at or not delivery.connection.is_authorised:
        return actions.open_panel(delivery.connection, _("Correct the address"))
    return actions.send_again(delivery)


def _of_cancelled(delivery: Delivery) -> Action | None:
    if delivery.reason == ARRIVED or delivery.document.is_kept_back:
        return None
    return _send(delivery, _("Send"))


def _send(delivery: Delivery, label: str) -> Action:
    connection = delivery.connection
    if not connection.is_authorised:
        return actions.open_panel(connection, _("Authorise again"))
    return actions.send(delivery.document, connection, delivery.slot, label)


def _another_file(delivery: Delivery) -> Action:
    labels = {
        "too_big": _("Deposit a smaller file, or in parts"),
        "bad_type": _("Deposit it in another format"),
        "encrypted": _("Deposit it without a password"),
    }
    return actions.open_folder(
        delivery.company.slug,
        delivery.document.folder_id,
        labels.get(delivery.reason or "", _("Deposit it again")),
    )
