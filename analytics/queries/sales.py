"""The attribution table: filtered, searched, sorted, paged and counted in SQL."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome
from analytics.challenge import Period
from analytics.dialect import bytes_of, lower_bytes, lower_case
from analytics.queries.kept import Kept, kept
from analytics.queries.money import (
    ZERO,
    Bounds,
    at_risk,
    campaign_key,
    collected,
    fact,
    inside,
    is_counted,
    is_recorded,
    outcome,
    product_key,
    reason,
    recorded_campaign,
    refunded,
    sale,
    sold,
    with_facts,
    written_off,
)
from analytics.records import UtmMapping

UNATTRIBUTED = "(unattributed)"  # chooses the sales that are credited to no campaign
STREAM = 2000
HITS = 1000  # a search that finds no more is remembered as what it found
FEW = 0.2  # of the time that sales span: within it the index on dates is the short way
_bought = sale.c.purchase_date


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sales: bounds, a folded campaign or UNATTRIBUTED, a folded product, and a text to look for; empty means all.

    `only`, where given, names the sales by their ids, and nothing else counts. `kept` is what is known of the campaign.
    """

    period: Period
    bounds: Bounds
    campaign: str = ""
    product: str = ""
    search: str = ""
    only: tuple[int, ...] | None = None
    kept: Kept | None = None


def page_of_sales(
    connection: Connection, wanted: Wanted, mapping: UtmMapping, order: tuple[str, bool], page: tuple[int, int]
) -> Sequence[Any]:
    """Return the wanted sales in order (a SortColumn's value, descending?) from an offset on: page is (limit, offset).

    Rows have: id, name, product, price, currency, purchased_at, campaign, ad_set, ad, days, refunded, at_risk, written_off,
    tax, is_open_plan, is_refund_unknown, outcome, reason.
    """
    # Only the rows of the page are looked up whole: what is sorted, and passed over, is their numbers alone.
    if _is_near(wanted, order, sum(page)):
        numbers = _passing(wanted)
    else:
        numbers = sa.select(sale.c.id).where(*_conditions(connection, wanted, mapping))
        if order[0] != "purchased":
            numbers = _scanned(connection, numbers, wanted.bounds)
    ids = numbers.order_by(*_order(*order, mapping)).limit(page[0]).offset(page[1]).subquery("page")
    return connection.execute(_rows(mapping).join(ids, ids.c.id == sale.c.id).order_by(*_order(*order, mapping))).all()


def count_sales(connection: Connection, wanted: Wanted, mapping: UtmMapping) -> int:
    """Return how many sales are wanted."""
    if wanted.kept and not wanted.product and not wanted.search:
        return wanted.kept.theirs
    query = sa.select(sa.func.count()).select_from(sale).where(*_conditions(connection, wanted, mapping))
    return connection.scalar(query) or 0


def narrowed(connection: Connection, wanted: Wanted, mapping: UtmMapping) -> Wanted:
    """Return what is wanted with what is found out once, and not for each question.

    A search that found few sales is those very sales; of a campaign it is known how many sales it has, and when.
    """
    if wanted.only is not None:
        return wanted
    if wanted.campaign:
        campaign = None if wanted.campaign == UNATTRIBUTED else wanted.campaign
        wanted = replace(wanted, kept=kept(connection, wanted.period, wanted.bounds, campaign))
    if not wanted.search:
        return wanted
    query = sa.select(sale.c.id).where(*_conditions(connection, wanted, mapping)).limit(HITS + 1)
    hits = connection.scalars(_scanned(connection, query, wanted.bounds)).all()
    return wanted if len(hits) > HITS else replace(wanted, only=tuple(hits))


def stream_sales(connection: Connection, wanted: Wanted, mapping: UtmMapping, order: tuple[str, bool]) -> Iterator[Any]:
    """Yield every wanted sale in order, with the columns of a page's rows, without holding them all."""
    query = _rows(mapping).where(*_conditions(connection, wanted, mapping)).order_by(*_order(*order, mapping))
    # Only the whole table is streamed: the next question on the connection would cut an unread stream short on MariaDB.
    return iter(connection.execute(query.execution_options(yield_per=STREAM)))


