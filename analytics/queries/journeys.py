"""Which opt-ins led to which sale, and which to none."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.dialect import characters, days_between
from analytics.queries import recognition
from analytics.queries.money import ZERO, Bounds, fact, inside, outcome, sale
from analytics.schema import leads

NOWHERE = "(unattributed)"  # a touch without a campaign; of a sale: credited to nothing
STREAM, CHUNK = 5000, 1000

_touch = sa.case((leads.c.utm_campaign_key != "", leads.c.utm_campaign_key), else_=NOWHERE)
_in_time = leads.c.opted_in_at <= fact.c.eligible_until
_earliest_first = (leads.c.opted_in_at, characters(leads.c.external_id), leads.c.external_id, leads.c.source)


def buyers_of_several_opt_ins(connection: Connection, bounds: Bounds, currency: str) -> Iterator[Any]:
    """Yield the opt-ins of each sale whose buyer opted in more than once before, sale by sale and earliest first.

    Rows have: sale_id, revenue (0 in another currency), credited (the campaign key that stands, or NOWHERE), touch (a
    campaign key or NOWHERE), days before the sale.
    """
    pairs = sa.union(*(part.where(_in_time, *_credited_inside(bounds)) for part in _recognised())).subquery("pairs")
    counted = sa.select(pairs, sa.func.count().over(partition_by=pairs.c.sale_id).label("opt_ins")).subquery("counted")
    several = sa.select(counted.c.sale_id, counted.c.lead_id).where(counted.c.opt_ins > 1).subquery("several")
    here = sa.func.coalesce(fact.c.currency, currency) == currency
    query = (
        sa.select(
            several.c.sale_id,
            sa.case((here, sale.c.price), else_=ZERO).label("revenue"),
            sa.case((outcome == "matched", fact.c.utm_campaign_key), else_=NOWHERE).label("credited"),
            _touch.label("touch"),
            days_between(fact.c.purchased_on, leads.c.opted_in_on).label("days"),
        )
        .join_from(several, leads, leads.c.id == several.c.lead_id)
        .join(sale, sale.c.id == several.c.sale_id)
        .join(fact, fact.c.sale_id == several.c.sale_id)
        .order_by(several.c.sale_id, *_earliest_first)
    )
    return iter(connection.execute(query.execution_options(yield_per=STREAM)))


def opt_ins_by_touch(connection: Connection, bounds: Bounds) -> dict[str, int]:
    """Return how many opt-ins there were up to the end of the bounds, by campaign key or NOWHERE."""
    query = (
        sa.select(_touch.label("touch"), sa.func.count())
        .where(leads.c.opted_in_at < bounds[1])
        .group_by(sa.literal_column("touch"))
    )
    return dict(connection.execute(query).all())


def people_of_several_opt_ins(connection: Connection, bounds: Bounds) -> Iterator[tuple[str, str]]:
    """Yield (e-mail key, campaign key or NOWHERE) of everybody who opted in more than once, person by person, earliest first."""
    several = (
        sa.select(leads.c.email_key)
        .where(leads.c.email_key != "", leads.c.opted_in_at < bounds[1])
        .group_by(leads.c.email_key)
        .having(sa.func.count() > 1)
    )
    opted_in = sa.select(leads.c.email_key, _touch).where(leads.c.opted_in_at < bounds[1])
    # Counted along an index and then looked up; in one question MariaDB writes everybody down first.
    people = connection.scalars(several).all()
    for start in range(0, len(people), CHUNK):
        theirs = opted_in.where(leads.c.email_key.in_(people[start : start + CHUNK]))
        query = theirs.order_by(leads.c.email_key, *_earliest_first)
        yield from connection.execute(query)


def _credited_inside(bounds: Bounds) -> tuple[sa.ColumnElement[bool], ...]:
    return sale.c.lead_id.is_not(None), inside(sale.c.purchase_date, bounds)


def _recognised() -> Iterator[sa.Select[Any]]:
    """Yield the ways in which a buyer is recognised in an opt-in, as pairs of their numbers: those of the attribution."""
    further = recognition.further_addresses(recognition.SALES).cte("further")
    for way in recognition.recognised(recognition.SALES, further):
        pair = way.with_only_columns(fact.c.sale_id.label("sale_id"), leads.c.id.label("lead_id"))
        yield pair.join(sale, sale.c.id == fact.c.sale_id)
