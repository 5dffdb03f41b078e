"""Every figure of View 3, worked out by hand in drawn tables: the four cards, the totals, and what is left out.

Times are São Paulo time. A purchase without its own e-mail is by somebody who opted in for campaign fb_jan on 2026-01-02.
Under `figure` stand the names of `view3 show --json`; `none` is undefined.
"""

from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.breakdown import Level
from analytics.breaking_down import read_breakdown
from analytics.challenge import Challenge, Period
from analytics.figures import figures
from analytics.ingest import Rules, accept
from analytics.offers import Patterns
from analytics.reading import Lens, read, read_sales, stream_sales
from analytics.records import (
    AdSpend,
    Attendance,
    AttendanceSample,
    Lead,
    Messenger,
    Offer,
    Order,
    Payment,
    Platform,
    Record,
    Statistic,
    Utm,
    UtmMapping,
    order_of_one,
)
from analytics.repairs import adopt, attribute, reclassify
from analytics.view3 import SalesFilter, Sort, View3
from tests.tables import Row, drawn_apart, each, moment_in

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
RULES = Rules(CHALLENGE, staff=("staff@x.com",))
LENS = Lens(CHALLENGE)
NOON = datetime(2026, 1, 17, 15, tzinfo=CHALLENGE.zone)
STATISTIC = {Platform.YOUTUBE: Statistic.PEAK_VIEWERS, Platform.ZOOM: Statistic.UNIQUE_PEOPLE}

