"""Exports that look like reports and are none are sent back with what to export instead."""

import pytest

from connectors.contract import UnusableFileError


@pytest.mark.parametrize("kind", ["", "google-ads"])
@pytest.mark.parametrize(
    "text",
    [
        "Date,Clicks,Impressions,Cost\n2026-01-05,10,100,5.00\n",
        "Day,Campaign,Cost (micros)\n2026-01-05,A,5000000\n",
        "segments.date,campaign.name,metrics.cost_micros\n2026-01-05,A,5000000\n",
        '"CAMPAIGN_PERFORMANCE_REPORT (Jan 1, 2026-Jan 20, 2026)"\nDay,Campaign,Cost\n2026-01-05,A,5000000\n',
    ],
)
def test_a_card_or_a_retired_report_of_google(take, text, kind):
    with pytest.raises(UnusableFileError, match="segment Time → Day"):
        take(text, kind=kind)


@pytest.mark.parametrize("kind", ["", "youtube-studio"])
@pytest.mark.parametrize("header", ["Date,Views", "Datum,Aufrufe", "Date,Peak concurrent viewers"])
def test_a_card_of_studio(take, header, kind):
    with pytest.raises(UnusableFileError, match="group by Content"):
        take(f"{header}\n2026-01-05,100\n", kind=kind)
