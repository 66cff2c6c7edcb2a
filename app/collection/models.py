"""Collection addresses of the companies, the mail that came to them, and its parts."""

import uuid

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.companies.models import Company
from app.db import Base, Id, MaybeMoment, Moment, Name, TenantOwned, utc_now
from app.library.models import Document

# Who may write to an address: anybody, the company's and the firm's people and those
# accepted, or only those accepted.
POLICIES = ("open", "known", "list")
DOORS = ("smtp", "lmtp", "postmark", "mailgun", "sendgrid", "imap", "command")
# waiting: to be read. ignored: nothing of it is anybody's to do (a bounce, a loop).
MAIL_STATES = ("waiting", "filed", "quarantined", "ignored", "discarded")
OUTCOMES = ("filed", "held", "ignored", "refused")


class MailFamily(Base, TenantOwned):
    """A kind of address of the firm's companies (`compta+…`) and the folder that it
    leads to; a firm without any has the standard ones (`families`)."""

    __tablename__ = "mail_families"

    id: Mapped[Id]
    prefix: Mapped[str] = mapped_column(String(20))
    name: Mapped[Name]
    folder_kind: Mapped[str] = mapped_column(String(20))
    policy: Mapped[str] = mapped_column(String(8), default="known")
    position: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("firm_id", "prefix"),)


class CollectionAddress(Base, TenantOwned):
    """One address of one company, across every firm: mail is led by its envelope."""

    __tablename__ = "collection_addresses"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    address: Mapped[str] = mapped_column(String(254), unique=True)  # small letters
    family: Mapped[str] = mapped_column(String(20))  # its prefix
    # Instead of what the family says; null where that decides.
    folder_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("folders.id", ondelete="SET NULL"), index=True
    )
    policy: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[Moment] = mapped_column(default=utc_now)
    # Another one took its place; mail to it is taken until then, or for ever.
    replaced_at: Mapped[MaybeMoment] = mapped_column()
    works_until: Mapped[MaybeMoment]

    company: Mapped[Company] = relationship()

    __table_args__ = (
        Index(
            "uq_collection_addresses_current",
            "company_id",
            "family",
            unique=True,
            postgresql_where=replaced_at.is_(None),
            sqlite_where=replaced_at.is_(None),
        ),
    )

    def __repr__(self) -> str:
        return f"<CollectionAddress {self.address}>"


class AcceptedSender(Base, TenantOwned):
    """Whoever writes to the company from this address, or from this whole domain
    (`@fournitures.example`), is taken."""

    __tablename__ = "accepted_senders"

    id: Mapped[Id]
    company_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    pattern: Mapped[str] = mapped_column(String(254))  # small letters
    accepted_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    accepted_at: Mapped[Moment] = mapped_column(default=utc_now)

    __table_args__ = (UniqueConstraint("company_id", "pattern"),)


class InboundMail(Base, TenantOwned):
    """One message to one address; its bytes are kept untouched under their key.

    The only row of a firm that may have none: what came to an address that is nobody's
    is the operator's to look at.
    """

    __tablename__ = "inbound_mails"

    id: Mapped[Id]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(  # type: ignore[assignment]
        ForeignKey("firms.id", ondelete="CASCADE"), index=False
    )
    company_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE")
    )
    address_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("collection_addresses.id", ondelete="SET NULL"), index=True
    )
    # The envelope, and how it came
    door: Mapped[str] = mapped_column(String(10))
    provider_id: Mapped[str | None] = mapped_column(String(255))
    recipient: Mapped[str] = mapped_column(String(320))  # small letters
    sender: Mapped[str] = mapped_column(String(320), default="")
    client_ip: Mapped[str] = mapped_column(String(45), default="")
    helo: Mapped[str] = mapped_column(String(255), default="")
    # The bytes; no key once they are deleted.
    message_id: Mapped[str] = mapped_column(String(500), default="")
    storage_key: Mapped[str | None] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    body_sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[Moment] = mapped_column(default=utc_now)
    # As its firm wanted it when it came: the numbers of its parts go by it.
    is_unzipped: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Its turn among all that wait (`accepting`), and who reads it until when.
    turn_at: Mapped[Moment] = mapped_column(default=utc_now)
    leased_until: Mapped[MaybeMoment]
    attempts: Mapped[int] = mapped_column(default=0)
    # What was read of it; nothing of it is to be believed.
    from_address: Mapped[str] = mapped_column(String(320), default="")
    from_name: Mapped[str] = mapped_column(String(255), default="")
    subject: Mapped[str] = mapped_column(String(500), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    is_automatic: Mapped[bool] = mapped_column(default=False)
    # Message-IDs of the conversation before it, the newest last.
    thread: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    # Whether the domain of From stands for it (pass, fail, none), and who says so.
    verdict: Mapped[str] = mapped_column(String(4), default="none")
    verdict_text: Mapped[str] = mapped_column(String(500), default="")
    # What became of it
    state: Mapped[str] = mapped_column(String(11), default="waiting")
    reason: Mapped[str] = mapped_column(String(30), default="")
    depositor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))
    depositor_name: Mapped[Name] = mapped_column(default="")
    settled_at: Mapped[MaybeMoment]
    settled_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("people.id"))

    company: Mapped[Company | None] = relationship()
    address: Mapped[CollectionAddress | None] = relationship()

    __table_args__ = (
        # The same message handed in twice is one.
        UniqueConstraint("recipient", "sha256"),
        UniqueConstraint("door", "provider_id", "recipient"),
        Index(
            "uq_inbound_mails_same_message",
            "recipient",
            "message_id",
            "body_sha256",
            unique=True,
            postgresql_where=message_id != "",
            sqlite_where=message_id != "",
        ),
        Index(
            "ix_inbound_mails_waiting",
            "turn_at",
            postgresql_where=state == "waiting",
            sqlite_where=state == "waiting",
        ),
        Index("ix_inbound_mails_recipient_turn_at", "recipient", "turn_at"),
        Index("ix_inbound_mails_firm_id_state", "firm_id", "state", "received_at"),
        Index("ix_inbound_mails_company_id", "company_id", "received_at"),
    )


class InboundPart(Base, TenantOwned):
    """What one part of a message was, and what became of it."""

    __tablename__ = "inbound_parts"

    id: Mapped[Id]
    firm_id: Mapped[uuid.UUID | None] = mapped_column(  # type: ignore[assignment]
        ForeignKey("firms.id", ondelete="CASCADE"), index=False
    )
    mail_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("inbound_mails.id", ondelete="CASCADE")
    )
    number: Mapped[int]  # among the parts: the same for the same bytes
    name: Mapped[Name]
    content_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(8))
    # Why it is not filed: a word of ours (`signature`), or the refusal's text.
    reason: Mapped[str] = mapped_column(String(500), default="")
    document_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("documents.id", ondelete="SET NULL"), index=True
    )

    document: Mapped[Document | None] = relationship()

    __table_args__ = (UniqueConstraint("mail_id", "number"),)


class WatchedMailbox(Base):
    """How far a mailbox was read (RFC 3501, 2.3.1.1): nothing is taken twice."""

    __tablename__ = "watched_mailboxes"

    # «user@host/folder», without its password
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger, default=0)
    looked_at: Mapped[MaybeMoment]
    # What went wrong the last time; nothing when all was well.
    trouble: Mapped[str] = mapped_column(String(500), default="")
