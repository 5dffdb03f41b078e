"""Campaigns add up to the card on page, mail, notebook and CSV, at the present moment and at an earlier one."""

import csv
import io
from decimal import Decimal

import pytest

from analytics import breaking_down
from analytics.breakdown import Level
from analytics.dashboard.campaigns import in_sight
from analytics.records import Offer, Record
from analytics.view3 import SalesFilter
from reports.settings import ReportSettings
from reports.snapshot import read_snapshot
from tests.analytics.told import NOW, at, bought, opened, spent, story
from tests.test_one_metric import TODAY

MONEY = ("vip_revenue", "oto_revenue", "high_ticket_revenue", "revenue", "net_revenue")


def told() -> list[Record]:
    late = bought(1, "2997.00", at(16, 23), refunded=Decimal("2997.00"), refunded_at=at(17, 15))
    return [*(one for one in story() if getattr(one, "external_id", "") != late.external_id), late]


def test_page_mail_notebook_and_table_tell_the_same_campaigns(database_url: str) -> None:
    with opened(database_url, *told()) as bench:
        view = bench.view()
        page = in_sight(bench.campaigns_of(view))
        mail = read_snapshot(
            bench, ReportSettings.model_validate({"report_stale_hours": {"": 0}}), TODAY, NOW
        ).campaigns
        frame = bench.frames.campaigns()
        rows = list(
            csv.DictReader(io.StringIO("".join(bench.export(SalesFilter(view.period))[1]).removeprefix("\ufeff")))
        )

    for name in MONEY:
        total = getattr(view.totals, name)
        assert sum(getattr(row, name) for row in page) == total
        assert sum(getattr(row, name) for row in mail.rows) == total
        assert sum(frame[name]) == total
    assert sum(row.ad_spend or 0 for row in page) == view.totals.ad_spend == mail.total.ad_spend
    of_mail = {row.name: row for row in mail.rows}
    for row in page:
        assert [getattr(row, name) for name in (*MONEY, "ad_spend", "roas")] == [
            getattr(of_mail[row.name], name) for name in (*MONEY, "ad_spend", "roas")
        ]
    unattributed = next(row for row in page if row.is_unattributed)
    priced = sum(Decimal(row["HT Price"]) for row in rows if row["Attribution"] == "unattributed")
    assert unattributed.high_ticket_revenue == priced


@pytest.mark.parametrize("hour", [10, 14, 18])
def test_campaigns_of_a_moment_are_without_what_came_later(database_url: str, hour: int) -> None:
    moment = at(17, hour)
    with opened(
        database_url, *told(), spent(at(18, 1).date(), "FB_Jan", "500.00"), bought(7, "9.00", at(17, 16), Offer.OTO)
    ) as bench:
        view = bench.view(now=moment)
        page = bench.campaigns_of(view)
        with bench._read() as connection:
            levels = [
                breaking_down.read_breakdown(connection, bench.lens, view.period, level, moment) for level in Level
            ]

    assert view.totals.net_sales == {10: 1, 14: 3, 18: 2}[hour]
    for one in (page, *levels):
        assert all(one.checks.values())
        for name in (*MONEY, "high_ticket_sales", "net_sales", "ad_spend"):
            assert getattr(one.total, name) == getattr(view.totals, name), name
