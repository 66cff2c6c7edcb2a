"""Mail for the bots: kept as it came, read, led to where it belongs, then answered.

What is answered with «250» is on the disk and in the database. On any doubt this
raises, and the other side comes again: the same message twice is one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.activity.recording import record
from app.connectors import apps
from app.db import db
from app.delivery import test_mail_told
from app.delivery.bouncing import bounced
from app.library.receiving import store
from app.mailroom import decoding, matching, sorting
from app.mailroom.addressing import Addressee, addressee
from app.mailroom.domains import tool_domains
from app.mailroom.letters import read_apart
from app.mailroom.matching import EVERYWHERE
from app.mailroom.models import BotMail
from app.mailroom.reading import Letter
from app.mailroom.telling import tell
from app.mailroom.unwritten import given_back_on_error
from app.storage import Stored


class UnknownRecipient(Exception):
    """No bot has this address: nothing of the message was kept."""

    def __init__(self, address: str) -> None:
        super().__init__(f"no such address here: {address}")
        self.address = address


@dataclass(frozen=True)
class Taken:
    """What became of the message at one bot; not new when it had come before."""

    bot_address: str
    mail_id: UUID
    kind: str
    is_new: bool


def receive(raw: bytes, envelope_from: str, recipients: Sequence[str]) -> list[Taken]:
    """Keep the message for each bot among the recipients; commits.

    Raises UnknownRecipient, having kept nothing, when one of them is no bot;
    StorageUnavailable or a database error when it cannot be kept now.
    """
    found: dict[str, Addressee] = {}
    for to in map(_known_addressee, recipients):
        if to.returned_to or to.bot.address not in found:
            found[to.bot.address] = to
    db.session.commit()  # no transaction while the store is spoken to
    if not found:
        return []
    sha256 = hashlib.sha256(raw).hexdigest()
    letter = read_apart(raw)
    sender = decoding.line(envelope_from)[:320]
    return [
        _known(address, sha256) or _keep(found[address], raw, sha256, sender, letter)
        for address in sorted(found)
    ]


def _known_addressee(address: str) -> Addressee:
    to = addressee(address)
    if to is None:
        raise UnknownRecipient(address)
    return to


def _known(address: str, sha256: str) -> Taken | None:
    mail = db.session.scalar(
        select(BotMail)
        .where(BotMail.bot_address == address, BotMail.sha256 == sha256)
        .execution_options(**EVERYWHERE)
    )
    db.session.commit()
    return Taken(address, mail.id, mail.kind, is_new=False) if mail else None


def _keep(to: Addressee, raw: bytes, sha256: str, sender: str, letter: Letter) -> Taken:
    """Store, then write down in one transaction. Another one may have been quicker."""
    with store().writer() as writer:
        writer.write(raw)
        stored = writer.finish()
    try:
        with given_back_on_error(stored):
            mail = _write_down(to, stored, sender, letter)
    except IntegrityError:
        if before := _known(to.bot.address, sha256):
            return before
        raise
    # From here on the row may be there whatever is answered: its bytes stay.
    db.session.commit()
    return Taken(to.bot.address, mail.id, mail.kind, is_new=True)


def _write_down(to: Addressee, stored: Stored, sender: str, letter: Letter) -> BotMail:
    bot, found = to.bot, matching.match(to, letter)
    app = apps.find(bot.app_key)
    mail = BotMail(
        firm_id=bot.firm_id,
        app_key=bot.app_key,
        bot_address=bot.address,
        company_id=found.connection.company_id if found.connection else bot.company_id,
        connection_id=found.connection.id if found.connection else None,
        delivery_id=found.delivery.id if found.delivery else None,
        test_mail_id=found.test_mail.id if found.test_mail else None,
        kind=sorting.kind_of(
            letter,
            sender=sender,
            domains=tool_domains(app, found.connection),
            is_answer=found.is_sure,
        ),
        sender=sender,
        from_address=letter.from_address,
        from_name=letter.from_name,
        subject=letter.subject,
        text="\n\n".join(filter(None, (letter.text, _reported(letter)))),
        links=[link.as_json() for link in letter.links],
        message_id=letter.message_id,
        storage_key=stored.key,
        sha256=stored.sha256,
        size=stored.size,
    )
    db.session.add(mail)
    db.session.flush()
    said = _reported(letter) or letter.text or letter.subject
    if mail.kind == "bounce" and found.test_mail:
        test_mail_told.bounced(found.test_mail, said)
    if mail.kind in {"bounce", "refusal"} and found.delivery:
        bounced(found.delivery, said)
    record(
        "bot_mail_received",
        firm_id=mail.firm_id,
        company_id=mail.company_id,
        document_id=found.delivery.document_id if found.delivery else None,
        firm_only=True,
        app=mail.app_key,
        kind=mail.kind,
        bot=mail.bot_address,
        mail=str(mail.id),
    )
    tell(mail, app.name if app else bot.app_key)
    return mail


def _reported(letter: Letter) -> str:
    """What the server answered, in its words: «x@tool.test: 5.1.1 550 No such user»."""
    report = letter.report
    if report is None:
        return ""
    said = f"{report.status} {report.diagnostic}".strip()
    return f"{report.recipient}: {said}" if report.recipient else said
