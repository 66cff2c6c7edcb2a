"""Collection addresses, and the mail that comes to them

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watched_mailboxes",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watched_mailboxes")),
    )
    op.create_table(
        "mail_families",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("folder_kind", sa.String(length=20), nullable=False),
        sa.Column("policy", sa.String(length=8), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        _to("mail_families", "firm_id", "firms", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_families")),
        sa.UniqueConstraint(
            "firm_id", "prefix", name=op.f("uq_mail_families_firm_id_prefix")
        ),
    )
    op.create_table(
        "accepted_senders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("pattern", sa.String(length=254), nullable=False),
        sa.Column("accepted_by_id", sa.Uuid(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        _to("accepted_senders", "accepted_by_id", "people"),
        _to("accepted_senders", "company_id", "companies", "CASCADE"),
        _to("accepted_senders", "firm_id", "firms", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_senders")),
        sa.UniqueConstraint(
            "company_id", "pattern", name=op.f("uq_accepted_senders_company_id_pattern")
        ),
    )
    _addresses()
    _mails()
    _parts()


def _to(
    table: str, column: str, other: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=name, ondelete=ondelete
    )


def _addresses() -> None:
    op.create_table(
        "collection_addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("folder_id", sa.Uuid(), nullable=True),
        sa.Column("policy", sa.String(length=8), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("works_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        _to("collection_addresses", "company_id", "companies", "CASCADE"),
        _to("collection_addresses", "firm_id", "firms", "CASCADE"),
        _to("collection_addresses", "folder_id", "folders", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_addresses")),
        sa.UniqueConstraint("address", name=op.f("uq_collection_addresses_address")),
    )
    op.create_index(
        "ix_collection_addresses_folder_id", "collection_addresses", ["folder_id"]
    )
    op.create_index(
        "uq_collection_addresses_current",
        "collection_addresses",
        ["company_id", "family"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
        sqlite_where=sa.text("replaced_at IS NULL"),
    )


def _mails() -> None:
    table = "inbound_mails"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("address_id", sa.Uuid(), nullable=True),
        sa.Column("door", sa.String(length=10), nullable=False),
        sa.Column("provider_id", sa.String(length=255), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.Column("client_ip", sa.String(length=45), nullable=False),
        sa.Column("helo", sa.String(length=255), nullable=False),
        sa.Column("message_id", sa.String(length=500), nullable=False),
        sa.Column("storage_key", sa.String(length=255), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("turn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("from_address", sa.String(length=320), nullable=False),
        sa.Column("from_name", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=4), nullable=False),
        sa.Column("verdict_text", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=11), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("depositor_id", sa.Uuid(), nullable=True),
        sa.Column("depositor_name", sa.String(length=255), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by_id", sa.Uuid(), nullable=True),
        _to(table, "address_id", "collection_addresses", "SET NULL"),
        _to(table, "company_id", "companies", "CASCADE"),
        _to(table, "depositor_id", "people"),
        _to(table, "firm_id", "firms", "CASCADE"),
        _to(table, "settled_by_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mails")),
        sa.UniqueConstraint(
            *("door", "provider_id", "recipient"),
            name=op.f("uq_inbound_mails_door_provider_id_recipient"),
        ),
        sa.UniqueConstraint(
            "recipient", "sha256", name=op.f("uq_inbound_mails_recipient_sha256")
        ),
    )
    op.create_index("ix_inbound_mails_address_id", table, ["address_id"])
    op.create_index("ix_inbound_mails_company_id", table, ["company_id", "received_at"])
    op.create_index(
        "ix_inbound_mails_firm_id_state", table, ["firm_id", "state", "received_at"]
    )
    op.create_index(
        "ix_inbound_mails_recipient_turn_at", table, ["recipient", "turn_at"]
    )
    op.create_index(
        "ix_inbound_mails_waiting",
        table,
        ["turn_at"],
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_inbound_mails_same_message",
        table,
        ["recipient", "message_id", "body_sha256"],
        unique=True,
        postgresql_where=sa.text("message_id != ''"),
        sqlite_where=sa.text("message_id != ''"),
    )


def _parts() -> None:
    op.create_table(
        "inbound_parts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        _to("inbound_parts", "document_id", "documents", "SET NULL"),
        _to("inbound_parts", "firm_id", "firms", "CASCADE"),
        _to("inbound_parts", "mail_id", "inbound_mails", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_parts")),
        sa.UniqueConstraint(
            "mail_id", "number", name=op.f("uq_inbound_parts_mail_id_number")
        ),
    )
    op.create_index("ix_inbound_parts_document_id", "inbound_parts", ["document_id"])


def downgrade() -> None:
    for table in (
        *("inbound_parts", "inbound_mails", "collection_addresses"),
        *("accepted_senders", "mail_families", "watched_mailboxes"),
    ):
        op.drop_table(table)
