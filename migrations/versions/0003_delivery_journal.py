"""Delivery journal

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_firm_id_id", ["firm_id", "id"], unique=False
        )
        batch_op.create_index(
            "ix_deliveries_firm_id_settled_at", ["firm_id", "settled_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_firm_id_settled_at")
        batch_op.drop_index("ix_deliveries_firm_id_id")
