"""Where days, dates and moments meet: every zone, every clock change, both ends of every day."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.challenge import CalendarError, Challenge, Period
from tests.tables import drawn

ZONES = (
    "UTC",
    "America/Sao_Paulo",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Santiago",
    "Europe/Berlin",
    "Europe/London",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
JANUARY = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")

zones = st.sampled_from(ZONES)
dates = st.dates(date(2024, 1, 1), date(2030, 12, 31))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
tried = settings(max_examples=400, deadline=None, derandomize=True, database=None)


def starting(zone: str, on: date = date(2026, 1, 1)) -> Challenge:
    return Challenge.starting(on, zone)


def changes(zone: str) -> list[date]:
    """Return the dates from 2024 to 2030 on which a zone's clocks change, found by asking every day."""
    here, found = ZoneInfo(zone), []
    for offset in range(7 * 365):
        on = date(2024, 1, 1) + timedelta(days=offset)
        noons = [datetime.combine(day, time(12), here).utcoffset() for day in (on, on + timedelta(days=1))]
        if noons[0] != noons[1]:
            found += [on, on + timedelta(days=1)]
    return found


def first_moment(zone: str, on: date) -> datetime:
    """Return the first half hour of UTC that a zone's clock shows under a date, by looking at each."""
    moment = datetime.combine(on - timedelta(days=1), time(6), UTC)
    while moment.astimezone(ZoneInfo(zone)).date() != on:
        moment += timedelta(minutes=15)
    return moment


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_begins_when_the_clocks_first_show_it(zone: str) -> None:
    for on in [*changes(zone), date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1)]:
        assert starting(zone).start_of(on) == first_moment(zone, on), on


@tried
@given(zones, moments)
def test_every_moment_lies_inside_its_own_date(zone: str, moment: datetime) -> None:
    challenge = starting(zone)
    on = challenge.local_date(moment)
    start, end = challenge.bounds(Period(on, on))
    assert start <= moment < end
    assert challenge.local_date(start) == on
    assert challenge.local_date(end - timedelta(seconds=1)) == on
    assert challenge.last_second_of(on) == end - timedelta(seconds=1)
    assert start.utcoffset() == end.utcoffset() == timedelta(0)


@tried
@given(zones, dates, st.integers(0, 40))
def test_days_follow_each_other_without_gap_or_overlap(zone: str, first: date, length: int) -> None:
    challenge, period = starting(zone), Period(first, first + timedelta(days=length))
    bounds = [challenge.bounds(Period(on, on)) for on in period.dates()]
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert challenge.bounds(period) == (bounds[0][0], bounds[-1][1])


@tried
@given(zones, dates, st.times())
def test_a_wall_clock_time_either_comes_back_or_never_was(zone: str, on: date, at: time) -> None:
    challenge, local = starting(zone), datetime.combine(on, at)
    here = ZoneInfo(zone)
    happened = any(
        (datetime.combine(on, at, here).replace(fold=fold).astimezone(UTC)).astimezone(here).replace(tzinfo=None)
        == local
        for fold in (0, 1)
    )
    if happened:
        assert challenge.local_time(challenge.moment(local)).replace(tzinfo=None) == local
    else:
        with pytest.raises(CalendarError, match="does not exist"):
            challenge.moment(local)


CLOCK_CHANGES = """
    zone                | date       | begins (UTC)     | hours
    --------------------|------------|------------------|------
    America/Sao_Paulo   | 2018-11-04 | 2018-11-04 03:00 | 23
    America/Sao_Paulo   | 2018-02-17 | 2018-02-17 02:00 | 25
    America/Sao_Paulo   | 2018-02-18 | 2018-02-18 03:00 | 24
    America/Sao_Paulo   | 2026-01-17 | 2026-01-17 03:00 | 24
    America/New_York    | 2026-03-08 | 2026-03-08 05:00 | 23
    America/New_York    | 2026-11-01 | 2026-11-01 04:00 | 25
    America/Havana      | 2026-03-08 | 2026-03-08 05:00 | 23
    America/Havana      | 2026-11-01 | 2026-11-01 04:00 | 25
    Europe/Berlin       | 2026-03-29 | 2026-03-28 23:00 | 23
    Europe/Berlin       | 2026-10-25 | 2026-10-24 22:00 | 25
    Africa/Cairo        | 2026-04-24 | 2026-04-23 22:00 | 23
    Africa/Cairo        | 2026-10-29 | 2026-10-28 21:00 | 25
    Asia/Beirut         | 2026-03-29 | 2026-03-28 22:00 | 23
    Asia/Beirut         | 2026-10-24 | 2026-10-23 21:00 | 25
    Asia/Beirut         | 2026-10-25 | 2026-10-24 22:00 | 24
    Australia/Lord_Howe | 2026-10-04 | 2026-10-03 13:30 | 23.5
    Australia/Lord_Howe | 2026-04-05 | 2026-04-04 13:00 | 24.5
    Pacific/Kiritimati  | 2026-01-01 | 2025-12-31 10:00 | 24
"""