MONEY = {
    "the full funnel": """
        sale | bought           | offer       | price
        -----|------------------|-------------|--------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00
        B    | 2026-01-11 10:00 | high_ticket | 1500.50
        C    | 2026-01-05 10:00 | vip         | 47.00
        D    | 2026-01-05 10:05 | vip         | 47.00
        E    | 2026-01-05 10:10 | oto         | 97.00

        spend  | on         | campaign
        -------|------------|---------
        500.00 | 2025-12-20 | fb_jan
        250.25 | 2026-01-05 | google

        figure                       | value
        -----------------------------|--------
        totals.vip_revenue           | 94.00
        totals.oto_revenue           | 97.00
        totals.high_ticket_revenue   | 3500.50
        totals.high_ticket_sales     | 2
        totals.ad_spend              | 750.25
        totals.net_revenue           | 3691.50
        totals.collected             | 3691.50
        totals.net_sales             | 2
        cards.cost_per_acquisition   | 375.13
        cards.roas                   | 4.92
        cards.roas_net               | 4.92
        cards.roas_collected         | 4.92
        cost_per_acquisition_reason  |
        roas_reason                  |
        period.from                  | 2025-12-02
        period.to                    | 2026-01-17
        challenge_day                | 17
        timezone                     | America/Sao_Paulo
    """,
    "ratios are rounded half up": """
        sale | bought           | offer       | price
        -----|------------------|-------------|--------
        A    | 2026-01-10 10:00 | high_ticket | 1.01
        B    | 2026-01-11 10:00 | high_ticket | 1.00

        spend  | on         | campaign
        -------|------------|---------
        2.01   | 2026-01-05 | fb_jan
        197.99 | 2026-01-05 | google
        0.25   | 2026-01-05 | other

        figure                     | value
        ---------------------------|-------
        cards.cost_per_acquisition | 100.13
        cards.roas                 | 0.01
    """,
    "no sale: spend stands alone": """
        spend  | on         | campaign
        -------|------------|---------
        500.00 | 2026-01-05 | fb_jan

        figure                          | value
        --------------------------------|------------
        totals.ad_spend                 | 500.00
        totals.high_ticket_sales        | 0
        cards.high_ticket_sales_today   | 0
        cards.cost_per_acquisition      | none
        cost_per_acquisition_reason     | no sale yet
        cards.roas                      | 0.00
    """,
    "no ad spend data: revenue stands alone": """
        sale | bought           | offer       | price
        -----|------------------|-------------|--------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00

        figure                       | value
        -----------------------------|-----------------
        totals.ad_spend              | none
        totals.high_ticket_revenue   | 2000.00
        cards.cost_per_acquisition   | none
        cost_per_acquisition_reason  | no ad spend data
        cards.roas                   | none
        cards.roas_net               | none
        cards.roas_collected         | none
        roas_reason                  | no ad spend data
    """,
    "ad spend of nothing earns no infinite return": """
        sale | bought           | offer       | price
        -----|------------------|-------------|--------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00

        spend | on         | campaign
        ------|------------|---------
        0.00  | 2026-01-05 | fb_jan

        figure          | value
        ----------------|------------
        totals.ad_spend | 0.00
        cards.roas      | none
        roas_reason     | no ad spend
    """,
    "nothing at all": """
        figure                          | value
        --------------------------------|---------------------------
        cards.high_ticket_sales_today   | 0
        cards.cost_per_acquisition      | none
        cards.roas                      | none
        cards.attendance_today          | none
        attendance_reason               | no attendance recorded today
        cards.live                      | False
        totals.high_ticket_revenue      | 0.00
        totals.net_revenue              | 0.00
        totals.collected                | 0.00
        attribution.matched             | 0
        attribution.unattributed        | 0
        checks.sales_add_up             | True
        checks.revenue_adds_up          | True
        checks.spend_adds_up            | True
    """,
    "a part refund lowers money, never the count; gross stays": """
        sale | bought           | offer       | price   | refunded
        -----|------------------|-------------|---------|---------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00 | 500.00
        B    | 2026-01-10 10:00 | vip         | 47.00   | 7.00

        spend  | on         | campaign
        -------|------------|---------
        100.00 | 2026-01-05 | fb_jan

        figure                     | value
        ---------------------------|--------
        totals.high_ticket_revenue | 2000.00
        totals.high_ticket_sales   | 1
        totals.net_revenue         | 1540.00
        totals.net_sales           | 1
        totals.collected           | 2047.00
        cards.roas                 | 20.47
        cards.roas_net             | 15.40
        cards.roas_collected       | 20.47
        cards.cost_per_acquisition | 100.00
    """,
    "a full refund takes the sale out of the net count alone": """
        sale | bought           | offer       | price   | refunded
        -----|------------------|-------------|---------|---------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00 | 2000.00
        B    | 2026-01-11 10:00 | high_ticket | 1000.00 |

        spend  | on         | campaign
        -------|------------|---------
        100.00 | 2026-01-05 | fb_jan

        figure                     | value
        ---------------------------|--------
        totals.high_ticket_revenue | 3000.00
        totals.high_ticket_sales   | 2
        totals.net_revenue         | 1000.00
        totals.net_sales           | 1
        cards.cost_per_acquisition | 50.00
        cards.roas                 | 30.00
    """,
    "a free sale is a sale": """
        sale | bought           | offer       | price
        -----|------------------|-------------|------
        A    | 2026-01-10 10:00 | high_ticket | 0.00

        figure                     | value
        ---------------------------|------
        totals.high_ticket_revenue | 0.00
        totals.high_ticket_sales   | 1
        totals.net_sales           | 1
    """,
    "instalments raise what was collected, never the count": """
        sale | bought           | offer       | price
        -----|------------------|-------------|--------
        A    | 2026-01-10 10:00 | high_ticket | 3000.00

        paid | for | at               | amount  | back
        -----|-----|------------------|---------|-------
        1    | A   | 2026-01-10 10:00 | 1000.00 |
        2    | A   | 2026-01-12 10:00 | 1000.00 | 250.00

        spend  | on         | campaign
        -------|------------|---------
        100.00 | 2026-01-05 | fb_jan

        figure                     | value
        ---------------------------|--------
        totals.high_ticket_revenue | 3000.00
        totals.high_ticket_sales   | 1
        totals.collected           | 2000.00
        totals.net_revenue         | 2750.00
        cards.roas                 | 30.00
        cards.roas_collected       | 20.00
        cards.roas_net             | 27.50
    """,
    "another currency is counted and marked, and never summed": """
        sale | bought           | offer       | price   | currency
        -----|------------------|-------------|---------|---------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00 | USD
        B    | 2026-01-17 10:00 | high_ticket | 9000.00 | BRL
        C    | 2026-01-10 10:00 | vip         | 90.00   | BRL

        spend  | on         | campaign | spend currency
        -------|------------|----------|---------------
        100.00 | 2026-01-05 | fb_jan   | USD
        700.00 | 2026-01-06 | fb_jan   | BRL

        figure                          | value
        --------------------------------|--------
        totals.high_ticket_revenue      | 2000.00
        totals.high_ticket_sales        | 2
        totals.vip_revenue              | 0.00
        totals.net_revenue              | 2000.00
        totals.collected                | 2000.00
        totals.ad_spend                 | 100.00
        cards.high_ticket_sales_today   | 1
        excluded.other_currency         | 2
        excluded.ad_spend_other_currency | 1
    """,
    "spend in another currency alone is not spend of nothing": """
        sale | bought           | offer       | price
        -----|------------------|-------------|--------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00

        spend  | on         | campaign | spend currency
        -------|------------|----------|---------------
        700.00 | 2026-01-06 | fb_jan   | BRL

        figure                      | value
        ----------------------------|------------------------
        totals.ad_spend             | none
        cards.cost_per_acquisition  | none
        cost_per_acquisition_reason | ad spend is not in USD
        roas_reason                 | ad spend is not in USD
    """,
    "test mode, staff and the unclassified are not counted and are counted as left out; equal purchases all count": """
        sale | bought           | offer       | price   | e-mail      | test | product
        -----|------------------|-------------|---------|-------------|------|--------
        A    | 2026-01-17 10:00 | high_ticket | 2000.00 | ana@x.com   |      | Club
        B    | 2026-01-17 10:30 | high_ticket | 2000.00 | ana@x.com   |      | Club
        C    | 2026-01-17 11:00 | high_ticket | 2000.00 | ana@x.com   |      | Club
        D    | 2026-01-17 10:00 | high_ticket | 2000.00 | cy@x.com    | yes  | Club
        E    | 2026-01-17 10:00 | high_ticket | 2000.00 | Staff@x.com |      | Club
        F    | 2026-01-17 10:00 |             | 2000.00 | dee@x.com   |      | Cap
        G    | 2026-01-17 10:00 | vip         | 47.00   | staff@x.com |      | VIP

        figure                        | value
        ------------------------------|--------
        cards.high_ticket_sales_today | 3
        totals.high_ticket_sales      | 3
        totals.high_ticket_revenue    | 6000.00
        totals.vip_revenue            | 0.00
        totals.collected              | 6000.00
        excluded.test_mode            | 1
        excluded.staff                | 2
        excluded.unclassified         | 1
    """,
    "two equal purchases an hour apart are two": """
        sale | bought              | offer       | price   | e-mail    | product
        -----|---------------------|-------------|---------|-----------|--------
        A    | 2026-01-10 10:00:00 | high_ticket | 2000.00 | ana@x.com | Club
        B    | 2026-01-10 11:00:00 | high_ticket | 2000.00 | ana@x.com | Club
        C    | 2026-01-11 10:00:00 | high_ticket | 2000.00 | ana@x.com | Club
        D    | 2026-01-11 10:30:01 | high_ticket | 2000.00 | ana@x.com | Club
        E    | 2026-01-12 10:00:00 | high_ticket | 2000.00 | ana@x.com | Club
        F    | 2026-01-12 10:00:00 | high_ticket | 2000.00 | bo@x.com  | Club
        G    | 2026-01-12 10:00:00 | high_ticket | 2000.01 | ana@x.com | Club
        H    | 2026-01-12 10:00:00 | high_ticket | 2000.00 | ana@x.com | Den

        figure                        | value
        ------------------------------|------
        totals.high_ticket_sales      | 8
    """,
    "who is credited, who is not and why": """
        lead | opted in         | e-mail    | customer | campaign
        -----|------------------|-----------|----------|---------
        1    | 2026-01-02 10:00 | ana@x.com |          | fb_jan
        2    | 2026-01-02 10:00 | bo@x.com  |          |
        3    | 2026-01-15 10:00 | cy@x.com  |          | fb_jan
        4    | 2026-01-02 10:00 | ed@x.com  | 78       | fb_jan
        5    | 2026-01-02 10:00 | eve@x.com | 77       | fb_jan

        sale | bought           | offer       | price   | e-mail    | customer
        -----|------------------|-------------|---------|-----------|---------
        A    | 2026-01-10 10:00 | high_ticket | 2000.00 | ana@x.com |
        B    | 2026-01-10 10:00 | high_ticket | 2000.00 | bo@x.com  |
        C    | 2026-01-10 10:00 | high_ticket | 2000.00 | cy@x.com  |
        D    | 2026-01-10 10:00 | high_ticket | 2000.00 | dee@x.com |
        E    | 2026-01-10 10:00 | high_ticket | 2000.00 | ed@x.com  | 77
        F    | 2026-01-10 10:00 | vip         | 47.00   | zed@x.com |

        figure                                     | value
        -------------------------------------------|------
        attribution.matched                        | 1
        attribution.unattributed                   | 4
        attribution.reasons.no UTM                 | 1
        attribution.reasons.opted in after buying  | 1
        attribution.reasons.no such person         | 1
        attribution.reasons.conflict               | 1
        totals.high_ticket_sales                   | 5
        checks.sales_add_up                        | True
        checks.revenue_adds_up                     | True
    """,
}

