"""The ad-spend file that the import is measured with: 100 days, every day the same ads."""

import csv
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path

from bench.stage import DAYS, FIRST_DAY

COLUMNS = [
    "date",
    "platform",
    "account_id",
    "campaign",
    "campaign_id",
    "ad_set",
    "ad_set_id",
    "ad",
    "ad_id",
    "spend",
    "currency",
]
ADS_PER_SET, SETS_PER_CAMPAIGN = 10, 10


def write(path: Path, rows: int) -> None:
    """Write an `ad-spend` file of so many rows."""
    ads = [_ad(number) for number in range(-(-rows // DAYS))]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(islice(_rows(ads), rows))


def _rows(ads: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for day in range(DAYS):
        on = (FIRST_DAY + timedelta(days=day)).isoformat()
        for number, ad in enumerate(ads):
            yield on, *ad, f"{(number * 7919 + day * 104729) % 50000 / 100:.2f}", "USD"


def _ad(number: int) -> tuple[str, ...]:
    ad_set, campaign = number // ADS_PER_SET, number // (ADS_PER_SET * SETS_PER_CAMPAIGN)
    return (
        "meta" if campaign % 2 else "google",
        f"act_{campaign % 4 + 1}",
        f"Challenge January {campaign:03}",
        f"{120210000000000000 + campaign}",
        f"Lookalike {campaign:03}-{ad_set % SETS_PER_CAMPAIGN}",
        f"{120310000000000000 + ad_set}",
        f"Video Hook {number % ADS_PER_SET} v{number:05}",
        f"{120410000000000000 + number}",
    )
