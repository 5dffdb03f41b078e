"""Rows of another program that stay in its table of sales and count in no figure."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; `view3 attribute` fills it."""
    op.create_table(
        "left_out_sales",
        sa.Column("sale_id", sa.Integer, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("sale_id", name="pk_left_out_sales"),
        mysql_charset="utf8mb4",
        if_not_exists=True,
    )
