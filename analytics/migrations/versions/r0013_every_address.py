"""Every address and id that people were ever stated with, the credits of VIP and OTO orders, and the sums of their days.

All orders are resolved and credited again, which `Workbench.upgrade` does once the tables are there.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

from analytics.schema import NAMING, Key, Moment, Money

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
tables = sa.MetaData(naming_convention=NAMING)
UTMS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def _utm() -> list[sa.Column[str]]:
    values = [sa.Column(name, sa.String(255)) for name in UTMS]
    return [*values, *(_text(f"{name}_key", 255) for name in UTMS)]


def _person() -> list[sa.Column[str]]:
    return [_text(name, 320) for name in ("email_folded", "email_key", "email_tag")]


def _text(name: str, length: int, default: str = "") -> sa.Column[str]:
    return sa.Column(name, Key(length), nullable=False, server_default=default)


sa.Table(
    "lead_identities",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("email", Key(320), primary_key=True),
    sa.Column("customer_id", Key(191), primary_key=True),
    *_person(),
    sa.Index("ix_lead_identities_person", "email_key"),
    sa.Index("ix_lead_identities_customer", "customer_id", "source"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "buyers",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("stated_by", Key(32), primary_key=True),
    sa.Column("customer_id", Key(191), primary_key=True),
    sa.Column("email", Key(320), primary_key=True),
    *_person(),
    sa.Column("is_several", sa.Boolean, nullable=False, server_default="0"),
    sa.Index("ix_buyers_several", "is_several"),
    sa.Index("ix_buyers_person", "email_key"),
    sa.Index("ix_buyers_customer", "customer_id", "stated_by"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "purchase_utms",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    *_utm(),
    mysql_charset="utf8mb4",
)
sa.Table(
    "order_days",
    tables,
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("kind", Key(16), primary_key=True),
    sa.Column("campaign_key", Key(255), primary_key=True),
    sa.Column("outcome", Key(16), primary_key=True),
    sa.Column("currency", Key(3), primary_key=True),
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("amount", Money(15, 2), nullable=False),
    sa.Column("refunded", Money(15, 2), nullable=False),
    mysql_charset="utf8mb4",
)
EARLIEST = "2000-01-01"


def _added() -> Iterator[tuple[str, sa.Column[Any]]]:
    """Yield the new columns; the dates of orders are set by crediting."""
    yield (
        "customer_addresses",
        sa.Column("first_seen_at", Moment, nullable=False, server_default=f"{EARLIEST} 00:00:00"),
    )
    yield "customer_addresses", sa.Column("is_several", sa.Boolean, nullable=False, server_default="0")
    yield "funnel_orders", sa.Column("purchased_on", sa.Date, nullable=False, server_default=EARLIEST)
    yield "funnel_orders", sa.Column("lead_id", sa.Integer)
    yield "funnel_orders", _text("outcome", 16, "unattributed")
    yield "funnel_orders", _text("reason", 32, "no such person")
    yield from (("funnel_orders", column) for column in _utm())


INDEXES = (
    ("funnel_orders", "ix_funnel_orders_day", ["purchased_on"]),
    ("customer_addresses", "ix_customer_addresses_several", ["is_several"]),
)
# By a derived table, because MariaDB does not update what it reads.
SEVERAL = """
    UPDATE customer_addresses SET is_several = 1 WHERE (source, customer_id) IN (SELECT source, customer_id FROM (
        SELECT source, customer_id FROM customer_addresses GROUP BY source, customer_id HAVING COUNT(*) > 1
    ) AS several)
"""


def upgrade() -> None:
    """Do what is missing, so that a run that was killed half way can be repeated."""
    connection = op.get_bind()
    if "kind" in _columns(connection, "buyers"):
        op.drop_table("buyers")
    for table in tables.sorted_tables:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    for name, column in _added():
        if column.name not in _columns(connection, name):
            op.add_column(name, column)
    inspector = sa.inspect(connection)
    for name, wanted, columns in INDEXES:
        if wanted not in {one["name"] for one in inspector.get_indexes(name)}:
            op.create_index(wanted, name, columns)
    connection.exec_driver_sql(SEVERAL)
    connection.exec_driver_sql("UPDATE orders SET is_resolved = 0")


def _columns(connection: Connection, table: str) -> set[str]:
    inspector = sa.inspect(connection)
    return {column["name"] for column in inspector.get_columns(table)} if inspector.has_table(table) else set()
