"""Which connection, delivery or test a mail is about: only among what its bot sent.

A Message-ID proves nothing, since everybody who got a message knows its own: so it
leads to nothing of another firm, of another application or of another company.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from app.connectors.models import Bot, Connection, TestMail
from app.db import db
from app.delivery import correlating
from app.delivery.correlating import Keys
from app.delivery.models import Delivery
from app.mailroom.addressing import Addressee
from app.mailroom.reading import Letter

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


def match(to: Addressee, letter: Letter) -> Match:
    """By what it names of our message; else by the company that the bot is of."""
    keys = _keys(to, letter)
    within = _within(to.bot)
    if delivery := correlating.find(keys, *within):
        return Match(delivery.connection, delivery=delivery)
    if test := correlating.find_test(keys, *within):
        of_test = db.session.get_one(
            Connection, test.connection_id, execution_options=EVERYWHERE
        )
        return Match(of_test, test_mail=test)
    return Match(connection=_of_company(to.bot))


def _keys(to: Addressee, letter: Letter) -> Keys:
    """Without the name that a server gave it: a queue uses those again."""
    return Keys(
        verp=to.returned_to,
        envelope_id=letter.report.envelope_id if letter.report else "",
        message_ids=(*letter.returned, *letter.answers),
        delivery_id=letter.delivery_id,
    )


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
