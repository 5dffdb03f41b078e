"""A source without a database: a made-up challenge whose rows live in a list and whose clock is a value."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from threading import Event
from typing import Any

from analytics.attribution import Candidate, OptIn, Outcome, Rule
from analytics.breakdown import Breakdown, BreakdownRow, Level
from analytics.challenge import Challenge, Period
from analytics.explanation import Explanation, NoSuchSaleError
from analytics.folding import Address, email_keys
from analytics.records import Utm
from analytics.sales_csv import sales_csv
from analytics.view3 import (
    AttendanceDay,
    Attribution,
    Cards,
    Choices,
    SaleRow,
    SalesFilter,
    SalesPage,
    Sort,
    SortColumn,
    Totals,
    View3,
)

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
NOW = datetime(2026, 1, 17, 18, 4, 5, tzinfo=CHALLENGE.zone)
HOSTILE = "<img src=x onerror=alert(1)>"

_KEYS = {
    SortColumn.CUSTOMER: lambda row: row.customer_name.casefold(),
    SortColumn.PRODUCT: lambda row: row.product.casefold(),
    SortColumn.PRICE: lambda row: row.price,
    SortColumn.PURCHASED: lambda row: row.purchased_at,
    SortColumn.CAMPAIGN: lambda row: row.campaign.casefold(),
    SortColumn.AD_SET: lambda row: row.ad_set.casefold(),
    SortColumn.AD: lambda row: row.ad.casefold(),
    SortColumn.DAYS: lambda row: -1 if row.days_from_lead is None else row.days_from_lead,
}


def a_row(number: int, **changes: Any) -> SaleRow:
    """Return one plausible sale."""
    names = (
        "Ana Souza",
        "Bruno Lima",
        "Chloé Martin",
        "Zoë Ångström",
        "李小龍",
        HOSTILE,
        "=cmd|' /C calc'!A0",
        "😀" * 255,
    )
    campaigns = ("FB_Jan_Cold", "FB_Jan_Retarget", "Google_Brand", "YT_Preroll", HOSTILE)
    unmatched = number % 7 == 0
    row = SaleRow(
        sale_id=number,
        customer_name=names[number % len(names)],
        product=("Mastermind", "Inner Circle", "One-to-one")[number % 3],
        price=Decimal(("2500.00", "12000.00", "997.50")[number % 3]),
        currency="USD",
        purchased_at=NOW - timedelta(hours=7 * number),
        campaign="" if unmatched else campaigns[number % len(campaigns)],
        ad_set="" if unmatched else f"lookalike {number % 4 + 1} %",
        ad="" if unmatched else f"video_{number % 9:02d}_hook",
        days_from_lead=None if unmatched else number % 40,
        status="refunded" if number % 11 == 5 else "paid",
        attribution="unattributed" if unmatched else "exact e-mail",
        reason="no such person" if unmatched else "",
    )
    return replace(row, **changes)


def opened() -> Event:
    gate = Event()
    gate.set()
    return gate


def an_explanation(row: SaleRow, **changes: Any) -> Explanation:
    email = "ana@example.com"
    keys = email_keys(email)
    utm = Utm(campaign=row.campaign, term=row.ad_set, content=row.ad)
    address = Address(email, keys.folded, keys.key, keys.tag)
    opt_in = OptIn(
        lead_id=7,
        source="clickfunnels",
        external_id="L-7",
        name="Ana",
        email=email,
        addresses=frozenset({address}),
        customer_ids=frozenset(),
        opted_in_at=row.purchased_at,
        opted_in_on=row.purchased_at.date(),
        utm=utm,
    )
    told = Explanation(
        sale_id=row.sale_id,
        email=email,
        email_key=keys.key,
        also=(),
        carried=(),
        eligible_until=row.purchased_at,
        purchased_on=row.purchased_at.date(),
        outcome=Outcome.UNATTRIBUTED if row.reason else Outcome.MATCHED,
        reason=row.reason or Rule.EMAIL_EXACT,
        days=row.days_from_lead,
        campaign=row.campaign,
        ad_set=row.ad_set,
        ad=row.ad,
        mapping={"campaign": "utm_campaign", "ad_set": "utm_term", "ad": "utm_content"},
        candidates=() if row.reason else (Candidate(opt_in, Rule.EMAIL_EXACT, "first touch"),),
        money=None,
    )
    return replace(told, **changes)


@dataclass
class FakeSource:
    """Answers like a Workbench, from lists."""

    rows: list[SaleRow] = field(default_factory=lambda: [a_row(number) for number in range(1, 61)])
    challenge: Challenge = CHALLENGE
    currency: str = "USD"
    moment: datetime = NOW
    live: bool = True
    empty: bool = False
    broken: bool = False
    broken_rows: bool = False
    says: str = "the database is away"
    gate: Event = field(default_factory=opened)
    revision: int = 0
    checks: dict[str, bool] = field(default_factory=lambda: {"revenue_adds_up": True})
    looks: int = 0
    views: int = 0
    asked: list[tuple[SalesFilter, Sort, int, int]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)

    def fingerprint(self) -> str:
        self.looks += 1
        self._check()
        return f"{self.revision} {len(self.rows)}"

    def view(self, period: Period | None = None) -> View3:
        self._check()
        self.views += 1
        period = period or self.challenge.whole(self.moment)
        today = self.challenge.local_date(self.moment)
        rows = [row for row in self.rows if row.purchased_at.date() in period]
        gross = sum((row.price for row in rows), Decimal(0))
        spend = None if self.empty else Decimal("24750.00")
        unattributed = sum(row.days_from_lead is None for row in rows)
        revenue = gross + Decimal("31000.00")
        return View3(
            as_of=self.moment,
            timezone=self.challenge.zone.key,
            currency="USD",
            today=today,
            challenge_day=self.challenge.day_of(today),
            challenge_length=self.challenge.length,
            period=period,
            cards=Cards(
                high_ticket_sales_today=sum(row.purchased_at.date() == today for row in self.rows),
                high_ticket_sales_yesterday=sum(
                    row.purchased_at.date() == today - timedelta(days=1) for row in self.rows
                ),
                cost_per_acquisition=None
                if spend is None or not rows
                else (spend / len(rows)).quantize(Decimal("0.01")),
                cost_per_acquisition_reason="no ad spend data" if spend is None else "no sale in this period",
                roas=None if spend is None else (revenue / spend).quantize(Decimal("0.01")),
                roas_net=Decimal("5.41"),
                roas_collected=Decimal("4.98"),
                roas_reason="no ad spend data",
                attendance_today=None if self.empty else 1812,
                attendance_reason="no sample and no row for today" if self.empty else "",
                live=self.live,
                sampled_at=self.moment - timedelta(minutes=1) if self.live else None,
            ),
            totals=Totals(
                spend, Decimal("21000.00"), Decimal("10000.00"), gross, len(rows), gross, gross, len(rows), Decimal(0)
            ),
            attendance=tuple(self._day(day, on, today) for day, on in self.challenge.days_in(period)),
            attribution=Attribution(len(rows) - unattributed, unattributed, {"no such person": unattributed}),
            excluded={} if self.empty else {"test_mode": 1, "other_currency": 2},
            excluded_money={},
            review={},
            freshness={}
            if self.empty
            else {
                "stripe": self.moment - timedelta(minutes=2),
                "zoom": self.moment,
                "meta_ads": self.moment - timedelta(hours=20),
            },
            checks=self.checks,
        )

    def campaigns_of(self, view: View3) -> Breakdown:
        self._check()
        zero, totals = Decimal(0), view.totals
        paid = BreakdownRow(
            "FB_Jan_Cold", "", "", False, ("meta",), totals.ad_spend, 0, totals.high_ticket_sales, totals.net_sales,
            totals.vip_revenue, totals.oto_revenue, totals.high_ticket_revenue, totals.revenue, totals.net_revenue,
            None, view.cards.cost_per_acquisition, view.cards.roas,
        )  # fmt: skip
        nothing: dict[str, Any] = dict.fromkeys(
            ("vip_revenue", "oto_revenue", "high_ticket_revenue", "revenue", "net_revenue"), zero
        )
        rest = replace(
            paid, is_unattributed=True, ad_spend=None, high_ticket_sales=0, net_sales=0, roas=None, **nothing
        )
        hostile = replace(rest, campaign=HOSTILE, is_unattributed=False, ad_spend=zero)
        total = replace(paid, campaign="Total")
        rows = (paid, hostile, rest)
        return Breakdown(view.period, Level.CAMPAIGN, "USD", rows, total, {"campaign_revenue_adds_up": True})

    def _day(self, day: int, on: date, today: date) -> AttendanceDay:
        unknown = self.empty or on > today
        youtube = None if unknown or day in (6, 11) else 1650 - 34 * day + 97 * (day % 4)
        zoom = None if unknown or day == 6 else 420 - 7 * day + 31 * (day % 3)
        return AttendanceDay(day, on, youtube, zoom, "peak concurrent viewers", "unique participants")

    def _matching(self, wanted: SalesFilter, sort: Sort) -> list[SaleRow]:
        self._check()
        found = [
            row
            for row in self.rows
            if row.purchased_at.date() in wanted.period
            and wanted.campaign in ("", row.campaign.casefold())
            and wanted.product in ("", row.product.casefold())
            and wanted.search.casefold()
            in f"{row.customer_name} {row.product} {row.campaign} {row.ad_set} {row.ad}".casefold()
        ]
        return sorted(found, key=_KEYS[sort.column], reverse=sort.descending)

    def sales(self, wanted: SalesFilter, sort: Sort, limit: int, offset: int) -> SalesPage:
        self.asked.append((wanted, sort, limit, offset))
        if self.broken_rows:
            raise OSError("the rows cannot be read")
        found = self._matching(wanted, sort)
        return SalesPage(tuple(found[offset : offset + limit]), len(found))

    def choices(self, period: Period) -> Choices:  # noqa: ARG002 - the made-up choices are the same everywhere
        self._check()
        return Choices(
            tuple(sorted({(row.campaign.casefold(), row.campaign) for row in self.rows if row.campaign})),
            tuple(sorted({(row.product.casefold(), row.product) for row in self.rows})),
        )

    def export(self, wanted: SalesFilter, sort: Sort) -> tuple[int, Iterator[str]]:
        found = self._matching(wanted, sort)
        return len(found), sales_csv(found)

    def explain(self, sale_id: int) -> Explanation:
        self._check()
        row = next((row for row in self.rows if row.sale_id == sale_id), None)
        if row is None or row.attribution == "as written elsewhere":
            raise NoSuchSaleError("not read yet")
        return an_explanation(row)

    def _check(self) -> None:
        self.gate.wait(5)
        if self.broken:
            raise OSError(self.says)
