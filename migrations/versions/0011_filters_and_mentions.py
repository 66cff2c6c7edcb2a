"""Filters and mentions

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _mentions()
    _saved_filters()
    op.add_column(
        "people",
        sa.Column(
            "mention_mails", sa.Boolean(), server_default=sa.true(), nullable=False
        ),
    )
    op.add_column(
        "people",
        sa.Column(
            "folder_view", sa.String(length=8), server_default="list", nullable=False
        ),
    )
    op.add_column(
        "search_entries",
        sa.Column("needs_ocr", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(
        "ix_search_entries_needs_ocr",
        "search_entries",
        ["document_id"],
        postgresql_where=sa.text("needs_ocr"),
        sqlite_where=sa.text("needs_ocr"),
    )


def _mentions() -> None:
    op.create_table(
        "mentions",
        sa.Column("comment_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        _owner("mentions", "comment_id", "comments"),
        _owner("mentions", "person_id", "people"),
        _owner("mentions", "document_id", "documents"),
        _owner("mentions", "firm_id", "firms"),
        sa.PrimaryKeyConstraint("comment_id", "person_id", name=op.f("pk_mentions")),
    )
    op.create_index(op.f("ix_mentions_document_id"), "mentions", ["document_id"])
    unread = sa.text("read_at IS NULL")
    op.create_index(
        "ix_mentions_unread",
        "mentions",
        ["person_id", "created_at"],
        postgresql_where=unread,
        sqlite_where=unread,
    )


def _saved_filters() -> None:
    op.create_table(
        "saved_filters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        _owner("saved_filters", "person_id", "people"),
        _owner("saved_filters", "firm_id", "firms"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filters")),
        sa.UniqueConstraint(
            "person_id",
            "page",
            "name",
            name=op.f("uq_saved_filters_person_id_page_name"),
        ),
    )


def _owner(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{owner}.id"],
        name=op.f(f"fk_{table}_{column}_{owner}"),
        ondelete="CASCADE",
    )


def downgrade() -> None:
    op.drop_index("ix_search_entries_needs_ocr", "search_entries")
    with op.batch_alter_table("search_entries", schema=None) as batch_op:
        batch_op.drop_column("needs_ocr")
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.drop_column("folder_view")
        batch_op.drop_column("mention_mails")
    op.drop_table("saved_filters")
    op.drop_table("mentions")