@pytest.mark.parametrize("row", drawn(CLOCK_CHANGES), ids=lambda row: f"{row['zone']} {row['date']}")
def test_days_of_23_and_25_hours(row: dict[str, str]) -> None:
    on = date.fromisoformat(row["date"])
    start, end = starting(row["zone"]).bounds(Period(on, on))
    assert f"{start:%Y-%m-%d %H:%M}" == row["begins (UTC)"]
    assert (end - start) / timedelta(hours=1) == float(row["hours"])


NEVER = """
    zone              | time
    ------------------|-----------------
    America/Sao_Paulo | 2018-11-04 00:00
    America/Sao_Paulo | 2018-11-04 00:59
    America/New_York  | 2026-03-08 02:30
    Europe/Berlin     | 2026-03-29 02:00
    Africa/Cairo      | 2026-04-24 00:30
    Asia/Beirut       | 2026-03-29 00:00
"""


@pytest.mark.parametrize("row", drawn(NEVER), ids=lambda row: f"{row['zone']} {row['time']}")
def test_a_time_inside_a_spring_gap_is_refused_in_words(row: dict[str, str]) -> None:
    with pytest.raises(CalendarError) as refusal:
        starting(row["zone"]).moment(datetime.fromisoformat(row["time"]))
    assert str(refusal.value) == f"{row['time']} does not exist in {row['zone']}: the clocks went forward."


def test_of_a_repeated_hour_the_first_pass_is_meant() -> None:
    assert starting("Europe/Berlin").moment(datetime(2026, 10, 25, 2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(CalendarError, match="without a time zone"):
        JANUARY.local_date(datetime(2026, 1, 1))


def test_a_moment_of_any_zone_has_one_business_date() -> None:
    tokyo = datetime(2026, 1, 18, 11, 59, tzinfo=timezone(timedelta(hours=9)))
    assert JANUARY.local_date(tokyo) == date(2026, 1, 17)
    assert JANUARY.local_date(tokyo + timedelta(minutes=1)) == date(2026, 1, 18)


DAYS = """
    date       | day
    -----------|----
    2025-12-31 |
    2026-01-01 | 1
    2026-01-17 | 17
    2026-01-31 | 31
    2026-02-01 |
    2026-02-09 |
"""


@pytest.mark.parametrize("row", drawn(DAYS), ids=lambda row: row["date"])
def test_a_challenge_day_is_one_to_its_length(row: dict[str, str]) -> None:
    on = date.fromisoformat(row["date"])
    assert JANUARY.day_of(on) == (int(row["day"]) if row["day"] else None)
    if row["day"]:
        assert JANUARY.date_of(int(row["day"])) == on


@pytest.mark.parametrize("day", [-5, 0, 32, 40])
def test_a_day_outside_the_challenge_is_refused_in_words(day: int) -> None:
    with pytest.raises(CalendarError, match=f"There is no Day {day}: this challenge has Day 1 to Day 31."):
        JANUARY.date_of(day)


@tried
@given(dates, st.integers(1, 366), dates)
def test_day_and_date_are_each_others_inverse(starts_on: date, length: int, on: date) -> None:
    challenge = Challenge.starting(starts_on, length=length)
    day = challenge.day_of(on)
    assert (day is None) == (not starts_on <= on < starts_on + timedelta(days=length))
    assert day is None or challenge.date_of(day) == on


@tried
@given(dates, dates)
def test_the_days_in_a_period_are_those_of_the_challenge(one: date, other: date) -> None:
    period = Period(min(one, other), max(one, other))
    inside = [(number, JANUARY.date_of(number)) for number in range(1, 32) if JANUARY.date_of(number) in period]
    assert list(JANUARY.days_in(period)) == inside


def test_a_period_of_days_includes_both_ends() -> None:
    assert JANUARY.days(3, 5) == Period(date(2026, 1, 3), date(2026, 1, 5))
    assert [on.day for on in JANUARY.days(3, 5).dates()] == [3, 4, 5]
    assert date(2026, 1, 5) in JANUARY.days(3, 5)
    assert date(2026, 1, 6) not in JANUARY.days(3, 5)


def test_a_period_cannot_end_before_it_begins() -> None:
    with pytest.raises(CalendarError, match=r"A period cannot end \(2026-01-01\) before it begins \(2026-01-02\)."):
        Period(date(2026, 1, 2), date(2026, 1, 1))


def test_the_default_period_runs_from_the_funnels_start_to_today() -> None:
    opened = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo", funnel_starts_on=date(2025, 11, 10))
    midnight = datetime(2026, 1, 18, 3, tzinfo=UTC)
    assert opened.whole(midnight - timedelta(seconds=1)) == Period(date(2025, 11, 10), date(2026, 1, 17))
    assert opened.whole(midnight) == Period(date(2025, 11, 10), date(2026, 1, 18))
    assert JANUARY.whole(midnight).first == date(2025, 12, 2)


def test_before_the_funnel_opens_the_default_period_is_today() -> None:
    assert JANUARY.whole(datetime(2025, 6, 1, 12, tzinfo=UTC)) == Period(date(2025, 6, 1), date(2025, 6, 1))
