"""The attribution table: filtered, searched, sorted, paged and counted in SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome
from analytics.dialect import bytes_of, lower_case
from analytics.queries.money import Bounds, campaign_key, fact, outcome, product_key, reason, refunded, sale, with_facts
from analytics.records import UtmMapping

UNATTRIBUTED = "(unattributed)"  # chooses the sales that are credited to no campaign
STREAM = 2000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sales: bounds, a folded campaign or UNATTRIBUTED, a folded product, and a text to look for; empty means all."""

    bounds: Bounds
    campaign: str = ""
    product: str = ""
    search: str = ""


def count_sales(connection: Connection, wanted: Wanted, mapping: UtmMapping) -> int:
    """Return how many sales are wanted."""
    query = sa.select(sa.func.count()).select_from(with_facts).where(*_conditions(wanted, mapping))
    return connection.scalar(query) or 0


def list_sales(
    connection: Connection, wanted: Wanted, mapping: UtmMapping, order: tuple[str, bool], page: tuple[int, int] | None
) -> Iterator[Any]:
    """Yield the wanted sales in order (a SortColumn's value, descending?), all of them or a (limit, offset) page of them.

    Rows have: id, name, product, price, currency, currency_known, purchased_at, campaign, ad_set, ad, days, refunded, outcome, reason.
    """
    query = (
        sa.select(
            sale.c.id,
            sale.c.customer_name.label("name"),
            sale.c.product_name.label("product"),
            sale.c.price,
            fact.c.currency,
            sale.c.purchase_date.label("purchased_at"),
            sale.c.utm_campaign.label("campaign"),
            sale.c[mapping.ad_set].label("ad_set"),
            sale.c[mapping.ad].label("ad"),
            sale.c.days_from_lead_to_sale.label("days"),
            refunded.label("refunded"),
            outcome.label("outcome"),
            reason.label("reason"),
        )
        .select_from(with_facts)
        .where(*_conditions(wanted, mapping))
        .order_by(*_order(*order, mapping))
    )
    if page is not None:
        return iter(connection.execute(query.limit(page[0]).offset(page[1])).all())
    # Only the whole table is streamed: the next question on the connection would cut an unread stream short on MariaDB.
    return iter(connection.execute(query.execution_options(yield_per=STREAM)))


def campaigns(connection: Connection, bounds: Bounds) -> list[tuple[str, str]]:
    """Return the campaigns credited in a period as (folded key, a label as received), by key."""
    is_credited = outcome == Outcome.MATCHED
    return _labelled(connection, campaign_key, sale.c.utm_campaign, _within(bounds), is_credited)


def products(connection: Connection, bounds: Bounds) -> list[tuple[str, str]]:
    """Return the products sold in a period as (folded key, a label as received), by key."""
    return _labelled(connection, product_key, sale.c.product_name, _within(bounds))


def _labelled(
    connection: Connection, key: sa.ColumnElement[str], label: sa.Column[Any], *conditions: sa.ColumnElement[bool]
) -> list[tuple[str, str]]:
    query = (
        sa.select(key.label("choice"), sa.func.min(bytes_of(label)))
        .select_from(with_facts)
        .where(*conditions)
        .group_by(sa.literal_column("choice"))
        .order_by(sa.literal_column("choice"))
    )
    return [(choice, text.decode()) for choice, text in connection.execute(query) if choice]


def _within(bounds: tuple[datetime, datetime]) -> sa.ColumnElement[bool]:
    return sa.and_(sale.c.purchase_date >= bounds[0], sale.c.purchase_date < bounds[1])


def _conditions(wanted: Wanted, mapping: UtmMapping) -> list[sa.ColumnElement[bool]]:
    conditions = [_within(wanted.bounds)]
    if wanted.campaign == UNATTRIBUTED:
        conditions.append(outcome == Outcome.UNATTRIBUTED)
    elif wanted.campaign:
        conditions += [campaign_key == wanted.campaign, outcome == Outcome.MATCHED]
    if wanted.product:
        conditions.append(product_key == wanted.product)
    if wanted.search:
        pattern = f"%{_literally(wanted.search.lower())}%"
        searched = ("customer_name", "customer_email", "product_name", "utm_campaign", mapping.ad_set, mapping.ad)
        conditions.append(sa.or_(*(lower_case(sale.c[name]).like(pattern, escape="/") for name in searched)))
    return conditions


def _literally(text: str) -> str:
    """Return a text whose wildcards LIKE takes as characters, `/` being the escape."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _order(column: str, descending: bool, mapping: UtmMapping) -> list[sa.ColumnElement[Any]]:  # noqa: FBT001 (a pair from the caller)
    """Return the ORDER BY; the id settles ties, so that pages never overlap."""
    keys: dict[str, sa.ColumnElement[Any]] = {
        "customer": lower_case(sale.c.customer_name),
        "product": lower_case(sale.c.product_name),
        "price": sale.c.price,
        "purchased": sale.c.purchase_date,
        "campaign": campaign_key,
        "ad_set": lower_case(sale.c[mapping.ad_set]),
        "ad": lower_case(sale.c[mapping.ad]),
        "days": sale.c.days_from_lead_to_sale,
    }
    turn = sa.desc if descending else sa.asc
    return [turn(keys[column]), turn(sale.c.id)]
