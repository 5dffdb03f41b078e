"""The pages of the attribution table are those of the slow reference, whatever is asked for and whoever wrote, on both engines."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.challenge import Period
from analytics.ingest import Rules, accept
from analytics.queries.kept import kept
from analytics.reading import Lens, read_sales
from analytics.records import Lead, Offer, Record, Utm, order_of_one
from analytics.schema import high_ticket_sales, sale_facts
from analytics.view3 import SalesFilter, Sort, SortColumn
from tests.analytics.conftest import Store
from tests.reference.histories import CHALLENGE
from tests.reference.table import in_order, wanted_sales

RULES, LENS = Rules(CHALLENGE), Lens(CHALLENGE)
FIRST = CHALLENGE.starts_on
START = CHALLENGE.start_of(FIRST)
WHOLE = Period(FIRST, FIRST + timedelta(days=4))
CAMPAIGNS = ("spring", "Spring ", "brand", "")
NAMES = ("Ana", "ana", "ana ", "Ben", "Zoë", "ZOË", "50% off_", "a/b")
HOURS = st.integers(0, 5 * 24 - 1)

bought = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(("Club", "club", "Mastermind")), st.integers(1, 3), HOURS),
    min_size=1,
    max_size=12,
)


def told(rows: list[tuple[str, str, int, int]], campaigns: list[str]) -> list[Record]:
    """Return a lead for every other buyer, and everybody's purchase."""
    records: list[Record] = []
    for number, (name, product, price, hour) in enumerate(rows):
        who, at = f"p{number}@x.com", START + timedelta(hours=hour)
        if number % 2:
            utm = Utm(campaign=campaigns[number % len(campaigns)], term="set" if number % 3 else "", content=name)
            records.append(Lead("crm", str(number), who, at - timedelta(days=number % 4, hours=1), utm=utm))
        records.append(
            order_of_one("stripe", str(number), who, name, product, Decimal(price), "USD", at, offer=Offer.HIGH_TICKET)
        )
    return records


sale = high_ticket_sales
recorded = {"customer_name": "Ana", "customer_email": "f@y.com", "product_name": "Club", "price": Decimal(2)}
FOREIGN: dict[str, Any] = {
    "nothing": None,
    "a sale": sa.insert(sale).values(**recorded, purchase_date=START + timedelta(hours=30), utm_campaign="Spring"),
    "a sale of nobody": sa.insert(sale).values(**recorded, purchase_date=START + timedelta(hours=2)),
    "sales taken away": sa.delete(sale).where(sale.c.customer_name == "Ben"),
    "other prices": sa.update(sale).values(price=sale.c.price + Decimal(1)),
    "a sale moved out of the period": sa.update(sale)
    .where(sale.c.product_name == "Club")
    .values(purchase_date=START - timedelta(days=9)),
    "another name": sa.update(sale).where(sale.c.customer_name == "Ana").values(customer_name="zzz"),
}


def everything(connection: Connection) -> tuple[list[Any], dict[int, Any]]:
    facts = {row["sale_id"]: row for row in connection.execute(sa.select(sale_facts)).mappings()}
    return list(connection.execute(sa.select(sale)).mappings()), facts


questions = st.fixed_dictionaries(
    {
        "campaign": st.sampled_from(("", "spring", "brand", "(unattributed)")),
        "product": st.sampled_from(("", "", "club")),
        "search": st.sampled_from(("", "", "ANA", "zoË", "%", "_", "a/", "p1")),
    }
)
orders = st.tuples(st.sampled_from(SortColumn), st.booleans())
periods = st.sampled_from((WHOLE, CHALLENGE.days(2, 3)))


def test_every_page_is_that_of_the_reference(store: Store) -> None:
    @settings(
        max_examples=120 if store.is_sqlite else 40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(bought, st.permutations(CAMPAIGNS), st.sampled_from(sorted(FOREIGN)), questions, orders, periods)
    def hold(rows, campaigns, foreign, chosen, order, period) -> None:
        with store.fresh() as connection:
            assert not accept(connection, RULES, told(rows, campaigns)).refused
            if FOREIGN[foreign] is not None:
                connection.execute(FOREIGN[foreign])
            sales, facts = everything(connection)
            found = wanted_sales(sales, facts, CHALLENGE.bounds(period), **chosen)
            expected = in_order(found, order[0].value, descending=order[1])
            for size in (1, 4):
                pages = [
                    read_sales(connection, LENS, SalesFilter(period, **chosen), Sort(*order), (size, start))
                    for start in range(0, len(expected) + 1, size)
                ]
                assert [row.sale_id for page in pages for row in page.rows] == expected
                assert {page.total for page in pages} == {len(expected)}

    hold()


def test_what_is_kept_is_believed_until_another_program_writes(connection: Connection) -> None:
    rows = [("Ana", "Club", 1, 24 * day + hour) for day, hour in ((0, 1), (0, 2), (1, 3), (2, 1), (2, 2), (2, 4))]
    accept(connection, RULES, told(rows, ["spring"]))
    bounds = CHALLENGE.bounds(WHOLE)
    spring, nothing = (kept(connection, WHOLE, bounds, campaign) for campaign in ("spring", None))
    assert spring is not None
    assert nothing is not None
    assert spring.days == ((2, 1), (1, 0), (3, 2))
    assert nothing.days == ((2, 1), (1, 1), (3, 1))
    assert (spring.theirs, spring.passed(2, newest_first=True), spring.passed(2, newest_first=False)) == (3, 3, 6)

    connection.execute(FOREIGN["a sale of nobody"])
    assert kept(connection, WHOLE, bounds, "spring") is None
