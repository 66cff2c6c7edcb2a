"""Notices and desk

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stop_url", sa.String(length=500), nullable=True))

    op.create_table(
        "notice_settings",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("deposits", sa.String(length=8), nullable=False),
        sa.Column("told_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_notice_settings_company_id_companies"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["firm_id"],
            ["firms.id"],
            name=op.f("fk_notice_settings_firm_id_firms"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_notice_settings_person_id_people"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "person_id", "company_id", name=op.f("pk_notice_settings")
        ),
    )
    with op.batch_alter_table("notice_settings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notice_settings_company_id"), ["company_id"], unique=False
        )

    living = sa.text("trashed_at IS NULL")
    op.create_index(
        "ix_documents_by_size",
        "documents",
        ["folder_id", "size", "id"],
        postgresql_where=living,
        sqlite_where=living,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_documents_by_name",
            "documents",
            ["folder_id", sa.text('lower(name) COLLATE "C"'), "id"],
            postgresql_where=living,
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_documents_by_name", "documents")
    op.drop_index("ix_documents_by_size", "documents")
    op.drop_table("notice_settings")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_column("stop_url")
