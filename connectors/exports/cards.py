"""Small exports that look like reports and hold no campaign or video: recognised, to say what to export instead."""

import re

from connectors.contract import UnusableFileError
from connectors.exports import google_ads, youtube_studio
from connectors.exports.sheet import Sheet
from connectors.exports.table import keys

RETIRED = re.compile(r"[A-Z]+(_[A-Z]+)*_PERFORMANCE_REPORT\b.*")
MICROS = re.compile(r"(metrics\.)?(cost|amount)[ .]?\(?micros\)?|costmicros|metrics\.cost.?micros")
OF_GOOGLE = frozenset({"clicks", "impressions", "impr.", "cost", "conversions", "ctr", "avg. cpc"})


def refuse_cards(sheet: Sheet, within: int) -> None:
    """Raise UnusableFileError for a card of Google Ads or Studio, and for a report of Google's retired interface."""
    for row in sheet.head[:within]:
        columns = frozenset(keys(row.cells)) - {""}
        if any(MICROS.fullmatch(column) for column in columns) or RETIRED.fullmatch(row.cells[0]):
            raise UnusableFileError(
                f"The file is of Google's retired interface and counts in millionths: {google_ads.REMEDY}."
            )
        if "date" in columns and "cost" in columns and columns <= OF_GOOGLE | {"date"}:
            raise UnusableFileError(
                f"The file is a card of Google Ads' overview, without campaigns: {google_ads.REMEDY}."
            )
        if youtube_studio.is_card(columns):
            raise UnusableFileError(
                f"The file is a card or the totals of Studio, without videos: {youtube_studio.REMEDY}."
            )
