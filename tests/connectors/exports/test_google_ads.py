from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.records import AdSpend
from connectors.contract import UnusableFileError

FILE = Path(__file__).with_name("google-ads.csv")


def test_a_row_of_a_day_is_spend(take):
    outcome = take(FILE)
    assert outcome.report.kind == "google-ads"
    assert outcome.records[0] == AdSpend(
        date=date(2026, 1, 5),
        platform="google",
        spend=Decimal("1020.50"),
        currency="USD",
        source="google",
        account_id="1234567890",
        campaign="Total Wine",
        campaign_id="111",
        ad_set="Search",
    )


def test_totals_are_told_from_campaigns_by_their_missing_day(take):
    outcome = take(FILE)
    assert [record.campaign for record in outcome.records] == ["Total Wine", "Total: Wine"]
    assert outcome.report.left_out == {"without reported cost": 1, "rows of totals": 2}
    assert outcome.report.notes == ("The rows add up to the report's own totals (1 checked).",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("header", "total"),
    [("Tag\tKampagne\tWährungscode\tKosten", "Gesamt: Konto"), ("Jour\tCampagne\tCode de la devise\tCoût", "Total : compte")],
    ids=["de", "fr"],
)  # fmt: skip
def test_headers_of_other_languages(take, encoding, header, total):
    text = f"Bericht\nDu 5 janvier, 2026\n{header}\n05.01.2026\tBrand\tEUR\t1.234,56\n{total}\t--\tEUR\t1.234,56\n"
    outcome = take(text.encode(encoding))
    (spend,) = outcome.records
    assert (spend.date, spend.spend, spend.currency) == (date(2026, 1, 5), Decimal("1234.56"), "EUR")
    assert outcome.report.left_out == {"rows of totals": 1}


def test_without_a_currency_the_reporting_currency_is_taken_and_said(take):
    outcome = take("Report\nAll\nDay,Campaign,Cost\n2026-01-05,Brand,1.00\n")
    assert outcome.records[0].currency == "USD"
    assert outcome.report.notes == ("The report names no currency; USD was taken.",)


@pytest.mark.parametrize("header", ["Campaign,By Day,Spend,Currency", "Campaign name,Date,Cost,Currency"])
def test_the_ads_of_another_platform_are_not_taken_for_google(take, header):
    with pytest.raises(UnusableFileError, match="none of the exports"):
        take(f"{header}\nBrand,2026-01-05,1.00,USD\n")


def test_a_report_without_days_is_sent_back(take):
    with pytest.raises(UnusableFileError, match="no column day: in Google Ads add the segment Time → Day"):
        take("Campaign report\nAll time\nCampaign,Currency code,Cost\nBrand,USD,1.00\n")


def test_dates_that_no_row_proves_send_the_file_back(take):
    with pytest.raises(UnusableFileError, match="Dates such as 03/04/2026 can be day/month or month/day"):
        take("Report\nAll\nDay,Campaign,Currency code,Cost\n03/04/2026,Brand,USD,1.00\n")
