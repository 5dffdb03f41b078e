"""Reads View 3 and its table from the database: questions in, frozen values out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.engine import Connection

from analytics import kpis
from analytics.attribution import Outcome, Rule
from analytics.backlog import Limits
from analytics.challenge import Challenge, Period
from analytics.queries import backlog, costs, health, hygiene, left_out, money, rooms, sales, stored_money
from analytics.queries.costs import Spend
from analytics.queries.later import Credited, Later, by_offer, later, later_by_sale
from analytics.queries.money import Bounds, OrderSums, Revenue, SalesGroup, Whole
from analytics.queries.rooms import RoomDay
from analytics.recording import asking, recording
from analytics.records import USUAL_STATISTIC, Offer, Platform, UtmMapping
from analytics.view3 import (
    AttendanceDay,
    Attribution,
    Cards,
    Choices,
    CreditedMoney,
    SaleRow,
    SalesFilter,
    SalesPage,
    Sort,
    Standing,
    Tally,
    Totals,
    View3,
)

ZERO = Decimal(0)
SECOND = timedelta(seconds=1)
NONE = Tally(0, ZERO)
AS_IT_IS = Later()
NOTHING = Revenue(0, 0, ZERO, ZERO, ZERO, ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Lens:
    """How the database is looked at: the calendar, the reporting currency, and which UTM is the ad set and the ad.

    A view of a past moment is without what happened later. A live one has all of today: a vendor's clock may be ahead of ours.
    """

    challenge: Challenge
    currency: str = "USD"
    mapping: UtmMapping = field(default_factory=UtmMapping)
    limits: Limits = field(default_factory=Limits)
    is_live: bool = False

    def horizon(self, now: datetime) -> datetime:
        """Return the last moment that a view of `now` looks at."""
        return self.challenge.last_second_of(self.challenge.local_date(now)) if self.is_live else now

    def bounds(self, period: Period, now: datetime | None = None) -> Bounds:
        """Return the moments of a period, as far as a view of `now` looks, the end left out."""
        begin, end = self.challenge.bounds(period)
        return begin, end if now is None else min(end, self.horizon(now).replace(microsecond=0) + SECOND)


def read(connection: Connection, lens: Lens, now: datetime, period: Period | None = None) -> View3:
    """Return View 3 of a period (default: funnel start to today) as it is at `now`, with what was asked for it."""
    with recording(connection) as asked:
        view = _read(connection, lens, now, period or lens.challenge.whole(now))
    return replace(view, asked=tuple(asked))


def _read(connection: Connection, lens: Lens, now: datetime, period: Period) -> View3:
    challenge = lens.challenge
    today = challenge.local_date(now)
    bounds = lens.bounds(period, now)
    whole = money.whole_sales(asking(connection, "all_sales"), bounds)
    groups = money.sales_by_campaign(asking(connection, "sales"), period, bounds, lens.currency, whole)
    funnel = money.funnel_revenue(asking(connection, "funnel_orders"), bounds, lens.currency)
    ordered = money.orders_by_campaign(asking(connection, "orders_by_campaign"), period, bounds, lens.currency, funnel)
    spend = costs.spend_by_account(asking(connection, "ad_spend"), up_to(period, today), lens.currency)
    undone = later(asking(connection, "later"), bounds, lens.currency, lens.horizon(now))
    totals = _totals(groups, funnel, spend, by_offer(undone))
    days = rooms.attendance_by_day(
        asking(connection, "attendance"), Period(min(period.first, today), max(period.last, today))
    )
    listed = left_out.tallies(asking(connection, "left_out"), bounds, lens.currency)
    newest = health.newest_by_source(asking(connection, "freshness"))
    waiting = backlog.read_backlog(asking(connection, "backlog"), now)
    return View3(
        as_of=challenge.local_time(now),
        timezone=challenge.zone.key,
        currency=lens.currency,
        today=today,
        challenge_day=challenge.day_of(today),
        challenge_length=challenge.length,
        period=period,
        cards=_cards(connection, lens, now, totals, spend, days),
        totals=totals,
        attendance=tuple(_attendance(challenge, period, days)),
        attribution=_attribution(groups),
        excluded=_excluded(listed, groups, funnel, spend),
        excluded_money={kind: listed.get(kind, NONE).amount for kind in left_out.EXCLUDED},
        review={kind: listed.get(kind, NONE) for kind in left_out.REVIEW},
        freshness={name: challenge.local_time(at) for name, at in newest.items()},
        credited=tuple(_credited(groups, ordered, undone)),
        checks=_checks(connection, lens, up_to(period, today), (whole, funnel, spend), (groups, ordered)),
        backlog=waiting,
        overdue=waiting.overdue(lens.limits, now),
        provisional_from=spend.provisional_from,
    )


def read_sales(  # noqa: PLR0913 (what is asked, and what is known of it already)
    connection: Connection,
    lens: Lens,
    wanted: SalesFilter,
    sort: Sort,
    page: tuple[int, int],
    total: int | None = None,
    *,
    now: datetime | None = None,
) -> SalesPage:
    """Return one page of the attribution table, as (limit, offset), as it was at `now` (default: with all that is stored).

    `total`, where known already, is not counted again.
    """
    asked = _wanted(lens, wanted, now)
    condition = sales.narrowed(connection, asked, lens.mapping)
    order = (sort.column.value, sort.descending)
    rows = sales.page_of_sales(connection, condition, lens.mapping, order, page)
    if total is None:
        total = sales.count_sales(connection, condition, lens.mapping)
    undone = later_by_sale(connection, asked.bounds, lens.horizon(now)) if now else {}
    return SalesPage(tuple(_sale_row(lens, row, undone.get(row.id, AS_IT_IS)) for row in rows), total)


def stream_sales(
    connection: Connection, lens: Lens, wanted: SalesFilter, sort: Sort, *, now: datetime | None = None
) -> Iterator[SaleRow]:
    """Yield every row of the attribution table that is wanted, as it was at `now`, without holding them all."""
    asked, order = _wanted(lens, wanted, now), (sort.column.value, sort.descending)
    undone = later_by_sale(connection, asked.bounds, lens.horizon(now)) if now else {}
    for row in sales.stream_sales(connection, asked, lens.mapping, order):
        yield _sale_row(lens, row, undone.get(row.id, AS_IT_IS))


def read_choices(connection: Connection, lens: Lens, period: Period) -> Choices:
    """Return the campaigns and products that the table of a period can be filtered by."""
    bounds = lens.challenge.bounds(period)
    credited = ((sales.UNATTRIBUTED, "Unattributed"), *sales.campaigns(connection, bounds))
    return Choices(credited, tuple(sales.products(connection, bounds)))


def _wanted(lens: Lens, wanted: SalesFilter, now: datetime | None) -> sales.Wanted:
    return sales.Wanted(wanted.period, lens.bounds(wanted.period, now), wanted.campaign, wanted.product, wanted.search)


def _sale_row(lens: Lens, row: Any, undone: Later) -> SaleRow:
    standing = standing_of(row._mapping, undone)
    return SaleRow(
        sale_id=row.id,
        customer_name=row.name,
        product=row.product,
        price=standing.price,
        currency=row.currency or lens.currency,
        purchased_at=lens.challenge.local_time(row.purchased_at),
        campaign=row.campaign or "",
        ad_set=row.ad_set or "",
        ad=row.ad or "",
        days_from_lead=row.days,
        status=standing.status,
        attribution=row.outcome,
        reason=row.reason,
        tax=Decimal(row.tax),
    )


def standing_of(row: Mapping[Any, Any], undone: Later) -> Standing:
    """Return how the money of a sale stands, without what happened later."""
    return Standing(
        row["price"] - undone.revenue,
        Decimal(row["refunded"]) - undone.refunded,
        Decimal(row["at_risk"]) - undone.at_risk,
        Decimal(row["written_off"]) - undone.written_off,
        is_open_plan=bool(row["is_open_plan"]),
        is_refund_unknown=bool(row["is_refund_unknown"]),
        is_product_unknown=not row["product"].strip(),
    )


def _totals(
    groups: Iterable[SalesGroup], funnel: dict[Offer, Revenue], spend: Spend, undone: Mapping[Offer, Later]
) -> Totals:
    """Return the totals without what happened after the moment that is looked at."""
    groups = list(groups)
    vip, oto = funnel.get(Offer.VIP, NOTHING), funnel.get(Offer.OTO, NOTHING)
    high_ticket = sum((group.revenue for group in groups), ZERO)
    parts: list[SalesGroup | Revenue] = [*groups, vip, oto]
    after = list(undone.values())
    lost = sum((part.refunded + part.written_off for part in parts), ZERO)
    lost -= sum((part.refunded + part.written_off for part in after), ZERO)
    high_ticket -= undone[Offer.HIGH_TICKET].revenue
    return Totals(
        ad_spend=spend.spend,
        vip_revenue=vip.revenue,
        oto_revenue=oto.revenue,
        high_ticket_revenue=high_ticket,
        high_ticket_sales=sum(group.sales for group in groups),
        net_revenue=vip.revenue + oto.revenue + high_ticket - lost,
        collected=sum((part.collected for part in parts), ZERO) - sum((part.collected for part in after), ZERO),
        net_sales=sum(group.net_sales for group in groups) - undone[Offer.HIGH_TICKET].net_sales,
        at_risk=sum((part.at_risk for part in parts), ZERO) - sum((part.at_risk for part in after), ZERO),
    )


def _cards(
    connection: Connection, lens: Lens, now: datetime, totals: Totals, spend: Spend, days: list[RoomDay]
) -> Cards:
    challenge = lens.challenge
    today = challenge.local_date(now)
    yesterday = today - timedelta(days=1)
    live = rooms.live_now(asking(connection, "watching_now"), now)
    seen_today = [day.participants for day in days if day.date == today]
    return Cards(
        high_ticket_sales_today=_sold_on(asking(connection, "sales_today"), lens, today, now),
        high_ticket_sales_yesterday=_sold_on(asking(connection, "sales_yesterday"), lens, yesterday, now),
        cost_per_acquisition=kpis.cost_per_acquisition(totals.ad_spend, totals.high_ticket_sales),
        cost_per_acquisition_reason=_spend_reason(spend, lens) or ("" if totals.high_ticket_sales else "no sale yet"),
        roas=kpis.roas(totals.revenue, totals.ad_spend),
        roas_net=kpis.roas(totals.net_revenue, totals.ad_spend),
        roas_collected=kpis.roas(totals.collected, totals.ad_spend),
        roas_reason=_spend_reason(spend, lens) or ("" if totals.ad_spend else "no ad spend"),
        attendance_today=live.participants if live else sum(seen_today) if seen_today else None,
        attendance_reason="" if live or seen_today else "no attendance recorded today",
        live=live is not None,
        sampled_at=challenge.local_time(live.sampled_at) if live else None,
    )


def _sold_on(connection: Connection, lens: Lens, on: date, now: datetime) -> int:
    return money.sales_count(connection, lens.bounds(Period(on, on), now))


def _spend_reason(spend: Spend, lens: Lens) -> str:
    if spend.spend is not None:
        return ""
    return f"ad spend is not in {lens.currency}" if spend.other_currency else "no ad spend data"


def _attendance(challenge: Challenge, period: Period, days: list[RoomDay]) -> Iterator[AttendanceDay]:
    """Yield every challenge day of the period; a room without a row is unknown."""
    told = {(day.date, day.platform): day for day in days}
    for number, on in challenge.days_in(period):
        youtube, zoom = told.get((on, Platform.YOUTUBE)), told.get((on, Platform.ZOOM))
        yield AttendanceDay(
            challenge_day=number,
            date=on,
            youtube=youtube.participants if youtube else None,
            zoom=zoom.participants if zoom else None,
            youtube_statistic=(youtube and youtube.statistic) or USUAL_STATISTIC[Platform.YOUTUBE],
            zoom_statistic=(zoom and zoom.statistic) or USUAL_STATISTIC[Platform.ZOOM],
            youtube_peak=youtube.peak if youtube else None,
            youtube_unique=youtube.unique if youtube else None,
            zoom_peak=zoom.peak if zoom else None,
            zoom_unique=zoom.unique if zoom else None,
        )


def _attribution(groups: Iterable[SalesGroup]) -> Attribution:
    rules, reasons = Counter[str](), Counter[str]()
    for group in groups:
        (rules if group.outcome == Outcome.MATCHED else reasons)[group.reason] += group.sales
    return Attribution(rules.total(), reasons.total(), dict(sorted(reasons.items())), rules[Rule.ORDER_UTM])


def _excluded(
    listed: Mapping[str, Tally], groups: Iterable[SalesGroup], funnel: dict[Offer, Revenue], spend: Spend
) -> dict[str, int]:
    other_currency = sum(group.other_currency for group in groups) + sum(one.other_currency for one in funnel.values())
    return {
        "test_mode": listed.get("test_mode", NONE).count,
        "other_currency": other_currency,
        "staff": listed.get("staff", NONE).count,
        "unclassified": listed.get("unclassified", NONE).count,
        "ad_spend_other_currency": spend.other_currency,
    }


def _checks(
    connection: Connection,
    lens: Lens,
    period: Period,
    wholes: tuple[Whole, dict[Offer, Revenue], Spend],
    parts: tuple[list[SalesGroup], list[OrderSums]],
) -> dict[str, bool]:
    """Return whether the parts make the whole, each side asked from the database on its own."""
    (whole, funnel, spend), (groups, ordered) = wholes, parts
    by_ad = costs.spend_by_ad(asking(connection, "spend_by_ad"), period, lens.currency)
    days = hygiene.account_days(asking(connection, "platform_totals"), period)
    return {
        "sales_add_up": whole.sales == sum(group.sales for group in groups),
        "revenue_adds_up": whole.amount == sum((group.amount for group in groups), ZERO)
        and money.made_of(ordered) == {kind: (one.orders, one.amount) for kind, one in funnel.items()},
        "spend_adds_up": by_ad == (spend.spend or ZERO) and all(day.by_ads == day.told for day in days),
        "money_is_conserved": not stored_money.differences(asking(connection, "money_differences")),
    }


def _credited(
    groups: Iterable[SalesGroup], ordered: Iterable[OrderSums], undone: Mapping[Credited, Later]
) -> Iterator[CreditedMoney]:
    """Yield what each campaign's purchases came to, without what happened after the moment that is looked at."""
    found: defaultdict[str | None, Later] = defaultdict(Later)
    counts: Counter[str | None] = Counter()
    revenue: defaultdict[tuple[str | None, Offer], Decimal] = defaultdict(Decimal)
    for group in groups:
        key = group.campaign_key if group.outcome == Outcome.MATCHED else None
        counts[key] += group.sales
        found[key].net_sales += group.net_sales
        found[key].refunded += group.refunded + group.written_off
        revenue[key, Offer.HIGH_TICKET] += group.revenue
    for sums in ordered:
        key = sums.campaign_key if sums.outcome == Outcome.MATCHED else None
        found[key].refunded += sums.refunded
        revenue[key, sums.kind] += sums.revenue
    for (offer, path), after in undone.items():
        key = None if path is None else path[0]
        found[key].net_sales -= after.net_sales
        found[key].refunded -= after.refunded + after.written_off
        revenue[key, offer] -= after.revenue
    for key, one in found.items():
        vip, oto, high_ticket = (revenue[key, offer] for offer in (Offer.VIP, Offer.OTO, Offer.HIGH_TICKET))
        yield CreditedMoney(key, counts[key], one.net_sales, vip, oto, high_ticket, one.refunded)


def up_to(period: Period, today: date) -> Period:
    """Return the part of a period that has begun by a date."""
    return Period(period.first, max(period.first, min(period.last, today)))
