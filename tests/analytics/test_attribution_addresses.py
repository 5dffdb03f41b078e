"""Whose lead an order is, where people have several addresses and ids: drawn, in two orders of arrival, on both engines.

A `lead` that is drawn twice was edited; `stated` is an address that a source states with a customer id on anything else.
Messages of one `order` share a payment id; `holds` names what it holds: high_ticket, vip, oto.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.explanation import explain, in_words
from analytics.ingest import accept
from analytics.reading import Lens, read
from analytics.records import CustomerAddress, Lead, Line, Messenger, Offer, Order, Record, Utm
from analytics.repairs import attribute
from analytics.schema import funnel_orders, high_ticket_sales, leads, sale_facts
from tests.analytics.test_attribution_rules import CHALLENGE, RULES
from tests.tables import Row, drawn_apart, each, moment_in

LENS = Lens(CHALLENGE)
MESSENGERS = {"cf": Messenger.FUNNEL_TOOL, "stripe": Messenger.PAYMENT_PROVIDER, "sheet": Messenger.FILE}

STORIES = {
    "an edited address does not take a sale its campaign": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 | 1        | ana@x.com | fb_jan
        1    | 2026-01-02 10:00 | 1        | new@x.com | fb_jan

        order | from  | bought           | e-mail    | customer | holds       | lead | campaign | reason
        ------|-------|------------------|-----------|----------|-------------|------|----------|------------
        A     | sheet | 2026-01-10 10:00 | ana@x.com |          | high_ticket | 1    | fb_jan   | same e-mail
        B     | sheet | 2026-01-11 10:00 | new@x.com |          | vip         | 1    | fb_jan   | same e-mail
    """,
    "a card on file: the customer id carries the address of an earlier order": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 | 1        | ana@x.com | fb_jan

        order | from   | bought           | e-mail    | customer | holds       | lead | campaign | reason
        ------|--------|------------------|-----------|----------|-------------|------|----------|-----------------
        A     | stripe | 2026-01-05 10:00 | ana@x.com | cus_1    | vip         | 1    | fb_jan   | same e-mail
        B     | stripe | 2026-01-10 10:00 |           | cus_1    | high_ticket | 1    | fb_jan   | same customer id
        C     | stripe | 2026-01-10 10:00 |           | cus_2    | high_ticket |      |          | no such person
    """,
    "any object may state the address; the same id at another source is another": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 |          | ana@x.com | fb_jan

        stated | from   | customer | e-mail
        -------|--------|----------|----------
        x      | stripe | cus_1    | ANA@x.com

        order | from   | bought           | e-mail | customer | holds       | lead | campaign | reason
        ------|--------|------------------|--------|----------|-------------|------|----------|-----------------
        A     | stripe | 2026-01-10 10:00 |        | cus_1    | high_ticket | 1    | fb_jan   | same customer id
        B     | sheet  | 2026-01-10 10:00 |        | cus_1    | oto         |      |          | no such person
    """,
    "every messenger of an order is heard": """
        lead | opted in         | customer | e-mail     | campaign
        -----|------------------|----------|------------|---------
        1    | 2026-01-03 10:00 |          | ana@x.com  | later
        2    | 2026-01-02 10:00 |          | work@x.com | earlier

        order | from   | bought           | e-mail     | customer | holds           | lead | campaign | reason
        ------|--------|------------------|------------|----------|-----------------|------|----------|------------
        A     | cf     | 2026-01-10 10:00 | ana@x.com  |          | high_ticket oto | 2    | earlier  | same e-mail
        A     | stripe | 2026-01-10 10:00 | work@x.com |          | high_ticket oto | 2    | earlier  | same e-mail
    """,
    "not further: an address of the lead's own id leads to no other lead": """
        lead | opted in         | customer | e-mail     | campaign
        -----|------------------|----------|------------|---------
        1    | 2026-01-03 10:00 | 1        | ana@x.com  | hers
        2    | 2026-01-02 10:00 |          | work@x.com | other

        stated | from | customer | e-mail
        -------|------|----------|-----------
        x      | cf   | 1        | work@x.com

        order | from  | bought           | e-mail    | customer | holds       | lead | campaign | reason
        ------|-------|------------------|-----------|----------|-------------|------|----------|------------
        A     | sheet | 2026-01-10 10:00 | ana@x.com |          | high_ticket | 1    | hers     | same e-mail
    """,
    "conflict: the id is one person's, the provider's address another's": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 | 1        | ana@x.com | fb_jan
        2    | 2026-01-03 10:00 | 2        | bo@x.com  | google

        order | from   | bought           | e-mail   | customer | utm    | holds           | lead | campaign | reason
        ------|--------|------------------|----------|----------|--------|-----------------|------|----------|---------
        A     | cf     | 2026-01-10 10:00 |          | 1        | own    | high_ticket vip |      |          | conflict
        A     | stripe | 2026-01-10 10:00 | bo@x.com |          |        | high_ticket vip |      |          | conflict
    """,
    "no conflict where the id's lead once had the address": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-02 10:00 | 1        | bo@x.com  | fb_jan
        1    | 2026-01-02 10:00 | 1        | ana@x.com | fb_jan
        2    | 2026-01-03 10:00 | 2        | bo@x.com  | google

        order | from | bought           | e-mail   | customer | holds       | lead | campaign | reason
        ------|------|------------------|----------|----------|-------------|------|----------|-----------------
        A     | cf   | 2026-01-10 10:00 | bo@x.com | 1        | high_ticket | 1    | fb_jan   | same customer id
    """,
    "the order's own UTMs count where no opt-in is eligible, the funnel tool's first": """
        lead | opted in         | customer | e-mail    | campaign
        -----|------------------|----------|-----------|---------
        1    | 2026-01-20 10:00 |          | bo@x.com  | late
        2    | 2026-01-02 10:00 |          | cy@x.com  |

        order | from   | bought           | e-mail    | customer | utm    | holds       | lead | campaign | reason
        ------|--------|------------------|-----------|----------|--------|-------------|------|----------|--------------------
        A     | stripe | 2026-01-10 10:00 | ana@x.com |          | theirs | high_ticket |      | funnel   | the order's own UTMs
        A     | cf     | 2026-01-10 10:00 | ana@x.com |          | funnel | high_ticket |      | funnel   | the order's own UTMs
        B     | sheet  | 2026-01-10 10:00 | bo@x.com  |          | file   | vip         |      | file     | the order's own UTMs
        C     | sheet  | 2026-01-10 10:00 | cy@x.com  |          | file   | oto         | 2    |          | no UTM
    """,
}


