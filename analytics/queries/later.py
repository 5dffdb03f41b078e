"""What happened to a period's purchases after a moment: a view of that moment does without it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome
from analytics.queries.money import Bounds, fact, inside, sale
from analytics.records import Offer
from analytics.schema import allocations, funnel_orders

ZERO = Decimal(0)
WHOLE = -1
Credited = tuple[Offer, tuple[str, ...] | None]


@dataclass(slots=True)
class Later:
    """What to take off the figures of one kind of sale; `at_risk` may be below zero: it was at risk then."""

    revenue: Decimal = ZERO
    collected: Decimal = ZERO
    refunded: Decimal = ZERO
    at_risk: Decimal = ZERO
    written_off: Decimal = ZERO
    net_sales: int = 0


def later(
    connection: Connection, bounds: Bounds, currency: str, moment: datetime, columns: Sequence[str] = ("utm_campaign",)
) -> dict[Credited, Later]:
    """Return what payments, refunds, disputes and ended plans after a moment did to purchases up to it.

    By offer and by the folded UTMs of `columns` that the purchase is credited to, None for what is credited to nothing.
    """
    found: dict[Credited, Later] = {}
    lost: dict[int, tuple[Any, Decimal]] = {}
    for row in _rows(connection, bounds, currency, moment, columns):
        total, back = found.setdefault(_credited(row, columns), Later()), _take(row, moment)
        for name, amount in back.items():
            setattr(total, name, getattr(total, name) + amount)
        if row.sale_id is not None:
            gone = back.get("refunded", ZERO) + back.get("written_off", ZERO)
            lost[row.sale_id] = (row, lost.get(row.sale_id, (row, ZERO))[1] + gone)
    for row, undone in lost.values():
        found[_credited(row, columns)].net_sales -= _is_gone(row) and not _is_gone(row, undone)
    return found


def by_offer(found: Mapping[Credited, Later]) -> dict[Offer, Later]:
    """Return the same by offer alone."""
    whole = {offer: Later() for offer in Offer}
    for (offer, _), one in found.items():
        for name in Later.__slots__:
            setattr(whole[offer], name, getattr(whole[offer], name) + getattr(one, name))
    return whole


def _credited(row: Any, columns: Sequence[str]) -> Credited:
    is_matched = row.outcome == Outcome.MATCHED
    return Offer(row.offer), tuple(getattr(row, f"{name}_key") for name in columns) if is_matched else None


def later_by_sale(connection: Connection, bounds: Bounds, moment: datetime) -> dict[int, Later]:
    """Return, by high-ticket sale, what happened after a moment to sales up to it, in any currency."""
    found: dict[int, Later] = {}
    for row in connection.execute(_of_sales(bounds, moment)):
        one = found.setdefault(row.sale_id, Later())
        for name, amount in _take(row, moment).items():
            setattr(one, name, getattr(one, name) + amount)
    return found


def _is_gone(row: Any, undone: Decimal = ZERO) -> bool:
    gone = row.refunded + row.written_off - undone
    return bool(gone) and gone >= row.price


def _take(row: Any, moment: datetime) -> dict[str, Decimal]:
    """Return what one amount changed after the moment."""
    amount: Decimal = row.amount
    was_open = row.opened_at is not None and row.opened_at <= moment
    if row.kind == "payment":
        return {"collected": amount, **({"revenue": amount} if row.is_open_plan else {})}
    if row.kind == "plan":
        return {"written_off": amount}
    if row.state == "open":
        return {} if was_open else {"at_risk": amount}
    if row.kind == "dispute" and row.state == "won":
        return {"at_risk": -amount} if was_open else {}
    return {"refunded": amount, **({"at_risk": -amount} if row.kind == "dispute" and was_open else {})}


def _rows(
    connection: Connection, bounds: Bounds, currency: str, moment: datetime, columns: Sequence[str]
) -> Iterator[Any]:
    """Yield the amounts that came after the moment, each with the line it is counted at; one of the whole with the first."""
    told = allocations.c
    amount = (told.kind, told.state, told.amount, told.opened_at)
    keys = [f"{name}_key" for name in columns]
    sold = _of_sales(bounds, moment).where(fact.c.currency == currency)
    sold = sold.add_columns(fact.c.outcome, *(fact.c[name] for name in keys))
    order = funnel_orders.c
    of_order = sa.and_(
        told.purchase_source == order.source, told.purchase_id == order.external_id, _is_part(order.line)
    )
    ordered = (
        sa.select(*amount, order.kind.label("offer"), sa.null().label("sale_id"), order.price)
        .add_columns(order.refunded, order.written_off, sa.false().label("is_open_plan"))
        .add_columns(order.outcome, *(order[name] for name in keys))
        .join_from(allocations, funnel_orders, of_order)
        .where(told.happened_at > moment, inside(order.ordered_at, bounds), order.currency == currency)
    )
    for query in (sold, ordered):
        yield from connection.execute(query)


def _of_sales(bounds: Bounds, moment: datetime) -> sa.Select[Any]:
    told = allocations.c
    amount = (told.kind, told.state, told.amount, told.opened_at)
    of_sale = (told.purchase_source == fact.c.source) & (told.purchase_id == fact.c.external_id)
    return (
        sa.select(*amount, sa.literal(Offer.HIGH_TICKET.value).label("offer"), fact.c.sale_id, sale.c.price)
        .add_columns(fact.c.refunded, fact.c.written_off, fact.c.is_open_plan)
        .join_from(allocations, fact, sa.and_(of_sale, _is_part(fact.c.line)))
        .join(sale, sale.c.id == fact.c.sale_id)
        .where(told.happened_at > moment, inside(sale.c.purchase_date, bounds))
    )


def _is_part(line: sa.Column[int]) -> sa.ColumnElement[bool]:
    told = allocations.c
    return sa.or_(told.part == line, sa.and_(told.part == WHOLE, told.place == "counted", line == 0))
