"""Reads the breakdown from the database: four sides asked on their own, joined by name, held against the totals."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy.engine import Connection

from analytics import kpis
from analytics.breakdown import Breakdown, BreakdownRow, Level
from analytics.challenge import Period
from analytics.joining import Joining, Path, Told
from analytics.queries import campaigns, costs, money
from analytics.queries.campaigns import CreditedGroup, LeadsGroup, Name, OrdersGroup, SpendGroup
from analytics.queries.later import Credited, Later, later
from analytics.queries.money import Bounds
from analytics.reading import Lens, up_to
from analytics.records import Offer
from analytics.view3 import CreditedMoney, View3

ZERO = Decimal(0)


@dataclass(slots=True)
class _Sum:
    """What has been found of one row so far."""

    spend: Decimal | None = None
    platforms: set[str] = field(default_factory=set)
    leads: int = 0
    sales: int = 0
    net_sales: int = 0
    revenue: defaultdict[Offer, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    refunded: Decimal = ZERO
    labels: dict[int, str] = field(default_factory=dict)

    def take_spend(self, group: SpendGroup) -> None:
        """Add a platform's spend; its names go before those of links."""
        self.platforms.add(group.platform)
        if group.spend is not None:
            self.spend = (self.spend or ZERO) + group.spend
        self._name(group.path, use_id=True)

    def take_leads(self, group: LeadsGroup) -> None:
        """Add opt-ins."""
        self.leads += group.leads
        self._name(group.path)

    def take_sales(self, group: CreditedGroup) -> None:
        """Add sales."""
        self.sales += group.sales
        self.net_sales += group.net_sales
        self.revenue[Offer.HIGH_TICKET] += group.revenue
        self.refunded += group.refunded
        self._name(group.path)

    def take_orders(self, group: OrdersGroup) -> None:
        """Add VIP or OTO orders."""
        self.revenue[group.kind] += group.revenue
        self.refunded += group.refunded
        self._name(group.path)

    def _name(self, path: Iterable[Name], *, use_id: bool = False) -> None:
        for level, name in enumerate(path):
            label = " ".join(name.label.split()) or (name.id if use_id else "")
            if label:
                self.labels.setdefault(level, label)


def read_breakdown(
    connection: Connection, lens: Lens, period: Period, level: Level, now: datetime | None = None
) -> Breakdown:
    """Return spend, leads, orders and sales by campaign, ad set or ad, with the unattributed ones as a row.

    As they were at `now`; without it, with all that is stored.
    """
    if now is not None:
        period = up_to(period, lens.challenge.local_date(now))
    bounds = lens.bounds(period, now)
    columns = ("utm_campaign", lens.mapping.ad_set, lens.mapping.ad)[:level]
    spend = sorted(campaigns.spend_by_entity(connection, period, lens.currency, level), key=_biggest)
    leads = sorted(campaigns.leads_by_entity(connection, bounds, columns), key=lambda one: (-one.leads, _order(one)))
    undone = later(connection, bounds, lens.currency, lens.horizon(now), columns) if now else {}
    sold = sorted(_sold(connection, lens, period, bounds, columns, leads), key=lambda one: (-one.sales, _order(one)))
    ordered = sorted(
        _ordered(connection, lens, period, bounds, columns), key=lambda one: (-one.revenue, one.kind, _order(one))
    )
    joining = Joining(campaigns.aliases(connection))
    joining.learn((_told(group.path) for group in spend), level)
    sums = _joined(joining, spend, leads, [*sold, *ordered, *_taken_off(undone, level)])
    whole = (period, bounds, sum((one.revenue for one in undone.values()), ZERO))
    total = _row(None, _whole(sums.values()))
    rows = tuple(sorted((_row(key, found) for key, found in sums.items()), key=_place))
    return Breakdown(period, level, lens.currency, rows, total, _checks(connection, lens, whole, total))


def read_campaigns(connection: Connection, lens: Lens, view: View3) -> Breakdown:
    """Return the campaigns of a view, without their opt-ins: only spend and names are read, the rest is the view's."""
    period = up_to(view.period, view.today)
    spend = sorted(campaigns.spend_by_entity(connection, period, lens.currency, Level.CAMPAIGN), key=_biggest)
    known = {name.key for group in spend for name in group.path if name.label.strip()}
    keys = {one.campaign_key for one in view.credited if one.campaign_key is not None}
    labels = campaigns.labels_of(connection, keys - known)
    joining = Joining(campaigns.aliases(connection))
    joining.learn((_told(group.path) for group in spend), Level.CAMPAIGN)
    sums = _joined(joining, spend, (), [group for one in view.credited for group in _groups(one, labels)])
    total = _row(None, _whole(sums.values()))
    rows = tuple(sorted((_row(key, found) for key, found in sums.items()), key=_place))
    totals = view.totals
    checks = {
        "campaign_sales_add_up": total.high_ticket_sales == totals.high_ticket_sales,
        "campaign_revenue_adds_up": (total.revenue, total.net_revenue) == (totals.revenue, totals.net_revenue),
        "campaign_spend_adds_up": total.ad_spend == totals.ad_spend,
    }
    return Breakdown(period, Level.CAMPAIGN, lens.currency, rows, total, checks)


def _groups(one: CreditedMoney, labels: Mapping[str, str]) -> Iterator[CreditedGroup | OrdersGroup]:
    key = one.campaign_key
    path = (Name("", "", "") if key is None else Name(key, key, labels.get(key, "")),)
    yield CreditedGroup(path, key is None, one.sales, one.net_sales, one.high_ticket_revenue, one.lost)
    yield OrdersGroup(path, key is None, Offer.VIP, one.vip_revenue, ZERO)
    yield OrdersGroup(path, key is None, Offer.OTO, one.oto_revenue, ZERO)


