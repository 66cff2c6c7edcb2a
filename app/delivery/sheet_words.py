"""The words of a proof sheet. None says more than what is recorded: «handed to the mail
server» is not «read by the tool»."""

from app.activity.reading import act_text
from app.delivery.badges import reason_text
from app.delivery.models import BLOCKED, DONE, LEASED, WAITING, Delivery
from app.delivery.proof import cancel_text
from app.formats import fulltime
from app.texts import gettext as _, ngettext


def title() -> str:
    return _("Proof of deposit and of transmission")


def summary(ends: list[tuple[str, str | None]], *, has_bounced: bool = False) -> str:
    """In a sentence: what can be said of the whole document. `ends` are the states of
    its deliveries, and their reasons; `has_bounced`: one of them came back."""
    if not ends:
        return _("Deposited; nothing was to leave, and nothing left.")
    states = [state for state, _reason in ends]
    handed = sum(state in DONE and why != "by_hand" for state, why in ends)
    if handed:
        return ngettext(
            "Deposited, and handed over once.",
            "Deposited, and handed over %(num)d times.",
            handed,
        )
    if any(state in DONE for state in states):
        return _("Deposited; a person marked it as received by the tool.")
    if any(state in (*WAITING, *LEASED) for state in states):
        return _("Deposited; its sending is not finished.")
    if has_bounced:
        return _("Deposited; it was handed over, and came back refused.")
    if any(state in BLOCKED for state in states):
        return _("Deposited; nothing proves that it was handed over.")
    return _("Deposited; its sending was called off.")


def statement(
    delivery: Delivery, *, marked_by: str | None = None, has_bounced: bool = False
) -> str:
    """What is proved of one delivery, and what is not; `has_bounced`: it came back,
    whatever a person did about that."""
    state = delivery.state
    at = fulltime(delivery.accepted_at or delivery.settled_at or delivery.created_at)
    if state in DONE and delivery.reason == "by_hand":
        who = marked_by or _("a person")
        return _("Marked as received by %(name)s, who saw it in the tool.", name=who)
    if state == "accepted":
        return _(
            "Handed to the mail server on %(time)s. Nothing recorded says what the "
            "recipient did with it.",
            time=at,
        )
    if state == "delivered":
        return _(
            "Handed to the mail server on %(time)s; the provider tells that the "
            "recipient's server took it.",
            time=at,
        )
    if has_bounced or state == "bounced":
        return _("It was handed to the mail server, and came back refused.")
    if state == "unknown" or delivery.ambiguous:
        return _(
            "The line was cut while it was handed over: it may have arrived or not."
        )
    return _not_handed_over(delivery)


def _not_handed_over(delivery: Delivery) -> str:
    state = delivery.state
    if state == "failed":
        why = reason_text(delivery.reason)
        return _("Not handed over: %(why)s.", why=why)
    if state == "held":
        why = reason_text(delivery.reason)
        return _("Kept back, not handed over: %(why)s.", why=why)
    if state == "cancelled":
        why = cancel_text(delivery.reason)
        return _("Called off, not handed over: %(why)s.", why=why)
    return _("Not handed over yet.")


def phase_text(phase: str) -> str:
    return {
        "connect": _("before the message"),
        "mail": _("at the sender"),
        "rcpt": _("at the address"),
        "data": _("at the opening of the message"),
        "body": _("during the message"),
        "dot": _("at the end of the message"),
        "done": _("taken by the mail server"),
    }.get(phase, phase)


def verb_text(verb: str) -> str:
    """A line of the trail; the verb itself for one that has no words here."""
    return (
        {
            "deposited": _("Deposited"),
            "transmitted": _("Handed to the mail server"),
            "transmit_asked": _("Sending asked for by hand"),
            "validated": _("Validated"),
            "refused": _("Refused by the firm"),
            "validation_taken_back": _("The validation was taken back"),
            "bounced": _("Came back refused"),
            "marked_received": _("Marked as received"),
            "mark_taken_back": _("The mark “received” was taken back"),
            "delivery_held": _("Kept back"),
            "delivery_failed": _("Not handed over"),
            "delivery_unknown": _("Uncertain"),
            "delivery_cancelled": _("Called off"),
        }.get(verb)
        or act_text(verb)
        or verb
    )


def notes() -> list[str]:
    """What the sheet is, and is not."""
    return [
        _(
            "This sheet is drawn from the firm's portal. It is not a qualified "
            "electronic time stamp (eIDAS): times are those of the portal's database."
        ),
        _(
            "Each line of the audit trail seals the one before it by SHA-256. Whoever "
            "keeps the head of the chain can check later that no line was changed."
        ),
    ]
