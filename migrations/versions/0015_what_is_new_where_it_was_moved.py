"""What is new where it was moved to

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

WAS_MOVED = sa.text("moved_at IS NOT NULL AND trashed_at IS NULL")


def upgrade() -> None:
    op.add_column("documents", sa.Column("moved_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_documents_moved",
        "documents",
        ["folder_id", sa.text("moved_at DESC"), sa.text("id DESC")],
        postgresql_where=WAS_MOVED,
        sqlite_where=WAS_MOVED,
    )


def downgrade() -> None:
    op.drop_index("ix_documents_moved", "documents")
    with op.batch_alter_table("documents", schema=None) as batch_op:
        batch_op.drop_column("moved_at")