TIME = {
    "today begins and yesterday ends at business midnight; what is bought after now is not in it": """
        sale | bought              | offer       | price
        -----|---------------------|-------------|------
        A    | 2026-01-15 23:59:59 | high_ticket | 1.00
        B    | 2026-01-16 00:00:00 | high_ticket | 1.00
        C    | 2026-01-16 23:59:59 | high_ticket | 1.00
        D    | 2026-01-17 00:00:00 | high_ticket | 1.00
        E    | 2026-01-17 12:00:00 | high_ticket | 1.00
        F    | 2026-01-17 23:59:59 | high_ticket | 1.00
        G    | 2026-01-18 00:00:00 | high_ticket | 1.00

        figure                            | value
        ----------------------------------|------
        cards.high_ticket_sales_today     | 2
        cards.high_ticket_sales_yesterday | 2
        totals.high_ticket_sales          | 5
    """,
    "a second before midnight it is still today": """
        now
        -------------------
        2026-01-17 23:59:59

        sale | bought              | offer       | price
        -----|---------------------|-------------|------
        A    | 2026-01-17 08:00    | high_ticket | 1.00

        figure                            | value
        ----------------------------------|-----------
        today                             | 2026-01-17
        cards.high_ticket_sales_today     | 1
        cards.high_ticket_sales_yesterday | 0
    """,
    "at midnight today is yesterday": """
        now
        -------------------
        2026-01-18 00:00:00

        sale | bought              | offer       | price
        -----|---------------------|-------------|------
        A    | 2026-01-17 08:00    | high_ticket | 1.00

        figure                            | value
        ----------------------------------|-----------
        today                             | 2026-01-18
        challenge_day                     | 18
        cards.high_ticket_sales_today     | 0
        cards.high_ticket_sales_yesterday | 1
    """,
    "a sale that only knows its day belongs to that business day": """
        sale | bought     | offer       | price
        -----|------------|-------------|------
        A    | 2026-01-16 | high_ticket | 1.00
        B    | 2026-01-17 | high_ticket | 1.00

        figure                            | value
        ----------------------------------|------
        cards.high_ticket_sales_today     | 1
        cards.high_ticket_sales_yesterday | 1
    """,
    "a period narrows spend, revenue and sales alike, and never today": """
        now              | from       | to
        -----------------|------------|-----------
        2026-01-17 15:00 | 2026-01-05 | 2026-01-06

        sale | bought              | offer       | price
        -----|---------------------|-------------|-------
        A    | 2026-01-04 23:59:59 | high_ticket | 1.00
        B    | 2026-01-05 00:00:00 | high_ticket | 10.00
        C    | 2026-01-06 23:59:59 | high_ticket | 100.00
        D    | 2026-01-07 00:00:00 | high_ticket | 1000.00
        E    | 2026-01-05 10:00:00 | vip         | 47.00
        F    | 2026-01-07 10:00:00 | oto         | 97.00
        G    | 2026-01-17 10:00:00 | high_ticket | 5.00

        spend | on         | campaign
        ------|------------|---------
        5.00  | 2026-01-04 | fb_jan
        50.00 | 2026-01-05 | fb_jan
        3.00  | 2026-01-06 | fb_jan
        1.00  | 2026-01-07 | fb_jan

        figure                        | value
        ------------------------------|-----------
        period.from                   | 2026-01-05
        period.to                     | 2026-01-06
        totals.high_ticket_revenue    | 110.00
        totals.high_ticket_sales      | 2
        totals.vip_revenue            | 47.00
        totals.oto_revenue            | 0.00
        totals.ad_spend               | 53.00
        cards.cost_per_acquisition    | 26.50
        cards.roas                    | 2.96
        cards.high_ticket_sales_today | 1
    """,
    "a sale long after the challenge counts by its date": """
        now
        ----------------
        2026-02-09 15:00

        sale | bought           | offer       | price
        -----|------------------|-------------|------
        A    | 2026-02-09 10:00 | high_ticket | 5.00

        figure                        | value
        ------------------------------|-----------
        challenge_day                 | none
        cards.high_ticket_sales_today | 1
        totals.high_ticket_sales      | 1
        period.to                     | 2026-02-09
    """,
    "spend before the funnel's start is not of this challenge": """
        spend  | on         | campaign
        -------|------------|---------
        500.00 | 2025-12-01 | fb_dec
        7.00   | 2025-12-02 | fb_jan

        figure          | value
        ----------------|------
        totals.ad_spend | 7.00
    """,
}

