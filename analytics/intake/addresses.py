"""Keeps every address and customer id that was ever stated: an edited contact is still the person who opted in."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.intake.rows import PERSON, address_row, utm_keys
from analytics.records import RECORDED, CustomerAddress, Lead, Messenger, Order, Payment
from analytics.schema import UTM_COLUMNS, buyers, customer_addresses, lead_identities, purchase_utms
from analytics.store import chunks, delete, insert_missing, write_changed

Row = Mapping[Any, Any]
LeadKey = tuple[Any, ...]
PurchaseKey = tuple[Any, ...]
CAMPAIGN = "utm_campaign_key"
# Whose UTMs go first.
UTM_MESSENGERS = (
    Messenger.FUNNEL_TOOL,
    Messenger.CLASSIC_FUNNEL_TOOL,
    Messenger.PAYMENT_PROVIDER,
    Messenger.FILE,
)


def note_customers(connection: Connection, stated: Iterable[CustomerAddress | Lead | Order | Payment]) -> list[Row]:
    """Keep the addresses that were stated with customer ids; return the rows of those that were not known yet."""
    rows = [row for row in map(address_row, stated) if row["customer_id"] and row["email_key"]]
    known = _carried(connection, {(row["source"], row["customer_id"]) for row in rows})
    arriving: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = (row["source"], row["customer_id"], row["email_key"])
        arriving[key] = _earlier(arriving.get(key) or known.get(key) or row, row)
    several = Counter(key[:2] for key in known.keys() | arriving.keys())
    noted = {key: {**row, "is_several": several[key[:2]] > 1} for key, row in {**known, **arriving}.items()}
    write_changed(connection, customer_addresses, list(noted.values()), stored=known)
    return [row for key, row in noted.items() if key not in known]


def _carried(connection: Connection, customers: Iterable[tuple[str, str]]) -> dict[tuple[Any, ...], Row]:
    """Return the addresses of some customer ids, by source, id and key."""
    found: dict[tuple[Any, ...], Row] = {}
    carried = customer_addresses.c
    for chunk in chunks(sorted(customers)):
        query = sa.select(customer_addresses).where(sa.tuple_(carried.source, carried.customer_id).in_(chunk))
        for row in connection.execute(query).mappings():
            found[row["source"], row["customer_id"], row["email_key"]] = row
    return found


def note_identities(connection: Connection, before: Mapping[LeadKey, Row], arriving: Sequence[Row]) -> set[LeadKey]:
    """Keep what leads were stated with where it changed; return the leads of which something new is known."""
    stated: defaultdict[LeadKey, dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in (*before.values(), *arriving):
        stated[row["source"], row["external_id"]][row["email"], row["customer_id"]] = row
    changing = {key: rows for key, rows in stated.items() if len(rows) > 1}
    known = {
        (row["source"], row["external_id"], row["email"], row["customer_id"])
        for row in identities_of(connection, changing)
    }
    rows = [
        {name: row[name] for name in ("source", "external_id", "customer_id", *PERSON)}
        for key, versions in changing.items()
        for version, row in versions.items()
        if (*key, *version) not in known
    ]
    insert_missing(connection, lead_identities, rows)
    return {(row["source"], row["external_id"]) for row in rows}


def identities_of(connection: Connection, leads: Iterable[LeadKey]) -> list[Row]:
    """Return what the given leads were ever stated with, as far as it changed."""
    found: list[Row] = []
    for chunk in chunks(sorted(leads)):
        key = sa.tuple_(lead_identities.c.source, lead_identities.c.external_id)
        found += connection.execute(sa.select(lead_identities).where(key.in_(chunk))).mappings()
    return found


def note_buyers(
    connection: Connection, around: Iterable[PurchaseKey], messages: Mapping[PurchaseKey, Sequence[Row]]
) -> None:
    """Keep who bought and by which UTMs, as the messages of each purchase state it; what else is kept around them goes.

    A message has the columns of an address and UTMs, source, external_id, customer_id, messenger and `stated_at`.
    """
    keys = {*around, *messages}
    _replace(connection, buyers, keys, [row for key, rows in messages.items() for row in _buyer_rows(key, rows)])
    found = [row for key, rows in messages.items() if (row := _utm_row(key, rows)) is not None]
    _replace(connection, purchase_utms, keys, found)


def _replace(connection: Connection, table: sa.Table, keys: Iterable[PurchaseKey], rows: Sequence[Row]) -> None:
    """Leave these rows and no others under the given purchases."""
    names = [column.name for column in table.primary_key]
    wanted = {tuple(row[name] for name in names) for row in rows}
    stored: dict[tuple[Any, ...], Row] = {}
    for chunk in chunks(sorted(keys)):
        query = sa.select(table).where(sa.tuple_(table.c.source, table.c.external_id).in_(chunk))
        for row in connection.execute(query).mappings():
            stored[tuple(row[name] for name in names)] = row
    delete(connection, table, stored.keys() - wanted)
    write_changed(connection, table, rows, stored=stored)


def _buyer_rows(key: PurchaseKey, messages: Iterable[Row]) -> list[Row]:
    """Return who the messages of a purchase state as its buyer; an address alone is the one that the purchase shows."""
    rows = [
        {
            **dict(zip(("source", "external_id"), key, strict=True)),
            "stated_by": row["source"],
            "customer_id": row["customer_id"],
            **{name: row[name] for name in PERSON},
        }
        for row in messages
    ]
    distinct = {(row["stated_by"], row["customer_id"], row["email"]): row for row in rows}
    is_several = len({row["email"] for row in rows}) > 1
    is_plain = not is_several and not any(row["customer_id"] for row in rows)
    return [] if is_plain else [{**row, "is_several": is_several} for row in distinct.values()]


def _utm_row(key: PurchaseKey, messages: Iterable[Row]) -> Row | None:
    """Return the UTMs that the messages of a purchase carry, the funnel tool's first; None where none names a campaign."""
    # A row that another program wrote alone keeps its UTMs as recorded: those of a lead may stand there by now.
    stating = [row for row in messages if not key[0] == row["source"] == RECORDED]
    named = [(row, keys) for row in stating if (keys := utm_keys({name: row[name] for name in UTM_COLUMNS}))[CAMPAIGN]]
    first = min(named, key=lambda one: _utm_place(one[0]), default=None)
    if first is None:
        return None
    row, keys = first
    return {
        **dict(zip(("source", "external_id"), key, strict=True)),
        **{name: row[name] for name in UTM_COLUMNS},
        **keys,
    }


def _utm_place(row: Row) -> tuple[Any, ...]:
    return UTM_MESSENGERS.index(row["messenger"]), row["stated_at"], row["source"], row["external_id"]


def _earlier(stored: Row, arriving: Row) -> Row:
    return {**arriving, **{name: min(stored[name], arriving[name]) for name in ("email", "first_seen_at")}}
