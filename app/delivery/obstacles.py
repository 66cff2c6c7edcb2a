"""What keeps back one that waits, besides the clock; it leaves by itself afterwards."""

from collections.abc import Callable

from flask_babel import to_user_timezone

from app.companies.models import Company
from app.connectors import catalogue
from app.db import db, utc_now
from app.delivery import ceilings, outages, troubles
from app.delivery.models import Delivery
from app.firms.models import Firm
from app.formats import clock, fulltime, short
from app.texts import gettext as _


def obstacle(delivery: Delivery) -> str | None:
    """In a sentence, the one that lasts longest first; None when it is only its turn
    that it waits for."""
    known: tuple[Callable[[Delivery], str | None], ...]
    known = (_suspended, _archived, _outage, _ceiling, _trouble)
    return next((text for ask in known if (text := ask(delivery))), None)


def _suspended(delivery: Delivery) -> str | None:
    firm = db.session.get_one(Firm, delivery.firm_id)
    return _("The firm is suspended: nothing leaves.") if firm.suspended_at else None


def _archived(delivery: Delivery) -> str | None:
    return archived(delivery.company)


def archived(company: Company) -> str | None:
    if company.archived_at is None:
        return None
    return _("%(company)s is archived: nothing leaves.", company=company.name)


def _outage(_delivery: Delivery) -> str | None:
    """Whatever the fault is, a firm can only wait."""
    outage = outages.current()
    if outage is None:
        return None
    return _(
        "The mail server has not answered since %(time)s; nothing is lost, sending "
        "goes on by itself.",
        time=short(outage.began_at),
    )


def _ceiling(delivery: Delivery) -> str | None:
    free_at = ceilings.reached(delivery)
    app = catalogue.find(delivery.connection.app_key)
    if free_at is None or app is None:
        return None
    days = to_user_timezone(free_at).date() - to_user_timezone(utc_now()).date()
    facts = {"limit": app.daily_ceiling, "time": clock(free_at)}
    if days.days > 1:
        return _(
            "Ceiling of %(limit)s sendings a day reached: will leave on %(time)s, or "
            "later.",
            **facts | {"time": fulltime(free_at)},
        )
    if days.days < 1:
        return _(
            "Ceiling of %(limit)s sendings a day reached: will leave from %(time)s on.",
            **facts,
        )
    return _(
        "Ceiling of %(limit)s sendings a day reached: will leave tomorrow from "
        "%(time)s on.",
        **facts,
    )


def _trouble(delivery: Delivery) -> str | None:
    goes_to = delivery.connection.destination_for(delivery.slot)
    trouble = troubles.waiting_for(goes_to.address) if goes_to else None
    return troubles.told(trouble) if trouble else None
