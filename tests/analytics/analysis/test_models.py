"""Revenue by campaign under every model: the same sum as the page's, first touch as the page says, and each sale as the reference shares it."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.analysis import models
from analytics.crediting.models import Model
from analytics.folding import fold
from analytics.ingest import accept
from analytics.reading import read
from analytics.workbench import Workbench
from tests.analytics.analysis.conftest import Desk
from tests.analytics.conftest import Store
from tests.analytics.test_view3_sums import LENS, NOW, RULES, WHOLE, settled, sized
from tests.reference import attribution, attribution_models
from tests.reference.histories import CHALLENGE, History, histories

NOWHERE = "Unattributed"
words = st.lists(st.sampled_from(("Ad one", "ad ONE ", "two", "three", "")), min_size=8, max_size=8)


def test_every_model_credits_the_revenue_of_the_page(sample: Workbench) -> None:
    told = models.side_by_side(sample)
    assert len(told.columns) == 1 + len(Model)
    for name in models.COLUMNS.values():
        assert sum(told[name]) == sample.view().totals.high_ticket_revenue


def test_first_touch_is_what_every_other_figure_says(sample: Workbench) -> None:
    told = dict(zip(*(models.side_by_side(sample)[name] for name in ("campaign", "first_touch")), strict=True))
    page = {row.name: row.high_ticket_revenue for row in sample.campaigns().rows if row.high_ticket_revenue}
    assert {name: amount for name, amount in told.items() if amount} == page


def test_an_empty_database_has_a_row_of_nothing(empty: Workbench) -> None:
    told = models.side_by_side(empty)
    assert told["campaign"].tolist() == [NOWHERE]
    assert told.iloc[0, 1:].tolist() == [0] * len(Model)


def test_each_sale_is_shared_as_the_reference_does(store: Store) -> None:
    @sized(store)
    @given(histories(), words)
    def hold(history: History, campaigns: list[str]) -> None:
        leads = tuple(
            replace(lead, utm=replace(lead.utm, campaign=word))
            for lead, word in zip(history.leads, campaigns, strict=False)
        )
        history = replace(history, leads=leads)
        with store.fresh() as connection:
            assert not accept(connection, RULES, history.records).refused
            told = models.side_by_side(Desk(connection, LENS, NOW).as_workbench(), WHOLE)
            revenue = read(connection, LENS, NOW, WHOLE).totals.high_ticket_revenue
        for model, column in models.COLUMNS.items():
            assert sum(told[column]) == revenue, model
            if model is not Model.MARKOV:
                agree(dict(zip(told["campaign"].map(fold), told[column], strict=True)), shared(model, history))

    hold()


def shared(model: Model, history: History) -> dict[str, Fraction]:
    """Return the revenue of each folded campaign, one sale at a time."""
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for bought in settled(history).counted:
        on = bought.at.astimezone(CHALLENGE.zone).date()
        if bought.offer != "high_ticket" or bought.currency != "USD" or on not in WHOLE or bought.at > NOW:
            continue
        told = attribution.credit(bought, history.leads, CHALLENGE.zone, history.stated)
        way = attribution.way(bought, history.leads, CHALLENGE.zone, history.stated) if told.lead else []
        days = [(on - lead.opted_in_at.astimezone(CHALLENGE.zone).date()).days for lead in way]
        names = [fold(lead.utm.campaign) or fold(NOWHERE) for lead in way]
        if not way:
            own = told.utm[2] if told.outcome == "matched" else None  # the order's own UTMs
            found[fold(own or NOWHERE)] += Fraction(bought.price)
        for name, share in zip(names, attribution_models.shares(model.value, days) if days else [], strict=True):
            found[name] += share * Fraction(bought.price)
    return dict(found)


def agree(told: dict[str, Decimal], expected: dict[str, Fraction]) -> None:
    for name in {*told, *expected}:
        assert float(told.get(name, 0)) == pytest.approx(float(expected.get(name, 0)), abs=0.0101), name
