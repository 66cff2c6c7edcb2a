"""Whose mail it is: that of the bot with this address, or of the bot that sent the
delivery whose return address it is (VERP)."""

from dataclasses import dataclass

from sqlalchemy import func, select

from app.connectors import bots
from app.connectors.models import Bot, Connection
from app.db import db
from app.delivery.envelope import returned_to
from app.delivery.models import Delivery


@dataclass(frozen=True)
class Addressee:
    bot: Bot
    # The return address that it came to, whose signature is good; else nothing.
    returned_to: str = ""


def addressee(address: str) -> Addressee | None:
    """None for an address that is nobody's, forged or unknown."""
    address = address.strip()
    if bot := bots.at(address):
        return Addressee(bot)
    delivery_id = returned_to(address)
    if delivery_id is None:
        return None
    sender = db.session.scalar(
        select(func.coalesce(Delivery.sender, Connection.bot_address))
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(Delivery.id == delivery_id)
        .execution_options(across_firms=True)
    )
    bot = bots.at(sender) if sender else None
    return Addressee(bot, address) if bot else None
