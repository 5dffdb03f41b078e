"""The breakdown: spend, leads, orders and sales of a period side by side, by campaign, ad set or ad."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from analytics.challenge import Period


class Level(IntEnum):
    """How fine a breakdown is: by campaign, by ad set inside its campaign, or by ad inside its ad set."""

    CAMPAIGN = 1
    AD_SET = 2
    AD = 3


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """One campaign, ad set or ad; names below the level are empty, and so is one that nobody told.

    Money is in the reporting currency. `ad_spend` is None where it is not known; the ratios are then None too, and so
    they are below the level at which spend is known. `revenue` is that of the full funnel: VIP, OTO and high-ticket.
    """

    campaign: str
    ad_set: str
    ad: str
    is_unattributed: bool
    platforms: tuple[str, ...]
    ad_spend: Decimal | None
    leads: int
    high_ticket_sales: int
    net_sales: int
    vip_revenue: Decimal
    oto_revenue: Decimal
    high_ticket_revenue: Decimal
    revenue: Decimal
    net_revenue: Decimal
    cost_per_lead: Decimal | None
    cost_per_acquisition: Decimal | None
    roas: Decimal | None

    @property
    def name(self) -> str:
        """Return what to call the row at its own level."""
        if self.is_unattributed:
            return "Unattributed"
        return self.ad or self.ad_set or self.campaign or "No campaign"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The rows of a period, the most spent first and the unattributed sales and orders last, with their sum.

    `checks` tells whether the rows make the whole, asked from the database on its own.
    """

    period: Period
    level: Level
    currency: str
    rows: tuple[BreakdownRow, ...]
    total: BreakdownRow
    checks: Mapping[str, bool]
