"""What the firm is told of a test e-mail, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.connectors.catalogue import PartnerApp, Slot
from app.connectors.models import Connection, TestMail
from app.db import utc_now
from app.delivery import test_mails
from app.delivery.clock import next_slot
from app.formats import clock, moment
from app.texts import gettext as _

# A worker that is well takes it sooner.
LATE_AFTER = timedelta(seconds=20)
RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    text: str
    tone: str  # info, ok, warn or bad
    icon: str
    is_open: bool = False  # more is to come: the page looks again


@dataclass(frozen=True)
class Item:
    """One address of the company, and its last test."""

    slot: Slot
    address: str
    told: Told | None
    tested: str  # the address of the last test, where it is another one


def items(app: PartnerApp, connection: Connection | None) -> Iterator[Item]:
    """Those to which a test may leave."""
    if connection is None or not connection.is_authorised:
        return
    for slot in app.slots:
        destination = connection.destination_for(slot.key)
        if destination is not None:
            mail = test_mails.last(connection, slot.key)
            address = destination.address
            tested = mail.destination if mail and mail.destination != address else ""
            yield Item(slot, address, told(mail, app) if mail else None, tested)


def told(mail: TestMail, app: PartnerApp) -> Told:
    if mail.state == "asked":
        return _waiting(mail)
    if mail.state == "sending":
        return Told(_("The test e-mail is leaving…"), "info", "loader-2", is_open=True)
    time = _when(mail.settled_at or mail.asked_at)
    if mail.state == "accepted":
        text = _(
            "Test e-mail handed to the sending server %(time)s. Check that it shows "
            "at %(app)s.",
            time=time,
            app=app.short_name,
        )
        return Told(text, "ok", "circle-check")
    if mail.state == "delivered":
        text = _(
            "Test e-mail received by the server of %(app)s %(time)s.",
            time=time,
            app=app.short_name,
        )
        return Told(text, "ok", "circle-check")
    if mail.state == "unanswered":
        text = _(
            "The line was cut when the test e-mail left (%(time)s): look at %(app)s "
            "whether it arrived. It is not sent again by itself.",
            time=time,
            app=app.short_name,
        )
        return Told(text, "warn", "help-circle")
    return _refused(mail, time)


def _waiting(mail: TestMail) -> Told:
    is_late = mail.asked_at < utc_now() - LATE_AFTER
    if not is_late and not mail.text:
        return Told(_("The test e-mail is leaving…"), "info", "loader-2", is_open=True)
    text = _(
        "The test e-mail could not leave at once: it will with the run of %(time)s.",
        time=clock(next_slot(utc_now())),
    )
    if mail.text:
        text += " " + _("Answer: %(text)s", text=_answer(mail))
    return Told(text, "warn", "clock", is_open=True)


def _refused(mail: TestMail, time: str) -> Told:
    known = {
        test_mails.REVOKED: _("The access was revoked before the test e-mail left."),
        test_mails.MOVED: _("The address changed before the test e-mail left."),
    }
    text = known.get(mail.text) or _(
        "Test e-mail refused %(time)s: %(text)s", time=time, text=_answer(mail)
    )
    return Told(text, "bad", "circle-x")


def _when(at: datetime) -> str:
    """«à 09:54» when it was a moment ago, else with its day."""
    if utc_now() - at < RECENT:
        return _("at %(time)s", time=clock(at))
    return moment(at)


def _answer(mail: TestMail) -> str:
    return f"{mail.code} {mail.text}" if mail.code else mail.text
