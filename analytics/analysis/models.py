"""Who gets the credit, if not the first touch alone? The revenue of a period by campaign under six models."""

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import Any

import pandas as pd
from sqlalchemy.engine import Connection

from analytics.analysis.naming import NO_CAMPAIGN, UNATTRIBUTED, Names, read_names
from analytics.attribution import Outcome
from analytics.challenge import Period
from analytics.columns import amounts, texts
from analytics.crediting.models import ASSUMES, Journey, Lost, Model, credited
from analytics.frames import framed
from analytics.queries import journeys, money
from analytics.queries.journeys import NOWHERE
from analytics.queries.money import Bounds
from analytics.workbench import Workbench

ZERO = Decimal("0.00")
COLUMNS = {model: model.value.lower().replace("-", "_").replace(" ", "_") for model in Model}
CREDITS = (
    *texts(campaign="campaign; the last row is what no model can credit"),
    *amounts("reporting currency", **{COLUMNS[model]: f"revenue credited by {model.value}" for model in Model}),
)
ASSUMPTIONS = (*texts(model="a way to share revenue among opt-ins", assumes="what it takes for granted"),)

Way = tuple[str, ...]


def side_by_side(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return the high-ticket revenue of a period by campaign, a column per model; every column has the same sum.

    First touch is what every other figure of View 3 says. Sales that are credited to nothing are the row Unattributed,
    in every model, and so is what a model credits to an opt-in without UTMs.
    """
    period = period or workbench.challenge.whole(workbench.now())
    with workbench.frames.read() as connection:
        names = read_names(connection, workbench.lens, period)
        ways, without = _ways(connection, workbench, period, names)
        lost = _lost(connection, workbench, period, names, ways)
    by_model = {model: credited(model, ways, lost) for model in Model}
    told = {name for found in by_model.values() for name in found} | {NOWHERE}
    rows = [
        {"campaign": _label(names, key), **{COLUMNS[model]: by_model[model].get(key, ZERO) for model in Model}}
        for key in sorted(told - {NOWHERE}, key=lambda key: (-by_model[Model.FIRST_TOUCH].get(key, ZERO), key))
    ]
    nothing = {COLUMNS[model]: by_model[model].get(NOWHERE, ZERO) + without for model in Model}
    return framed([*rows, {"campaign": UNATTRIBUTED, **nothing}], CREDITS, workbench.challenge.zone)


def assumptions(workbench: Workbench) -> pd.DataFrame:
    """Return what each model takes for granted."""
    rows = [{"model": model.value, "assumes": ASSUMES[model]} for model in Model]
    return framed(rows, ASSUMPTIONS, workbench.challenge.zone)


def _bounds(workbench: Workbench, period: Period) -> Bounds:
    """Return the moments of a period up to now: what is bought later is in no figure."""
    return workbench.lens.bounds(period, workbench.now())


def _ways(connection: Connection, workbench: Workbench, period: Period, names: Names) -> tuple[list[Journey], Decimal]:
    """Return the ways to the sales of a period, and the revenue of sales without any known way.

    Most buyers opted in once: the database sums those up. The others are told one by one, and taken out of the sums.
    """
    bounds, currency = _bounds(workbench, period), workbench.currency
    groups = money.sales_by_campaign(connection, period, bounds, currency, money.whole_sales(connection, bounds))
    sales: Counter[str] = Counter()
    revenue: dict[str, Decimal] = {}
    for group in groups:
        key = _key(names, group.campaign_key) if group.outcome == Outcome.MATCHED else NOWHERE
        sales[key] += group.sales
        revenue[key] = revenue.get(key, ZERO) + group.revenue
    ways = []
    for holder, way in _told(names, journeys.buyers_of_several_opt_ins(connection, bounds, currency)):
        sales[holder] -= way.sales
        revenue[holder] = revenue.get(holder, ZERO) - way.revenue
        ways.append(way)
    once = [
        Journey((key,), (0,), sales[key], revenue[key]) for key in sorted(sales) if key != NOWHERE and sales[key] > 0
    ]
    return [*once, *ways], revenue.get(NOWHERE, ZERO)


def _told(names: Names, rows: Iterable[Any]) -> Iterator[tuple[str, Journey]]:
    """Return the ways of buyers with several opt-ins, alike ones summed up, each with the campaign that has its credit."""
    sales: Counter[tuple[str, Way, tuple[int, ...]]] = Counter()
    revenue: dict[tuple[str, Way, tuple[int, ...]], Decimal] = {}
    for _, group in groupby(rows, key=attrgetter("sale_id")):
        touches = list(group)
        path = tuple(_key(names, touch.touch) for touch in touches)
        kind = (_key(names, touches[0].credited), path, tuple(int(touch.days) for touch in touches))
        sales[kind] += 1
        revenue[kind] = revenue.get(kind, ZERO) + Decimal(touches[0].revenue)
    for kind, count in sales.items():
        yield kind[0], Journey(kind[1], kind[2], count, revenue[kind])


def _lost(connection: Connection, workbench: Workbench, period: Period, names: Names, ways: Iterable[Journey]) -> Lost:
    """Return the ways of the people who opted in and did not buy: everybody's, less the buyers'."""
    bounds = _bounds(workbench, period)
    single: Counter[str] = Counter()
    for touch, count in journeys.opt_ins_by_touch(connection, bounds).items():
        single[_key(names, touch)] += count
    everybody: Counter[Way] = Counter()
    for _, group in groupby(journeys.people_of_several_opt_ins(connection, bounds), key=lambda row: row[0]):
        path = tuple(_key(names, touch) for _, touch in group)
        everybody[path] += 1
        single.subtract(path)
    everybody.update({(touch,): count for touch, count in single.items() if count > 0})
    everybody.subtract(_bought(ways))
    return {path: count for path, count in everybody.items() if count > 0}


def _bought(ways: Iterable[Journey]) -> Counter[Way]:
    bought: Counter[Way] = Counter()
    for way in ways:
        bought[way.campaigns] += way.sales
    return bought


def _key(names: Names, touch: str) -> str:
    return names.campaign(touch) if touch not in {"", NOWHERE} else touch


def _label(names: Names, key: str) -> str:
    return names.labels.get(key, key.lstrip("=#")) if key else NO_CAMPAIGN
