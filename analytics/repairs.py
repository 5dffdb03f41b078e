"""What is set right afterwards: sales of other programs taken note of, credits, dates and classifications worked out anew."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analytics import ingest
from analytics.challenge import Challenge, Period
from analytics.crediting.all_at_once import credit_all
from analytics.crediting.single import credit_sales
from analytics.database import reading, writing
from analytics.ingest import Rules
from analytics.intake.attending import redate_sessions
from analytics.intake.rows import recorded_row
from analytics.money.balance import all_differences, keep_differences
from analytics.money.daily_totals import days_of, sum_all, sum_days
from analytics.money.fact_store import Touched
from analytics.money.settled import is_settled, settle
from analytics.queries.money import inside, is_counted
from analytics.records import RECORDED
from analytics.schema import (
    Moment,
    funnel_orders,
    high_ticket_sales,
    leads,
    orders,
    payments,
    review_items,
    sale_facts,
)
from analytics.store import BATCH, batches, work_alone, write_changed


def attribute(connection: Connection, rules: Rules) -> int:
    """Credit every sale again, those of other programs included as they are recorded now, and return how many changed.

    What was resolved by other settings is resolved again; dates, of sessions too, follow the calendar as it is set now.
    """
    work_alone(connection)
    _resolve_pending(connection, rules)
    _note_recorded(connection, rules)
    _read_anew(connection, rules)
    if not is_settled(connection, rules.fingerprint):
        _resolve_all(connection, rules)
    settle(connection, rules.fingerprint)
    _redate(connection, rules.challenge)
    redate_sessions(connection, rules.challenge, rules.sessions_per_day)
    changed = credit_all(connection)
    sum_all(connection)
    keep_differences(connection, all_differences(connection))
    return changed


def check_money(reader: Engine, writer: Engine) -> None:
    """Hold all money as stated against where it is counted; from then on `checks` shows what differs."""
    with reading(reader) as connection:
        found = all_differences(connection)
    with writing(writer) as connection:
        keep_differences(connection, found)


def adopt(connection: Connection, rules: Rules) -> int:
    """Take note of sales that another program wrote into the specification's table, and return how many there were."""
    _resolve_pending(connection, rules)
    noticed, sale_ids = _note_recorded(connection, rules)
    credit_sales(connection, sale_ids)
    sum_days(connection, days_of(connection, sale_ids))
    return noticed


def is_pending(connection: Connection) -> bool:
    """Tell whether orders wait to be resolved since the tables were upgraded."""
    pending = sa.select(orders.c.source).where(orders.c.is_resolved == sa.false()).limit(1)
    return connection.execute(pending).first() is not None


def _resolve_pending(connection: Connection, rules: Rules) -> None:
    """Resolve the orders that came up from an older version of the tables."""
    query = sa.select(orders.c.source, orders.c.external_id).where(orders.c.is_resolved == sa.false())
    for keys in batches([(source, external_id) for source, external_id in connection.execute(query)]):
        sum_days(connection, ingest.resolve_and_credit(connection, rules, Touched(orders=set(keys))))


def _note_recorded(connection: Connection, rules: Rules) -> tuple[int, set[int]]:
    """Take the sales that another program wrote; return how many there are, and the sales around them."""
    # NOT EXISTS would have MariaDB copy the numbers of all known sales, and of a million on disk.
    facts = high_ticket_sales.outerjoin(sale_facts, sale_facts.c.sale_id == high_ticket_sales.c.id)
    query = sa.select(high_ticket_sales).select_from(facts).where(sale_facts.c.sale_id.is_(None), is_counted)
    foreign = connection.execute(query).mappings().all()
    found: set[int] = set()
    for batch in batches(foreign):
        found |= ingest.take_recorded(connection, rules, batch)
    return len(foreign), found


def _read_anew(connection: Connection, rules: Rules) -> None:
    """Take adopted sales as they are recorded now: whoever wrote them may have corrected them since."""
    sale = high_ticket_sales
    query = sa.select(sale).join(sale_facts, sale_facts.c.sale_id == sale.c.id).where(sale_facts.c.source == RECORDED)
    last = 0
    while rows := connection.execute(query.where(sale.c.id > last).order_by(sale.c.id).limit(BATCH)).mappings().all():
        facts = [recorded_row(row, rules.challenge, rules.currency) for row in rows]
        states = write_changed(connection, sale_facts, facts)
        changed = [row for row, state in zip(rows, states, strict=True) if state != "same"]
        if changed:
            ingest.take_recorded(connection, rules, changed)
        last = rows[-1]["id"]
    for batch in batches(connection.execute(sa.select(sale).where(~is_counted)).mappings().all()):
        ingest.take_recorded(connection, rules, batch)


def _redate(connection: Connection, challenge: Challenge) -> None:
    """Give sales, orders and opt-ins the dates that their moments have in the business zone, which may have been set since.

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
    order = funnel_orders.c
    ordered = sa.select(order.purchased_on, order.ordered_at.label("moment"))
    for on, wanted, bounds in _misdated(connection, challenge, ordered.where(order.eligible_until == order.ordered_at)):
        is_timed = order.eligible_until == order.ordered_at
        stale = sa.update(funnel_orders).where(order.purchased_on == on, inside(order.ordered_at, bounds), is_timed)
        connection.execute(stale.values(purchased_on=wanted))
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
    """Resolve every order and payment by the settings as they are now; return how many purchases changed."""
    work_alone(connection)
    before = _conclusions(connection)
    _note_recorded(connection, rules)
    _read_anew(connection, rules)
    _resolve_all(connection, rules)
    settle(connection, rules.fingerprint)
    return len({key for key, _ in before ^ _conclusions(connection)})


def _resolve_all(connection: Connection, rules: Rules) -> None:
    """Resolve all orders and payments and credit what follows from them."""
    touched: set[date] = set()
    for table in (orders, payments):
        keys = [
            (source, external_id)
            for source, external_id in connection.execute(sa.select(table.c.source, table.c.external_id))
        ]
        for batch in batches(keys):
            moved = Touched(orders=set(batch)) if table is orders else Touched(payments=set(batch))
            touched |= ingest.resolve_and_credit(connection, rules, moved)
    sum_days(connection, touched)


def _conclusions(connection: Connection) -> set[tuple[tuple[str, str], Any]]:
    """Return what each purchase counts as: its lines, or why it is not counted."""
    sold = sa.select(sale_facts.c.source, sale_facts.c.external_id, sale_facts.c.line, sa.literal("high_ticket"))
    ordered = sa.select(*(funnel_orders.c[name] for name in ("source", "external_id", "line", "kind")))
    listed = sa.select(*(review_items.c[name] for name in ("source", "external_id", "part", "kind")))
    rows = connection.execute(sa.union_all(sold, ordered, listed)).all()
    return {((source, external_id), (part, kind)) for source, external_id, part, kind in rows}
