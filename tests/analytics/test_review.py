"""What wants a look and how a sale's money stands, in the words that every surface shares."""

from dataclasses import replace
from decimal import Decimal

import pytest

from analytics import terminal
from analytics.dashboard.answer import PANELS
from analytics.dashboard.review import review_html
from analytics.dashboard.sales_rows import cells
from analytics.review import left_out, wants_a_look
from analytics.view3 import SalesFilter, Standing, Tally, View3
from tests.analytics.told import NOW, at, bought, opened
from tests.dashboard.fake_source import FakeSource, a_row

TWO = Tally(2, Decimal("666.00"))


def view(**review: Tally) -> View3:
    return replace(FakeSource().view(), review=review, excluded={}, excluded_money={})


@pytest.mark.parametrize(
    ("kind", "tally", "said"),
    [
        ("refunds_without_purchase", TWO, "2 refunds of 666.00 belong to no purchase"),
        ("refunds_without_purchase", Tally(1, Decimal("5.00")), "1 refund of 5.00 belongs to no purchase"),
        ("payments_without_purchase", TWO, "2 payments of 666.00 belong to no purchase"),
        ("disputes_without_purchase", TWO, "2 disputes of 666.00 belong to no purchase"),
        ("possible_double_charges", TWO, "2 payments of 666.00 may be double charges"),
        ("joined_by_likeness", TWO, "2 purchases of 666.00 were joined by likeness, without a shared id"),
        ("unclassified_lines", TWO, "2 lines of 666.00 match no pattern and are part of no sale"),
        (
            "refunds_without_purchase",
            Tally(1, Decimal(0)),
            "1 refund without money in USD belongs to no purchase",
        ),
    ],
)
def test_page_and_terminal_say_the_same(kind: str, tally: Tally, said: str) -> None:
    seen = view(**{kind: tally})

    assert wants_a_look(seen) == {kind: said}
    assert f'<li data-review="{kind}">{said}</li>' in review_html(seen)
    assert f"Please review: {said} (view3 inbox list)" in list(terminal.show(seen))


def test_what_is_not_counted_is_told_with_its_money() -> None:
    money = {"staff": Decimal(40), "test_mode": Decimal("2997.00")}
    seen = replace(view(), excluded={"staff": 2, "test_mode": 1, "other_currency": 1}, excluded_money=money)

    assert list(left_out(seen).values()) == [
        "1 purchase of 2,997.00 in test mode is not counted",
        "2 purchases of 40.00 by staff are not counted",
        "1 purchase in another currency counts, but its money is in no sum",
    ]
    assert 'data-review="staff"' in review_html(seen)


def test_the_block_is_away_where_there_is_nothing_to_look_at() -> None:
    assert review_html(view(refunds_without_purchase=Tally(0, Decimal(0)))) == ""
    assert ("", "", ("cards", "review")) in PANELS


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "paid"),
        ({"refunded": Decimal(100)}, "refunded"),
        ({"refunded": Decimal(10)}, "partly refunded"),
        ({"is_refund_unknown": True}, "partly refunded, amount unknown"),
        ({"at_risk": Decimal(10)}, "disputed"),
        ({"written_off": Decimal(60)}, "plan ended"),
        ({"refunded": Decimal(40), "written_off": Decimal(60)}, "refunded · plan ended"),
        ({"is_open_plan": True, "refunded": Decimal(1)}, "partly refunded · open plan"),
        ({"is_product_unknown": True}, "product unknown yet"),
    ],
)
def test_a_sale_says_how_its_money_stands(changes: dict[str, Decimal | bool], status: str) -> None:
    assert Standing(**{"price": Decimal(100), **changes}).status == status  # type: ignore[arg-type]


def test_a_row_says_what_the_buyer_paid_where_tax_came_on_top() -> None:
    row = a_row(1, price=Decimal("100.00"), tax=Decimal("19.00"), status="disputed")

    assert cells(row, "USD")[-1].startswith("disputed · the buyer paid 119.00 with tax")


def test_the_table_is_as_it_was(database_url: str) -> None:
    """What was refunded after a moment, and bought after it, is not in the table of that moment."""
    back = bought(1, "100.00", at(16, 9), refunded=Decimal("40.00"), refunded_at=at(17, 10))
    with opened(database_url, back, bought(2, "5.00", at(17, 12))) as bench:
        period = bench.challenge.whole(NOW)
        rows = {
            day: [(row.price, row.status) for row in bench.all_sales(SalesFilter(period), now=at(day, 11))]
            for day in (16, 17)
        }

    assert rows[16] == [(Decimal("100.00"), "paid")]
    assert rows[17] == [(Decimal("100.00"), "partly refunded")]
