"""Which delivery, or which test e-mail, a report is about: whoever tells it, a provider
or a mail to a bot.

The surest sign comes first. None proves who speaks: the caller says within which
deliveries to look, and nothing outside them is ever found.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from app.connectors.models import Connection, TestMail
from app.db import db, id_from
from app.delivery.envelope import returned_to
from app.delivery.models import Delivery

# SES writes the Message-ID anew: the name of its 250, which it never gives twice.
_BY_AMAZON = re.compile(
    r"<([\w-]{20,120})@(?:[a-z0-9-]{1,30}\.)?amazonses\.com>", re.IGNORECASE
)


@dataclass(frozen=True)
class Keys:
    """What a report names of the message, as it was written; all may be missing."""

    provider_id: str = ""  # the name that the server gave it in its 250
    verp: str = ""  # the address that the report went to, or that it says it sent from
    envelope_id: str = ""  # Original-Envelope-Id (RFC 3461): the delivery's id
    message_ids: tuple[str, ...] = ()  # with their brackets, the nearest first
    delivery_id: str = ""  # X-Delivery-Id, or what a provider kept of it


def find(keys: Keys, *within: ColumnElement[bool]) -> Delivery | None:
    """The first that a key leads to; a key that leads to two leads nowhere."""
    for rule in _rules(keys):
        found = db.session.scalars(
            select(Delivery)
            .join(Connection, Connection.id == Delivery.connection_id)
            .where(rule, *within)
            .limit(2)
            .execution_options(across_firms=True, populate_existing=True)
        ).all()
        if len(found) == 1:
            return found[0]
    return None


def find_test(keys: Keys, *within: ColumnElement[bool]) -> TestMail | None:
    """The test e-mail; a provider gives its id back where a delivery's would be."""
    rules = [TestMail.message_id == message_id for message_id in keys.message_ids]
    if told := id_from(keys.delivery_id.strip()):
        rules.append(TestMail.id == told)
    for rule in rules:
        found = db.session.scalars(
            select(TestMail)
            .join(Connection, Connection.id == TestMail.connection_id)
            .where(rule, *within)
            .execution_options(across_firms=True, populate_existing=True)
        ).one_or_none()
        if found:
            return found
    return None


def _rules(keys: Keys) -> Iterator[ColumnElement[bool]]:
    if keys.provider_id:
        yield Delivery.provider_id == keys.provider_id
    if returned := returned_to(keys.verp):
        yield Delivery.id == returned
    if told := id_from(keys.envelope_id.strip()):
        yield Delivery.id == told
    for message_id in keys.message_ids:
        yield Delivery.message_id == message_id
        if renamed := _BY_AMAZON.fullmatch(message_id):
            yield Delivery.provider_id == renamed[1]
    if told := id_from(keys.delivery_id.strip()):
        yield Delivery.id == told
