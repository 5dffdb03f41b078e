"""Purchases and their money, worked out by hand: the same in any order of the facts, and every payment in one place.

An order reads `messenger id: product amount [xN], … = total`; times are of January 2026, at noon where none is drawn.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from analytics.money.facts import Facts, Terms
from analytics.money.resolution import Resolution, resolve
from analytics.offers import Patterns
from analytics.records import (
    Dispute,
    DisputeState,
    Line,
    Messenger,
    Order,
    OrderState,
    Payment,
    Plan,
    Refund,
    RefundState,
)
from tests.tables import Row, drawn, drawn_apart, each

PATTERNS = Patterns(
    vip=("*VIP*",),
    oto=("*Workbook*", "*Replay*"),
    high_ticket=("*Mastermind*",),
    high_ticket_from=Decimal(1000),
    part_payment=("*deposit*",),
)
MESSENGERS = {
    "stripe": Messenger.PAYMENT_PROVIDER,
    "cf": Messenger.FUNNEL_TOOL,
    "classic": Messenger.CLASSIC_FUNNEL_TOOL,
    "file": Messenger.FILE,
}


def _day(moment: datetime) -> tuple[datetime, datetime]:
    start = moment.replace(hour=0, minute=0, second=0)
    return start, start + timedelta(days=1)


TERMS = Terms(timedelta(minutes=30), _day, PATTERNS, staff=frozenset({"staff@x.com"}))

STORIES = {
    "a bump is revenue of its own": """
        order  | who | lines                        | total
        -------|-----|------------------------------|------
        cf:1   | ana | Mastermind 1997, Workbook 27 | 2024

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
        oto Workbook            | 27    | 27        | 0        | 0       | 0
    """,
    "a line that no pattern knows is no part of the sale": """
        order  | who | lines                        | total
        -------|-----|------------------------------|------
        cf:1   | ana | Mastermind 900, Gift box 27  | 927

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 900   | 900       | 0        | 0       | 0
        - Gift box              | 27    | 27        | 0        | 0       | 0
    """,
    "quantity and twice the same product are one sale, two products two": """
        order  | who | lines                                                | total
        -------|-----|------------------------------------------------------|------
        cf:1   | ana | Mastermind 500, Mastermind 500, Inner Mastermind 700 | 1700

        sold                          | price | collected | refunded | at_risk | left
        ------------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind        | 1000  | 1000      | 0        | 0       | 0
        high_ticket Inner Mastermind  | 700   | 700       | 0        | 0       | 0
    """,
    "a discount and a part refund are shared to the cent": """
        order  | who | lines                        | total | ids
        -------|-----|------------------------------|-------|-----
        cf:1   | ana | Mastermind 1997, Workbook 27 | 1924  | pi_1

        payment | who | amount | at
        --------|-----|--------|---
        pi_1    | ana | 1924   | 11

        refund | of   | amount | at
        -------|------|--------|---
        re_1   | pi_1 | 100    | 12
        re_2   | pi_1 | 50     | 13

        sold                    | price   | collected | refunded | at_risk | left
        ------------------------|---------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1898.33 | 1898.33   | 148.00   | 0       | 0
        oto Workbook            | 25.67   | 25.67     | 2.00     | 0       | 0
    """,
    "tax is not revenue": """
        order     | who | lines                        | total | tax | ids
        ----------|-----|------------------------------|-------|-----|-----
        stripe:cs | ana | Mastermind 1000, Workbook 50 | 1260  | 210 | pi_1

        payment | who | amount | at
        --------|-----|--------|---
        pi_1    | ana | 1260   | 11

        refund | of   | amount | at
        -------|------|--------|---
        re_1   | pi_1 | 630    | 12

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1000  | 1000      | 500      | 0       | 0
        oto Workbook            | 50    | 50        | 25       | 0       | 0
    """,
    "the provider's one total with the funnel tool's amounts": """
        order     | who | lines                    | total | ids
        ----------|-----|--------------------------|-------|-----
        stripe:cs | ana | Mastermind and Workbook  | 2024  | pi_1
        classic:9 | ana | Mastermind 1997, Workbook 27 | 2024 | pi_1

        payment | who | amount | at
        --------|-----|--------|---
        pi_1    | ana | 2024   | 11

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
        oto Workbook            | 27    | 27        | 0        | 0       | 0
    """,
    "several products and one total are the highest product": """
        order     | who | lines                   | total
        ----------|-----|-------------------------|------
        stripe:cs | ana | Workbook, VIP ticket    | 74

        sold            | price | collected | refunded | at_risk | left
        ----------------|-------|-----------|----------|---------|-----
        vip VIP ticket  | 74    | 74        | 0        | 0       | 0
    """,
    "two payments of one provider are two, and the second one is listed": """
        payment | who | amount | at       | product
        --------|-----|--------|----------|-----------
        pi_1    | ana | 1997   | 11 12:00 | Mastermind
        pi_2    | ana | 1997   | 11 12:30 | Mastermind

        refund | of   | amount | at
        -------|------|--------|---
        re_1   | pi_1 | 1997   | 12

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 1997     | 0       | 0
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0

        double
        ------
        pi_2
    """,
    "two orders of one funnel tool are two": """
        order | who | lines          | total
        ------|-----|----------------|------
        cf:1  | ana | VIP ticket 47  | 47
        cf:2  | ana | VIP ticket 47  | 47

        sold            | price | collected | refunded | at_risk | left
        ----------------|-------|-----------|----------|---------|-----
        vip VIP ticket  | 47    | 47        | 0        | 0       | 0
        vip VIP ticket  | 47    | 47        | 0        | 0       | 0
    """,
    "likeness pairs the nearest, exactly at the window's edge too": """
        order | who | lines            | total | at
        ------|-----|------------------|-------|---------
        cf:1  | ana | Mastermind 1997  | 1997  | 11 12:30
        cf:2  | ana | Mastermind 1997  | 1997  | 11 11:29

        payment | who | amount | at       | product
        --------|-----|--------|----------|--------
        pi_1    | ana | 1997   | 11 12:00 | Payment for order #2100

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0

        alike
        -----
        cf:1
    """,
    "of two orders the nearest takes the payment, and the other stays an order of its own": """
        order | who | lines            | total | at
        ------|-----|------------------|-------|---------
        cf:1  | ana | Mastermind 1997  | 1997  | 11 11:45
        cf:2  | ana | Mastermind 1997  | 1997  | 11 12:10

        payment | who | amount | at       | product
        --------|-----|--------|----------|--------
        pi_1    | ana | 1997   | 11 12:00 | -

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0

        alike
        -----
        cf:2
    """,
    "known products of two kinds contradict": """
        order | who | lines          | total
        ------|-----|----------------|------
        cf:1  | ana | VIP ticket 47  | 47

        payment | who | amount | at | product
        --------|-----|--------|----|---------
        pi_1    | ana | 47     | 11 | Workbook

        sold            | price | collected | refunded | at_risk | left
        ----------------|-------|-----------|----------|---------|-----
        vip VIP ticket  | 47    | 47        | 0        | 0       | 0
        oto Workbook    | 47    | 47        | 0        | 0       | 0
    """,
    "provider with funnel tool first, then the file with what is there; a date fills its day": """
        order  | who | lines            | total | at
        -------|-----|------------------|-------|---------
        cf:1   | ana | Mastermind 1997  | 1997  | 11 12:05
        file:1 | ana | Mastermind 1997  | 1997  | 11 all day

        payment | who | amount | at       | product
        --------|-----|--------|----------|--------
        pi_1    | ana | 1997   | 11 12:00 | -

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
    """,
    "a refund that the funnel tool alone tells reaches the pair": """
        order | who | lines            | total | back
        ------|-----|------------------|-------|-----
        cf:1  | ana | Mastermind 1997  | 1997  | 1997

        payment | who | amount | at | product
        --------|-----|--------|----|--------
        pi_1    | ana | 1997   | 11 | -

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 1997     | 0       | 0
    """,
    "a plan counts at its contract price; what will never be paid leaves": """
        order | who | lines              | total | ids
        ------|-----|--------------------|-------|-----
        cf:1  | ana | Mastermind 666 x3  | 666   | pi_1

        payment | who | amount | at
        --------|-----|--------|---
        pi_1    | ana | 666    | 11

        ended
        -----
        1

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1998  | 666       | 0        | 0       | 1332
    """,
    "an open plan counts at what has been paid": """
        order     | who | lines              | total | ids  | plan
        ----------|-----|--------------------|-------|------|------
        stripe:i1 | ana | Mastermind 100 x0  | 100   | pi_1 | sub_1
        stripe:i2 | ana | Mastermind 100 x0  | 100   | pi_2 | sub_1

        payment | who | amount | at
        --------|-----|--------|---
        pi_1    | ana | 100    | 11
        pi_2    | ana | 100    | 18

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 200   | 200       | 0        | 0       | 0
    """,
    "a funnel tool's plan takes the provider's later payments at its rhythm": """
        order | who | lines                | total | every
        ------|-----|----------------------|-------|------
        cf:1  | ana | Mastermind 666 x3    | 666   | 7

        payment | who | amount | at | product
        --------|-----|--------|----|--------
        pi_1    | ana | 666    | 11 | -
        pi_2    | ana | 666    | 18 | -
        pi_3    | ana | 666    | 26 | -

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1998  | 1998      | 0        | 0       | 0
    """,
    "a deposit is a payment of the sale, and the price is the sum where it exceeds it": """
        payment | who | amount | at | product
        --------|-----|--------|----|-------------------
        pi_1    | ana | 500    | 10 | Mastermind deposit
        pi_2    | ana | 1497   | 12 | Mastermind

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
    """,
    "a deposit and a sale that name the customer id alone are of one person": """
        payment | who   | amount | at | product
        --------|-------|--------|----|-------------------
        pi_1    | cus_1 | 500    | 10 | Mastermind deposit
        pi_2    | cus_1 | 1497   | 12 | Mastermind
        pi_3    | cus_2 | 1000   | 10 | Mastermind

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
        high_ticket Mastermind  | 1000  | 1000      | 0        | 0       | 0
    """,
    "two payments of one customer id are a possible double charge": """
        payment | who   | amount | at       | product
        --------|-------|--------|----------|-----------
        pi_1    | cus_1 | 1000   | 10 12:00 | Mastermind
        pi_2    | cus_1 | 1000   | 10 12:20 | Mastermind
        pi_3    | cus_2 | 1000   | 10 12:20 | Mastermind

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1000  | 1000      | 0        | 0       | 0
        high_ticket Mastermind  | 1000  | 1000      | 0        | 0       | 0
        high_ticket Mastermind  | 1000  | 1000      | 0        | 0       | 0

        double
        ------
        pi_2
    """,
    "an invoice that names no payment takes those of its customer that add up to it": """
        order     | who | lines           | total | took
        ----------|-----|-----------------|-------|-----
        stripe:in | ana | Mastermind 1997 | 1997  | 1997

        payment | who | amount | at | product
        --------|-----|--------|----|--------
        pi_1    | ana | 1000   | 9  | invoice
        pi_2    | ana | 997    | 11 | invoice

        refund | of   | amount | at
        -------|------|--------|---
        re_1   | pi_2 | 97     | 12

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 97       | 0       | 0
    """,
    "an invoice that names no payment takes none that came more than a day apart, whatever the amount": """
        order     | who | lines           | total | took | at
        ----------|-----|-----------------|-------|------|---------
        stripe:in | ana | Mastermind 1997 | 1997  | 1997 | 11 14:00

        payment | who | amount | at       | product
        --------|-----|--------|----------|--------
        pi_1    | ana | 1997   | 10 13:59 | invoice
        pi_2    | ana | 1997   | 12 14:01 | invoice

        refund | of   | amount | at
        -------|------|--------|---
        re_1   | pi_1 | 97     | 12

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 0        | 0       | 0
    """,
    "a refund and a lost dispute take all, and no cent more": """
        payment | who | amount | at | product
        --------|-----|--------|----|-----------
        pi_1    | ana | 1997   | 11 | Mastermind

        refund | of   | amount | at
        -------|------|--------|---
        re_1   | pi_1 | 500    | 12

        dispute | of   | amount | at | state
        --------|------|--------|----|------
        du_1    | pi_1 | 1997   | 13 | lost

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 1997     | 0       | 0
    """,
    "an open dispute puts money at risk": """
        payment | who | amount | at | product
        --------|-----|--------|----|--------
        pi_1    | ana | 47     | 11 | VIP day

        dispute | of   | amount | at | state
        --------|------|--------|----|------
        du_1    | pi_1 | 47     | 13 | open

        sold         | price | collected | refunded | at_risk | left
        -------------|-------|-----------|----------|---------|-----
        vip VIP day  | 47    | 47        | 0        | 47      | 0
    """,
    "from a price on a text that no pattern knows is high-ticket, in the reporting currency": """
        payment | who | amount | at | product | currency
        --------|-----|--------|----|---------|---------
        pi_1    | ana | 1000   | 11 | Club    | USD
        pi_2    | bo  | 1000   | 11 | Club    | JPY
        pi_3    | cy  | 999.99 | 11 | Club    | USD

        sold              | price | collected | refunded | at_risk | left
        ------------------|-------|-----------|----------|---------|-----
        high_ticket Club  | 1000  | 1000      | 0        | 0       | 0
    """,
    "a paid order that was voided is refunded in full, a pending one is nothing": """
        order | who | lines            | total | state
        ------|-----|------------------|-------|--------
        cf:1  | ana | Mastermind 1997  | 1997  | voided
        cf:2  | bo  | Mastermind 1997  | 1997  | pending

        sold                    | price | collected | refunded | at_risk | left
        ------------------------|-------|-----------|----------|---------|-----
        high_ticket Mastermind  | 1997  | 1997      | 1997     | 0       | 0
    """,
}

NAMES = {
    "one name": """
        product    | noted      | sold
        -----------|------------|----------------------
        Mastermind | -          | high_ticket Mastermind
        -          | Mastermind | high_ticket Mastermind
        -          | price_Mastermind1 | high_ticket
    """,
    "several names in one text: the highest": """
        product                            | noted | sold
        -----------------------------------|-------|-------------------------------
        Replay Workbook; Inner Mastermind  | -     | high_ticket Inner Mastermind
        Inner Mastermind; Replay Workbook  | -     | high_ticket Inner Mastermind
        Replay Workbook; Early VIP         | -     | vip Early VIP
        -                  | Workbook; VIP ticket  | vip VIP ticket
    """,
    "one product whose name holds a comma keeps it": """
        product                           | noted | sold
        ----------------------------------|-------|------------------------------------------
        Mastermind; from January          | -     | high_ticket Mastermind, from January
        Mastermind; Mastermind for two    | -     | high_ticket Mastermind, Mastermind for two
    """,
}


@each(NAMES)
@pytest.mark.parametrize("is_payment", [False, True], ids=["order", "payment"])
def test_what_is_sold_is_shown_by_the_name_that_says_its_kind(story: str, *, is_payment: bool) -> None:
    for row in drawn(story):
        product, noted = (row[name].replace("-", "").replace(";", ",") for name in ("product", "noted"))
        told = replace(
            _order({"order": "stripe:1", "who": "ana", "lines": "x", "total": "40"}),
            lines=(Line(product, tuple(filter(None, [noted]))),),
        )
        paid = replace(_payment({"payment": "pi_1", "who": "ana", "amount": "40", "at": "11", "product": product}))
        paid = replace(paid, labels=tuple(filter(None, [noted])))
        found = resolve(Facts(payments=(paid,)) if is_payment else Facts(orders=(told,)), TERMS)
        assert [str(one[0]).strip() for one in _sold(found)] == [row["sold"]]


MOMENTS = {
    "the provider before the funnel tool": """
        order | who | lines          | total | at
        ------|-----|----------------|-------|---------
        cf:1  | ana | Mastermind 40  | 40    | 11 14:00

        payment | who | amount | at       | product
        --------|-----|--------|----------|-----------
        pi_1    | ana | 40     | 11 14:10 | Mastermind

        bought
        --------
        11 14:10
    """,
    "the funnel tool before a file": """
        order  | who | lines          | total | at
        -------|-----|----------------|-------|---------
        cf:1   | ana | Mastermind 40  | 40    | 11 14:05
        file:2 | ana | Mastermind 40  | 40    | 11 14:00

        bought
        --------
        11 14:05
    """,
    "Classic before a file": """
        order     | who | lines          | total | at
        ----------|-----|----------------|-------|---------
        classic:1 | ana | Mastermind 40  | 40    | 11 14:00
        file:2    | ana | Mastermind 40  | 40    | 11 14:05

        bought
        --------
        11 14:00
    """,
    "a plan of which only a later payment is told began when it was activated": """
        order | who | lines            | total | at | took
        ------|-----|------------------|-------|----|-----
        cf:1  | ana | Mastermind 40 x3 | 40    | 11 | 80

        payment | who | amount | at | pays
        --------|-----|--------|----|-----
        cf:i-2  | ana | 40     | 22 | cf:1

        bought
        ------
        11
    """,
    "a plan of which every payment is told began with the first": """
        order | who | lines            | total | at | took
        ------|-----|------------------|-------|----|-----
        cf:1  | ana | Mastermind 40 x3 | 40    | 11 | 40

        payment | who | amount | at       | pays
        --------|-----|--------|----------|-----
        cf:i-1  | ana | 40     | 11 12:05 | cf:1

        bought
        --------
        11 12:05
    """,
}


@each(MOMENTS)
def test_a_sale_is_of_the_first_payment_by_the_messenger_that_is_trusted_most(story: str) -> None:
    tables = drawn_apart(story)
    for seed in range(5):
        found = resolve(_facts(tables, random.Random(seed)), TERMS)
        assert [one.purchased_at for one in found.purchases] == [_at(row["bought"]) for row in tables["bought"]]


@each(STORIES)
def test_what_was_sold_and_what_became_of_its_money(story: str) -> None:
    tables = drawn_apart(story)
    for seed in range(5):
        facts = _facts(tables, random.Random(seed))
        found = resolve(facts, TERMS)
        assert sorted(_sold(found)) == sorted(_expected(tables["sold"])), f"seed {seed}"
        assert [one.payment.key[1] for one in found.double_charges] == [
            row["double"] for row in tables.get("double", [])
        ]
        if "alike" in tables:
            alike = [one for one in found.purchases if one.is_alike]
            assert [":".join(one.key) for one in alike] == [row["alike"] for row in tables["alike"]]


@each(STORIES)
def test_every_fact_told_twice_is_told_once(story: str) -> None:
    facts = _facts(drawn_apart(story), random.Random(1))
    twice = replace(
        facts,
        payments=facts.payments + tuple(replace(one, external_id=f"{one.external_id}-b") for one in facts.payments),
    )
    assert sorted(_sold(resolve(twice, TERMS))) == sorted(_sold(resolve(facts, TERMS)))


@pytest.mark.parametrize(
    ("who", "test", "status"), [("staff", False, "staff"), ("ana", True, "test_mode"), ("bo", False, "unclassified")]
)
def test_what_is_not_counted_keeps_its_money_in_one_place(who: str, *, test: bool, status: str) -> None:
    product = "Gift box" if who == "bo" else "Mastermind"
    paid = replace(_payment({"payment": "pi_1", "who": who, "amount": "40", "at": "11", "product": product}), test=test)
    found = resolve(Facts(payments=(paid,)), TERMS)
    assert [one.status for one in found.purchases] == [status]
    assert [(place.place, place.amount) for one in found.purchases for place in one.places] == [(status, Decimal(40))]


def test_a_purchase_by_the_customer_id_of_staff_is_left_out() -> None:
    paid = _payment({"payment": "pi_1", "who": "cus_1", "amount": "40", "at": "11", "product": "Mastermind"})
    carried = {("stripe", "cus_1"): ("Staff@x.com",)}
    found = resolve(Facts(payments=(paid,), addresses=carried), TERMS)
    assert [one.status for one in found.purchases] == ["staff"]


@pytest.mark.parametrize(("text", "name"), [("Payment for order #7", "Payment for order #7"), ("VIP day", "")])
def test_a_product_known_by_its_id_goes_by_another_text_unless_that_is_another_product(text: str, name: str) -> None:
    told = _payment({"payment": "pi_1", "who": "ana", "amount": "40", "at": "11", "product": text})
    session = replace(told, external_id="cs_1", product="", labels=("price_Mastermind1",))
    found = resolve(Facts(payments=(session, told)), TERMS)
    assert [row[0] for row in _sold(found)] == [f"high_ticket {name}"]


def test_what_belongs_to_no_purchase_is_listed() -> None:
    invoice = replace(_payment({"payment": "pi_1", "who": "ana", "amount": "40", "at": "11", "product": "invoice"}))
    refund = Refund("stripe", "re_9", "pi_9", Decimal(7), "USD", RefundState.SUCCEEDED, _at("12"), _at("12"))
    found = resolve(Facts(payments=(invoice,), refunds=(refund,)), TERMS)
    assert not found.purchases
    assert sorted((place.kind, place.amount) for place in found.unplaced) == [
        ("payment", Decimal(40)),
        ("refund", Decimal(7)),
    ]


def test_the_moment_of_a_sale_is_its_first_success_and_never_the_beginning_of_a_debit() -> None:
    begun = replace(
        _payment({"payment": "ch_1", "who": "ana", "amount": "40", "at": "11", "product": "VIP"}), is_estimate=True
    )
    came = replace(begun, external_id="pi_1", ids=("ch_1", "pi_1"), paid_at=_at("16"), is_estimate=False)
    for facts in (Facts(payments=(begun, came)), Facts(payments=(came, begun))):
        assert [one.purchased_at for one in resolve(facts, TERMS).purchases] == [_at("16")]
    assert [one.purchased_at for one in resolve(Facts(payments=(begun,)), TERMS).purchases] == [_at("11")]


def _at(text: str) -> datetime:
    day, _, time = text.partition(" ")
    hour, minute = (int(part) for part in (time or "12:00").split(":")) if ":" in (time or "12:00") else (0, 0)
    return datetime(2026, 1, int(day), hour, minute, tzinfo=UTC)


def _facts(tables: dict[str, list[Row]], dice: random.Random) -> Facts:
    def mixed(name: str) -> list[Row]:
        rows = tables.get(name, [])
        return dice.sample(rows, len(rows))

    return Facts(
        orders=tuple(_order(row) for row in mixed("order")),
        payments=tuple(_payment(row) for row in mixed("payment")),
        refunds=tuple(
            Refund(
                "stripe",
                row["refund"],
                row["of"],
                Decimal(row["amount"]),
                "USD",
                RefundState.SUCCEEDED,
                _at(row["at"]),
                _at(row["at"]),
            )
            for row in mixed("refund")
        ),
        disputes=tuple(
            Dispute(
                "stripe",
                row["dispute"],
                row["of"],
                Decimal(row["amount"]),
                "USD",
                DisputeState(row["state"]),
                _at(row["at"]),
            )
            for row in mixed("dispute")
        ),
        plans=tuple(Plan("cf", row["ended"], is_ended=True, as_of=_at("20")) for row in mixed("ended")),
    )


def _order(row: Row) -> Order:
    source, _, number = row["order"].partition(":")
    at, total = row.get("at", "11"), Decimal(row["total"])
    return Order(
        source=source,
        external_id=number,
        email=f"{row['who']}@x.com",
        name=row["who"],
        currency="USD",
        ordered_at=_at(at),
        lines=tuple(_line(text) for text in row["lines"].split(", ")),
        total=total,
        tax=Decimal(row.get("tax") or 0),
        messenger=MESSENGERS[source],
        state=OrderState(row.get("state", "paid")),
        ids=tuple(filter(None, [row.get("ids", "")])),
        plan_id=row.get("plan", ""),
        interval_days=int(row.get("every", 0)),
        date_only="all day" in at,
        paid_at=None if row.get("state") == "pending" else _at(at),
        collected=Decimal(row["took"]) if "took" in row else None,
        refunded=Decimal(row.get("back", 0)),
    )


def _line(text: str) -> Line:
    told = re.fullmatch(r"(.+?)(?: ([0-9.]+))?(?: x([0-9]))?", text)
    assert told
    return Line(told[1], (told[1],), Decimal(told[2]) if told[2] else None, payments=int(told[3] or 1))


def _payment(row: Row) -> Payment:
    product = row.get("product", "-")
    source, _, number = row["payment"].rpartition(":")
    return Payment(
        source=source or "stripe",
        external_id=number,
        amount=Decimal(row["amount"]),
        currency=row.get("currency", "USD"),
        paid_at=_at(row["at"]),
        ids=(row["payment"],),
        messenger=MESSENGERS[source or "stripe"],
        order_ids=tuple(filter(None, [row.get("pays", "")])),
        product="" if product in {"-", "invoice"} else product,
        email="" if row["who"].startswith("cus_") else f"{row['who']}@x.com",
        customer_id=row["who"] if row["who"].startswith("cus_") else "",
        for_invoice=product == "invoice",
    )


def _sold(found: Resolution) -> list[tuple[object, ...]]:
    return [
        (
            f"{line.offer or '-'} {line.product}",
            *(
                f"{amount:.2f}"
                for amount in (line.price, line.collected, line.refunded, line.at_risk, line.written_off)
            ),
        )
        for one in found.purchases
        if one.status == "counted"
        for line in one.lines
    ]


def _expected(rows: Sequence[Row]) -> list[tuple[object, ...]]:
    names = ("price", "collected", "refunded", "at_risk", "left")
    return [(row["sold"], *(f"{Decimal(row[name]):.2f}" for name in names)) for row in rows]
