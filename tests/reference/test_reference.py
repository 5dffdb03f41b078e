"""The reference itself: against examples worked out by hand, and against what really happened in made worlds."""

from decimal import Decimal

import pytest

from tests.reference.shares import shared
from tests.reference.worlds.examples import EXAMPLES, Example
from tests.reference.worlds.world import world_of
from tests.tables import drawn

FROM_TRUTH = (
    "totals.high_ticket_sales",
    "totals.net_sales",
    "totals.high_ticket_revenue",
    "totals.vip_revenue",
    "totals.oto_revenue",
    "totals.net_revenue",
    "totals.collected",
    "totals.at_risk",
    "excluded.test_mode",
    "excluded.unclassified",
    "excluded.other_currency",
    "review.refunds_without_purchase",
    "review.payments_without_purchase",
)


@pytest.mark.parametrize("example", [pytest.param(one, id=one.title) for one in EXAMPLES])
def test_worked_example(example: Example) -> None:
    answer = example.world.answer()
    assert {name: answer.figures.get(name) for name in example.figures} == example.figures
    if example.sales is not None:
        assert len(answer.sales) == len(example.sales)
        for row, wanted in zip(answer.sales, example.sales, strict=True):
            assert {name: _plain(row[name]) for name in wanted} == {
                name: _plain(value) for name, value in wanted.items()
            }


def _plain(value: object) -> object:
    return Decimal(str(value)) if str(value).replace(".", "").isdigit() else value


def test_whole_worlds_come_to_what_really_happened() -> None:
    seen = 0
    for seed in range(300):
        world = world_of(seed)
        if world.is_whole:
            seen += 1
            figures = world.answer().figures
            truth = {name: world.truth[name] for name in FROM_TRUTH}
            assert {name: figures[name] for name in FROM_TRUTH} == truth, f"seed {seed}"
    assert seen > 30


SHARES = """
amount | lines            | parts
100.00 | 1997.00, 27.00   | 98.67, 1.33
0.01   | 10.00, 10.00     | 0.01, 0.00
0.02   | 1.00, 2.00, 1.00 | 0.01, 0.01, 0.00
10.00  | 1.00, 1.00, 1.00 | 3.34, 3.33, 3.33
5.00   | 0.00, 0.00       | 5.00, 0.00
0.00   | 1.00, 2.00       | 0.00, 0.00
"""


def test_shares_add_up_to_the_cent() -> None:
    for row in drawn(SHARES):
        lines = [Decimal(one) for one in row["lines"].split(", ")]
        assert shared(Decimal(row["amount"]), lines) == [Decimal(one) for one in row["parts"].split(", ")]
