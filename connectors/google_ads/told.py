"""What the Google Ads API tells of a day: every ad that cost something, and what campaigns cost beside their ads.

Performance Max has no ads: its money, like all that no ad explains, is the campaign's own row.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from analytics.records import AdSpend, AdSpendDay
from connectors.contract import LookUp, Payload
from connectors.payload import Fields

SOURCE = "google-ads"
PLATFORM = "google"
DAY = "day"
NOTHING = Decimal(0)


def normalise(payload: Payload, look_up: LookUp) -> Iterator[AdSpendDay]:  # noqa: ARG001 (one face for every vendor)
    """Yield the account's day that an answer holds."""
    answer, told = Fields(payload), Fields(payload).within("told")
    if answer.text("kind") != DAY:
        return
    about = _about(told)
    ads = (*(_ad(row, about) for row in told.each("ads")), *_beside_ads(told, about))
    yield AdSpendDay(
        **about,
        zone=told.within("customer").text("timeZone"),
        told_at=answer.moment("asked_at") or answer.fail("asked_at"),
        provisional=bool(told.flag("provisional")),
        ads=ads,
        total=sum((ad.spend for ad in ads), NOTHING) if told.has("campaigns") else None,
    )


def _about(told: Fields) -> dict[str, Any]:
    customer = told.within("customer")
    return {
        "date": told.day("date"),
        "platform": PLATFORM,
        "account_id": customer.id("id") or customer.fail("id"),
        "currency": customer.text("currencyCode").upper() or customer.fail("currencyCode"),
        "source": SOURCE,
    }


def _ad(row: Fields, about: dict[str, Any]) -> AdSpend:
    group, ad = row.within("adGroup"), row.within("adGroupAd", "ad")
    return AdSpend(
        **about,
        spend=_cost(row),
        **_campaign(row),
        ad_set=group.text("name"),
        ad_set_id=group.id("id"),
        ad=ad.text("name"),
        ad_id=ad.id("id"),
    )


def _beside_ads(told: Fields, about: dict[str, Any]) -> Iterator[AdSpend]:
    """Yield what each campaign cost beyond its ads."""
    explained: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in told.each("ads"):
        explained[row.within("campaign").id("id")] += _cost(row)
    for row in told.each("campaigns"):
        rest = _cost(row) - explained[row.within("campaign").id("id")]
        if rest > NOTHING:
            yield AdSpend(**about, spend=rest, **_campaign(row))


def _campaign(row: Fields) -> dict[str, Any]:
    campaign = row.within("campaign")
    return {"campaign": campaign.text("name"), "campaign_id": campaign.id("id") or campaign.fail("id")}


def _cost(row: Fields) -> Decimal:
    """Return what a row cost: it comes in millionths of the currency's unit."""
    return Decimal(row.within("metrics").integer("costMicros") or 0).scaleb(-6)
