"""Turns purchase messages into sales: loads a neighbourhood of messages, resolves it, and writes what counts.

Only counted purchases stand in `high_ticket_sales` and `funnel_orders`. Messages that are excluded, unclassified or
suspected duplicates stay in `purchases`, where they are listed for review.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.folding import EmailKeys
from analytics.money.ledger import mentioning, read_ledger, related_ids
from analytics.money.resolution import Message, PurchaseKey, Resolved, resolve
from analytics.money.summing import days_of
from analytics.records import Messenger, Offer
from analytics.schema import (
    external_ids,
    funnel_orders,
    high_ticket_sales,
    identity_links,
    purchases,
    sale_facts,
)
from analytics.store import chunks, delete, existing, update_by_key, write_changed

EXCLUDED = "excluded"  # counted as nothing, because another message about the purchase is in test mode or of staff

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class _Neighbourhood:
    """The stored messages around some purchases, and the shared ids each mentions."""

    rows: dict[PurchaseKey, Row]
    ids: dict[PurchaseKey, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Settled:
    """What settling touched: the high-ticket sales that stand now, and the dates on which sales stood before."""

    sale_ids: set[int]
    days_before: set[date]


def settle(connection: Connection, challenge: Challenge, window: timedelta, keys: Collection[PurchaseKey]) -> Settled:
    """Bring the sales and funnel orders around the given purchases up to date; return what that touched."""
    around = _neighbourhood(connection, keys)
    stood = {row["sale_id"] for row in around.rows.values() if row["sale_id"] is not None}
    days_before = days_of(connection, stood)
    messages = [_message(row, around.ids[key], challenge) for key, row in around.rows.items()]
    ledger = read_ledger(connection, {shared for ids in around.ids.values() for shared in ids})
    resolved = resolve(messages, ledger, window)
    counted = [one for one in resolved if one.duplicate_of is None]
    sale_ids = _write_sales(connection, challenge, around, [one for one in counted if one.offer is Offer.HIGH_TICKET])
    _write_orders(connection, around, [one for one in counted if one.offer in {Offer.VIP, Offer.OTO}])
    _write_links(connection, around, resolved, sale_ids)
    return Settled(set(sale_ids.values()), days_before)


def _neighbourhood(connection: Connection, keys: Collection[PurchaseKey]) -> _Neighbourhood:
    """Load the purchases, then everything by the same people or with the same payment, until nothing new turns up."""
    rows: dict[PurchaseKey, Row] = {}
    ids: defaultdict[PurchaseKey, set[str]] = defaultdict(set)
    frontier = set(keys)
    while frontier:
        loaded = existing(connection, purchases, frontier)
        rows.update(loaded)
        for key, shared in _shared_ids(connection, loaded):
            ids[key].add(shared)
        shared_here = {shared for key in loaded for shared in ids[key]}
        people = {row["email_key"] for row in loaded.values()} - {""}
        also = related_ids(connection, shared_here)
        frontier = (mentioning(connection, also) | _bought_by(connection, people)) - set(rows)
    return _Neighbourhood(rows, {key: frozenset(ids[key]) for key in rows})


def _shared_ids(connection: Connection, keys: Collection[PurchaseKey]) -> Iterable[tuple[PurchaseKey, str]]:
    for chunk in chunks(sorted(keys)):
        query = sa.select(external_ids).where(sa.tuple_(external_ids.c.source, external_ids.c.external_id).in_(chunk))
        for row in connection.execute(query):
            yield (row.source, row.external_id), row.shared_id


def _bought_by(connection: Connection, people: Collection[str]) -> set[PurchaseKey]:
    found: set[PurchaseKey] = set()
    for chunk in chunks(sorted(people)):
        query = sa.select(purchases.c.source, purchases.c.external_id).where(purchases.c.email_key.in_(chunk))
        found.update((source, external_id) for source, external_id in connection.execute(query))
    return found


def _message(row: Row, ids: frozenset[str], challenge: Challenge) -> Message:
    purchased_at = row["purchased_at"]
    on = challenge.local_date(purchased_at)
    return Message(
        source=row["source"],
        external_id=row["external_id"],
        messenger=Messenger(row["messenger"]),
        offer=Offer(row["offer"]) if row["offer"] else None,
        name=row["name"],
        email=row["email"],
        keys=EmailKeys(row["email_folded"], row["email_key"], row["email_tag"]),
        product=row["product"],
        product_key=row["product_key"],
        price=row["price"],
        currency=row["currency"],
        purchased_at=purchased_at,
        day=(challenge.start_of(on), challenge.start_of(on + timedelta(days=1))) if row["date_only"] else None,
        collected=row["collected"],
        refunded=row["refunded"],
        richness=row["richness"],
        ids=ids,
        is_excluded=row["excluded"] is not None,
    )


def _write_sales(
    connection: Connection, challenge: Challenge, around: _Neighbourhood, counted: list[Resolved]
) -> dict[PurchaseKey, int]:
    """Write the counted high-ticket sales and return the row of each; a row nobody claims any more is removed."""
    rows = {row["sale_id"] for row in around.rows.values() if row["sale_id"] is not None}
    claims = _claims(around, counted, rows)
    for one in counted:
        if one.key not in claims:
            claims[one.key] = _insert_sale(connection, one)
    surplus = [(sale_id,) for sale_id in rows - set(claims.values())]
    for table in (identity_links, sale_facts, high_ticket_sales):
        delete(connection, table, surplus)
    write_changed(connection, high_ticket_sales, [{"id": claims[one.key], **_sale_row(one)} for one in counted])
    write_changed(
        connection, sale_facts, [{"sale_id": claims[one.key], **_fact_row(one, challenge)} for one in counted]
    )
    return claims


def _insert_sale(connection: Connection, one: Resolved) -> int:
    inserted = connection.execute(sa.insert(high_ticket_sales), _sale_row(one)).inserted_primary_key
    if inserted is None:
        raise RuntimeError("The database did not number a sale.")
    return int(inserted[0])


def _claims(around: _Neighbourhood, counted: list[Resolved], rows: set[int]) -> dict[PurchaseKey, int]:
    """Return which existing row each sale keeps: its own, one of its messages', or one that is left over."""
    free, claims = set(rows), {}
    everyone = sorted(around.rows)
    for rank in range(3):
        for one in counted:
            wanted = ([one.key], sorted(one.members), everyone)[rank]
            kept = next((row for key in wanted if (row := around.rows[key]["sale_id"]) in free), None)
            if one.key not in claims and kept is not None:
                claims[one.key] = kept
                free.remove(kept)
    return claims


