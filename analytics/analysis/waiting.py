"""How long from lead to sale? By campaign and product, and by the day on which people opted in."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd

from analytics.analysis.naming import read_names
from analytics.challenge import Period
from analytics.columns import Column, Kind, amounts, counts, texts
from analytics.frames import framed
from analytics.queries import tables, waiting
from analytics.workbench import Workbench

WITHIN = 30  # days that every opt-in is given to lead to a sale
PERCENT = Decimal("0.01")

WAITS = (
    *texts(campaign="campaign of the first touch", product="product as received"),
    *counts("days", days="local calendar dates from first touch to sale"),
    *counts("sales", sales="high-ticket sales"),
)
SPREAD = (
    *texts(group="campaign or product"),
    *counts("sales", sales="high-ticket sales whose first touch is known"),
    *counts(
        "days",
        quickest="smallest wait",
        quarter="a quarter waited at most so long",
        median="half of them",
        most="three quarters",
        slowest="largest wait",
    ),
)
COHORTS = (
    Column("opted_in_on", Kind.DATE, "", "business date of the opt-in"),
    *counts("opt-ins", leads="opt-ins of the date"),
    *counts("sales", sales=f"sales of that date's first touches within {WITHIN} days, so far"),
    *amounts("%", rate="sales per 100 opt-ins, so far"),
    *counts("days", age="days since the opt-in"),
    Column("is_mature", Kind.FLAG, "", f"{WITHIN} days have passed: the rate is final"),
)


def waits(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return the sales of a period by campaign, product and days since the first touch; unknown first touches are left out."""
    period = period or workbench.challenge.whole(workbench.now())
    with workbench.frames.read() as connection:
        names = read_names(connection, workbench.lens, period)
        told = waiting.sales_by_wait(connection, workbench.challenge.bounds(period))
    summed: Counter[tuple[str, str, int]] = Counter()
    for one in told:
        summed[names.of(one.campaign_key), one.product, one.days] += one.sales
    rows = [
        {"campaign": campaign, "product": product, "days": days, "sales": sales}
        for (campaign, product, days), sales in summed.items()
    ]
    return framed(sorted(rows, key=lambda row: tuple(row.values())), WAITS, workbench.challenge.zone)


def spread(workbench: Workbench, found: pd.DataFrame, by: str = "campaign") -> pd.DataFrame:
    """Return how the waits of each campaign (or `by="product"`) are spread, most sales first: quickest, quarters, slowest."""
    groups: dict[str, Counter[int]] = {}
    for name, days, sales in zip(found[by], found["days"], found["sales"], strict=True):
        groups.setdefault(name, Counter())[int(days)] += int(sales)
    ranked = sorted(groups.items(), key=lambda one: (-one[1].total(), one[0]))
    rows = [{"group": name, "sales": waited.total(), **_quarters(waited)} for name, waited in ranked]
    return framed(rows, SPREAD, workbench.challenge.zone)


def cohorts(workbench: Workbench) -> pd.DataFrame:
    """Return opt-ins and the sales they led to within 30 days by the day of opting in; younger days are marked immature."""
    challenge, now = workbench.challenge, workbench.now()
    period, today = challenge.whole(now), challenge.local_date(now)
    with workbench.frames.read() as connection:
        leads = tables.leads_by_date(connection, challenge.bounds(period))
        sold = waiting.sales_by_day_and_wait(connection)
    sales = _per_opt_in_day(one for one in sold if one[1] <= WITHIN)
    rows = [
        {
            "opted_in_on": on,
            "leads": leads.get(on, 0),
            "sales": sales[on],
            "rate": _rate(sales[on], leads.get(on, 0)),
            "age": (today - on).days,
            "is_mature": (today - on).days > WITHIN,
        }
        for on in period.dates()
    ]
    return framed(rows, COHORTS, challenge.zone)


def _per_opt_in_day(sold: Iterable[tuple[Any, int, int]]) -> Counter[Any]:
    summed: Counter[Any] = Counter()
    for on, days, sales in sold:
        summed[on - timedelta(days=days)] += sales
    return summed


def _rate(sales: int, leads: int) -> Decimal | None:
    return (Decimal(100 * sales) / leads).quantize(PERCENT, ROUND_HALF_UP) if leads else None


def _quarters(waited: Counter[int]) -> dict[str, int]:
    """Return the smallest waits that a part of the sales do not exceed: nearest ranks, so that each is a wait that happened."""
    ranked, total = sorted(waited.items()), waited.total()
    return {
        name: _at_rank(ranked, max(1, -(-total * part // 4)))
        for name, part in (("quickest", 0), ("quarter", 1), ("median", 2), ("most", 3), ("slowest", 4))
    }


def _at_rank(ranked: Iterable[tuple[int, int]], rank: int) -> int:
    passed = 0
    for days, sales in ranked:
        passed += sales
        if passed >= rank:
            return days
    raise ValueError(f"There are only {passed} sales.")