ROOMS = {
    "today's attendance is both rooms of the daily table": """
        room    | on         | people
        --------|------------|-------
        youtube | 2026-01-17 | 500
        zoom    | 2026-01-17 | 120
        youtube | 2026-01-16 | 77

        figure                 | value
        -----------------------|------
        cards.attendance_today | 620
        cards.live             | False
        day 17                 | 500 + 120
        day 16                 | 77 + none
        day 15                 | none + none
        days                   | 17
    """,
    "zero people is not unknown": """
        room    | on         | people
        --------|------------|-------
        youtube | 2026-01-17 | 0

        figure                 | value
        -----------------------|---------
        cards.attendance_today | 0
        attendance_reason      |
        day 17                 | 0 + none
    """,
    "yesterday's attendance is not today's": """
        room    | on         | people
        --------|------------|-------
        youtube | 2026-01-16 | 500

        figure                 | value
        -----------------------|-----------------------------
        cards.attendance_today | none
        attendance_reason      | no attendance recorded today
    """,
    "while a session is live the newest sample of each room counts": """
        watching | at                  | people
        ---------|---------------------|-------
        youtube  | 2026-01-17 14:55:30 | 900
        youtube  | 2026-01-17 14:59:30 | 400
        zoom     | 2026-01-17 14:58:00 | 50

        figure                 | value
        -----------------------|--------------------------
        cards.live             | True
        cards.attendance_today | 450
        sampled_at             | 2026-01-17T14:59:30-03:00
        day 17                 | 900 + 50
    """,
    "after five minutes without a sample nobody is live": """
        watching | at                  | people
        ---------|---------------------|-------
        youtube  | 2026-01-17 14:30:00 | 900
        youtube  | 2026-01-17 14:54:59 | 400

        figure                 | value
        -----------------------|------
        cards.live             | False
        cards.attendance_today | 900
        sampled_at             | none
    """,
    "a sample from after the clock's moment is not seen": """
        watching | at                  | people
        ---------|---------------------|-------
        youtube  | 2026-01-17 14:59:00 | 400
        youtube  | 2026-01-17 15:00:01 | 999

        figure                 | value
        -----------------------|------
        cards.live             | True
        cards.attendance_today | 400
    """,
    "two sessions on one platform and day: the larger": """
        room    | on         | people | session
        --------|------------|--------|--------
        youtube | 2026-01-17 | 500    | am
        youtube | 2026-01-17 | 300    | pm

        figure                 | value
        -----------------------|----------
        cards.attendance_today | 500
        day 17                 | 500 + none
    """,
    "attendance before Day 1 and after today is not among the period's days": """
        now              | from       | to
        -----------------|------------|-----------
        2026-01-17 15:00 | 2026-01-16 | 2026-02-03

        room    | on         | people
        --------|------------|-------
        youtube | 2026-01-31 | 500

        figure | value
        -------|----------
        days   | 16
        day 31 | 500 + none
    """,
}