def _lead(row: Row, version: int) -> Lead:
    at, date_only = moment_in(row["opted in"], CHALLENGE.moment)
    utm, as_of = Utm(campaign=row["campaign"]), at + timedelta(days=20 + version)
    return Lead("cf", row["lead"], row["e-mail"], at, row["e-mail"], row["customer"], date_only, utm, as_of)


def _order(row: Row, number: int) -> Order:
    at, _ = moment_in(row["bought"], CHALLENGE.moment)
    price = Decimal(100 + number)
    lines = tuple(Line(f"{row['order']} {one}", amount=price, offer=Offer(one)) for one in row["holds"].split())
    return Order(
        row["from"], row["order"], row["e-mail"], "Buyer", "USD", at, lines, price * len(lines),
        messenger=MESSENGERS[row["from"]], ids=(f"pi_{row['order']}",), customer_id=row["customer"],
        utm=Utm(campaign=row.get("utm", "")),
    )  # fmt: skip


def _records(tables: dict[str, list[Row]]) -> list[Record]:
    names = sorted({row["order"] for row in tables["order"]})
    return [
        *(_lead(row, version) for version, row in enumerate(tables["lead"])),
        *(
            CustomerAddress(row["from"], row["customer"], row["e-mail"], CHALLENGE.start_of(CHALLENGE.starts_on))
            for row in tables.get("stated", [])
        ),
        *(_order(row, names.index(row["order"])) for row in tables["order"]),
    ]


def _credited(connection: Connection) -> set[tuple[Any, ...]]:
    """Return every product with its lead, campaign and reason."""
    sale, fact, order = high_ticket_sales.c, sale_facts.c, funnel_orders.c
    sold = sa.select(sale.product_name, leads.c.external_id, sale.utm_campaign, fact.reason)
    sold = sold.join_from(sale_facts, high_ticket_sales, sale.id == fact.sale_id)
    ordered = sa.select(order.product, leads.c.external_id, order.utm_campaign, order.reason)
    ordered = ordered.join_from(funnel_orders, leads, leads.c.id == order.lead_id, isouter=True)
    queries = (sold.outerjoin(leads, leads.c.id == sale.lead_id), ordered)
    return {tuple(value or "" for value in row) for query in queries for row in connection.execute(query)}


@pytest.mark.parametrize("backwards", [False, True])
@each(STORIES)
def test_whose_lead_an_order_is(connection: Connection, story: str, backwards: bool) -> None:
    tables = drawn_apart(story)
    expected = {
        (f"{row['order']} {one}", row["lead"], row["campaign"], row["reason"])
        for row in tables["order"]
        for one in row["holds"].split()
    }
    records = _records(tables)
    if backwards:
        for record in reversed(records):
            accept(connection, RULES, [record])
    else:
        accept(connection, RULES, records)
    assert _credited(connection) == expected
    assert attribute(connection, RULES) == 0
    assert _credited(connection) == expected


def test_an_explained_conflict_names_both_people(connection: Connection) -> None:
    tables = drawn_apart(STORIES["conflict: the id is one person's, the provider's address another's"])
    accept(connection, RULES, _records(tables))
    sale_id = connection.scalar(sa.select(sale_facts.c.sale_id))
    said = "\n".join(in_words(explain(connection, LENS, RULES.terms, sale_id or 0), LENS))
    assert "Not credited: conflict" in said
    assert "cf 1  ana@x.com" in said
    assert "conflict: the person of the customer id" in said
    assert "cf 2  bo@x.com" in said
    assert "conflict: the person of the e-mail" in said


def test_an_opt_in_that_arrives_later_takes_orders_over_in_the_same_transaction(connection: Connection) -> None:
    tables = drawn_apart(STORIES["every messenger of an order is heard"])
    later, earlier, *orders = _records(tables)
    accept(connection, RULES, [later, *orders])
    assert {row[2] for row in _credited(connection)} == {"later"}
    accept(connection, RULES, [earlier])
    assert {row[2] for row in _credited(connection)} == {"earlier"}


def test_sales_by_the_utms_of_their_order_are_counted_apart_within_the_matched(connection: Connection) -> None:
    tables = drawn_apart(STORIES["the order's own UTMs count where no opt-in is eligible, the funnel tool's first"])
    accept(connection, RULES, _records(tables))
    told = read(connection, LENS, CHALLENGE.last_second_of(CHALLENGE.date_of(20))).attribution
    assert (told.matched, told.by_order_utm, told.unattributed) == (1, 1, 0)
