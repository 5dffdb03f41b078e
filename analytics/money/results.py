"""Writes what follows from the facts around some purchases: sales, funnel orders, places of money, and what wants a look."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.folding import fold
from analytics.intake.addresses import note_buyers
from analytics.intake.rows import TEXT, cut, person_row, recorded_order, recorded_row
from analytics.money.balance import Homes, differences_around
from analytics.money.daily_totals import days_of
from analytics.money.fact_store import Neighbourhood, Touched, read_facts, read_neighbourhood, take_orders
from analytics.money.facts import Key, Terms
from analytics.money.pairing import LIKENESS
from analytics.money.resolution import (
    COUNTED,
    WAITING,
    WHOLE,
    DoubleCharge,
    Place,
    Resolution,
    Resolved,
    ResolvedLine,
    resolve,
)
from analytics.records import RECORDED, Offer
from analytics.schema import (
    allocations,
    funnel_orders,
    high_ticket_sales,
    identity_links,
    left_out_sales,
    money_differences,
    orders,
    payments,
    review_items,
    sale_facts,
)
from analytics.store import chunks, delete, existing, insert_missing, update_by_key, upsert, write_changed

DOUBLE_CHARGE, ALIKE, UNCLASSIFIED_LINE = "possible_double_charges", "joined_by_likeness", "unclassified_lines"
WITHOUT_PURCHASE = {
    "payment": "payments_without_purchase",
    "refund": "refunds_without_purchase",
    "dispute": "disputes_without_purchase",
}
ZERO = Decimal(0)

Row = Mapping[Any, Any]
LineKey = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Written:
    """The high-ticket sales around some purchases as they are now, and the dates on which sales were before."""

    sale_ids: set[int]
    orders: set[LineKey]
    days_before: set[date]


def resolve_around(
    connection: Connection, challenge: Challenge, terms: Terms, touched: Touched, customers: Collection[Key] = ()
) -> Written:
    """Bring everything around what was told up to date; return what that touched."""
    around = read_neighbourhood(connection, touched, customers)
    _read_recorded(connection, around, terms)
    facts = read_facts(connection, around)
    found = resolve(facts, terms)
    days_before = days_of(connection, {row.sale_id for row in _stored_sales(connection, around)}, around.keys)
    lines = [(one, line) for one in found.purchases if one.status == COUNTED for line in one.lines if line.offer]
    sale_ids = _write_sales(
        connection, challenge, around, [pair for pair in lines if pair[1].offer is Offer.HIGH_TICKET]
    )
    order_lines = [pair for pair in lines if pair[1].offer in {Offer.VIP, Offer.OTO}]
    _write_orders(connection, challenge, around, order_lines)
    keys = _fact_keys(around, found)
    parts = [_place_row(place) for place in _all_places(found)]
    _replace(connection, allocations, keys, parts)
    _replace(connection, review_items, keys, list(_review_rows(found)))
    homes = _homes(found)
    _replace(connection, money_differences, keys, differences_around(around, homes, parts))
    messages = {one.key: _messages(around, one) for one in found.purchases if one.status == COUNTED}
    note_buyers(connection, keys, messages)
    _link(connection, around, homes)
    return Written(set(sale_ids.values()), {(*one.key, line.number) for one, line in order_lines}, days_before)


def _read_recorded(connection: Connection, around: Neighbourhood, terms: Terms) -> None:
    """Take rows of another program as they are now: it may have corrected them since, and what is written would undo that.

    A row that another messenger speaks of too holds that messenger's words, so it is left.
    """
    keys = [key for key, row in around.order_rows.items() if key[0] == RECORDED == row["purchase_source"]]
    if not keys:
        return
    ids = [_row_of(key) for key in keys]
    rows = connection.execute(sa.select(high_ticket_sales).where(high_ticket_sales.c.id.in_(ids))).mappings()
    take_orders(connection, [recorded_order(row, terms.currency) for row in rows], Touched())
    around.order_rows.update(existing(connection, orders, keys))


def _stored_sales(connection: Connection, around: Neighbourhood) -> list[Any]:
    """Return the sales that were concluded from the facts of a neighbourhood so far, another program's rows included."""
    fact = sale_facts.c
    columns = (fact.sale_id, fact.source, fact.external_id, fact.line)
    ids = sorted(_row_of(key) for key in around.order_rows if key[0] == RECORDED)
    found: list[Any] = []
    for known in chunks(ids):
        found += connection.execute(sa.select(*columns).where(fact.sale_id.in_(known))).all()
        left_out = sa.select(left_out_sales, sa.literal(RECORDED).label("source"), sa.literal(0).label("line"))
        left_out = left_out.add_columns(sa.cast(left_out_sales.c.sale_id, sa.String(20)).label("external_id"))
        found += connection.execute(left_out.where(left_out_sales.c.sale_id.in_(known))).all()
    for chunk in chunks(sorted(around.keys)):
        query = sa.select(*columns)
        found += connection.execute(
            query.where(sa.tuple_(fact.external_id, fact.source).in_([key[::-1] for key in chunk]))
        ).all()
    return list({row.sale_id: row for row in found}.values())


