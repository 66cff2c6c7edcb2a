"""What a person does to lines of the journal, and what is said of it."""

from collections.abc import Callable

from flask_login import current_user

from app.delivery import by_hand
from app.delivery.models import Delivery
from app.texts import gettext as _, ngettext


def _resend(delivery: Delivery) -> bool:
    return by_hand.resend(delivery, by=current_user) is not None


def _release(delivery: Delivery) -> bool:
    return by_hand.release(delivery, by=current_user)


def _mark_received(delivery: Delivery) -> bool:
    return by_hand.mark_received(delivery, by=current_user)


def _call_off(delivery: Delivery) -> bool:
    return by_hand.call_off(delivery, by=current_user)


ACTS: dict[str, Callable[[Delivery], bool]] = {
    "resend": _resend,
    "release": _release,
    "received": _mark_received,
    "cancel": _call_off,
}


def said(act_name: str, done: int, asked: int) -> tuple[str, str]:
    if not asked:
        return _("Tick at least one line."), "info"
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
    else:
        text = ngettext(
            "%(num)d document will not leave.",
            "%(num)d documents will not leave.",
            done,
        )
    if done < asked:
        text += " " + ngettext(
            "%(num)d was left as it is: its state does not allow it.",
            "%(num)d were left as they are: their state does not allow it.",
            asked - done,
        )
    return text, "ok" if done else "info"
