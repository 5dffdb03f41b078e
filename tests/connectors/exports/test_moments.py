from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.challenge import Challenge
from connectors.contract import RowError, UnusableFileError
from connectors.exports.dates import Order
from connectors.exports.moments import DateEvidence

SAO_PAULO = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")


def reader(*seen, habit=None, naive_is_utc=False):
    evidence = DateEvidence()
    for text in seen:
        evidence.see(text)
    return evidence.conclude(SAO_PAULO, habit, naive_is_utc=naive_is_utc)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05 19:30:00", (2026, 1, 5, 22, 30)),
        ("2026-01-05T19:30:00-03:00", (2026, 1, 5, 22, 30)),
        ("2026-01-05T19:30:00.000Z", (2026, 1, 5, 19, 30)),
        ("2026-01-05 19:30:00 UTC", (2026, 1, 5, 19, 30)),
        ("2026-01-05 19:30:00 +0000", (2026, 1, 5, 19, 30)),
        ("2026-01-05 19:30:00 -0300 UTC", (2026, 1, 5, 22, 30)),
        ("2026/01/05 19:30", (2026, 1, 5, 22, 30)),
        ("Jan 5, 2026 19:30:00", (2026, 1, 5, 22, 30)),
        ("January 05, 2026 7:30 PM", (2026, 1, 5, 22, 30)),
        ("Jan 5, 2026, 7:30 p.m.", (2026, 1, 5, 22, 30)),
        ("Jan 5, 2026 at 12:00 AM", (2026, 1, 5, 3, 0)),
        ("5 Jan 2026 19:30", (2026, 1, 5, 22, 30)),
        ("05.01.2026 19:30", (2026, 1, 5, 22, 30)),
    ],
)
def test_moments(text, moment):
    assert reader(text).moment(text) == (datetime(*moment).replace(tzinfo=UTC), False)


@pytest.mark.parametrize("text", ["2026-01-05", "Jan 5, 2026", "5-Jan-2026", "05.01.2026"])
def test_a_date_alone_begins_its_business_day(text):
    assert reader(text).moment(text) == (datetime(2026, 1, 5, 3, tzinfo=UTC), True)


def test_naive_times_of_a_source_in_utc():
    assert reader(naive_is_utc=True).moment("2026-01-05 19:30")[0] == datetime(2026, 1, 5, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2026", "2026-02-30", "0000-00-00", "1899-12-30", "20206-01-05", "2199-01-01", "45678", "", "soon",
        "Foo 5, 2026", "Marchember 5, 2026", "2026-01-05 24:01", "2026-01-05 13:00 PM", "2026-01-05 noon", "5/1/26",
        "2026-1-", "13/13/2026", "--",
    ],
)  # fmt: skip
def test_what_is_no_day_is_rejected_with_its_value(text):
    with pytest.raises(RowError, match=text[:8] or "is not a date"):
        reader(text, "13/04/2026").moment(text)


@pytest.mark.parametrize(
    ("seen", "day"),
    [(["03/04/2026", "13/04/2026"], date(2026, 4, 3)), (["03/04/2026", "04/13/2026"], date(2026, 3, 4))],
    ids=["day first", "month first"],
)
def test_one_row_proves_the_order_for_all(seen, day):
    assert reader(*seen).day("03/04/2026") == day


def test_an_order_nobody_proves_refuses_the_file():
    with pytest.raises(UnusableFileError, match="Dates such as 03/04/2026"):
        reader("03/04/2026", "05/06/2026")


def test_the_habit_of_a_source_decides_where_no_row_does():
    assert reader("03/04/2026", habit=Order.DAY_FIRST).day("03/04/2026") == date(2026, 4, 3)
    assert reader("03/04/2026", "04/13/2026", habit=Order.DAY_FIRST).day("03/04/2026") == date(2026, 3, 4)


def test_an_unclear_date_among_clear_ones_costs_its_own_row_only():
    moments = reader("2026-04-03", "03/04/2026")
    assert moments.day("2026-04-03") == date(2026, 4, 3)
    with pytest.raises(RowError, match="'03/04/2026' is not written like the other dates of this file"):
        moments.day("03/04/2026")


def test_equal_figures_need_no_proof():
    assert reader("05/05/2026").day("05/05/2026") == date(2026, 5, 5)


def test_a_file_in_both_orders_keeps_only_what_the_larger_part_proves():
    moments = reader("13/04/2026", "14/04/2026", "04/15/2026")
    assert moments.day("13/04/2026") == date(2026, 4, 13)
    for text in ("04/15/2026", "03/04/2026"):
        with pytest.raises(RowError):
            moments.day(text)


@settings(deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.sampled_from(
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%b %d, %Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d %B %Y %H:%M:%S"]
))  # fmt: skip
def test_written_moments_are_read_back(moment, form):
    moment = moment.replace(microsecond=0)
    moments = reader(habit=Order.MONTH_FIRST, naive_is_utc=True)
    assert moments.moment(moment.strftime(form)) == (moment.replace(tzinfo=UTC), False)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_moment_or_a_row_error(text):
    try:
        assert reader().moment(text)[0].tzinfo is UTC
    except RowError:
        assert True
