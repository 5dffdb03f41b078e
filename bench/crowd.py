"""Leads, sales and orders by the million, numbered through in SQL as the door would have left them (`check` proves it).

Lead n is person n's, but every eighth is somebody's second opt-in. Of twenty sales one has a stranger for a buyer and one
was made before its buyer opted in. Nothing is random, so every run has the same rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pymysql

from analytics import ingest
from analytics.database import open_engine, writing
from analytics.migrate import upgrade
from analytics.records import Attendance, Platform, Statistic
from bench.stage import CHALLENGE, DAYS, FIRST_DAY, HOURS_BEHIND_UTC, RULES, SECONDS, START

OPT_IN_SECONDS, DECISION_SECONDS = SECONDS * 8 // 10, SECONDS * 2 // 10 - 7200
UTMS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
UTM_VALUES = (
    "IF(ad % 2, 'facebook', 'google')",
    "'paid_social'",
    "CONCAT('Challenge January ', LPAD(ad DIV 100, 3, '0'))",
    "CONCAT('Lookalike ', ad DIV 10)",
    "CONCAT('Video Hook ', ad)",
)
PERSON = ("email", "email_folded", "email_key", "email_tag")


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are; `ads` are those of one day."""

    sales: int
    leads: int
    orders: int
    ads: int

    @classmethod
    def of(cls, sales: int) -> "Size":
        """Return two leads and an eighth of a funnel order per sale, and 3,000 ads a day for a million sales (six at least)."""
        return cls(sales, 2 * sales, sales * 12 // 100, max(6, sales * 3 // 1000))


def load(url: str, client: pymysql.Connection, size: Size) -> None:
    """Fill an empty database; the sales are still credited to nobody."""
    engine = open_engine(url)
    upgrade(engine)
    with writing(engine) as connection:
        ingest.accept(connection, RULES, sessions())
    engine.dispose()
    with client.cursor() as cursor:
        for statement in (_leads(size), _sales(size), _orders(size), *TOLD, *CONCLUDED, _spend(size)):
            cursor.execute(statement)


def sessions() -> Iterator[Attendance]:
    """Yield the attendance of every session of the challenge."""
    for day in range(1, CHALLENGE.length + 1):
        for platform, statistic in (
            (Platform.YOUTUBE, Statistic.PEAK_VIEWERS),
            (Platform.ZOOM, Statistic.UNIQUE_PEOPLE),
        ):
            on, people = CHALLENGE.date_of(day), 5000 - 90 * day
            yield Attendance(platform, f"{platform}-{day}", on, people, statistic, str(platform))


def _people(number: str, person: str) -> str:
    """Return the columns of PERSON, named: capitals in every eleventh address, a dot more in every thirteenth."""
    mailbox = f"CONCAT('person', {person}, IF({person} % 5 < 2, '@gmail.com', '@example.com'))"
    typed = (
        f"IF({number} % 11 = 0, UPPER({mailbox}), IF({number} % 13 = 0, REPLACE({mailbox}, 'son', '.son'), {mailbox}))"
    )
    key = f"IF({person} % 5 < 2, {mailbox}, LOWER({typed}))"
    return f"{typed} AS email, LOWER({typed}) AS email_folded, {key} AS email_key, '' AS email_tag"


def _utms(known: str) -> str:
    return ", ".join(f"IF({known}, {value}, NULL)" for value in UTM_VALUES)


def _leads(size: Size) -> str:
    seconds = f"n * {OPT_IN_SECONDS} DIV {size.leads}"
    keys = ", ".join(f"IF(n % 20, LOWER({value}), '')" for value in UTM_VALUES)
    return f"""
        INSERT INTO leads (source, external_id, name, {", ".join(PERSON)}, customer_id, opted_in_at, opted_in_on,
                           date_only, {", ".join(UTMS)}, {", ".join(f"{utm}_key" for utm in UTMS)})
        SELECT 'clickfunnels', CONCAT('optin-', n), CONCAT('Person ', p), {_people("n", "p")}, CONCAT('contact-', p),
               {_moment(seconds)}, DATE({_moment(seconds)} - INTERVAL {HOURS_BEHIND_UTC} HOUR),
               0, {_utms("n % 20")}, {keys}
        FROM (SELECT seq AS n, IF(seq % 8, seq, seq DIV 2) AS p, CRC32(seq) % {size.ads} AS ad
              FROM seq_1_to_{size.leads}) AS numbers
    """


def _moment(seconds: str) -> str:
    return f"(TIMESTAMP '{START:%Y-%m-%d %H:%M:%S}' + INTERVAL {seconds} SECOND)"


def _sales(size: Size) -> str:
    opted_in = f"p * {OPT_IN_SECONDS} DIV {size.leads}"
    seconds = f"({opted_in} + IF(n % 20 = 1, -3600, 3600 + CRC32(n) % {DECISION_SECONDS}))"
    persons = f"IF(seq % 20, seq * {size.leads} DIV {size.sales}, {size.leads} + seq)"
    return f"""
        CREATE TEMPORARY TABLE purchases
        SELECT IF(n % 2, 'stripe', 'clickfunnels') AS source, CONCAT('sale-', n) AS external_id, 'high_ticket' AS offer,
               CONCAT('Person ', p) AS name, {_people("n", "p")}, CONCAT(IF(n % 2, 'cus_', 'contact-'), p) AS customer_id,
               CONCAT('Mastermind ', n % 3) AS product, CAST(2997 + n % 3 * 1000 AS DECIMAL(10, 2)) AS price,
               IF(n % 100 < 2, 'EUR', 'USD') AS currency, {_moment(seconds)} AS purchased_at,
               CAST(IF(n % 80 < 2, 1000, 0) AS DECIMAL(10, 2)) AS refunded, n AS sale_id
        FROM (SELECT seq AS n, {persons} AS p FROM seq_1_to_{size.sales}) AS numbers
    """


def _orders(size: Size) -> str:
    seconds = f"(p * {OPT_IN_SECONDS} DIV {size.leads} + 600)"
    return f"""
        INSERT INTO purchases
        SELECT 'clickfunnels', CONCAT('order-', n), IF(n % 5, 'vip', 'oto'), CONCAT('Person ', p), {_people("n", "p")},
               CONCAT('contact-', p), 'Ticket', IF(n % 5, 47, 197), 'USD', {_moment(seconds)}, 0, 0
        FROM (SELECT seq AS n, seq * {size.leads} DIV {size.orders} AS p FROM seq_1_to_{size.orders}) AS numbers
    """


BUYER = ", ".join(("name", *PERSON, "customer_id"))
# Stripe tells payments, which name their product; ClickFunnels tells orders of one line, whose money they state themselves.
TOLD = (
    f"""
    INSERT INTO orders (source, external_id, messenger, state, test, {BUYER}, line_items, total, tax, currency, plan_id,
                        interval_days, ordered_at, date_only, collected, refunded, disputed, purchase_source, purchase_id,
                        is_resolved)
    SELECT source, external_id, 'funnel_tool', 'paid', 0, {BUYER}, JSON_ARRAY(JSON_ARRAY(product, '', NULL, offer, 1)),
           price, 0, currency, '', 0, purchased_at, 0, price, refunded, 0, source, external_id, 1
    FROM purchases WHERE source = 'clickfunnels'
    """,
    f"""
    INSERT INTO payments (source, external_id, messenger, test, {BUYER}, amount, currency, paid_at, is_estimate, date_only,
                          refunded, for_invoice, product, labels, purchase_source, purchase_id)
    SELECT source, external_id, 'payment_provider', 0, {BUYER}, price, currency, purchased_at, 0, 0,
           refunded, 0, product, '', source, external_id
    FROM purchases WHERE source = 'stripe'
    """,
    """
    INSERT INTO shared_ids (shared_id, role, source, external_id)
    SELECT IF(source = 'stripe', external_id, CONCAT(source, ':', external_id)),
           IF(source = 'stripe', 'payment', 'order'), source, external_id
    FROM purchases
    """,
    """
    INSERT IGNORE INTO customer_addresses (source, customer_id, email_key, email, first_seen_at)
    SELECT source, customer_id, email_key, email, opted_in_at FROM leads ORDER BY opted_in_at
    """,
    """
    INSERT IGNORE INTO customer_addresses (source, customer_id, email_key, email, first_seen_at)
    SELECT source, customer_id, email_key, email, purchased_at FROM purchases ORDER BY purchased_at
    """,
)
CONCLUDED = (
    f"""
    INSERT INTO buyers (source, external_id, stated_by, customer_id, {", ".join(PERSON)})
    SELECT source, external_id, source, customer_id, {", ".join(PERSON)} FROM purchases
    """,
    """
    INSERT INTO allocations (kind, source, external_id, part, place, purchase_source, purchase_id, amount, currency, state,
                             happened_at)
    SELECT 'payment', source, external_id, 0, offer, source, external_id, price, currency, 'received', purchased_at
    FROM purchases
    """,
    """
    INSERT INTO allocations (kind, source, external_id, part, place, purchase_source, purchase_id, amount, currency, state)
    SELECT 'refund', source, external_id, 0, offer, source, external_id, refunded, currency, 'refunded'
    FROM purchases WHERE refunded > 0
    """,
    """
    INSERT INTO high_ticket_sales (id, customer_name, customer_email, product_name, price, purchase_date)
    SELECT sale_id, name, email, product, price, purchased_at FROM purchases WHERE sale_id > 0 ORDER BY sale_id
    """,
    f"""
    INSERT INTO sale_facts (sale_id, source, external_id, currency, eligible_until, purchased_on, email_folded,
                            email_key, email_tag, product_key, collected, refunded)
    SELECT sale_id, source, external_id, currency, purchased_at, DATE(purchased_at - INTERVAL {HOURS_BEHIND_UTC} HOUR),
           email_folded, email_key, email_tag, LOWER(product), price, refunded
    FROM purchases WHERE sale_id > 0 ORDER BY sale_id
    """,
    f"""
    INSERT INTO funnel_orders (source, external_id, line, kind, name, {", ".join(PERSON)}, product, price, currency,
                               ordered_at, eligible_until, purchased_on, collected, refunded, at_risk, written_off, tax)
    SELECT source, external_id, 0, offer, name, {", ".join(PERSON)}, product, price, currency, purchased_at, purchased_at,
           DATE(purchased_at - INTERVAL {HOURS_BEHIND_UTC} HOUR), price, refunded, 0, 0, 0
    FROM purchases WHERE sale_id = 0
    """,
    """
    INSERT INTO freshness SELECT source, MAX(at) FROM (
        SELECT source, opted_in_at AS at FROM leads UNION ALL SELECT source, purchased_at FROM purchases
    ) AS told GROUP BY source
    """,
    "DROP TEMPORARY TABLE purchases",
)


def _spend(size: Size) -> str:
    """Return the statement that tells what every ad cost on every day."""
    first = FIRST_DAY - timedelta(days=1)
    return f"""
        INSERT INTO ad_spend (date, platform, account_id, entity_key, campaign_id, campaign, campaign_key, ad_set_id, ad_set,
                              ad_set_key, ad_id, ad, ad_key, detail, spend, currency, source)
        SELECT DATE '{first}' + INTERVAL day DAY, IF(ad % 2, 'meta', 'google'), CONCAT('act_', ad % 4), MD5(ad),
               12020000 + ad DIV 100, {UTM_VALUES[2]}, LOWER({UTM_VALUES[2]}), 12030000 + ad DIV 10, {UTM_VALUES[3]},
               LOWER({UTM_VALUES[3]}), 12040000 + ad, {UTM_VALUES[4]}, LOWER({UTM_VALUES[4]}), 7,
               CRC32(CONCAT(day, '-', ad)) % 50000 / 100, 'USD', 'meta_ads'
        FROM (SELECT days.seq AS day, ads.seq AS ad
              FROM seq_1_to_{DAYS} AS days JOIN seq_1_to_{size.ads} AS ads) AS numbers
    """
