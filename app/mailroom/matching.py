"""Which connection, delivery or test a mail is about: only among what its bot sent.

A Message-ID proves nothing, since everybody who got a message knows its own: so it
leads to nothing of another firm, of another application or of another company.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from app.connectors.models import Bot, Connection, TestMail
from app.db import db
from app.delivery.models import Delivery

EVERYWHERE = {"across_firms": True}


@dataclass(frozen=True)
class Match:
    connection: Connection | None = None
    delivery: Delivery | None = None
    test_mail: TestMail | None = None

    @property
    def is_sure(self) -> bool:
        """It names a message of ours, not only the address that it came to."""
        return bool(self.delivery or self.test_mail)


def match(bot: Bot, message_ids: Sequence[str]) -> Match:
    """By the Message-IDs, nearest first; else by the company that the bot is of."""
    for message_id in message_ids:
        if found := _about(bot, message_id):
            return found
    return Match(connection=_of_company(bot))


def _about(bot: Bot, message_id: str) -> Match | None:
    delivery = db.session.scalar(
        select(Delivery)
        .join(Connection, Connection.id == Delivery.connection_id)
        .where(Delivery.message_id == message_id, *_within(bot))
        .execution_options(**EVERYWHERE)
    )
    if delivery:
        return Match(delivery.connection, delivery=delivery)
    test = db.session.execute(
        select(TestMail, Connection)
        .join(Connection, Connection.id == TestMail.connection_id)
        .where(TestMail.message_id == message_id, *_within(bot))
        .execution_options(**EVERYWHERE)
    ).one_or_none()
    return Match(test[1], test_mail=test[0]) if test else None


def _within(bot: Bot) -> list[ColumnElement[bool]]:
    rules = [Connection.firm_id == bot.firm_id, Connection.app_key == bot.app_key]
    if bot.company_id:
        rules.append(Connection.company_id == bot.company_id)
    return rules


def _of_company(bot: Bot) -> Connection | None:
    return db.session.scalar(
        select(Connection)
        .where(
            Connection.company_id == bot.company_id,
            Connection.app_key == bot.app_key,
        )
        .execution_options(**EVERYWHERE)
    )
