"""Our own tables beside the specification's."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from analytics.schema import NAMING, Key, Moment, Money

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Frozen: what analytics.schema said at this revision.
tables = sa.MetaData(naming_convention=NAMING)

sa.Table(
    "purchases",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("offer", Key(16)),
    sa.Column("offer_given", sa.Boolean, nullable=False),
    sa.Column("messenger", Key(16), nullable=False),
    sa.Column("excluded", Key(16)),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    sa.Column("email_folded", Key(320), nullable=False, server_default=""),
    sa.Column("email_key", Key(320), nullable=False, server_default=""),
    sa.Column("email_tag", Key(320), nullable=False, server_default=""),
    sa.Column("customer_id", Key(191), nullable=False),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("product_key", Key(255), nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sa.Column("price", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("purchased_at", Moment, nullable=False),
    sa.Column("date_only", sa.Boolean, nullable=False),
    sa.Column("collected", Money(10, 2)),
    sa.Column("refunded", Money(10, 2), nullable=False),
    sa.Column("richness", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("as_of", Moment),
    sa.Column("utm_source", sa.String(255)),
    sa.Column("utm_medium", sa.String(255)),
    sa.Column("utm_campaign", sa.String(255)),
    sa.Column("utm_term", sa.String(255)),
    sa.Column("utm_content", sa.String(255)),
    sa.Column("counted_as", Key(16)),
    sa.Column("sale_id", sa.Integer),
    sa.Column("duplicate_of", Key(255)),
    sa.Index("ix_purchases_excluded", "excluded", "purchased_at"),
    sa.Index("ix_purchases_person", "email_key", "purchased_at"),
    sa.Index("ix_purchases_sale", "sale_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "external_ids",
    tables,
    sa.Column("shared_id", Key(191), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Index("ix_external_ids_purchase", "source", "external_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "payments",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("shared_id", Key(191), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("refunded", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("paid_at", Moment, nullable=False),
    sa.Column("as_of", Moment),
    sa.Index("ix_payments_shared_id", "shared_id"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "ad_spend",
    tables,
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("platform", Key(32), primary_key=True),
    sa.Column("account_id", Key(64), primary_key=True),
    sa.Column("entity_key", Key(32), primary_key=True),
    sa.Column("campaign_id", Key(64), nullable=False),
    sa.Column("campaign", sa.String(255), nullable=False),
    sa.Column("campaign_key", Key(255), nullable=False),
    sa.Column("ad_set_id", Key(64), nullable=False),
    sa.Column("ad_set", sa.String(255), nullable=False),
    sa.Column("ad_set_key", Key(255), nullable=False),
    sa.Column("ad_id", Key(64), nullable=False),
    sa.Column("ad", sa.String(255), nullable=False),
    sa.Column("ad_key", Key(255), nullable=False),
    sa.Column("detail", sa.SmallInteger, nullable=False),
    sa.Column("spend", Money(15, 6), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("source", Key(32), nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "attendance_sessions",
    tables,
    sa.Column("platform", Key(20), primary_key=True),
    sa.Column("session_id", Key(191), primary_key=True),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("participants", sa.Integer, nullable=False),
    sa.Column("statistic", Key(32), nullable=False),
    sa.Column("topic", sa.String(255), nullable=False, server_default=""),
    sa.Column("planned_start", Moment),
    sa.Column("planned_end", Moment),
    sa.Column("started_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Column("peak", sa.Integer),
    sa.Column("average", sa.Integer),
    sa.Column("samples_expected", sa.Integer),
    sa.Column("samples_received", sa.Integer),
    sa.Column("source", Key(32), nullable=False),
    sa.Index("ix_attendance_sessions_date", "date", "platform"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "attendance_samples",
    tables,
    sa.Column("platform", Key(20), primary_key=True),
    sa.Column("session_id", Key(191), primary_key=True),
    sa.Column("seen_at", Moment, primary_key=True),
    sa.Column("participants", sa.Integer, nullable=False),
    sa.Index("ix_attendance_samples_seen_at", "seen_at"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "sale_facts",
    tables,
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source", Key(32), nullable=False),
    sa.Column("external_id", Key(191), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("eligible_until", Moment, nullable=False),
    sa.Column("purchased_on", sa.Date, nullable=False),
    sa.Column("email_folded", Key(320), nullable=False, server_default=""),
    sa.Column("email_key", Key(320), nullable=False, server_default=""),
    sa.Column("email_tag", Key(320), nullable=False, server_default=""),
    sa.Column("product_key", Key(255), nullable=False),
    sa.Column("collected", Money(10, 2), nullable=False),
    sa.Column("refunded", Money(10, 2), nullable=False),
    sa.Column("at_risk", Money(10, 2), nullable=False, server_default="0"),
    sa.Column("outcome", Key(16), nullable=False, server_default="unattributed"),
    sa.Column("reason", Key(32), nullable=False, server_default="no such person"),
    sa.Column("utm_source_key", Key(255), nullable=False, server_default=""),
    sa.Column("utm_medium_key", Key(255), nullable=False, server_default=""),
    sa.Column("utm_campaign_key", Key(255), nullable=False, server_default=""),
    sa.Column("utm_term_key", Key(255), nullable=False, server_default=""),
    sa.Column("utm_content_key", Key(255), nullable=False, server_default=""),
    sa.Index("ix_sale_facts_campaign", "utm_campaign_key"),
    sa.Index("ix_sale_facts_person", "email_key"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "funnel_orders",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("kind", Key(16), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    sa.Column("email_folded", Key(320), nullable=False, server_default=""),
    sa.Column("email_key", Key(320), nullable=False, server_default=""),
    sa.Column("email_tag", Key(320), nullable=False, server_default=""),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("price", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("ordered_at", Moment, nullable=False),
    sa.Column("collected", Money(10, 2), nullable=False),
    sa.Column("refunded", Money(10, 2), nullable=False),
    sa.Index("ix_funnel_orders_ordered_at", "ordered_at"),
    sa.Index("ix_funnel_orders_person", "email_key"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "identity_links",
    tables,
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("lead_source", Key(32), nullable=False),
    sa.Column("lead_external_id", Key(191), nullable=False),
    sa.Column("confirmed_by", sa.String(255), nullable=False),
    sa.Column("confirmed_at", Moment, nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "campaign_aliases",
    tables,
    sa.Column("alias_key", Key(255), primary_key=True),
    sa.Column("campaign_key", Key(255), nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "inbox",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("event_id", Key(191), primary_key=True),
    sa.Column("kind", Key(64), nullable=False, server_default=""),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("read_at", Moment),
    sa.Column("body", sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql"), nullable=False),
    sa.Index("ix_inbox_state", "state", "received_at"),
    mysql_charset="utf8mb4",
)
sa.Table(
    "report_runs",
    tables,
    sa.Column("report", Key(64), primary_key=True),
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("recipient", Key(320), primary_key=True),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("message_id", Key(255), nullable=False, server_default=""),
    sa.Column("reason", sa.String(500), nullable=False, server_default=""),
    sa.Column("updated_at", Moment, nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "freshness",
    tables,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("newest_at", Moment, nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table(
    "challenges",
    tables,
    sa.Column("starts_on", sa.Date, primary_key=True),
    sa.Column("is_sample", sa.Boolean, nullable=False),
    mysql_charset="utf8mb4",
)
sa.Table("locks", tables, sa.Column("name", Key(32), primary_key=True), mysql_charset="utf8mb4")

# The database numbers leads, though their key is the source's id: MariaDB can number a column that is merely
# indexed, SQLite only the primary key.
NUMBER = {"sqlite": "id INTEGER PRIMARY KEY AUTOINCREMENT,", "mysql": "id INT NOT NULL AUTO_INCREMENT,"}
LEAD_KEYS = {
    "sqlite": "CONSTRAINT pk_leads UNIQUE (source, external_id)",
    "mysql": "PRIMARY KEY (source, external_id), KEY ix_leads_id (id)",
}
BINARY = {"sqlite": "", "mysql": " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"}
OPTIONS = {"sqlite": "", "mysql": " DEFAULT CHARACTER SET utf8mb4"}
UTMS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def leads(engine: str) -> str:
    """Return the statement that creates the table of leads on an engine."""
    text = f"{BINARY[engine]} NOT NULL DEFAULT ''"
    utms = "".join(f"{utm} VARCHAR(255), " for utm in UTMS)
    keys = "".join(f"{utm}_key VARCHAR(255){text}, " for utm in UTMS)
    return (
        f"CREATE TABLE IF NOT EXISTS leads ({NUMBER[engine]} "
        f"source VARCHAR(32){BINARY[engine]} NOT NULL, external_id VARCHAR(191){BINARY[engine]} NOT NULL, "
        f"name VARCHAR(255) NOT NULL DEFAULT '', email VARCHAR(320){text}, email_folded VARCHAR(320){text}, "
        f"email_key VARCHAR(320){text}, email_tag VARCHAR(320){text}, customer_id VARCHAR(191){text}, "
        "opted_in_at DATETIME NOT NULL, opted_in_on DATE NOT NULL, date_only BOOLEAN NOT NULL DEFAULT 0, as_of DATETIME, utm_as_of DATETIME, "
        f"{utms}{keys}{LEAD_KEYS[engine]}){OPTIONS[engine]}"
    )


lead_columns = sa.Table(
    "leads",
    sa.MetaData(),
    sa.Column("source", Key(32)),
    sa.Column("email_key", Key(320)),
    sa.Column("opted_in_at", Moment),
    sa.Column("customer_id", Key(191)),
    sa.Index("ix_leads_person", "email_key", "opted_in_at"),
    sa.Index("ix_leads_customer", "customer_id", "source"),
    sa.Index("ix_leads_opted_in_at", "opted_in_at"),
)


def upgrade() -> None:
    """Create what is missing, so that a run that was killed half way can be repeated (DDL is not transactional there)."""
    connection = op.get_bind()
    connection.exec_driver_sql(leads(connection.dialect.name))
    for table in (*tables.sorted_tables, lead_columns):
        if table is not lead_columns:
            table.create(connection, checkfirst=True)
        for index in table.indexes:
            index.create(connection, checkfirst=True)
