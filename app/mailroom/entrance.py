"""The one way in for mail, whatever door it came by: to a bot, to a collection address,
or to nobody at a domain of ours. On any doubt this raises, and the sender comes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.collection import accepting, limits
from app.collection.accepting import Envelope
from app.collection.addresses import collector
from app.collection.domains import firm_of, is_ours
from app.collection.limits import Full, NotNow
from app.collection.models import CollectionAddress
from app.db import db
from app.mailroom import receiving
from app.mailroom.addressing import Addressee, addressee
from app.mailroom.receiving import UnknownRecipient


@dataclass(frozen=True)
class Taken:
    """What became of the message at one address; not new when it had come before.
    `kind`: that of the bot's mail, else documents or stray."""

    address: str
    mail_id: UUID
    kind: str
    is_new: bool


@dataclass(frozen=True)
class Nobody:
    """An address at a domain of ours that is nobody's, and whose domain it is."""

    firm_id: UUID | None


Recipient = Addressee | CollectionAddress | Nobody


def whose(address: str) -> Recipient | None:
    """None where the domain is not ours: only that is refused."""
    address = _written(address)
    if found := addressee(address) or collector(address):
        return found
    local, _sign, domain = address.rpartition("@")
    is_return = local.startswith("bounce+")  # forged, or of a delivery that is no more
    return Nobody(firm_of(domain)) if is_ours(domain) and not is_return else None


def may_come_now(to: Recipient, address: str, client_ip: str = "") -> None:
    """Raises NotNow where more comes than is taken at once."""
    if not isinstance(to, Addressee):
        is_stray = isinstance(to, Nobody)
        limits.check(_written(address), is_stray=is_stray, client_ip=client_ip)


def take_in(raw: bytes, envelope: Envelope, recipients: Sequence[str]) -> list[Taken]:
    """Keep the message for each of them; commits.

    Raises UnknownRecipient, having kept nothing, when one of them is not ours;
    NotNow, StorageUnavailable or a database error when it cannot be kept now: some of
    them may have it then, and it is one when it comes again.
    """
    # The null reverse-path (RFC 5321, 4.5.5) is told as «<>» at one door or another.
    envelope = replace(envelope, sender=envelope.sender.strip(" <>"))
    found = {_written(address): _known(address) for address in recipients}
    db.session.commit()  # the rows that were made on the way
    taken = receiving.receive(raw, envelope.sender, _bots(found))
    kept = [Taken(t.bot_address, t.mail_id, t.kind, t.is_new) for t in taken]
    beyond: NotNow | None = None
    for address, to in found.items():
        if not isinstance(to, Addressee):
            try:
                kept.append(_accept(raw, envelope, address, to))
            except NotNow as one:  # what is too much for one is not for the others
                db.session.rollback()
                beyond = one if isinstance(one, Full) else beyond or one
    if beyond:
        raise beyond
    return kept


def _written(address: str) -> str:
    """In small letters, without what no address has and no database takes."""
    fit = address.encode("utf-8", "replace").decode().replace("\x00", "?")
    return fit.strip().lower()


def _known(address: str) -> Recipient:
    to = whose(address)
    if to is None:
        raise UnknownRecipient(address)
    return to


def _bots(found: dict[str, Recipient]) -> list[str]:
    return [address for address, to in found.items() if isinstance(to, Addressee)]


def _accept(
    raw: bytes, envelope: Envelope, address: str, to: CollectionAddress | Nobody
) -> Taken:
    if isinstance(to, Nobody):
        done = accepting.accept(raw, envelope, address, None, to.firm_id)
        return Taken(address, done.mail_id, "stray", done.is_new)
    done = accepting.accept(raw, envelope, address, to)
    return Taken(address, done.mail_id, "documents", done.is_new)
