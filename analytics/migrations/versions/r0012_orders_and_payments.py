"""Orders with lines, payments, plans, and where money is counted, in place of purchase messages.

What webhooks and polls brought is read again from the inbox, since lines were not kept before; what came from files
moves with its rows. A row that moved has no moment of its own, so that whatever is read again stands over it.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.engine import Connection

from analytics.schema import NAMING, Key, Moment, Money

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
tables = sa.MetaData(naming_convention=NAMING)
UTMS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def _utm() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(255)) for name in UTMS]


def _person() -> list[sa.Column[str]]:
    names = ("email_folded", "email_key", "email_tag")
    return [sa.Column(name, Key(320), nullable=False, server_default="") for name in names]


def _text(name: str, length: int = 191) -> sa.Column[str]:
    return sa.Column(name, Key(length), nullable=False, server_default="")


sa.Table(
    "customer_addresses",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("customer_id", Key(191), primary_key=True),
    sa.Column("email_key", Key(320), primary_key=True),
    sa.Column("email", Key(320), nullable=False),
    sa.Index("ix_customer_addresses_person", "email_key"),
    mysql_charset="utf8mb4",
)
orders = sa.Table(
    "orders",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("messenger", Key(16), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("test", sa.Boolean, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    *_person(),
    sa.Column("customer_id", Key(191), nullable=False),
    sa.Column("line_items", sa.Text, nullable=False),
    sa.Column("total", Money(10, 2)),
    sa.Column("tax", Money(10, 2), nullable=False),
    sa.Column("contract", Money(10, 2)),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("plan_id", Key(191), nullable=False),
    sa.Column("interval_days", sa.SmallInteger, nullable=False),
    sa.Column("ordered_at", Moment, nullable=False),
    sa.Column("date_only", sa.Boolean, nullable=False),
    sa.Column("paid_at", Moment),
    sa.Column("collected", Money(10, 2)),
    sa.Column("refunded", Money(10, 2)),
    sa.Column("refunded_at", Moment),
    sa.Column("disputed", Money(10, 2), nullable=False),
    sa.Column("as_of", Moment),
    *_utm(),
    _text("purchase_source", 32),
    _text("purchase_id"),
    sa.Column("is_resolved", sa.Boolean, nullable=False, server_default="0"),
    sa.Index("ix_orders_person", "email_key"),
    sa.Index("ix_orders_customer", "customer_id", "source"),
    sa.Index("ix_orders_purchase", "purchase_id", "purchase_source"),
    sa.Index("ix_orders_resolved", "is_resolved"),
    mysql_charset="utf8mb4",
)
payments = sa.Table(
    "payments",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("messenger", Key(16), nullable=False),
    sa.Column("test", sa.Boolean, nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("paid_at", Moment, nullable=False),
    sa.Column("is_estimate", sa.Boolean, nullable=False),
    sa.Column("date_only", sa.Boolean, nullable=False),
    sa.Column("refunded", Money(10, 2)),
    sa.Column("for_invoice", sa.Boolean, nullable=False),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    *_person(),
    sa.Column("customer_id", Key(191), nullable=False),
    sa.Column("as_of", Moment),
    *_utm(),
    _text("purchase_source", 32),
    _text("purchase_id"),
    sa.Index("ix_payments_person", "email_key"),
    sa.Index("ix_payments_customer", "customer_id", "source"),
    sa.Index("ix_payments_purchase", "purchase_id", "purchase_source"),
    mysql_charset="utf8mb4",
)
shared_ids = sa.Table(
    "shared_ids",
    tables,
    sa.Column("shared_id", Key(191), primary_key=True),
    sa.Column("role", Key(16), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Index("ix_shared_ids_fact", "source", "external_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "plans",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("is_ended", sa.Boolean, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("as_of", Moment, nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "buyers",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("kind", Key(8), primary_key=True),
    sa.Column("value_source", Key(32), primary_key=True),
    sa.Column("value", Key(320), primary_key=True),
    sa.Index("ix_buyers_value", "value", "value_source"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "allocations",
    tables,
    sa.Column("kind", Key(8), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("part", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("place", Key(16), nullable=False),
    sa.Column("purchase_source", Key(32), nullable=False),
    sa.Column("purchase_id", Key(191), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("happened_at", Moment),
    sa.Column("opened_at", Moment),
    sa.Index("ix_allocations_purchase", "purchase_id", "purchase_source"),
    sa.Index("ix_allocations_moment", "happened_at"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "money_differences",
    tables,
    sa.Column("kind", Key(8), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("stated", Money(10, 2), nullable=False),
    sa.Column("counted", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "review_items",
    tables,
    sa.Column("kind", Key(32), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("part", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("happened_at", Moment, nullable=False),
    _text("other", 255),
    sa.Index("ix_review_items_moment", "happened_at", "kind"),
    mysql_charset="utf8mb4",
)
funnel_orders = sa.Table(
    "funnel_orders",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("line", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", Key(16), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    *_person(),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("price", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("ordered_at", Moment, nullable=False),
    sa.Column("eligible_until", Moment, nullable=False),
    sa.Column("collected", Money(10, 2), nullable=False),
    sa.Column("refunded", Money(10, 2), nullable=False),
    sa.Column("at_risk", Money(10, 2), nullable=False),
    sa.Column("written_off", Money(10, 2), nullable=False),
    sa.Column("tax", Money(10, 2), nullable=False),
    sa.Index(
        "ix_funnel_orders_sums",
        *("ordered_at", "kind", "currency", "price", "refunded", "collected", "at_risk", "written_off", "line"),
    ),
    sa.Index("ix_funnel_orders_person", "email_key"),
    mysql_charset="utf8mb4",
)
REPLACED = ("payments", "funnel_orders")


def _added() -> dict[str, tuple[sa.Column[Any], ...]]:
    """Return the columns that existing tables get."""
    return {
        "sale_facts": (
            sa.Column("line", sa.SmallInteger, nullable=False, server_default="0"),
            sa.Column("written_off", Money(10, 2), nullable=False, server_default="0"),
            sa.Column("tax", Money(10, 2), nullable=False, server_default="0"),
            sa.Column("is_open_plan", sa.Boolean, nullable=False, server_default="0"),
            sa.Column("is_refund_unknown", sa.Boolean, nullable=False, server_default="0"),
        ),
        "sale_days": (
            sa.Column("purchases", sa.Integer, nullable=False, server_default="0"),
            sa.Column("written_off", Money(15, 2), nullable=False, server_default="0"),
        ),
        "refunds": (_text("other_id"),),
        "disputes": (_text("other_id"), sa.Column("opened_at", Moment)),
    }


INDEXES = (
    ("sale_facts", "ix_sale_facts_purchase", ["external_id", "source"]),
    ("refunds", "ix_refunds_other_id", ["other_id"]),
    ("disputes", "ix_disputes_other_id", ["other_id"]),
)
# What came from a file has no moment of its own; what is older than the inbox is not read again.
LEFT_BEHIND = "(p.as_of IS NULL OR p.as_of < COALESCE((SELECT MIN(received_at) FROM inbox), '9999-01-01'))"
EVENTS = ("stripe", "stripe-history", "clickfunnels", "clickfunnels-history", "clickfunnels-classic")


def upgrade() -> None:
    """Do what is missing, so that a run that was killed half way can be repeated."""
    connection = op.get_bind()
    _set_aside(connection)
    for table in tables.sorted_tables:
        table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    _add_columns(connection)
    for statement in _moves(set(sa.inspect(connection).get_table_names())):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("DELETE FROM sale_days")  # a view that finds none adds up itself
    listed = ", ".join(f"'{name}'" for name in EVENTS)
    connection.exec_driver_sql(f"UPDATE inbox SET state = 'unread', attempts = 0 WHERE source IN ({listed})")  # noqa: S608 (constants)
    there = set(sa.inspect(connection).get_table_names())
    for name in ("old_payments", "old_funnel_orders", "payment_ids", "external_ids", "purchases"):
        if name in there:
            op.drop_table(name)


def _set_aside(connection: Connection) -> None:
    """Rename the tables whose columns or key change; their indexes go, for SQLite's names are those of the database."""
    for name, old_mark in (("payments", "shared_id"), ("funnel_orders", "kind")):
        inspector = sa.inspect(connection)
        columns = {column["name"] for column in inspector.get_columns(name)} if inspector.has_table(name) else set()
        if old_mark in columns and "line" not in columns and not inspector.has_table(f"old_{name}"):
            for index in inspector.get_indexes(name):
                op.drop_index(str(index["name"]), name)
            op.rename_table(name, f"old_{name}")


