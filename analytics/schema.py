"""The tables, as SQLAlchemy Core sees them, and the types that keep money and moments exact on both engines.

`attendance` and `high_ticket_sales` are the specification's; migrations create them from its text. All others are ours.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment to the whole second; fractions are cut, never rounded into the next day."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return text without fractions on SQLite, so that rows of other programs compare equal to ours."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(
                sqlite.DATETIME(  # type: ignore[no-untyped-call]
                    storage_format="%(year)04d-%(month)02d-%(day)02d %(hour)02d:%(minute)02d:%(second)02d",
                    regexp=r"(\d+)-(\d+)-(\d+)[ T](\d+):(\d+):(\d+)",
                )
            )
        return dialect.type_descriptor(mysql.DATETIME())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Return naive UTC; a naive moment is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("A moment needs its time zone before it is stored.")
        return value.astimezone(UTC).replace(tzinfo=None, microsecond=0)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return an aware UTC moment."""
        return value.replace(tzinfo=UTC) if value is not None else None


class Money(TypeDecorator[Decimal]):
    """A decimal amount of fixed scale: DECIMAL on MariaDB; a number on SQLite, exact while it has at most 15 digits."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int = 15, scale: int = 2) -> None:
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale
        self.quantum = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return floats to SQLite's driver, which has no decimals; 15 digits survive the way there and back."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Numeric(15, self.scale, asdecimal=False))
        return dialect.type_descriptor(sa.Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | float | None:
        """Return what the driver takes; an amount with more decimals than the column is refused, never rounded."""
        if value is None:
            return None
        if value != value.quantize(self.quantum):
            raise ValueError(f"{value} has more than {self.scale} decimals.")
        return float(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Return the exact decimal."""
        return None if value is None else Decimal(str(value)).quantize(self.quantum)


