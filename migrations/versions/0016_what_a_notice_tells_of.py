"""What a notice tells of

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OF_COMPANY = "fk_notices_company_id_companies"


def upgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("company_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            OF_COMPANY, "companies", ["company_id"], ["id"], ondelete="CASCADE"
        )
        batch_op.create_index(batch_op.f("ix_notices_company_id"), ["company_id"])


def downgrade() -> None:
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_company_id"))
        batch_op.drop_constraint(OF_COMPANY, type_="foreignkey")
        batch_op.drop_column("company_id")