def whole_sales(connection: Connection, wanted: Wanted, mapping: UtmMapping, most: int | None) -> Sequence[Any]:
    """Return the wanted sales, oldest first, each with all that is known of it; no more than `most`."""
    query = (
        _rows(mapping)
        .add_columns(
            sa.func.coalesce(fact.c.email_key, "").label("person"),
            sale.c.customer_email.label("email"),
            product_key.label("product_key"),
            collected.label("collected"),
            sale.c.utm_source,
            sale.c.utm_medium,
            campaign_key.label("campaign_key"),
        )
        .where(*_conditions(connection, wanted, mapping))
        .order_by(sale.c.purchase_date, sale.c.id)
        .limit(most)
    )
    return connection.execute(query).mappings().all()


def campaigns(connection: Connection, bounds: Bounds) -> list[tuple[str, str]]:
    """Return the campaigns credited in a period as (folded key, a label as received), by key."""
    is_matched = fact.c.outcome == Outcome.MATCHED
    told = (fact.c.utm_campaign_key, sale.c.utm_campaign, is_matched)
    return _labelled(connection, bounds, told, (campaign_key, outcome == Outcome.MATCHED))


def products(connection: Connection, bounds: Bounds) -> list[tuple[str, str]]:
    """Return the products sold in a period as (folded key, a label as received), by key."""
    told = (fact.c.product_key, sale.c.product_name, sa.true())
    return _labelled(connection, bounds, told, (product_key, sa.true()))


def all_have_facts(connection: Connection) -> bool:
    """Tell whether no other program wrote a sale that is not adopted yet; two walks over narrow keys instead of a join."""
    counted, known = (sa.select(sa.func.count(), sa.func.sum(key)) for key in (sale.c.id, fact.c.sale_id))
    sales, facts = (connection.execute(query).one() for query in (counted.where(is_counted), known))
    return tuple(sales) == tuple(facts)


def _rows(mapping: UtmMapping) -> sa.Select[Any]:
    return sa.select(
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
        at_risk.label("at_risk"),
        written_off.label("written_off"),
        sa.func.coalesce(fact.c.tax, ZERO).label("tax"),
        sa.func.coalesce(fact.c.is_open_plan, sa.false()).label("is_open_plan"),
        sa.func.coalesce(fact.c.is_refund_unknown, sa.false()).label("is_refund_unknown"),
        outcome.label("outcome"),
        reason.label("reason"),
    ).select_from(with_facts)


def _scanned(connection: Connection, query: sa.Select[Any], bounds: Bounds) -> sa.Select[Any]:
    """Return the query, to be answered from the table itself where the index on dates would lead to most rows one by one."""
    return query.with_hint(sale, "IGNORE INDEX (idx_purchase_date)", "mysql") if _is_wide(connection, bounds) else query


def _is_wide(connection: Connection, bounds: Bounds) -> bool:
    first, last = connection.execute(sa.select(sa.func.min(_bought), sa.func.max(_bought))).one()
    return first is not None and min(last, bounds[1]) - max(first, bounds[0]) >= (last - first) * FEW


def _labelled(
    connection: Connection,
    bounds: Bounds,
    told: tuple[sa.Column[Any], sa.Column[Any], sa.ColumnElement[bool]],
    otherwise: tuple[sa.ColumnElement[str], sa.ColumnElement[bool]],
) -> list[tuple[str, str]]:
    """Return keys with labels, by key: `told` is a key of the facts, its label and a condition; `otherwise` suits any sale."""
    label, is_inside = told[1], sold(bounds)
    if _is_wide(connection, bounds) and all_have_facts(connection):
        query = _first_of_each(told, is_inside)
    else:
        key, condition = otherwise
        columns: list[Any] = [key.label("choice"), sa.func.min(bytes_of(label)).label("label")]
        query = sa.select(*columns).select_from(with_facts)
        query = query.where(is_inside, condition).group_by(sa.literal_column("choice"))
    rows = connection.execute(query.order_by(sa.literal_column("choice")))
    return [(choice, text.decode()) for choice, text in rows if choice and text is not None]


def _first_of_each(
    told: tuple[sa.Column[Any], sa.Column[Any], sa.ColumnElement[bool]], is_inside: sa.ColumnElement[bool]
) -> sa.Select[Any]:
    """Return a query that hops from key to key, and looks at each only until it finds a sale inside the bounds."""
    key, label, condition = told
    keys = sa.select(key.label("choice")).where(condition).distinct().subquery("keys")
    first = (
        sa.select(bytes_of(label))
        .join_from(fact, sale, sale.c.id == fact.c.sale_id)
        .where(key == keys.c.choice, condition, is_inside)
        .order_by(fact.c.sale_id)
        .limit(1)
        .correlate(keys)
    )
    return sa.select(keys.c.choice, first.scalar_subquery().label("label"))