def _add_columns(connection: Connection) -> None:
    inspector = sa.inspect(connection)
    for table, columns in _added().items():
        there = {column["name"] for column in inspector.get_columns(table)}
        for column in columns:
            if column.name not in there:
                op.add_column(table, column)
    names = {index["name"] for table, *_ in INDEXES for index in inspector.get_indexes(table)}
    for table, name, columns_of_index in INDEXES:
        if name not in names:
            op.create_index(name, table, columns_of_index)


def _moves(there: set[str]) -> Iterator[str]:
    """Yield the statements that copy the old rows; each leaves alone what an earlier run has copied."""
    utms = ", ".join(f"{{0}}.{name}" for name in UTMS)
    person = "{0}.email, {0}.email_folded, {0}.email_key, {0}.email_tag"
    if "purchases" in there:
        p_utms, p_person = utms.format("p"), person.format("p")
        yield (
            "INSERT INTO orders (source, external_id, messenger, state, test, name, email, email_folded, email_key, "  # noqa: S608 (constants)
            f"email_tag, customer_id, line_items, total, tax, currency, plan_id, interval_days, ordered_at, date_only, paid_at, collected, "
            f"refunded, disputed, {', '.join(UTMS)}, purchase_source, purchase_id) "
            f"SELECT p.source, p.external_id, p.messenger, 'paid', COALESCE(p.excluded, '') = 'test_mode', p.name, {p_person}, "
            "p.customer_id, JSON_ARRAY(JSON_ARRAY(p.product, p.labels, NULL, CASE WHEN p.offer_given THEN p.offer END, 1)), "
            "p.price, 0, p.currency, '', 0, p.purchased_at, p.date_only, p.purchased_at, p.collected, p.refunded, 0, "
            f"{p_utms}, p.source, p.external_id FROM purchases p "
            f"WHERE {LEFT_BEHIND} AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.source = p.source AND o.external_id = p.external_id)"
        )
        yield (
            "INSERT INTO customer_addresses (source, customer_id, email_key, email) "
            "SELECT t.source, t.customer_id, t.email_key, MIN(t.email) FROM (SELECT source, customer_id, email_key, email "
            "FROM purchases UNION ALL SELECT source, customer_id, email_key, email FROM leads) t "
            "WHERE t.customer_id <> '' AND t.email_key <> '' AND NOT EXISTS (SELECT 1 FROM customer_addresses c WHERE "
            "c.source = t.source AND c.customer_id = t.customer_id AND c.email_key = t.email_key) "
            "GROUP BY t.source, t.customer_id, t.email_key"
        )
    if "external_ids" in there:
        yield (
            "INSERT INTO shared_ids (shared_id, role, source, external_id) SELECT e.shared_id, "
            "CASE WHEN SUBSTR(e.shared_id, 1, 4) = 'sub_' THEN 'plan' ELSE 'order' END, "
            "e.source, e.external_id FROM external_ids e JOIN orders o ON o.source = e.source AND o.external_id = e.external_id "
            "WHERE NOT EXISTS (SELECT 1 FROM shared_ids s WHERE "
            "s.shared_id = e.shared_id AND s.source = e.source AND s.external_id = e.external_id)"
        )
    if "old_payments" in there:
        yield (
            "INSERT INTO payments (source, external_id, messenger, test, amount, currency, paid_at, is_estimate, date_only, "  # noqa: S608 (constants)
            "refunded, for_invoice, product, labels, name, email, customer_id) SELECT p.source, p.external_id, "
            "'payment_provider', 0, p.amount, p.currency, p.paid_at, 1, 0, p.refunded, 0, '', '[]', '', '', '' "
            f"FROM old_payments p WHERE {LEFT_BEHIND} AND NOT EXISTS (SELECT 1 FROM payments n WHERE n.source = p.source AND "
            "n.external_id = p.external_id)"
        )
        yield (
            "INSERT INTO shared_ids (shared_id, role, source, external_id) SELECT p.shared_id, 'pays', p.source, "  # noqa: S608 (constants)
            f"p.external_id FROM old_payments p WHERE {LEFT_BEHIND} AND NOT EXISTS (SELECT 1 FROM shared_ids s WHERE s.role = 'pays' AND "
            "s.shared_id = p.shared_id AND s.source = p.source AND s.external_id = p.external_id)"
        )
    if "payment_ids" in there:
        yield (
            "INSERT INTO shared_ids (shared_id, role, source, external_id) SELECT i.payment_id, 'payment', i.source, "
            "i.external_id FROM payment_ids i JOIN payments p ON p.source = i.source AND p.external_id = i.external_id "
            "WHERE NOT EXISTS (SELECT 1 FROM shared_ids s WHERE s.role = 'payment' AND "
            "s.shared_id = i.payment_id AND s.source = i.source AND s.external_id = i.external_id)"
        )
    if "old_funnel_orders" in there:
        names = "name, email, email_folded, email_key, email_tag, product, price, currency, ordered_at"
        yield (
            f"INSERT INTO funnel_orders (source, external_id, line, kind, {names}, eligible_until, collected, refunded, at_risk, "  # noqa: S608
            f"written_off, tax) SELECT f.source, f.external_id, 0, f.kind, {', '.join(f'f.{name.strip()}' for name in names.split(','))}, "
            "f.ordered_at, f.collected, f.refunded, 0, 0, 0 FROM old_funnel_orders f WHERE NOT EXISTS (SELECT 1 FROM "
            "funnel_orders n WHERE n.source = f.source AND n.external_id = f.external_id)"
        )
