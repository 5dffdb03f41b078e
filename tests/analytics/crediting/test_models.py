"""Revenue shared among opt-ins: each model drawn by hand, all of them held against a slow reference, and no cent lost."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.crediting.models import ASSUMES, Journey, Model, apportioned, credited, removal_effects
from tests.reference import attribution_models as reference
from tests.tables import Row, drawn

touches = st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(0, 60)), min_size=1, max_size=5).map(
    lambda found: sorted(found, key=lambda touch: -touch[1])
)
cents = st.integers(0, 10**9).map(lambda amount: Decimal(amount) / 100)


@st.composite
def _journeys(draw: st.DrawFn) -> list[Journey]:
    ways = draw(st.lists(touches, max_size=8))
    return [
        Journey(tuple(name for name, _ in way), tuple(days for _, days in way), draw(st.integers(1, 4)), draw(cents))
        for way in ways
    ]


journeys = _journeys()
lost = st.dictionaries(
    st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=4).map(tuple), st.integers(1, 50), max_size=6
)

BY_HAND = """
    opt-ins (days before) | revenue | model          | A      | B      | C
    ----------------------+---------+----------------+--------+--------+-------
    A 9, B 3, C 1         | 100.00  | First touch    | 100.00 |        |
    A 9, B 3, C 1         | 100.00  | Last touch     |        |        | 100.00
    A 9, B 3, C 1         | 100.00  | Linear         | 33.33  | 33.33  | 33.34
    A 9, B 3, C 1         | 100.00  | Position-based | 40.00  | 20.00  | 40.00
    A 9, B 9, B 3, C 1    | 100.00  | Position-based | 40.00  | 20.00  | 40.00
    A 9, B 2              | 100.00  | Position-based | 50.00  | 50.00  |
    A 14, B 7, C 0        | 70.00   | Time decay     | 10.00  | 20.00  | 40.00
    A 7, A 0              | 70.00   | Time decay     | 70.00  |        |
    B 3                   | 0.01    | Linear         |        | 0.01   |
"""


@pytest.mark.parametrize("row", drawn(BY_HAND), ids=lambda row: f"{row['model']}: {row['opt-ins (days before)']}")
def test_one_sale(row: Row) -> None:
    way = [touch.split() for touch in row["opt-ins (days before)"].split(",")]
    names, days = zip(*((name, int(day)) for name, day in way), strict=True)
    told = credited(Model(row["model"]), [Journey(names, days, 1, Decimal(row["revenue"]))], {})
    if row["model"] == "Linear" and len(names) == 3:  # which of three gets the odd cent is settled by name, not by luck
        assert sorted(told.values()) == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
        return
    assert {name: str(amount) for name, amount in told.items() if amount} == {
        name: row[name] for name in "ABC" if row[name]
    }


@given(journeys, lost)
def test_whatever_is_assumed_no_cent_is_lost_or_made(found, away) -> None:
    for model in Model:
        told = credited(model, found, away)
        assert sum(told.values()) == sum(journey.revenue for journey in found)
        assert all(amount >= 0 and amount == round(amount, 2) for amount in told.values())
        seen = {name for journey in found for name in journey.campaigns}
        # Who only leads people on to a campaign that sells has a part in it, to Markov.
        assert set(told) <= seen | ({name for way in away for name in way} if model is Model.MARKOV else set())


@given(journeys)
def test_each_model_is_within_a_cent_of_the_reference(found) -> None:
    for model in set(Model) - {Model.MARKOV}:
        expected = defaultdict[str, float](float)
        for journey in found:
            for name, share in zip(journey.campaigns, reference.shares(model, journey.days), strict=True):
                expected[name] += float(share) * float(journey.revenue)
        for name, amount in credited(model, found, {}).items():
            assert float(amount) == pytest.approx(expected[name], abs=0.0101, rel=1e-9)


@given(journeys, lost)
def test_a_removal_effect_is_what_taking_the_campaign_away_costs(found, away) -> None:
    ways = [(one.campaigns, one.sales, True) for one in found] + [(way, count, False) for way, count in away.items()]
    effects = removal_effects(found, away)
    assert bool(effects) is bool(found)
    whole = reference.chance_of_sale(ways) if found else 0
    for name, effect in effects.items():
        assert effect == pytest.approx(1 - reference.chance_of_sale(ways, without=name) / whole, abs=1e-6)


def test_a_campaign_that_only_ever_loses_people_gets_nothing() -> None:
    told = credited(Model.MARKOV, [Journey(("A", "B"), (3, 1), 2, Decimal(10))], {("C",): 5, ("A",): 3})
    assert told == {"A": Decimal(5), "B": Decimal(5)}


def test_cents_left_over_go_to_the_largest_remainders() -> None:
    raw = {"A": Decimal("0.334"), "B": Decimal("0.336"), "C": Decimal("0.330")}
    assert apportioned(Decimal(1), raw) == {"A": Decimal("0.33"), "B": Decimal("0.34"), "C": Decimal("0.33")}


def test_every_model_says_what_it_assumes() -> None:
    assert set(ASSUMES) == set(Model)
