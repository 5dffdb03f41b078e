"""What did each campaign cost, and what did it bring? By campaign, and inside one by ad set and ad."""

import pandas as pd

from analytics.breakdown import Level
from analytics.challenge import Period
from analytics.workbench import Workbench


def by_campaign(workbench: Workbench, period: Period | None = None) -> pd.DataFrame:
    """Return spend, leads, sales and ratios by campaign, most spent first, the unattributed sales last.

    Columns and units are those of `workbench.frames.campaigns`.
    """
    return workbench.frames.campaigns(period, level=Level.CAMPAIGN)


def by_ad_set(workbench: Workbench, campaign: str = "", period: Period | None = None) -> pd.DataFrame:
    """Return the same by ad set, inside one campaign (named as in `by_campaign`), or inside all of them."""
    return _inside(workbench.frames.campaigns(period, level=Level.AD_SET), campaign)


def by_ad(workbench: Workbench, campaign: str = "", period: Period | None = None) -> pd.DataFrame:
    """Return the same by ad, inside one campaign, or inside all of them."""
    return _inside(workbench.frames.campaigns(period, level=Level.AD), campaign)


def largest(found: pd.DataFrame) -> str:
    """Return the campaign on which most was spent; empty where there is none."""
    named = found[~found["is_unattributed"]]
    return str(named["campaign"].iloc[0]) if len(named) else ""


def _inside(found: pd.DataFrame, campaign: str) -> pd.DataFrame:
    """Return the rows of a campaign and the unattributed one, which is part of every breakdown."""
    if not campaign:
        return found
    return found[(found["campaign"] == campaign) | found["is_unattributed"]].reset_index(drop=True)