def _records(tables: dict[str, list[Row]]) -> list[Record]:
    known = [Lead("cf", "0", "x@x.com", CHALLENGE.start_of(date(2026, 1, 2)), utm=Utm(campaign="fb_jan"))]
    told: list[Record] = [_lead(row) for row in tables.get("lead", [])] or list(known)
    told += [_purchase(row) for row in tables.get("sale", [])]
    told += [_payment(row) for row in tables.get("paid", [])]
    told += [_spend(row) for row in tables.get("spend", [])]
    told += [_session(row) for row in tables.get("room", [])]
    return told + [_sample(row) for row in tables.get("watching", [])]


def _lead(row: Row) -> Lead:
    at, date_only = moment_in(row["opted in"], CHALLENGE.moment)
    utm = Utm(campaign=row["campaign"])
    return Lead("cf", row["lead"], row["e-mail"], at, customer_id=row["customer"], date_only=date_only, utm=utm)


def _purchase(row: Row) -> Order:
    at, date_only = moment_in(row["bought"], CHALLENGE.moment)
    return order_of_one(
        "cf",
        row["sale"],
        row.get("e-mail") or "x@x.com",
        name="",
        product=row.get("product") or f"Product {row['sale']}",
        price=Decimal(row["price"]),
        currency=row.get("currency") or "USD",
        ordered_at=at,
        offer=Offer(row["offer"]) if row["offer"] else None,
        ids=(f"pi_{row['sale']}",),
        customer_id=row.get("customer", ""),
        date_only=date_only,
        refunded=Decimal(row.get("refunded") or 0),
        test=bool(row.get("test")),
    )


def _payment(row: Row) -> Payment:
    at, _ = moment_in(row["at"], CHALLENGE.moment)
    back = Decimal(row["back"] or 0)
    order_ids = (f"pi_{row['for']}",)
    return Payment("stripe", row["paid"], Decimal(row["amount"]), "USD", at, order_ids=order_ids, refunded=back)


def _spend(row: Row) -> AdSpend:
    money = Decimal(row["spend"]), row.get("spend currency") or "USD"
    return AdSpend(date.fromisoformat(row["on"]), "meta", *money, "meta", campaign=row["campaign"])


def _session(row: Row) -> Attendance:
    platform = Platform(row["room"])
    on = date.fromisoformat(row["on"])
    session = row.get("session") or f"{row['on']}"
    return Attendance(platform, session, on, int(row["people"]), STATISTIC[platform], str(platform))


