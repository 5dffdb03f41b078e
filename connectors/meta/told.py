"""What Meta's Marketing API tells of a day: every ad that cost something, in the account's zone and currency."""

from collections.abc import Iterator

from analytics.records import AdSpend, AdSpendDay
from connectors.contract import LookUp, Payload
from connectors.payload import Fields

SOURCE = "meta"
PLATFORM = "meta"
DAY = "day"


def normalise(payload: Payload, look_up: LookUp) -> Iterator[AdSpendDay]:  # noqa: ARG001 (one face for every vendor)
    """Yield the account's day that an answer holds."""
    answer, told = Fields(payload), Fields(payload).within("told")
    if answer.text("kind") != DAY:
        return
    yield AdSpendDay(
        date=told.day("date"),
        platform=PLATFORM,
        account_id=told.id("account_id") or told.fail("account_id"),
        currency=told.text("currency").upper() or told.fail("currency"),
        zone=told.text("timezone_name"),
        told_at=answer.moment("asked_at") or answer.fail("asked_at"),
        source=SOURCE,
        provisional=bool(told.flag("provisional")),
        ads=tuple(_ad(row, told) for row in told.each("data")),
    )


def _ad(row: Fields, day: Fields) -> AdSpend:
    spend = row.decimal("spend")
    return AdSpend(
        date=row.day("date_start"),
        platform=PLATFORM,
        spend=row.fail("spend") if spend is None else spend,
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