class Key(TypeDecorator[str]):
    """Text compared byte by byte on both engines: ids, folded keys, addresses."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return a binary collation on MariaDB, whose default would merge `a` with `A`."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(self.length))
        return dialect.type_descriptor(mysql.VARCHAR(self.length, collation="utf8mb4_bin"))


UTM_COLUMNS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


def _utm() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(255)) for name in UTM_COLUMNS]


def _utm_keys() -> list[sa.Column[Any]]:
    return [sa.Column(f"{name}_key", Key(255), nullable=False, server_default="") for name in UTM_COLUMNS]


def _person() -> list[sa.Column[Any]]:
    return [
        sa.Column("email_folded", Key(320), nullable=False, server_default=""),
        sa.Column("email_key", Key(320), nullable=False, server_default=""),
        sa.Column("email_tag", Key(320), nullable=False, server_default=""),
    ]


def _stamps() -> list[sa.Column[Any]]:
    return [
        sa.Column("created_at", Moment, server_default=sa.FetchedValue()),
        sa.Column("updated_at", Moment, server_default=sa.FetchedValue()),
    ]


# The specification's two tables -------------------------------------------------------------------

attendance = sa.Table(
    "attendance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("challenge_day", sa.Integer, nullable=False),
    sa.Column("platform", sa.String(20), nullable=False),
    sa.Column("participant_count", sa.Integer, nullable=False, server_default="0"),
    *_stamps(),
    sa.UniqueConstraint("date", "platform", name="unique_attendance"),
)

high_ticket_sales = sa.Table(
    "high_ticket_sales",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("customer_name", sa.String(255), nullable=False),
    sa.Column("customer_email", sa.String(320), nullable=False),
    sa.Column("product_name", sa.String(255), nullable=False),
    sa.Column("price", Money(10, 2), nullable=False),
    sa.Column("purchase_date", Moment, nullable=False),
    sa.Column("lead_id", sa.Integer),
    *_utm(),
    sa.Column("days_from_lead_to_sale", sa.Integer),
    *_stamps(),
    sa.Index("idx_purchase_date", "purchase_date"),
    sa.Index("idx_lead_id", "lead_id"),
)

# What the messengers said -------------------------------------------------------------------------

leads = sa.Table(
    "leads",
    metadata,
    # The database numbers leads for `lead_id`; their key is the source's own id, so that the table can be sharded.
    sa.Column("id", sa.Integer, server_default=sa.FetchedValue(), nullable=False),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, server_default=""),
    sa.Column("email", Key(320), nullable=False, server_default=""),
    *_person(),
    sa.Column("customer_id", Key(191), nullable=False, server_default=""),
    sa.Column("opted_in_at", Moment, nullable=False),
    sa.Column("opted_in_on", sa.Date, nullable=False),
    sa.Column("date_only", sa.Boolean, nullable=False, server_default="0"),
    sa.Column("as_of", Moment),
    sa.Column("utm_as_of", Moment),  # when the version said so that the UTMs are from
    *_utm(),
    *_utm_keys(),
    sa.Index("ix_leads_person", "email_key", "opted_in_at"),
    sa.Index("ix_leads_customer", "customer_id", "source"),
    sa.Index("ix_leads_opted_in_at", "opted_in_at"),
)

lead_identities = sa.Table(
    "lead_identities",
    metadata,
    # All that a lead was ever stated with, present values included, where its address or customer id changed.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("email", Key(320), primary_key=True),
    sa.Column("customer_id", Key(191), primary_key=True),
    *_person(),
    sa.Index("ix_lead_identities_person", "email_key"),
    sa.Index("ix_lead_identities_customer", "customer_id", "source"),
)

customer_addresses = sa.Table(
    "customer_addresses",
    metadata,
    # Every address that a source ever stated with one of its customer ids: by opt-ins, orders, or anything else.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("customer_id", Key(191), primary_key=True),
    sa.Column("email_key", Key(320), primary_key=True),
    sa.Column("email", Key(320), nullable=False),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("is_several", sa.Boolean, nullable=False, server_default="0"),  # the id carries further ones
    sa.Index("ix_customer_addresses_person", "email_key"),
    sa.Index("ix_customer_addresses_several", "is_several"),
)

orders = sa.Table(
    "orders",
    metadata,
    # One messenger's newest version of an order; see analytics.records.Order.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("messenger", Key(16), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("test", sa.Boolean, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    *_person(),
    sa.Column("customer_id", Key(191), nullable=False),
    sa.Column("line_items", sa.Text, nullable=False),  # JSON: see analytics.intake.rows
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
    sa.Column("refunded", Money(10, 2)),  # NULL: a part whose amount is not known
    sa.Column("refunded_at", Moment),
    sa.Column("disputed", Money(10, 2), nullable=False),
    sa.Column("as_of", Moment),
    *_utm(),
    sa.Column("purchase_source", Key(32), nullable=False, server_default=""),  # the purchase it belongs to
    sa.Column("purchase_id", Key(191), nullable=False, server_default=""),
    sa.Column("is_resolved", sa.Boolean, nullable=False, server_default="0"),
    sa.Index("ix_orders_person", "email_key"),
    sa.Index("ix_orders_customer", "customer_id", "source"),
    sa.Index("ix_orders_purchase", "purchase_id", "purchase_source"),
    sa.Index("ix_orders_resolved", "is_resolved"),
)

payments = sa.Table(
    "payments",
    metadata,
    # A payment as one object of its provider tells it; see analytics.records.Payment.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("messenger", Key(16), nullable=False),
    sa.Column("test", sa.Boolean, nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("paid_at", Moment, nullable=False),
    sa.Column("is_estimate", sa.Boolean, nullable=False),  # the moment it was begun
    sa.Column("date_only", sa.Boolean, nullable=False),
    sa.Column("refunded", Money(10, 2)),  # so far, at `as_of`; NULL: this object does not know
    sa.Column("for_invoice", sa.Boolean, nullable=False),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("labels", sa.Text, nullable=False),  # JSON
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("email", Key(320), nullable=False),
    *_person(),
    sa.Column("customer_id", Key(191), nullable=False),
    sa.Column("as_of", Moment),
    *_utm(),
    sa.Column("purchase_source", Key(32), nullable=False, server_default=""),
    sa.Column("purchase_id", Key(191), nullable=False, server_default=""),
    sa.Index("ix_payments_person", "email_key"),
    sa.Index("ix_payments_customer", "customer_id", "source"),
    sa.Index("ix_payments_purchase", "purchase_id", "purchase_source"),
)

shared_ids = sa.Table(
    "shared_ids",
    metadata,
    # Every id under which an order or a payment is mentioned.
    sa.Column("shared_id", Key(191), primary_key=True),
    sa.Column(
        "role", Key(16), primary_key=True
    ),  # order: of the order itself or its payments; plan; payment; pays: the order it pays
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Index("ix_shared_ids_fact", "source", "external_id"),
)

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("is_ended", sa.Boolean, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("as_of", Moment, nullable=False),
)

refunds = sa.Table(
    "refunds",
    metadata,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("payment_id", Key(191), nullable=False),
    sa.Column("other_id", Key(191), nullable=False, server_default=""),  # another id of the same payment
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("as_of", Moment, nullable=False),
    sa.Index("ix_refunds_other_id", "other_id"),
    sa.Index("ix_refunds_payment_id", "payment_id"),
)

disputes = sa.Table(
    "disputes",
    metadata,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("payment_id", Key(191), nullable=False),
    sa.Column("other_id", Key(191), nullable=False, server_default=""),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("opened_at", Moment),
    sa.Column("as_of", Moment, nullable=False),
    sa.Index("ix_disputes_other_id", "other_id"),
    sa.Index("ix_disputes_payment_id", "payment_id"),
)

ad_spend = sa.Table(
    "ad_spend",
    metadata,
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("platform", Key(32), primary_key=True),
    sa.Column("account_id", Key(64), primary_key=True),
    sa.Column("entity_key", Key(32), primary_key=True),  # hash of campaign, ad set and ad
    sa.Column("campaign_id", Key(64), nullable=False),
    sa.Column("campaign", sa.String(255), nullable=False),
    sa.Column("campaign_key", Key(255), nullable=False),
    sa.Column("ad_set_id", Key(64), nullable=False),
    sa.Column("ad_set", sa.String(255), nullable=False),
    sa.Column("ad_set_key", Key(255), nullable=False),
    sa.Column("ad_id", Key(64), nullable=False),
    sa.Column("ad", sa.String(255), nullable=False),
    sa.Column("ad_key", Key(255), nullable=False),
    sa.Column("detail", sa.SmallInteger, nullable=False),  # the more, the finer: see rows.spend_row
    sa.Column("spend", Money(15, 6), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("source", Key(32), nullable=False),
    sa.Column("account_zone", Key(64), nullable=False, server_default=""),  # whose days these are; empty: not told
    sa.Column("provisional", sa.Boolean, nullable=False, server_default="0"),  # the platform still counts
    # All that the sums by account and by ad ask for, each in its own order.
    sa.Index("ix_ad_spend_accounts", "platform", "account_id", "date", "currency", "spend", "provisional"),
    sa.Index("ix_ad_spend_ads", "entity_key", "date", "currency", "spend"),
)

ad_spend_versions = sa.Table(
    "ad_spend_versions",
    metadata,
    # What a platform said an account's day cost, and when it first and last said so. A day with a row here was told by
    # the platform itself; a second row is a figure that was restated.
    sa.Column("platform", Key(32), primary_key=True),
    sa.Column("account_id", Key(64), primary_key=True),
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("currency", Key(3), primary_key=True),
    sa.Column("spend", Money(15, 6), primary_key=True),
    sa.Column("first_told_at", Moment, nullable=False),
    sa.Column("last_told_at", Moment, nullable=False),
    sa.Index("ix_ad_spend_versions_date", "date"),
)

attendance_sessions = sa.Table(
    "attendance_sessions",
    metadata,
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
    # What reports said; the numbers above follow from it, from the samples and from the stays.
    sa.Column("told_people", sa.Integer),
    sa.Column("told_peak", sa.Integer),
    sa.Column("told_average", sa.Integer),
    sa.Column("is_complete", sa.Boolean, nullable=False, server_default="0"),  # every stay has been told
    sa.Column("room", Key(64), nullable=False, server_default=""),
    sa.Index("ix_attendance_sessions_date", "date", "platform"),
)

attendance_samples = sa.Table(
    "attendance_samples",
    metadata,
    sa.Column("platform", Key(20), primary_key=True),
    sa.Column("session_id", Key(191), primary_key=True),
    sa.Column("seen_at", Moment, primary_key=True),
    sa.Column("participants", sa.Integer, nullable=False),
    sa.Index("ix_attendance_samples_seen_at", "seen_at"),
)

attendance_stays = sa.Table(
    "attendance_stays",
    metadata,
    sa.Column("platform", Key(20), primary_key=True),
    sa.Column("session_id", Key(191), primary_key=True),
    sa.Column("stay_id", Key(191), primary_key=True),
    sa.Column("person", Key(320), nullable=False),
    sa.Column("joined_at", Moment),
    sa.Column("left_at", Moment),
)

# What we concluded --------------------------------------------------------------------------------

buyers = sa.Table(
    "buyers",
    metadata,
    # Who made a purchase, as its messengers state it: each customer id with each address.
    sa.Column("source", Key(32), primary_key=True),  # the purchase
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("stated_by", Key(32), primary_key=True),  # the source that the customer id belongs to
    sa.Column("customer_id", Key(191), primary_key=True),
    sa.Column("email", Key(320), primary_key=True),
    *_person(),
    sa.Column("is_several", sa.Boolean, nullable=False, server_default="0"),  # the purchase states further addresses
    sa.Index("ix_buyers_several", "is_several"),
    sa.Index("ix_buyers_person", "email_key"),
    sa.Index("ix_buyers_customer", "customer_id", "stated_by"),
)

purchase_utms = sa.Table(
    "purchase_utms",
    metadata,
    # The UTMs that an order itself carries, where they name a campaign.
    sa.Column("source", Key(32), primary_key=True),  # the purchase
    sa.Column("external_id", Key(191), primary_key=True),
    *_utm(),
    *_utm_keys(),
)

allocations = sa.Table(
    "allocations",
    metadata,
    # Where each part of every payment, refund and dispute is counted; the parts add up to what the provider says.
    sa.Column("kind", Key(8), primary_key=True),  # payment, refund or dispute
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("part", sa.SmallInteger, primary_key=True),  # the purchase's line; -1: tax, or the whole
    sa.Column(
        "place", Key(16), nullable=False
    ),  # high_ticket, vip, oto, tax, unclassified, test_mode, staff, other_currency, counted, none
    sa.Column("purchase_source", Key(32), nullable=False),
    sa.Column("purchase_id", Key(191), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("state", Key(16), nullable=False),  # received, refunded, open, lost or won
    sa.Column("happened_at", Moment),
    sa.Column("opened_at", Moment),
    sa.Index("ix_allocations_purchase", "purchase_id", "purchase_source"),
    sa.Index("ix_allocations_moment", "happened_at"),
)

money_differences = sa.Table(
    "money_differences",
    metadata,
    # Payments, refunds and disputes whose parts do not add up to what the provider says: none, or a check fails.
    sa.Column("kind", Key(8), primary_key=True),  # payment, refund or dispute
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("stated", Money(10, 2), nullable=False),
    sa.Column("counted", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
)

review_items = sa.Table(
    "review_items",
    metadata,
    # Purchases that are not counted, with why, and what is counted and wants a look; kinds: see queries.left_out.
    sa.Column("kind", Key(32), primary_key=True),
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("part", sa.SmallInteger, primary_key=True),
    sa.Column("product", sa.String(255), nullable=False),
    sa.Column("amount", Money(10, 2), nullable=False),
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("happened_at", Moment, nullable=False),
    sa.Column("other", Key(255), nullable=False),  # the other one of a pair
    sa.Index("ix_review_items_moment", "happened_at", "kind"),
)

sale_facts = sa.Table(
    "sale_facts",
    metadata,
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("source", Key(32), nullable=False),
    sa.Column("external_id", Key(191), nullable=False),
    sa.Column("line", sa.SmallInteger, nullable=False, server_default="0"),  # 0: the first of its purchase
    sa.Column("currency", Key(3), nullable=False),
    sa.Column("eligible_until", Moment, nullable=False),  # an opt-in later than this came after buying
    sa.Column("purchased_on", sa.Date, nullable=False),
    *_person(),
    sa.Column("product_key", Key(255), nullable=False),
    sa.Column("collected", Money(10, 2), nullable=False),
    sa.Column("refunded", Money(10, 2), nullable=False),
    sa.Column("at_risk", Money(10, 2), nullable=False, server_default="0"),  # in open disputes
    sa.Column("written_off", Money(10, 2), nullable=False, server_default="0"),  # of a plan that ended unpaid
    sa.Column("tax", Money(10, 2), nullable=False, server_default="0"),  # paid on top of the price
    sa.Column("is_open_plan", sa.Boolean, nullable=False, server_default="0"),
    sa.Column("is_refund_unknown", sa.Boolean, nullable=False, server_default="0"),  # partly refunded, amount unknown
    sa.Column("outcome", Key(16), nullable=False, server_default="unattributed"),
    sa.Column("reason", Key(32), nullable=False, server_default="no such person"),
    *_utm_keys(),
    sa.Index("ix_sale_facts_person", "email_key"),
    sa.Index("ix_sale_facts_credit", "outcome", "utm_campaign_key"),
    sa.Index("ix_sale_facts_product", "product_key"),
    sa.Index("ix_sale_facts_day", "purchased_on"),
    sa.Index("ix_sale_facts_purchase", "external_id", "source"),
)

left_out_sales = sa.Table(
    "left_out_sales",
    metadata,
    # Rows of another program whose purchase is no high-ticket sale that counts: they stay in its table, and in no figure.
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
)

resolved_terms = sa.Table(
    "resolved_terms",
    metadata,
    # Fingerprints of all settings by which stored orders and payments were resolved; empty: settings that are not known.
    sa.Column("fingerprint", Key(64), primary_key=True),
)

sale_days = sa.Table(
    "sale_days",
    metadata,
    # The sums of a business date's sales, so that a view of a million sales reads a few thousand rows: see money.daily_totals.
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("campaign_key", Key(255), primary_key=True),
    sa.Column("outcome", Key(16), primary_key=True),
    sa.Column("reason", Key(32), primary_key=True),
    sa.Column("currency", Key(3), primary_key=True),
    sa.Column("sales", sa.Integer, nullable=False),
    sa.Column("net_sales", sa.Integer, nullable=False),
    sa.Column("purchases", sa.Integer, nullable=False, server_default="0"),  # sales that are the first of a purchase
    sa.Column("amount", Money(15, 2), nullable=False),
    sa.Column("refunded", Money(15, 2), nullable=False),
    sa.Column("collected", Money(15, 2), nullable=False),
    sa.Column("at_risk", Money(15, 2), nullable=False),
    sa.Column("written_off", Money(15, 2), nullable=False, server_default="0"),
    sa.Column("seal", sa.BigInteger, nullable=False),  # see queries.money
)

funnel_orders = sa.Table(
    "funnel_orders",
    metadata,
    # VIP and OTO lines; a purchase may hold several.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("external_id", Key(191), primary_key=True),
    sa.Column("line", sa.SmallInteger, primary_key=True),
    sa.Column("kind", Key(16), nullable=False),  # vip or oto
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
    sa.Column("purchased_on", sa.Date, nullable=False),
    sa.Column("lead_id", sa.Integer),
    *_utm(),
    sa.Column("outcome", Key(16), nullable=False, server_default="unattributed"),
    sa.Column("reason", Key(32), nullable=False, server_default="no such person"),
    *_utm_keys(),
    # All that the sums ask for, so that no order is looked up.
    sa.Index(
        "ix_funnel_orders_sums",
        *("ordered_at", "kind", "currency", "price", "refunded", "collected", "at_risk", "written_off", "line"),
    ),
    sa.Index("ix_funnel_orders_person", "email_key"),
    sa.Index("ix_funnel_orders_day", "purchased_on"),
)

order_days = sa.Table(
    "order_days",
    metadata,
    # The sums of a business date's VIP and OTO orders, as `sale_days` are those of its high-ticket sales.
    sa.Column("date", sa.Date, primary_key=True),
    sa.Column("kind", Key(16), primary_key=True),
    sa.Column("campaign_key", Key(255), primary_key=True),
    sa.Column("outcome", Key(16), primary_key=True),
    sa.Column("currency", Key(3), primary_key=True),
    sa.Column("orders", sa.Integer, nullable=False),
    sa.Column("amount", Money(15, 2), nullable=False),
    sa.Column("refunded", Money(15, 2), nullable=False),
)

# What people decided, and what the machinery remembers ----------------------------------------------

identity_links = sa.Table(
    "identity_links",
    metadata,
    # An explicit, confirmed link: this sale's buyer is the person of that lead.
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("lead_source", Key(32), nullable=False),
    sa.Column("lead_external_id", Key(191), nullable=False),
    sa.Column("confirmed_by", sa.String(255), nullable=False),
    sa.Column("confirmed_at", Moment, nullable=False),
)

identity_link_history = sa.Table(
    "identity_link_history",
    metadata,
    # What was confirmed and undone, by whom; a confirmation keeps the sale's credit as it was, for whoever undoes it.
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", Key(16), nullable=False),  # confirmed or undone
    sa.Column("lead_source", Key(32), nullable=False),
    sa.Column("lead_external_id", Key(191), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("done_at", Moment, nullable=False),
    sa.Column("before", sa.Text, nullable=False),  # JSON
)

campaign_aliases = sa.Table(
    "campaign_aliases",
    metadata,
    sa.Column("alias_key", Key(255), primary_key=True),
    sa.Column("campaign_key", Key(255), nullable=False),
)

campaign_alias_history = sa.Table(
    "campaign_alias_history",
    metadata,
    # Which name was said to stand for which campaign, as typed, and when that was taken back, by whom.
    sa.Column("alias_key", Key(255), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", Key(16), nullable=False),  # confirmed or undone
    sa.Column("alias", sa.String(255), nullable=False),
    sa.Column("campaign", sa.String(255), nullable=False),
    sa.Column("author", sa.String(255), nullable=False),
    sa.Column("done_at", Moment, nullable=False),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("event_id", Key(191), primary_key=True),
    sa.Column("kind", Key(64), nullable=False, server_default=""),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False, server_default=""),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("read_at", Moment),
    sa.Column("body", sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb"), nullable=False),
    sa.Index("ix_inbox_state", "state", "received_at"),
)

look_ups = sa.Table(
    "look_ups",
    metadata,
    # What a vendor is asked about events that do not say it themselves: the queue, and the answers.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("subject", Key(191), primary_key=True),  # the id that is looked up
    sa.Column("state", Key(16), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("next_due", Moment, nullable=False),
    sa.Column("last_error", sa.String(500), nullable=False),
    sa.Column("answer", sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")),  # JSON
    sa.Index("ix_look_ups_due", "state", "next_due"),
)

look_up_events = sa.Table(
    "look_up_events",
    metadata,
    # The events of the inbox that are read again once a look-up is answered.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("subject", Key(191), primary_key=True),
    sa.Column("event_id", Key(191), primary_key=True),
)

polls = sa.Table(
    "polls",
    metadata,
    # How it stands with each vendor that we ask; whoever asks holds its lease.
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("holder", Key(64), nullable=False, server_default=""),
    sa.Column("held_until", Moment),
    sa.Column("state", sa.Text, nullable=False),  # JSON: where to go on from
    sa.Column("next_due", Moment),
    sa.Column("last_success", Moment),
    sa.Column("last_error", sa.String(500), nullable=False, server_default=""),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
)

report_runs = sa.Table(
    "report_runs",
    metadata,
    sa.Column("report", Key(64), primary_key=True),
    sa.Column("business_date", sa.Date, primary_key=True),
    sa.Column("recipient", Key(320), primary_key=True),
    sa.Column("state", Key(16), nullable=False),
    sa.Column("message_id", Key(255), nullable=False, server_default=""),
    sa.Column("reason", sa.String(500), nullable=False, server_default=""),
    sa.Column("updated_at", Moment, nullable=False),
)

freshness = sa.Table(
    "freshness",
    metadata,
    sa.Column("source", Key(32), primary_key=True),
    sa.Column("newest_at", Moment, nullable=False),  # the moment of the newest fact this source told
)

challenges = sa.Table(
    "challenges",
    metadata,
    # The sample challenge remembers its Day 1 here, for a workbench without VIEW3_CHALLENGE_START.
    sa.Column("starts_on", sa.Date, primary_key=True),
    sa.Column("is_sample", sa.Boolean, nullable=False),
)

locks = sa.Table(
    "locks",
    metadata,
    # Whoever resolves messages into sales writes its row first, so that two of them never work on one purchase at once.
    sa.Column("name", Key(32), primary_key=True),
)
