"""The drill-down keeps what is true of the whole: the unattributed row, spend without sales, and no ratio below its level."""

from typing import Any

from analytics.analysis import campaigns
from analytics.workbench import Workbench


def test_every_level_keeps_the_whole(sample: Workbench) -> None:
    for ask in (campaigns.by_campaign, campaigns.by_ad_set, campaigns.by_ad):
        found = ask(sample)
        totals = sample.view().totals
        assert sum(found["revenue"]) == totals.revenue
        assert sum(one for one in found["ad_spend"] if one is not None) == totals.ad_spend
        assert found["is_unattributed"].tolist() == [False] * (len(found) - 1) + [True]


def test_inside_one_campaign_its_parts_make_it(sample: Workbench) -> None:
    whole = campaigns.by_campaign(sample)
    name = campaigns.largest(whole)
    row = whole[whole["campaign"] == name].iloc[0]
    for ask in (campaigns.by_ad_set, campaigns.by_ad):
        found = ask(sample, name)
        inside = found[~found["is_unattributed"]]
        assert set(inside["campaign"]) == {name}
        assert sum(one for one in inside["ad_spend"] if one is not None) == row["ad_spend"]
        assert inside["high_ticket_sales"].sum() == row["high_ticket_sales"]
        assert found["is_unattributed"].iloc[-1]


def test_spend_without_a_sale_is_kept_and_performance_max_has_no_ratio_below_itself(sample: Workbench) -> None:
    whole: Any = campaigns.by_campaign(sample).set_index("name")
    assert whole.loc["Reels Broad Test", "high_ticket_sales"] == 0
    assert whole.loc["Reels Broad Test", "ad_spend"] > 0
    assert whole.loc["Reels Broad Test", "cost_per_acquisition"] is None
    assert whole.loc["PMax Challenge", "cost_per_lead"] > 0
    assert campaigns.by_ad(sample, "PMax Challenge")["cost_per_lead"].isna().all()


def test_an_empty_database_has_the_unattributed_row_alone(empty: Workbench) -> None:
    found = campaigns.by_campaign(empty)
    assert found["is_unattributed"].tolist() == [True]
    assert campaigns.largest(found) == ""
