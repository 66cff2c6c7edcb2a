"""Archives that come by mail, and the conversation that a receipt stands in

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, name in (("firms", "unzips_mail"), ("inbound_mails", "is_unzipped")):
        op.add_column(
            table,
            sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False),
        )
    for table in ("inbound_mails", "notices"):
        op.add_column(
            table,
            sa.Column(
                "thread", sa.String(length=1000), server_default="", nullable=False
            ),
        )


def downgrade() -> None:
    for table, names in (
        ("notices", ["thread"]),
        ("inbound_mails", ["thread", "is_unzipped"]),
        ("firms", ["unzips_mail"]),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name in names:
                batch_op.drop_column(name)
