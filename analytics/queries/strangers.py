"""Sales that are credited to nobody, and the opt-ins that may yet be their buyers'."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Reason, Rule
from analytics.dialect import lower_case
from analytics.queries.money import Bounds, fact, inside, sale
from analytics.schema import challenges, leads, orders, payments

CHUNK, MOST_NAMESAKES = 1000, 20_000
UNRECOGNISED = (Reason.NO_SUCH_PERSON, Reason.CONFLICT, Reason.OPTED_IN_LATER)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A sale's buyer as the checkout knows them; an opt-in after `eligible_until` came too late."""

    sale_id: int
    name: str
    email: str
    product: str
    price: Decimal
    purchased_at: datetime
    eligible_until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Person:
    """An opt-in with what it tells of who it was."""

    lead_id: int
    source: str
    external_id: str
    name: str
    email: str
    opted_in_at: datetime
    campaign: str


_person = (
    leads.c.id,
    leads.c.source,
    leads.c.external_id,
    leads.c.name,
    leads.c.email_key,
    leads.c.opted_in_at,
    sa.func.coalesce(leads.c.utm_campaign, ""),
)
_stranger = (
    sale.c.id,
    sale.c.customer_name,
    fact.c.email_key,
    sale.c.product_name,
    sale.c.price,
    sale.c.purchase_date,
    fact.c.eligible_until,
    fact.c.reason,
)


def strangers(connection: Connection, bounds: Bounds, most: int) -> list[Stranger]:
    """Return the newest sales of a period in whose buyer no opt-in was recognised, at most so many."""
    query = (
        sa.select(*_stranger)
        .join_from(fact, sale, sale.c.id == fact.c.sale_id)
        .where(fact.c.reason.in_(UNRECOGNISED), inside(sale.c.purchase_date, bounds))
        .order_by(sale.c.purchase_date.desc(), sale.c.id.desc())
        .limit(most)
    )
    return [Stranger(*row) for row in connection.execute(query)]


def acquaintances(connection: Connection, bounds: Bounds, most: int) -> list[tuple[Stranger, str]]:
    """Return the newest sales whose buyer was recognised by the address, each with the e-mail key of the first touch."""
    rules = (Rule.EMAIL_EXACT, Rule.EMAIL_FOLDED, Rule.GMAIL, Rule.GMAIL_TAG, Rule.CUSTOMER_ID)
    query = (
        sa.select(leads.c.email_key, *_stranger)
        .join_from(fact, sale, sale.c.id == fact.c.sale_id)
        .join(leads, leads.c.id == sale.c.lead_id)
        .where(fact.c.reason.in_(rules), inside(sale.c.purchase_date, bounds))
        .where(leads.c.email_key == fact.c.email_key)
        .order_by(sale.c.purchase_date.desc(), sale.c.id.desc())
        .limit(most)
    )
    return [(Stranger(*row), key) for key, *row in connection.execute(query)]


def opt_ins_at(connection: Connection, addresses: Collection[str]) -> list[Person]:
    """Return the opt-ins under the given e-mail keys."""
    ordered = sorted(addresses)
    found: list[Person] = []
    for start in range(0, len(ordered), CHUNK):
        found += _people(connection, leads.c.email_key.in_(ordered[start : start + CHUNK]))
    return found


def opt_ins_of_mailboxes(connection: Connection, mailboxes: Iterable[str], most: int) -> list[Person]:
    """Return the opt-ins whose address begins with one of the names before the @, at most so many of each."""
    found: list[Person] = []
    for mailbox in sorted(set(mailboxes)):
        # A range of the index: `@` is followed by `A`.
        begins = sa.and_(leads.c.email_key >= f"{mailbox}@", leads.c.email_key < f"{mailbox}A")
        found += _people(connection, begins, most)
    return found


def opt_ins_named(connection: Connection, names: Collection[str]) -> list[Person]:
    """Return the opt-ins under one of the names, whatever their case."""
    wanted = sorted({name.lower() for name in names} - {""})
    return _people(connection, lower_case(leads.c.name).in_(wanted), MOST_NAMESAKES) if wanted else []


def is_sample(connection: Connection) -> bool:
    """Tell whether the database holds the sample challenge and nothing else."""
    return bool(connection.scalar(sa.select(sa.func.count()).select_from(challenges).where(challenges.c.is_sample)))


def sales_told_as(connection: Connection, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the high-ticket sales that the given orders or payments (source, id there) belong to, the first of each."""
    found: dict[tuple[str, str], int] = {}
    for table in (orders, payments):
        told = table.c
        is_sale = sa.and_(fact.c.source == told.purchase_source, fact.c.external_id == told.purchase_id)
        query = sa.select(told.source, told.external_id, fact.c.sale_id).join_from(table, fact, is_sale)
        query = query.where(sa.tuple_(told.source, told.external_id).in_(sorted(keys))).order_by(fact.c.line.desc())
        found.update({(source, external_id): sale_id for source, external_id, sale_id in connection.execute(query)})
    return found


def _people(connection: Connection, condition: Any, most: int | None = None) -> list[Person]:
    query = sa.select(*_person).where(condition).limit(most) if most else sa.select(*_person).where(condition)
    return [Person(*row) for row in connection.execute(query)]
