"""What is set right afterwards: sales of other programs taken note of, credits, dates and classifications worked out anew."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics import ingest
from analytics.challenge import Challenge, Period
from analytics.crediting.all_at_once import credit_all
from analytics.crediting.single import RECORDED, credit_sales
from analytics.folding import fold
from analytics.ingest import Rules
from analytics.intake.attending import redate_sessions
from analytics.intake.rows import STAFF, TEXT, person_row, utm_keys
from analytics.money.resolution import PurchaseKey
from analytics.money.summing import days_of, sum_all, sum_days
from analytics.queries.money import inside
from analytics.schema import UTM_COLUMNS, Moment, high_ticket_sales, leads, purchases, sale_facts
from analytics.store import BATCH, batches, existing, upsert, work_alone, write_changed


def attribute(connection: Connection, rules: Rules) -> int:
    """Credit every sale anew, those of other programs included as they are recorded now, and return how many changed.

    Dates, of sessions too, are worked out by the calendar as it is set now.
    """
    work_alone(connection)
    _note_recorded(connection, rules)
    _read_anew(connection, rules)
    _redate(connection, rules.challenge)
    redate_sessions(connection, rules.challenge, rules.sessions_per_day)
    changed = credit_all(connection)
    sum_all(connection)
    return changed


def adopt(connection: Connection, rules: Rules) -> int:
    """Take note of sales that another program wrote into the specification's table, and return how many there were."""
    sale_ids = _note_recorded(connection, rules)
    credit_sales(connection, sale_ids)
    sum_days(connection, days_of(connection, sale_ids))
    return len(sale_ids)


def _note_recorded(connection: Connection, rules: Rules) -> list[int]:
    # NOT EXISTS would have MariaDB copy the numbers of all known sales, and of a million on disk.
    facts = high_ticket_sales.outerjoin(sale_facts, sale_facts.c.sale_id == high_ticket_sales.c.id)
    query = sa.select(high_ticket_sales).select_from(facts).where(sale_facts.c.sale_id.is_(None))
    foreign = connection.execute(query).mappings().all()
    for batch in batches(foreign):
        upsert(connection, sale_facts, [_recorded(row, rules) for row in batch])
    return [row["id"] for row in foreign]


def _read_anew(connection: Connection, rules: Rules) -> None:
    """Take adopted sales as they are recorded now: whoever wrote them may have corrected them since."""
    sale = high_ticket_sales
    query = sa.select(sale).join(sale_facts, sale_facts.c.sale_id == sale.c.id).where(sale_facts.c.source == RECORDED)
    last = 0
    while rows := connection.execute(query.where(sale.c.id > last).order_by(sale.c.id).limit(BATCH)).mappings().all():
        write_changed(connection, sale_facts, [_recorded(row, rules) for row in rows])
        last = rows[-1]["id"]


def _redate(connection: Connection, challenge: Challenge) -> None:
    """Give sales and opt-ins the dates that their moments have in the business zone, which may have been set since.

    Where a date alone was told it stays: its moment is what followed from it.
    """
    sale, fact = high_ticket_sales.c, sale_facts.c
    sold = sa.select(fact.purchased_on, sale.purchase_date.label("moment")).join_from(
        sale_facts, high_ticket_sales, fact.sale_id == sale.id
    )
    sold = sold.where(fact.eligible_until == sale.purchase_date)
    for on, wanted, bounds in _misdated(connection, challenge, sold):
        ids = sa.select(sale.id).where(inside(sale.purchase_date, bounds), fact.eligible_until == sale.purchase_date)
        theirs = fact.sale_id.in_(ids.correlate(sale_facts))
        connection.execute(sa.update(sale_facts).where(fact.purchased_on == on, theirs).values(purchased_on=wanted))
    lead = leads.c
    come = sa.select(lead.opted_in_on, lead.opted_in_at.label("moment")).where(lead.date_only == sa.false())
    for on, wanted, bounds in _misdated(connection, challenge, come):
        is_timed = lead.date_only == sa.false()
        stale = sa.update(leads).where(lead.opted_in_on == on, inside(lead.opted_in_at, bounds), is_timed)
        connection.execute(stale.values(opted_in_on=wanted))