def _sample(row: Row) -> AttendanceSample:
    at, _ = moment_in(row["at"], CHALLENGE.moment)
    return AttendanceSample(Platform(row["watching"]), "live", at, int(row["people"]), row["watching"])


def _view(connection: Connection, tables: dict[str, list[Row]]) -> View3:
    when = tables.get("now", [{"now": "2026-01-17 15:00"}])[0]
    now, _ = moment_in(when["now"], CHALLENGE.moment)
    period = Period(date.fromisoformat(when["from"]), date.fromisoformat(when["to"])) if "from" in when else None
    return read(connection, LENS, now, period)


def _told(view: View3) -> dict[str, str]:
    """Return the figures by their dotted names, as they are drawn."""
    told = {name: value for name, value in asdict(view.cards).items() if name.endswith("_reason")}
    told |= _dotted(figures(view))
    told["sampled_at"] = view.cards.sampled_at and view.cards.sampled_at.isoformat()
    told["days"] = len(view.attendance)
    told |= {f"day {day.challenge_day}": f"{_cell(day.youtube)} + {_cell(day.zoom)}" for day in view.attendance}
    return {name: _cell(value) for name, value in told.items()}


def _dotted(tree: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        flat |= _dotted(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return flat


def _cell(value: object) -> str:
    return "none" if value is None else str(value)


@each({**MONEY, **TIME, **ROOMS})
def test_the_figures_are_as_drawn(connection: Connection, story: str) -> None:
    tables = drawn_apart(story)
    records = _records(tables)
    assert not accept(connection, RULES, records).refused
    told = _told(_view(connection, tables))
    drawn = {row["figure"]: row["value"] for row in tables["figure"]}
    assert {name: told.get(name) for name in drawn} == drawn
    assert {told[f"checks.{name}"] for name in ("sales_add_up", "revenue_adds_up", "spend_adds_up")} == {"True"}
    assert attribute(connection, RULES) == 0
    assert _told(_view(connection, tables)) == told


def _sale(number: str, price: str = "2000.00", **changes: Any) -> Order:
    row = {"sale": number, "bought": "2026-01-10 10:00", "offer": "high_ticket", "price": price}
    return _purchase({**row, **changes})


def test_two_sessions_of_a_day_are_summed_where_the_owner_wants_it(connection: Connection) -> None:
    sessions = [_session({"room": "youtube", "on": "2026-01-17", "people": n, "session": n}) for n in ("500", "300")]
    accept(connection, Rules(CHALLENGE, sessions_per_day="sum"), sessions)
    assert read(connection, LENS, NOON).cards.attendance_today == 800


def test_a_session_that_ended_is_not_live(connection: Connection) -> None:
    at = CHALLENGE.moment(datetime(2026, 1, 17, 14, 58))
    ended = Attendance(
        *(Platform.YOUTUBE, "live", date(2026, 1, 17), 900, Statistic.PEAK_VIEWERS, "youtube"), ended_at=at
    )
    sample = AttendanceSample(Platform.YOUTUBE, "live", at, 400, "youtube")
    accept(connection, RULES, [ended, sample])
    cards = read(connection, LENS, NOON).cards
    assert (cards.live, cards.attendance_today) == (False, 900)


def test_a_sample_never_lowers_a_peak(connection: Connection) -> None:
    at = CHALLENGE.moment(datetime(2026, 1, 17, 14, 0))
    seen = [
        AttendanceSample(Platform.ZOOM, "z", at + timedelta(minutes=n), p, "zoom") for n, p in enumerate((9, 70, 8))
    ]
    for sample in seen:
        accept(connection, RULES, [sample])
    assert read(connection, LENS, NOON).attendance[-1].zoom == 70


def test_a_corrected_session_corrects_its_day(connection: Connection) -> None:
    for people in ("500", "480"):
        accept(connection, RULES, [_session({"room": "youtube", "on": "2026-01-17", "people": people})])
    assert read(connection, LENS, NOON).cards.attendance_today == 480


def test_a_purchase_counts_once_a_pattern_names_it(connection: Connection) -> None:
    accept(connection, RULES, [_purchase({"sale": "A", "bought": "2026-01-10 10:00", "offer": "", "price": "2000"})])
    before = read(connection, LENS, NOON)
    assert (before.totals.high_ticket_sales, before.excluded["unclassified"]) == (0, 1)
    assert reclassify(connection, Rules(CHALLENGE, patterns=Patterns(high_ticket=("product*",)))) == 1
    after = read(connection, LENS, NOON)
    assert (after.totals.high_ticket_sales, after.excluded["unclassified"]) == (1, 0)


AHEAD = {  # it is 15:00 on the 17th: when a sale was made by the vendor's clock, and whether it counts live and in a replay
    "a second ago": ("2026-01-17 14:59:59", 1, 1),
    "now": ("2026-01-17 15:00:00", 1, 1),
    "two minutes ahead of us": ("2026-01-17 15:02:00", 1, 0),
    "in the last second of today": ("2026-01-17 23:59:59", 1, 0),
    "tomorrow": ("2026-01-18 00:00:00", 0, 0),
}


@pytest.mark.parametrize("case", AHEAD)
def test_a_vendor_s_clock_that_is_ahead_hides_nothing_live_and_everything_from_a_past_moment(
    connection: Connection, case: str
) -> None:
    bought, *counts = AHEAD[case]
    accept(connection, RULES, [_sale("A", bought=bought)])
    wanted = SalesFilter(Period(date(2026, 1, 1), date(2026, 1, 31)))
    for lens, count in zip((replace(LENS, is_live=True), LENS), counts, strict=True):
        view = read(connection, lens, NOON)
        rows = list(stream_sales(connection, lens, wanted, Sort(), now=NOON))
        campaigns = read_breakdown(connection, lens, wanted.period, Level.CAMPAIGN, NOON)
        assert view.cards.high_ticket_sales_today == view.totals.high_ticket_sales == count
        assert (view.totals.collected, len(rows)) == (Decimal(2000 * count), count)
        assert (campaigns.total.high_ticket_sales, set(view.checks.values())) == (count, {True})


def test_a_payment_may_arrive_before_its_sale(connection: Connection) -> None:
    paid = _payment({"paid": "1", "for": "A", "at": "2026-01-10 10:00", "amount": "1000.00", "back": "250.00"})
    accept(connection, RULES, [paid])
    accept(connection, RULES, [_sale("A", "3000.00")])
    totals = read(connection, LENS, NOON).totals
    assert (totals.collected, totals.net_revenue) == (Decimal("1000.00"), Decimal("2750.00"))


def test_a_refund_that_failed_is_undone(connection: Connection) -> None:
    nets = []
    for back in ("0", "500", "800", "0"):
        accept(connection, RULES, [_sale("A", refunded=back)])
        nets.append(read(connection, LENS, NOON).totals.net_revenue)
    assert nets == [Decimal(2000), Decimal(1500), Decimal(1200), Decimal(2000)]


def test_one_purchase_with_four_messengers_is_one_sale(connection: Connection) -> None:
    told = drawn_apart("""
        said | source | by               | payment | also | at                  | price   | product  | name
        -----|--------|------------------|---------|------|---------------------|---------|----------|----------
        cs_1 | stripe | payment_provider | pi_1    |      | 2026-01-10 10:00:00 | 2000.00 | prod_77  | A SOUZA
        pi_1 | stripe | payment_provider | pi_1    | ch_1 | 2026-01-10 10:00:01 | 2000.00 | prod_77  | A SOUZA
        ch_1 | stripe | payment_provider | ch_1    |      | 2026-01-10 10:00:02 | 2000.00 | prod_77  | A SOUZA
        55   | cf     | funnel_tool      | pi_1    |      | 2026-01-10 09:59:00 | 1999.00 | The Club | Ana Souza
    """)["said"]
    for row in told:
        purchase = order_of_one(
            row["source"],
            row["said"],
            "x@x.com",
            row["name"],
            row["product"],
            Decimal(row["price"]),
            "USD",
            moment_in(row["at"], CHALLENGE.moment)[0],
            messenger=Messenger(row["by"]),
            offer=Offer.HIGH_TICKET,
            ids=tuple(filter(None, (row["payment"], row["also"]))),
        )
        accept(connection, RULES, [purchase])
    (listed,) = list(stream_sales(connection, LENS, SalesFilter(CHALLENGE.whole(NOON)), Sort()))
    assert (listed.customer_name, listed.product, listed.price) == ("Ana Souza", "The Club", Decimal("2000.00"))
    assert listed.purchased_at == CHALLENGE.moment(datetime(2026, 1, 10, 10))


def test_a_purchase_is_in_test_mode_if_any_of_its_messengers_says_so(connection: Connection) -> None:
    funnel = _sale("A")
    provider = order_of_one(
        *("stripe", "pi_A", "x@x.com", "", "Club", Decimal(2000), "USD", funnel.ordered_at),
        messenger=Messenger.PAYMENT_PROVIDER,
        offer=Offer.HIGH_TICKET,
        ids=("pi_A",),
        test=True,
    )
    accept(connection, RULES, [funnel, provider])
    assert read(connection, LENS, NOON).totals.high_ticket_sales == 0


def _write_foreign_sale(connection: Connection, **values: Any) -> None:
    """Insert as another program would: plain SQL, the specification's columns only."""
    row = {
        "customer_name": "Zoë",
        "customer_email": "zoe@x.com",
        "product_name": "Club",
        "price": "1234.56",
        "purchase_date": "2026-01-17 12:00:00",
        **values,
    }
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(sa.text(f"INSERT INTO high_ticket_sales ({names}) VALUES ({marks})"), row)


def test_sales_of_another_program_appear_at_once(connection: Connection) -> None:
    _write_foreign_sale(connection)
    _write_foreign_sale(connection, utm_campaign="FB_Jan", purchase_date="2026-01-17 02:59:59", price="0.44")
    view = read(connection, LENS, NOON)
    assert (view.cards.high_ticket_sales_today, view.cards.high_ticket_sales_yesterday) == (1, 1)
    assert view.totals.high_ticket_revenue == view.totals.collected == view.totals.net_revenue == Decimal(1235)
    assert (view.attribution.matched, dict(view.attribution.reasons)) == (1, {"no such person": 1})
    assert all(view.checks.values())
    page = read_sales(connection, LENS, SalesFilter(view.period), Sort(), (10, 0))
    assert [(row.customer_name, row.campaign, row.attribution) for row in page.rows] == [
        ("Zoë", "", "unattributed"),
        ("Zoë", "FB_Jan", "matched"),
    ]


def test_sales_of_another_program_are_told_apart_by_what_they_say(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":  # as MySQL is set up
        connection.exec_driver_sql("SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',ONLY_FULL_GROUP_BY')")
    for name, utm in (("A", {"utm_campaign": "fb"}), ("B", {}), ("C", {"utm_content": "reel"}), ("D", {})):
        _write_foreign_sale(connection, customer_name=name, **utm)
    told = read(connection, LENS, NOON).attribution
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SET SESSION sql_mode = REPLACE(@@SESSION.sql_mode, 'ONLY_FULL_GROUP_BY', '')")
    assert (told.matched, told.unattributed, dict(told.reasons)) == (1, 3, {"no campaign": 1, "no such person": 2})


def test_sales_of_another_program_are_credited_by_our_leads(connection: Connection) -> None:
    _write_foreign_sale(connection)
    _write_foreign_sale(connection, customer_email="other@x.com", utm_campaign="Own", utm_source="them")
    accept(
        connection, RULES, [Lead("cf", "1", "Zoe@X.com", CHALLENGE.start_of(date(2026, 1, 2)), utm=Utm(campaign="fb"))]
    )
    assert adopt(connection, RULES) == 2
    before = read(connection, LENS, NOON)
    assert (before.attribution.matched, before.attribution.unattributed) == (2, 0)
    rows = {row.campaign: row for row in list(stream_sales(connection, LENS, SalesFilter(before.period), Sort()))}
    assert (rows["fb"].days_from_lead, rows["Own"].reason) == (15, "as recorded")
    assert attribute(connection, RULES) == 0
    assert read(connection, LENS, NOON) == before


def test_attendance_of_another_program_appears_at_once(connection: Connection) -> None:
    for on, day, platform, count in (
        ("2026-01-17", 17, "youtube", 512),
        ("2026-01-17", 17, "zoom", 140),
        ("2026-01-16", 16, "zoom", 0),
    ):
        connection.execute(
            sa.text(
                "INSERT INTO attendance (date, challenge_day, platform, participant_count) VALUES (:a, :b, :c, :d)"
            ),
            {"a": on, "b": day, "c": platform, "d": count},
        )
    view = read(connection, LENS, NOON)
    assert view.cards.attendance_today == 652
    assert [(day.youtube, day.zoom) for day in view.attendance[-2:]] == [(None, 0), (512, 140)]


def test_the_same_figures_are_read_for_a_reporting_currency_of_another_land(connection: Connection) -> None:
    accept(connection, RULES, [_sale("A", currency="BRL"), _sale("B", "7.00")])
    view = read(connection, Lens(CHALLENGE, "BRL"), NOON)
    assert (view.totals.high_ticket_revenue, view.excluded["other_currency"]) == (Decimal(2000), 1)


@pytest.mark.parametrize("column", ["utm_term", "utm_medium", "utm_content", "utm_source"])
def test_the_mapping_says_which_utm_is_the_ad_set(connection: Connection, column: str) -> None:
    utm = Utm("source", "medium", "campaign", "term", "content")
    accept(connection, RULES, [Lead("cf", "1", "x@x.com", CHALLENGE.start_of(date(2026, 1, 2)), utm=utm), _sale("A")])
    lens = Lens(CHALLENGE, mapping=UtmMapping(ad_set=column))
    (row,) = list(stream_sales(connection, lens, SalesFilter(CHALLENGE.whole(NOON)), Sort()))
    assert (row.campaign, row.ad_set, row.ad) == ("campaign", column.removeprefix("utm_"), "content")