def _write_orders(connection: Connection, around: _Neighbourhood, counted: list[Resolved]) -> None:
    """Write the counted funnel orders; one that has become something else is removed."""
    wanted = {one.key for one in counted}
    stored = existing(connection, funnel_orders, set(around.rows))
    delete(connection, funnel_orders, [key for key in stored if key not in wanted])
    write_changed(connection, funnel_orders, [_order_row(one) for one in counted])


def _write_links(
    connection: Connection, around: _Neighbourhood, resolved: list[Resolved], sale_ids: Mapping[PurchaseKey, int]
) -> None:
    """Note on every message what it counts as, which sale it speaks of, and which purchase it is suspected to repeat."""
    nothing = {"counted_as": None, "sale_id": None, "duplicate_of": None}
    # Whom nobody resolved is excluded, or speaks of a purchase that another messenger excludes.
    told: dict[PurchaseKey, dict[str, Any]] = {
        key: nothing if row["excluded"] else {**nothing, "counted_as": EXCLUDED} for key, row in around.rows.items()
    }
    for one in resolved:
        original = ":".join(one.duplicate_of) if one.duplicate_of else None
        values = {"counted_as": one.offer, "sale_id": sale_ids.get(one.key), "duplicate_of": original}
        told.update(dict.fromkeys(one.members, values))
    update_by_key(
        connection,
        purchases,
        {
            key: values
            for key, values in told.items()
            if any(around.rows[key][name] != value for name, value in values.items())
        },
    )


def _sale_row(one: Resolved) -> dict[str, Any]:
    return {
        "customer_name": one.name,
        "customer_email": one.email,
        "product_name": one.product,
        "price": one.price,
        "purchase_date": one.purchased_at,
    }


def _fact_row(one: Resolved, challenge: Challenge) -> dict[str, Any]:
    return {
        "source": one.key[0],
        "external_id": one.key[1],
        "currency": one.currency,
        "eligible_until": one.day[1] - timedelta(seconds=1) if one.day else one.purchased_at,
        "purchased_on": challenge.local_date(one.purchased_at),
        "email_folded": one.keys.folded,
        "email_key": one.keys.key,
        "email_tag": one.keys.tag,
        "product_key": one.product_key,
        "collected": one.collected,
        "refunded": one.refunded,
        "at_risk": one.at_risk,
    }


def _order_row(one: Resolved) -> dict[str, Any]:
    return {
        "source": one.key[0],
        "external_id": one.key[1],
        "kind": one.offer,
        "name": one.name,
        "email": one.email,
        "email_folded": one.keys.folded,
        "email_key": one.keys.key,
        "email_tag": one.keys.tag,
        "product": one.product,
        "price": one.price,
        "currency": one.currency,
        "ordered_at": one.purchased_at,
        "collected": one.collected,
        "refunded": one.refunded,
    }
