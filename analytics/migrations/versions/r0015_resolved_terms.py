"""The settings by which orders and payments were resolved; those of what is stored already are not known."""

import sqlalchemy as sa
from alembic import op

from analytics.schema import Key

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; `view3 attribute` resolves once more what is stored."""
    op.create_table(
        "resolved_terms",
        sa.Column("fingerprint", Key(64), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_resolved_terms"),
        mysql_charset="utf8mb4",
        if_not_exists=True,
    )
    stored = " OR ".join(f"EXISTS (SELECT 1 FROM {table})" for table in ("orders", "payments"))  # noqa: S608 (constants)
    is_new = "NOT EXISTS (SELECT 1 FROM (SELECT fingerprint FROM resolved_terms) AS known)"
    op.execute(f"INSERT INTO resolved_terms SELECT '' FROM (SELECT 1) AS one WHERE ({stored}) AND {is_new}")  # noqa: S608