def _taken_off(undone: Mapping[Credited, Later], level: Level) -> Iterator[CreditedGroup | OrdersGroup]:
    """Yield what happened after the moment that is looked at, to be taken off."""
    for (offer, keys), one in undone.items():
        path = tuple(Name(key, key, "") for key in keys or ("",) * level)
        lost = one.refunded + one.written_off
        if offer is Offer.HIGH_TICKET:
            yield CreditedGroup(path, keys is None, 0, -one.net_sales, -one.revenue, -lost)
        else:
            yield OrdersGroup(path, keys is None, offer, -one.revenue, -lost)


def _sold(
    connection: Connection,
    lens: Lens,
    period: Period,
    bounds: Bounds,
    columns: tuple[str, ...],
    leads: Iterable[LeadsGroup],
) -> list[CreditedGroup]:
    if len(columns) > 1:
        return campaigns.credited_by_entity(connection, bounds, lens.currency, columns)
    named = {group.path[0].key for group in leads if group.path[0].label.strip()}
    return campaigns.credited_by_campaign(connection, period, bounds, lens.currency, named)


def _ordered(
    connection: Connection, lens: Lens, period: Period, bounds: Bounds, columns: tuple[str, ...]
) -> list[OrdersGroup]:
    if len(columns) > 1:
        return campaigns.orders_by_entity(connection, bounds, lens.currency, columns)
    return campaigns.orders_by_campaign(connection, period, bounds, lens.currency)


def _joined(
    joining: Joining,
    spend: Iterable[SpendGroup],
    leads: Iterable[LeadsGroup],
    sold: Iterable[CreditedGroup | OrdersGroup],
) -> Mapping[Path | None, _Sum]:
    """Return what is known of each path; None is the sales and orders that are credited to nothing."""
    sums: dict[Path | None, _Sum] = {}
    for spent in spend:
        sums.setdefault(joining.of_spend(_told(spent.path)), _Sum()).take_spend(spent)
    for group in leads:
        sums.setdefault(joining.of_link(_told(group.path)), _Sum()).take_leads(group)
    for credited in sold:
        key = None if credited.is_unattributed else joining.of_link(_told(credited.path))
        found = sums.setdefault(key, _Sum())
        if isinstance(credited, OrdersGroup):
            found.take_orders(credited)
        else:
            found.take_sales(credited)
    sums.setdefault(None, _Sum())
    return sums


def _whole(sums: Iterable[_Sum]) -> _Sum:
    sums = list(sums)
    known = [one.spend for one in sums if one.spend is not None]
    return _Sum(
        spend=sum(known, ZERO) if known else None,
        platforms=set().union(*(one.platforms for one in sums)),
        leads=sum(one.leads for one in sums),
        sales=sum(one.sales for one in sums),
        net_sales=sum(one.net_sales for one in sums),
        revenue=defaultdict(Decimal, {kind: sum((one.revenue[kind] for one in sums), ZERO) for kind in Offer}),
        refunded=sum((one.refunded for one in sums), ZERO),
        labels={0: "Total"},
    )


def _row(key: Path | None, found: _Sum) -> BreakdownRow:
    """Return a row; there is a ratio only where every level of it has a name (key None: unattributed, or the total)."""
    labels = [found.labels.get(level, "") for level in range(Level.AD)]
    spend = found.spend if key is None or all(key) else None
    revenue = sum(found.revenue.values(), ZERO)
    return BreakdownRow(
        campaign=labels[0],
        ad_set=labels[1],
        ad=labels[2],
        is_unattributed=key is None and not found.labels,
        platforms=tuple(sorted(found.platforms)),
        ad_spend=found.spend,
        leads=found.leads,
        high_ticket_sales=found.sales,
        net_sales=found.net_sales,
        vip_revenue=found.revenue[Offer.VIP],
        oto_revenue=found.revenue[Offer.OTO],
        high_ticket_revenue=found.revenue[Offer.HIGH_TICKET],
        revenue=revenue,
        net_revenue=revenue - found.refunded,
        cost_per_lead=kpis.cost_per_acquisition(spend, found.leads),
        cost_per_acquisition=kpis.cost_per_acquisition(spend, found.sales),
        roas=kpis.roas(revenue, spend),
    )


def _checks(
    connection: Connection, lens: Lens, whole: tuple[Period, Bounds, Decimal], total: BreakdownRow
) -> dict[str, bool]:
    period, bounds, undone = whole
    sales, revenue = campaigns.sales_total(connection, bounds, lens.currency)
    revenue += sum(one.revenue for one in money.funnel_revenue(connection, bounds, lens.currency).values())
    return {
        "campaign_sales_add_up": total.high_ticket_sales == sales,
        "campaign_revenue_adds_up": total.revenue == revenue - undone,
        "campaign_spend_adds_up": total.ad_spend == costs.spend_by_account(connection, period, lens.currency).spend,
        "campaign_leads_add_up": total.leads == campaigns.leads_total(connection, bounds),
    }


def _told(path: Iterable[Name]) -> tuple[Told, ...]:
    return tuple((name.id, name.key) for name in path)


def _order(group: LeadsGroup | CreditedGroup | OrdersGroup) -> tuple[tuple[str, str], ...]:
    return tuple((name.key, name.label) for name in group.path)


def _biggest(group: SpendGroup) -> tuple[Decimal, tuple[tuple[str, str, str], ...]]:
    return -(group.spend or ZERO), tuple((name.key, name.id, name.label) for name in group.path)


def _place(row: BreakdownRow) -> tuple[object, ...]:
    return (
        row.is_unattributed,
        -(row.ad_spend or ZERO),
        -row.revenue,
        -row.leads,
        *(name.casefold() for name in (row.campaign, row.ad_set, row.ad)),
    )