def _conditions(connection: Connection, wanted: Wanted, mapping: UtmMapping) -> list[sa.ColumnElement[bool]]:
    if wanted.only is not None:
        return [sale.c.id.in_(wanted.only)]
    conditions = [sold(wanted.bounds)]
    if wanted.campaign or wanted.product:
        are_known = wanted.kept is not None or all_have_facts(connection)
        conditions += [_told(by_facts, by_row, are_known) for by_facts, by_row in _choices(wanted)]
    if wanted.search:
        pattern = f"%{_literally(wanted.search.lower())}%"
        searched = ("customer_name", "customer_email", "product_name", "utm_campaign", mapping.ad_set, mapping.ad)
        conditions.append(sa.or_(*(lower_bytes(sale.c[name]).like(pattern, escape="/") for name in searched)))
    return conditions


def _is_near(wanted: Wanted, order: tuple[str, bool], rows: int) -> bool:
    """Tell whether passing all sales by date finds a campaign's page sooner than listing the campaign's sales does."""
    if wanted.kept is None or wanted.product or wanted.search or order[0] != "purchased":
        return False
    return wanted.kept.passed(rows, newest_first=order[1]) < wanted.kept.theirs


def _passing(wanted: Wanted) -> sa.Select[Any]:
    """Return the numbers of a campaign's sales, found by passing all sales in the order of their dates."""
    by_facts, _ = next(_choices(wanted))
    query = sa.select(sale.c.id).join_from(sale, fact, fact.c.sale_id == sale.c.id)
    query = query.prefix_with("STRAIGHT_JOIN", dialect="mysql")
    return query.with_hint(sale, "FORCE INDEX (idx_purchase_date)", "mysql").where(
        inside(_bought, wanted.bounds), by_facts
    )


def _choices(wanted: Wanted) -> Iterator[tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]]:
    """Yield what the chosen campaign and product ask of a sale's facts, and of the row itself where it has none."""
    if wanted.campaign == UNATTRIBUTED:
        yield fact.c.outcome == Outcome.UNATTRIBUTED, ~is_recorded
    elif wanted.campaign:
        is_theirs = sa.and_(fact.c.outcome == Outcome.MATCHED, fact.c.utm_campaign_key == wanted.campaign)
        yield is_theirs, sa.and_(is_recorded, recorded_campaign == wanted.campaign)
    if wanted.product:
        yield fact.c.product_key == wanted.product, lower_case(sale.c.product_name) == wanted.product


def _told(by_facts: sa.ColumnElement[bool], by_row: sa.ColumnElement[bool], are_known: bool) -> sa.ColumnElement[bool]:  # noqa: FBT001 (what was found out about the table)
    has_facts = sale.c.id.in_(sa.select(fact.c.sale_id).where(by_facts))
    if are_known:
        return has_facts
    # The facts stay in its own FROM, whichever of the two tables the query around it reads.
    lacks_facts = ~sa.exists().where(fact.c.sale_id == sale.c.id).correlate(sale)
    return sa.or_(has_facts, sa.and_(by_row, lacks_facts))


def _literally(text: str) -> str:
    """Return a text whose wildcards LIKE takes as characters, `/` being the escape."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _order(column: str, descending: bool, mapping: UtmMapping) -> list[sa.ColumnElement[Any]]:  # noqa: FBT001 (a pair from the caller)
    """Return the ORDER BY; the id settles ties, so that pages never overlap."""
    keys: dict[str, sa.ColumnElement[Any]] = {
        "customer": lower_bytes(sale.c.customer_name),
        "product": lower_bytes(sale.c.product_name),
        "price": sale.c.price,
        "purchased": sale.c.purchase_date,
        "campaign": lower_bytes(sa.func.coalesce(sale.c.utm_campaign, "")),
        "ad_set": lower_bytes(sale.c[mapping.ad_set]),
        "ad": lower_bytes(sale.c[mapping.ad]),
        "days": sale.c.days_from_lead_to_sale,
    }
    turn = sa.desc if descending else sa.asc
    return [turn(keys[column]), turn(sale.c.id)]