def _write_sales(
    connection: Connection,
    challenge: Challenge,
    around: Neighbourhood,
    counted: Sequence[tuple[Resolved, ResolvedLine]],
) -> dict[LineKey, int]:
    """Write the high-ticket sales and return the row of each; a row that no sale keeps is removed."""
    stored = _stored_sales(connection, around)
    claims = _claims(stored, counted)
    new = [(one, line) for one, line in counted if (*one.key, line.number) not in claims]
    kept = [(one, line) for one, line in counted if (*one.key, line.number) in claims]
    _take_back(connection, challenge, kept, claims)
    for (one, line), sale_id in zip(new, _insert_sales(connection, new), strict=True):
        claims[(*one.key, line.number)] = sale_id
    foreign = {_row_of(key) for key in around.order_rows if key[0] == RECORDED}
    free = {row.sale_id for row in stored} - {*claims.values()}
    _leave_out(connection, foreign, free)
    surplus = [(sale_id,) for sale_id in free - foreign]
    for table in (identity_links, sale_facts, high_ticket_sales):
        delete(connection, table, surplus)
    rows = [{"id": claims[(*one.key, line.number)], **_sale_row(one, line)} for one, line in kept]
    write_changed(connection, high_ticket_sales, rows)
    facts = [{"sale_id": claims[(*one.key, line.number)], **_fact_row(one, line, challenge)} for one, line in counted]
    write_changed(connection, sale_facts, facts)
    return claims


def _take_back(
    connection: Connection,
    challenge: Challenge,
    kept: Sequence[tuple[Resolved, ResolvedLine]],
    claims: Mapping[LineKey, int],
) -> None:
    """Give rows of another program that count again the UTMs that it recorded."""
    currencies = {claims[(*one.key, line.number)]: one.currency for one, line in kept}
    for ids in chunks(sorted(currencies)):
        query = sa.select(high_ticket_sales).join(left_out_sales, left_out_sales.c.sale_id == high_ticket_sales.c.id)
        rows = connection.execute(query.where(left_out_sales.c.sale_id.in_(ids))).mappings().all()
        upsert(connection, sale_facts, [recorded_row(row, challenge, currencies[row["id"]]) for row in rows])


def _leave_out(connection: Connection, foreign: Collection[int], free: Collection[int]) -> None:
    """Keep another program's rows, which are never ours to delete, out of every figure where no sale claims them."""
    left_out = {*foreign} & {*free}
    delete(connection, sale_facts, [(sale_id,) for sale_id in left_out])
    delete(connection, left_out_sales, [(sale_id,) for sale_id in {*foreign} - left_out])
    insert_missing(connection, left_out_sales, [{"sale_id": sale_id} for sale_id in sorted(left_out)])


def _insert_sales(connection: Connection, new: Sequence[tuple[Resolved, ResolvedLine]]) -> list[int]:
    """Insert sales and return the number that the database gave each; some engines tell it one by one alone."""
    rows = [_sale_row(one, line) for one, line in new]
    insert, number = sa.insert(high_ticket_sales), high_ticket_sales.c.id
    if rows and connection.dialect.insert_executemany_returning_sort_by_parameter_order:
        return list(connection.scalars(insert.returning(number, sort_by_parameter_order=True), rows))
    return [_number(connection.execute(insert, row)) for row in rows]


def _number(result: sa.CursorResult[Any]) -> int:
    if result.inserted_primary_key is None:
        raise RuntimeError("The database did not number a sale.")
    return int(result.inserted_primary_key[0])


