"""How long it took from the first opt-in to the sale."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome
from analytics.dialect import bytes_of
from analytics.queries.journeys import NOWHERE
from analytics.queries.money import Bounds, fact, inside, sale


@dataclass(frozen=True, slots=True)
class Waited:
    """High-ticket sales of one campaign and product that came so many local calendar days after their first opt-in."""

    campaign_key: str
    product: str
    days: int
    sales: int


def sales_by_wait(connection: Connection, bounds: Bounds) -> list[Waited]:
    """Return the sales of a period whose first opt-in is known, by campaign (or NOWHERE), product and days."""
    campaign = sa.case((fact.c.outcome == Outcome.MATCHED, fact.c.utm_campaign_key), else_=NOWHERE).label("credited")
    days = sale.c.days_from_lead_to_sale
    query = (
        sa.select(campaign, fact.c.product_key, days, sa.func.max(bytes_of(sale.c.product_name)), sa.func.count())
        .join_from(sale, fact, fact.c.sale_id == sale.c.id)
        .where(inside(sale.c.purchase_date, bounds), days.is_not(None))
        .group_by(sa.literal_column("credited"), fact.c.product_key, days)
    )
    return [Waited(key, label.decode(), wait, count) for key, _, wait, label, count in connection.execute(query)]


def sales_by_day_and_wait(connection: Connection) -> list[tuple[date, int, int]]:
    """Return (business date of the sale, days since the first opt-in, sales) of all sales whose first opt-in is known."""
    days = sale.c.days_from_lead_to_sale
    query = (
        sa.select(fact.c.purchased_on, days, sa.func.count())
        .join_from(sale, fact, fact.c.sale_id == sale.c.id)
        .where(days.is_not(None))
        .group_by(fact.c.purchased_on, days)
    )
    return [tuple(row) for row in connection.execute(query)]
