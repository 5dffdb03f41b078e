"""What Meta's Marketing API tells of a day: ads, campaigns and the account, in the account's zone and currency.

Meta leaves deleted ads out of its list of ads; the campaign's and the account's own figures still hold their spend. What
the listed ads do not explain is a row of its campaign, or of the account.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from analytics.records import AdSpend, AdSpendDay
from connectors.contract import LookUp, Payload
from connectors.payload import Fields

SOURCE = "meta"
PLATFORM = "meta"
DAY = "day"
UNLISTED = "ads no longer listed"
NOTHING = Decimal(0)


def normalise(payload: Payload, look_up: LookUp) -> Iterator[AdSpendDay]:  # noqa: ARG001 (one face for every vendor)
    """Yield the account's day that an answer holds."""
    answer, told = Fields(payload), Fields(payload).within("told")
    if answer.text("kind") != DAY:
        return
    ads = [_ad(row, told) for row in told.each("data")]
    ads += _beside_ads(told, ads)
    own = [_spend(row) for row in told.each("account")]
    rest = sum(own, NOTHING) - sum((ad.spend for ad in ads), NOTHING)
    if rest > NOTHING:
        ads.append(AdSpend(**_about(told), spend=rest, campaign=UNLISTED))
    yield AdSpendDay(
        **_about(told),
        zone=told.text("timezone_name"),
        told_at=answer.moment("asked_at") or answer.fail("asked_at"),
        provisional=bool(told.flag("provisional")),
        ads=tuple(ads),
        total=sum(own, NOTHING) if told.has("account") else None,
    )


def _about(told: Fields) -> dict[str, Any]:
    return {
        "date": told.day("date"),
        "platform": PLATFORM,
        "account_id": told.id("account_id") or told.fail("account_id"),
        "currency": told.text("currency").upper() or told.fail("currency"),
        "source": SOURCE,
    }


def _ad(row: Fields, day: Fields) -> AdSpend:
    return AdSpend(
        date=row.day("date_start"),
        platform=PLATFORM,
        spend=_spend(row),
        currency=(row.text("account_currency") or day.text("currency")).upper(),
        source=SOURCE,
        account_id=row.id("account_id") or day.id("account_id"),
        campaign=row.text("campaign_name"),
        campaign_id=row.id("campaign_id"),
        ad_set=row.text("adset_name"),
        ad_set_id=row.id("adset_id"),
        ad=row.text("ad_name"),
        ad_id=row.id("ad_id"),
    )


def _beside_ads(told: Fields, ads: Sequence[AdSpend]) -> list[AdSpend]:
    """Return what each campaign cost beyond its listed ads."""
    explained: defaultdict[str, Decimal] = defaultdict(Decimal)
    for ad in ads:
        explained[ad.campaign_id] += ad.spend
    rows = [(row, _spend(row) - explained[row.id("campaign_id")]) for row in told.each("campaigns")]
    return [
        AdSpend(
            **_about(told),
            spend=rest,
            campaign=row.text("campaign_name"),
            campaign_id=row.id("campaign_id"),
            ad=UNLISTED,
        )
        for row, rest in rows
        if rest > NOTHING
    ]


def _spend(row: Fields) -> Decimal:
    spend = row.decimal("spend")
    return row.fail("spend") if spend is None else spend
