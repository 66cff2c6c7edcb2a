"""How much is taken at once: whoever sends more is asked to come again later, and
keeps the message meanwhile."""

from datetime import timedelta
from ipaddress import ip_address

from sqlalchemy import ColumnElement, func, select

from app.collection.models import InboundMail
from app.db import database_now, db

AN_HOUR = timedelta(hours=1)
# Mails in an hour to addresses that are nobody's, from one client and to one domain:
# whoever tries out names fills nobody's disk.
STRAYS_OF_CLIENT = 30
STRAYS_OF_DOMAIN = 300
# Bytes that wait for one address to be read. Read ones do not count.
MOST_WAITING = 2_000_000_000


class NotNow(Exception):
    """More than is taken at once; nothing of it was kept."""


class Full(NotNow):
    """Too much of one address waits to be read; it will be taken soon."""


def check(recipient: str, *, is_stray: bool, client_ip: str = "") -> None:
    """Raises NotNow. A client of our own network stands for all who write to us."""
    if is_stray:
        domain = recipient.rpartition("@")[2].lower()
        at_domain = InboundMail.recipient.endswith(f"@{domain}", autoescape=True)
        _count(at_domain, STRAYS_OF_DOMAIN, domain)
        if _is_of_the_world(client_ip):
            _count(InboundMail.client_ip == client_ip, STRAYS_OF_CLIENT, client_ip)
    waiting = db.session.scalar(
        select(func.sum(InboundMail.size))
        .where(
            InboundMail.recipient == recipient.lower(), InboundMail.state == "waiting"
        )
        .execution_options(across_firms=True)
    )
    if waiting and waiting > MOST_WAITING:
        raise Full(f"{waiting} bytes wait for {recipient}")


def _is_of_the_world(client_ip: str) -> bool:
    try:
        return ip_address(client_ip).is_global
    except ValueError:
        return False


def _count(whose: ColumnElement[bool], most: int, name: str) -> None:
    count = db.session.scalar(
        select(func.count())
        .select_from(InboundMail)
        .where(
            InboundMail.company_id.is_(None),
            InboundMail.received_at > database_now() - AN_HOUR,
            whose,
        )
        .execution_options(across_firms=True)
    )
    if count and count >= most:
        raise NotNow(f"{count} strays in an hour of {name}")
