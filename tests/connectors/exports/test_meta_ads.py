from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.records import AdSpend
from connectors.contract import UnusableFileError

HERE = Path(__file__).parent


def test_a_row_of_a_day_is_spend(take):
    outcome = take(HERE / "meta-ads.csv")
    assert outcome.report.kind == "meta-ads"
    assert outcome.records[0] == AdSpend(
        date=date(2026, 1, 5),
        platform="meta",
        spend=Decimal("1010.00"),
        currency="USD",
        source="meta",
        account_id="77",
        campaign="January launch",
        campaign_id="120211",
        ad_set="Broad",
        ad_set_id="120311",
        ad="Video 1",
        ad_id="",
    )


def test_totals_and_unreported_spend_are_left_out_and_checked(take):
    outcome = take(HERE / "meta-ads.csv")
    assert [record.spend for record in outcome.records] == [Decimal("1010.00"), Decimal("12.50"), Decimal(0)]
    assert outcome.report.left_out == {"rows of totals": 2, "without reported spend": 1}
    assert outcome.report.notes[-1] == "The rows add up to the report's own totals (2 checked)."


def test_a_total_that_does_not_fit_is_told(take):
    outcome = take("Campaign name,Day,Amount spent (USD)\nA,2026-01-05,10.00\n,2026-01-05,12.00\n")
    assert outcome.report.notes == ("The report's total of 2026-01-05 is 12.00, but its rows add up to 10.00.",)


@pytest.mark.parametrize(
    ("spent", "day", "names"),
    [
        ("Montant dépensé (EUR)", "Jour", ("Nom de la campagne", "Nom de l’ensemble de publicités", "Nom de la publicité")),
        ("Ausgegebener Betrag (EUR)", "Tag", ("Name der Kampagne", "Name der Anzeigengruppe", "Name der Werbeanzeige")),
        ("Importe gastado (EUR)", "Día", ("Nombre de la campaña", "Nombre del conjunto de anuncios", "Nombre del anuncio")),
        ("Valor usado (EUR)", "Dia", ("Nome da campanha", "Nome do conjunto de anúncios", "Nome do anúncio")),
        ("المبلغ الذي تم إنفاقه (EUR)", "اليوم", ("اسم الحملة", "اسم مجموعة الإعلانات", "اسم الإعلان")),
    ],
    ids=["fr", "de", "es", "pt", "ar"],
)  # fmt: skip
def test_headers_of_other_languages(take, spent, day, names):
    outcome = take(
        ";".join((*names, day, spent)) + "\n"
        "Hiver;Large;Vidéo;01/02/2026;1 234,56\n"
        "Hiver;Large;Vidéo;02/02/2026;1\u202f020,50\n"
        "Hiver;Large;Vidéo;03/02/2026;12,5\n"
    )
    assert [(record.date, record.spend, record.currency, record.ad) for record in outcome.records] == [
        (date(2026, 2, 1), Decimal("1234.56"), "EUR", "Vidéo"),
        (date(2026, 2, 2), Decimal("1020.50"), "EUR", "Vidéo"),
        (date(2026, 2, 3), Decimal("12.5"), "EUR", "Vidéo"),
    ]


def test_a_range_of_one_day_needs_no_day_column(take):
    outcome = take("Reporting starts,Reporting ends,Campaign name,Amount spent (USD)\n2026-01-05,2026-01-05,A,1.50\n")
    assert outcome.records[0].date == date(2026, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        "Reporting starts,Reporting ends,Campaign name,Amount spent (USD)\n2026-01-01,2026-01-31,A,1.50\n",
        "Campaign name,Amount spent (USD)\nA,1.50\n",
    ],
    ids=["several days", "no dates"],
)
def test_a_report_without_days_is_sent_back(take, text):
    with pytest.raises(UnusableFileError, match="By time → Day"):
        take(text)


def test_a_report_without_spend_is_sent_back(take):
    with pytest.raises(UnusableFileError, match="add the column 'Amount spent'"):
        take("Reporting starts,Reporting ends,Campaign name,Day\n2026-01-01,2026-01-31,A,2026-01-01\n")


def test_a_campaign_may_be_called_total(take):
    outcome = take("Campaign name,Day,Amount spent (USD)\nTotal Wine,2026-01-05,10.00\n")
    assert outcome.records[0].campaign == "Total Wine"


def test_without_a_currency_the_reporting_currency_is_taken_and_said(take):
    outcome = take("Campaign name,Day,Amount spent\nA,2026-01-05,10.00\n")
    assert outcome.records[0].currency == "USD"
    assert outcome.report.notes == ("The report names no currency; USD was taken.",)


def test_an_id_column_that_a_spreadsheet_rounded_is_left_out_whole(take):
    outcome = take(HERE / "meta-ads.csv")
    assert {record.ad_id for record in outcome.records} == {""}
    assert outcome.report.notes[0].startswith(
        "The column 'ad id' was left out: a spreadsheet rounded its ids (1.20213E+17)"
    )