def _claims(stored: Sequence[Any], counted: Sequence[tuple[Resolved, ResolvedLine]]) -> dict[LineKey, int]:
    """Return the row that each sale keeps: another program's, else its own, else that of one of its facts."""
    free = {row.sale_id: (row.source, row.external_id) for row in sorted(stored, key=lambda row: row.sale_id)}
    own = {(row.source, row.external_id, row.line): row.sale_id for row in stored}
    by_fact: defaultdict[Key, list[int]] = defaultdict(list)
    for sale_id, stored_key in free.items():
        by_fact[stored_key].append(sale_id)
    claims: dict[LineKey, int] = {}
    ways: tuple[Callable[[Resolved, ResolvedLine], Iterable[int]], ...] = (
        lambda one, _: sorted(_row_of(key) for key in one.orders if key[0] == RECORDED),
        lambda one, line: filter(None, [own.get((*one.key, line.number))]),
        lambda one, _: sorted(sale_id for key in one.orders | one.payments for sale_id in by_fact.get(key, ())),
    )
    for candidates, (one, line) in product(ways, counted):
        target = (*one.key, line.number)
        kept = None if target in claims else next((found for found in candidates(one, line) if found in free), None)
        if kept is not None:
            claims[target] = kept
            del free[kept]
    return claims


def _row_of(key: Key) -> int:
    """Return the row of a sale that another program wrote."""
    return int(key[1])


def _write_orders(
    connection: Connection,
    challenge: Challenge,
    around: Neighbourhood,
    counted: Sequence[tuple[Resolved, ResolvedLine]],
) -> None:
    """Write the funnel orders; one that has become something else is removed."""
    rows = [_order_row(one, line, challenge) for one, line in counted]
    _replace(connection, funnel_orders, around.keys, rows)


def _replace(connection: Connection, table: sa.Table, keys: Collection[Key], rows: Sequence[Row]) -> None:
    """Write rows in place of all those of the given source and external id."""
    names = [column.name for column in table.primary_key]
    stored: dict[tuple[Any, ...], Row] = {}
    for chunk in chunks(sorted({*keys, *((row["source"], row["external_id"]) for row in rows)})):
        query = sa.select(table).where(sa.tuple_(table.c.source, table.c.external_id).in_(chunk))
        for row in connection.execute(query).mappings():
            stored[tuple(row[name] for name in names)] = row
    wanted = {tuple(row[name] for name in names) for row in rows}
    delete(connection, table, [key for key in stored if key not in wanted])
    write_changed(connection, table, rows, stored=stored)


def _fact_keys(around: Neighbourhood, found: Resolution) -> set[Key]:
    """Return every key under which something may have been concluded from these facts."""
    sources = {key[0] for key in around.keys} | {key[0] for key in (*around.refunds, *around.disputes)}
    ids = {(source, one) for source in sources for one in around.ids}
    return {*around.keys, *around.refunds, *around.disputes, *ids, *(key for one in found.purchases for key in one.ids)}


def _all_places(found: Resolution) -> Iterator[Place]:
    """Yield every place, parts of one line as one."""
    merged: dict[tuple[str, Key, int], Place] = {}
    for place in (*found.unplaced, *(place for one in found.purchases for place in one.places)):
        key = (place.kind, place.key, place.part)
        merged[key] = place if key not in merged else _together(merged[key], place)
    yield from (place for place in merged.values() if place.amount)


def _together(one: Place, other: Place) -> Place:
    return Place(
        one.kind,
        one.key,
        one.part,
        one.place,
        one.purchase,
        one.amount + other.amount,
        one.currency,
        one.state,
        one.at,
        one.opened_at,
    )


def _place_row(place: Place) -> dict[str, Any]:
    purchase = place.purchase or ("", "")
    return {
        "kind": place.kind,
        "source": place.key[0],
        "external_id": place.key[1],
        "part": place.part,
        "place": place.place,
        "purchase_source": purchase[0],
        "purchase_id": purchase[1],
        "amount": place.amount,
        "currency": place.currency,
        "state": place.state.value,
        "happened_at": place.at,
        "opened_at": place.opened_at,
    }


def _review_rows(found: Resolution) -> Iterator[dict[str, Any]]:
    for one in found.purchases:
        yield from _review_of(one)
    for double in found.double_charges:
        yield _double_row(double)
    for place in found.unplaced:
        if place.kind in WITHOUT_PURCHASE and place.at is not None:
            yield _item(WITHOUT_PURCHASE[place.kind], place.key, WHOLE, "", (place.amount, place.currency, place.at))


