"""What a person does to lines of the journal, and what is said of it."""

from collections.abc import Callable, Sequence

from flask_login import current_user

from app.delivery import by_hand, unmarking
from app.delivery.models import Delivery
from app.texts import gettext as _, ngettext

State = str | None  # that it came to; None when its own forbids the act


def _resend(delivery: Delivery) -> State:
    made = by_hand.resend(delivery, by=current_user)
    return made.state if made else None


def _release(delivery: Delivery) -> State:
    return by_hand.release(delivery, by=current_user)


def _mark_received(delivery: Delivery) -> State:
    return "delivered" if by_hand.mark_received(delivery, by=current_user) else None


def _unmark_received(delivery: Delivery) -> State:
    return unmarking.unmark_received(delivery, by=current_user)


def _call_off(delivery: Delivery) -> State:
    return "cancelled" if by_hand.call_off(delivery, by=current_user) else None


ACTS: dict[str, Callable[[Delivery], State]] = {
    "resend": _resend,
    "release": _release,
    "received": _mark_received,
    "not_received": _unmark_received,
    "cancel": _call_off,
}


def said(act_name: str, states: Sequence[State]) -> tuple[str, str]:
    """`states` are those that the lines came to."""
    if not states:
        return _("Tick at least one line."), "info"
    # Of a mark that is taken back it says nothing: it may have been held before.
    held = states.count("held") if act_name != "not_received" else 0
    unchanged = states.count(None)
    done = len(states) - held - unchanged
    if act_name in {"resend", "release"}:
        text = ngettext(
            "%(num)d document will leave with the next run.",
            "%(num)d documents will leave with the next run.",
            done,
        )
    elif act_name == "received":
        text = ngettext(
            "%(num)d document marked as received.",
            "%(num)d documents marked as received.",
            done,
        )
    elif act_name == "not_received":
        text = ngettext(
            "%(num)d document is no longer marked as received.",
            "%(num)d documents are no longer marked as received.",
            done,
        )
    else:
        text = ngettext(
            "%(num)d document will not leave.",
            "%(num)d documents will not leave.",
            done,
        )
    if held:
        text += " " + ngettext(
            "%(num)d stays on hold: its line says why.",
            "%(num)d stay on hold: their lines say why.",
            held,
        )
    if unchanged:
        text += " " + ngettext(
            "%(num)d was left as it is: its state does not allow it.",
            "%(num)d were left as they are: their state does not allow it.",
            unchanged,
        )
    return text, "ok" if done else "info"