def _misdated(
    connection: Connection, challenge: Challenge, dated: sa.Select[Any]
) -> Iterator[tuple[date, date, tuple[datetime, datetime]]]:
    """Yield each date under which moments of another date are kept, that other date, and its bounds."""
    on, moment = dated.subquery().c
    rows = connection.execute(
        sa.select(on, sa.func.min(moment, type_=Moment), sa.func.max(moment, type_=Moment)).group_by(on)
    )
    for stored, first, last in rows.all():
        for wanted in Period(challenge.local_date(first), challenge.local_date(last)).dates():
            if wanted != stored:
                yield stored, wanted, challenge.bounds(Period(wanted, wanted))


def reclassify(connection: Connection, rules: Rules) -> int:
    """Ask again what every purchase is that no messenger classified, who is staff, and what repeats another.

    Returns how many purchases changed.
    """
    work_alone(connection)
    suspected = _suspected(connection)
    changed: defaultdict[PurchaseKey, dict[str, Any]] = defaultdict(dict)
    for key, values in (*_other_offers(connection, rules), *_other_staff(connection, rules)):
        changed[key].update(values)
    touched: set[date] = set()
    for keys in map(set, batches(changed)):
        stored = existing(connection, purchases, keys)
        upsert(connection, purchases, [{**stored[key], **changed[key]} for key in keys])
        touched |= ingest.settle_and_credit(connection, rules, keys)
    for keys in map(set, batches(sorted(_alike(connection)))):
        touched |= ingest.settle_and_credit(connection, rules, keys)
    sum_days(connection, touched)
    return len(changed.keys() | (suspected ^ _suspected(connection)))


def _other_offers(connection: Connection, rules: Rules) -> Iterator[tuple[PurchaseKey, dict[str, Any]]]:
    query = sa.select(purchases).where(purchases.c.offer_given == sa.false())
    for row in connection.execute(query).mappings().all():
        offer = rules.patterns.classify(row["labels"].split("\n"), row["price"])
        if offer != row["offer"]:
            yield (row["source"], row["external_id"]), {"offer": offer}


def _other_staff(connection: Connection, rules: Rules) -> Iterator[tuple[PurchaseKey, dict[str, Any]]]:
    excluded, is_staff = purchases.c.excluded, purchases.c.email_key.in_(sorted(rules.staff_keys))
    for wanted, differs in (
        (STAFF, sa.and_(excluded.is_(None), is_staff)),
        (None, sa.and_(excluded == STAFF, ~is_staff)),
    ):
        query = sa.select(purchases.c.source, purchases.c.external_id).where(differs)
        for source, external_id in connection.execute(query).all():
            yield (source, external_id), {"excluded": wanted}


def _suspected(connection: Connection) -> set[PurchaseKey]:
    query = sa.select(purchases.c.source, purchases.c.external_id).where(purchases.c.duplicate_of.is_not(None))
    return {(source, external_id) for source, external_id in connection.execute(query)}


def _alike(connection: Connection) -> set[PurchaseKey]:
    """Return the purchases of whoever bought at one price more than once: another window may see other repetitions."""
    purchase = purchases.c
    alike = purchase.email_key, purchase.price, purchase.currency
    told_of_no_sale = sa.func.count() - sa.func.count(purchase.sale_id)
    several = told_of_no_sale + sa.func.count(purchase.sale_id.distinct()) > 1
    twice = sa.select(*alike).where(purchase.email_key != "").group_by(*alike).having(several).subquery()
    same = sa.and_(*(column == twice.c[column.name] for column in alike))
    query = sa.select(purchase.source, purchase.external_id).join_from(twice, purchases, same)
    return _suspected(connection) | {(source, external_id) for source, external_id in connection.execute(query)}


def _recorded(row: Any, rules: Rules) -> dict[str, Any]:
    """Return the facts of a sale that another program wrote: paid in full, in the reporting currency."""
    person = person_row(row["customer_email"])
    del person["email"]
    return {
        "sale_id": row["id"],
        "source": RECORDED,
        "external_id": str(row["id"]),
        "currency": rules.currency,
        "eligible_until": row["purchase_date"],
        "purchased_on": rules.challenge.local_date(row["purchase_date"]),
        **person,
        "product_key": fold(row["product_name"])[:TEXT],
        "collected": row["price"],
        "refunded": Decimal(0),
        **utm_keys({name: row[name] for name in UTM_COLUMNS}),
    }