def _review_of(one: Resolved) -> Iterator[dict[str, Any]]:
    """Yield why a purchase is not counted, or what about it wants a look."""
    product = ", ".join(line.product for line in one.lines if line.product)
    if one.status == WAITING:
        yield _item(WITHOUT_PURCHASE["payment"], one.key, WHOLE, product, (one.total, one.currency, one.purchased_at))
    elif one.status != COUNTED:
        yield _item(one.status, one.key, WHOLE, product, (one.total, one.currency, one.purchased_at))
    else:
        if one.is_alike:
            other = next(joined.other for joined in one.joined if joined.rule == LIKENESS)
            yield _item(ALIKE, one.key, WHOLE, product, (one.total, one.currency, one.purchased_at), ":".join(other))
        for line in one.lines:
            if line.offer is None:
                yield _item(
                    UNCLASSIFIED_LINE, one.key, line.number, line.product, (line.price, one.currency, one.purchased_at)
                )


def _double_row(double: DoubleCharge) -> dict[str, Any]:
    paid = double.payment
    product = ", ".join(line.product for line in double.purchase.lines if line.product)
    return _item(
        DOUBLE_CHARGE, paid.key, WHOLE, product, (paid.amount, paid.currency, paid.paid_at), ":".join(double.other)
    )


def _item(
    kind: str, key: Key, part: int, product: str, money: tuple[Decimal, str, Any], other: str = ""
) -> dict[str, Any]:
    return {
        "kind": kind,
        "source": key[0],
        "external_id": key[1],
        "part": part,
        "product": cut(product),
        "amount": money[0],
        "currency": money[1],
        "happened_at": money[2],
        "other": other,
    }


def _messages(around: Neighbourhood, one: Resolved) -> list[Row]:
    """Return what each message of a purchase states about its buyer."""
    ordered = [{**around.order_rows[key], "stated_at": around.order_rows[key]["ordered_at"]} for key in one.orders]
    paid = [{**around.payment_rows[key], "stated_at": around.payment_rows[key]["paid_at"]} for key in one.payments]
    return sorted([*ordered, *paid], key=lambda row: (row["source"], row["external_id"]))


def _homes(found: Resolution) -> Homes:
    """Return the purchase of each order and of each payment."""
    return (
        {key: one.key for one in found.purchases for key in one.orders},
        {key: one.key for one in found.purchases for key in one.payments},
    )


def _link(connection: Connection, around: Neighbourhood, found: Homes) -> None:
    """Note on every order and payment which purchase it belongs to."""
    for table, rows, homes in zip((orders, payments), (around.order_rows, around.payment_rows), found, strict=True):
        changed: dict[tuple[Any, ...], Row] = {}
        for key, row in rows.items():
            home = homes.get(key, ("", ""))
            values: dict[str, Any] = {"purchase_source": home[0], "purchase_id": home[1]}
            if table is orders:
                values["is_resolved"] = True
            if any(row[name] != value for name, value in values.items()):
                changed[key] = values
        update_by_key(connection, table, changed)


def _sale_row(one: Resolved, line: ResolvedLine) -> dict[str, Any]:
    return {
        "customer_name": cut(one.name),
        "customer_email": one.email,
        "product_name": cut(line.product),
        "price": line.price,
        "purchase_date": one.purchased_at,
    }


def _fact_row(one: Resolved, line: ResolvedLine, challenge: Challenge) -> dict[str, Any]:
    person = person_row(one.stated_email)
    del person["email"]
    return {
        "source": one.key[0],
        "external_id": one.key[1],
        "line": line.number,
        "currency": one.currency,
        "eligible_until": _eligible_until(one),
        "purchased_on": challenge.local_date(one.purchased_at),
        **person,
        "product_key": fold(cut(line.product))[:TEXT],
        **_money_row(line),
        "is_open_plan": line.is_open_plan,
        "is_refund_unknown": one.is_refund_unknown,
    }


def _order_row(one: Resolved, line: ResolvedLine, challenge: Challenge) -> dict[str, Any]:
    return {
        "source": one.key[0],
        "external_id": one.key[1],
        "line": line.number,
        "kind": str(line.offer),
        "name": cut(one.name),
        **person_row(one.stated_email),
        "email": one.email,
        "product": cut(line.product),
        "price": line.price,
        "currency": one.currency,
        "ordered_at": one.purchased_at,
        "eligible_until": _eligible_until(one),
        "purchased_on": challenge.local_date(one.purchased_at),
        **_money_row(line),
    }


def _money_row(line: ResolvedLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("collected", "refunded", "at_risk", "written_off", "tax")}


def _eligible_until(one: Resolved) -> Any:
    return one.day[1] - timedelta(seconds=1) if one.day else one.purchased_at
