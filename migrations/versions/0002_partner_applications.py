"""Partner applications

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vendor_contacts",
        sa.Column("app_key", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("app_key", name=op.f("pk_vendor_contacts")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_notices_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(
            "ix_notices_due",
            ["not_before"],
            unique=False,
            postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
            sqlite_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_notices_firm_id"), ["firm_id"], unique=False
        )

    op.create_table(
        "bots",
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("app_key", sa.String(length=40), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_bots_company_id_companies"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_bots_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_bots")),
    )
    with op.batch_alter_table("bots", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bots_company_id"), ["company_id"], unique=False
        )

    op.create_table(
        "demo_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_key", sa.String(length=40), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"],
            ["people.id"],
            name=op.f("fk_demo_requests_asked_by_id_people"),
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_demo_requests_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_requests")),
        sa.UniqueConstraint(
            "firm_id",
            "app_key",
            "asked_on",
            name=op.f("uq_demo_requests_firm_id_app_key_asked_on"),
        ),
    )
    op.create_table(
        "own_apps",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("monogram", sa.String(length=2), nullable=False),
        sa.Column("tone", sa.String(length=20), nullable=False),
        sa.Column("bot_prefix", sa.String(length=20), nullable=False),
        sa.Column("usual_domain", sa.String(length=253), nullable=False),
        sa.Column("content_types", sa.JSON(), nullable=False),
        sa.Column("max_file_bytes", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["people.id"],
            name=op.f("fk_own_apps_created_by_id_people"),
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_own_apps_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_apps")),
        sa.UniqueConstraint("key", name=op.f("uq_own_apps_key")),
    )
    op.create_table(
        "connection_steps",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_connection_steps_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["done_by_id"],
            ["people.id"],
            name=op.f("fk_connection_steps_done_by_id_people"),
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_connection_steps_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "step", name=op.f("pk_connection_steps")
        ),
    )
    op.create_table(
        "test_mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.String(length=20), nullable=False),
        sa.Column("sender", sa.String(length=254), nullable=False),
        sa.Column("destination", sa.String(length=254), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by_id"],
            ["people.id"],
            name=op.f("fk_test_mails_asked_by_id_people"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_test_mails_connection_id_connections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_test_mails_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_mails")),
        sa.UniqueConstraint("message_id", name=op.f("uq_test_mails_message_id")),
    )
    with op.batch_alter_table("test_mails", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_test_mails_connection_id"), ["connection_id"], unique=False
        )

    op.create_table(
        "bot_mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("app_key", sa.String(length=40), nullable=False),
        sa.Column("bot_address", sa.String(length=254), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("delivery_id", sa.Uuid(), nullable=True),
        sa.Column("test_mail_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("sender", sa.String(length=320), nullable=False),
        sa.Column("from_address", sa.String(length=320), nullable=False),
        sa.Column("from_name", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=500), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("links", sa.JSON(), nullable=False),
        sa.Column("message_id", sa.String(length=500), nullable=False),
        sa.Column("storage_key", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_by_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_bot_mails_company_id_companies"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_bot_mails_connection_id_connections"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_bot_mails_delivery_id_deliveries"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_bot_mails_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["read_by_id"], ["people.id"], name=op.f("fk_bot_mails_read_by_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["test_mail_id"],
            ["test_mails.id"],
            name=op.f("fk_bot_mails_test_mail_id_test_mails"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_mails")),
        sa.UniqueConstraint(
            "bot_address", "sha256", name=op.f("uq_bot_mails_bot_address_sha256")
        ),
    )
    with op.batch_alter_table("bot_mails", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_bot_mails_connection_id"), ["connection_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_bot_mails_delivery_id"), ["delivery_id"], unique=False
        )
        batch_op.create_index(
            "ix_bot_mails_firm_id_received_at", ["firm_id", "received_at"], unique=False
        )

    with op.batch_alter_table("destinations", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("refusal", sa.String(length=500), nullable=True))
        batch_op.add_column(
            sa.Column("refused_side", sa.String(length=9), nullable=True)
        )
        batch_op.create_index(
            "ix_destinations_firm_id_address",
            ["firm_id", "address"],
            unique=False,
        )

    # A refusal was the connection's; now it is that of its addresses.
    op.execute(
        "UPDATE destinations SET refused_side = 'recipient',"
        " refused_at = (SELECT refused_at FROM connections c WHERE c.id = connection_id),"
        " refusal = (SELECT refusal FROM connections c WHERE c.id = connection_id)"
        " WHERE connection_id IN"
        " (SELECT id FROM connections WHERE refused_at IS NOT NULL)"
    )
    op.execute(
        "INSERT INTO bots (address, app_key, company_id, created_at, firm_id)"
        " SELECT lower(bot_address), app_key, company_id, authorised_at, firm_id"
        " FROM connections"
    )
    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("revision", sa.Integer(), nullable=False, server_default="0")
        )
        batch_op.drop_column("refusal")
        batch_op.drop_column("refused_at")

    with op.batch_alter_table("firm_apps", schema=None) as batch_op:
        batch_op.add_column(sa.Column("separator", sa.String(length=1), nullable=True))

    with op.batch_alter_table("firms", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "may_adopt_apps",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
            )
        )

    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deliveries_connection_id"))
        batch_op.create_index(
            "ix_deliveries_connection_id_accepted_at",
            ["connection_id", "accepted_at"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_connection_id_accepted_at")
        batch_op.create_index(
            batch_op.f("ix_deliveries_connection_id"), ["connection_id"], unique=False
        )

    with op.batch_alter_table("firms", schema=None) as batch_op:
        batch_op.drop_column("may_adopt_apps")

    with op.batch_alter_table("firm_apps", schema=None) as batch_op:
        batch_op.drop_column("separator")

    with op.batch_alter_table("destinations", schema=None) as batch_op:
        batch_op.drop_index("ix_destinations_firm_id_address")
        batch_op.drop_column("refused_side")
        batch_op.drop_column("refusal")
        batch_op.drop_column("refused_at")

    with op.batch_alter_table("connections", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch_op.add_column(sa.Column("refusal", sa.String(length=500), nullable=True))
        batch_op.drop_column("revision")

    with op.batch_alter_table("bot_mails", schema=None) as batch_op:
        batch_op.drop_index("ix_bot_mails_firm_id_received_at")
        batch_op.drop_index(batch_op.f("ix_bot_mails_delivery_id"))
        batch_op.drop_index(batch_op.f("ix_bot_mails_connection_id"))

    op.drop_table("bot_mails")
    with op.batch_alter_table("test_mails", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_test_mails_connection_id"))

    op.drop_table("test_mails")
    op.drop_table("connection_steps")
    op.drop_table("own_apps")
    op.drop_table("demo_requests")
    with op.batch_alter_table("bots", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bots_company_id"))

    op.drop_table("bots")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_firm_id"))
        batch_op.drop_index(
            "ix_notices_due",
            postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
            sqlite_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
        )

    op.drop_table("notices")
    op.drop_table("vendor_contacts")
