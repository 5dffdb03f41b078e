"""The bars as they are drawn: what stands where, by the counts of a day."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.dashboard.address import Arrangement
from analytics.dashboard.bars import bars_html, highest, step
from analytics.view3 import AttendanceDay, View3
from tests.dashboard.fake_source import CHALLENGE, HOSTILE, FakeSource

FIRST = CHALLENGE.starts_on
RECT = re.compile(
    r'<rect (?:class="view3-in-(\w+)" )?x="([\d.]+)%" y="([\d.]+)%" width="([\d.]+)%" height="([\d.]+)%"(.*?)/>'
)


def a_view(*counts: tuple[int | None, int | None], today: int = 31) -> View3:
    """Return a view of Day 1 and the days after it, with these counts of YouTube and Zoom."""
    days = tuple(
        AttendanceDay(number, FIRST + timedelta(number - 1), youtube, zoom, "peak viewers", "people")
        for number, (youtube, zoom) in enumerate(counts, 1)
    )
    view = FakeSource().view(CHALLENGE.days(1, min(max(len(counts), 1), 31)))
    return replace(view, attendance=days, today=FIRST + timedelta(today - 1), challenge_day=today)


def drawn(view: View3, arrangement: Arrangement = Arrangement.STACKED) -> list[tuple[str, float, float, float, float]]:
    """Return every bar: its room (or `no` and a room), left, top, width and height in percent."""
    return [
        (room or "no " + re.findall(r"view3-no-(\w+)", rest)[0], *(float(part) for part in place))
        for room, *place, rest in RECT.findall(bars_html(view, arrangement))
    ]


def labels(html: str) -> list[str]:
    return re.findall(r">(Day \d+)</text>", html)


@pytest.mark.parametrize(
    ("counts", "bars"),
    [
        #  youtube  zoom      room, top, height: 100 is the axis' end of 500
        ((400, 100), [("youtube", 20, 80), ("zoom", 0, 20)]),
        ((0, 500), [("youtube", 100, 0), ("zoom", 0, 100)]),
        ((500, None), [("no zoom", 0, 100), ("youtube", 0, 100)]),
        ((None, 500), [("no youtube", 0, 100), ("zoom", 0, 100)]),
    ],
)
def test_stacked_bars_stand_on_each_other(counts, bars):
    assert [(room, top, height) for room, _, top, _, height in drawn(a_view(counts))] == bars


def test_two_rooms_unknown_on_one_day_share_its_height():
    hatches = drawn(a_view((None, None), (500, 0)))[:2]

    assert [(room, top, height) for room, _, top, _, height in hatches] == [("no youtube", 50, 50), ("no zoom", 0, 50)]


def test_side_by_side_both_stand_on_the_ground():
    youtube, zoom = drawn(a_view((400, 100)), Arrangement.SIDE_BY_SIDE)

    assert youtube[0] == "youtube"
    assert youtube[2] + youtube[4] == zoom[2] + zoom[4] == 100
    assert youtube[4] == 4 * zoom[4]
    assert youtube[1] + youtube[3] < zoom[1]


def test_each_day_has_its_own_place_from_left_to_right():
    bars = drawn(a_view(*[(100, 50)] * 10))
    lefts = sorted({left for _, left, *_ in bars})

    assert len(lefts) == 10
    assert all(before + 7.2 <= after for before, after in pairwise(lefts))
    assert lefts[-1] + bars[-1][3] < 100


def test_days_to_come_have_a_name_and_no_bar():
    html = bars_html(FakeSource().view(), Arrangement.STACKED)

    assert labels(html) == [f"Day {day}" for day in range(1, 32)]
    assert html.count("<li style") + html.count('<li class="view3-leftward"') == 17
    assert 'view3-is-today">Day 17<' in html


def test_chosen_days_alone_stand_on_the_axis():
    html = bars_html(FakeSource().view(CHALLENGE.days(3, 7)), Arrangement.STACKED)

    assert labels(html) == [f"Day {day}" for day in range(3, 8)]
    assert "view3-few" in html


def test_a_hundred_days_are_not_a_hundred_names():
    shown = labels(bars_html(a_view(*[(1, 1)] * 100, today=100), Arrangement.STACKED))

    assert len(shown) <= 31
    assert shown[0] == "Day 1"


def test_without_a_day_there_is_an_empty_drawing():
    html = bars_html(replace(a_view(), attendance=()), Arrangement.STACKED)

    assert "<rect" not in html
    assert labels(html) == []


def test_what_a_number_counts_is_told_literally():
    day = replace(a_view((400, None)).attendance[0], youtube_statistic=HOSTILE)
    html = bars_html(replace(a_view((400, None)), attendance=(day,)), Arrangement.STACKED)

    assert "YouTube <b>400</b> &lt;img src=x onerror=alert(1)&gt;" in html
    assert "Zoom <b>unknown</b>" in html
    assert "<img" not in html


def test_peak_and_unique_of_each_room_stand_beside_each_other():
    view = a_view((400, 1090), (None, 5))
    day = replace(view.attendance[0], youtube_peak=400, zoom_peak=70, zoom_unique=1090)
    html = bars_html(replace(view, attendance=(day, view.attendance[1])), Arrangement.STACKED)
    first, second = (told.split("</li>")[0] for told in html.split("<li ")[-2:])

    assert re.findall(r"peak [^<]+ · [^<]+", first) == ["peak 400 · unique unknown", "peak 70 · unique 1,090"]
    assert re.findall(r"peak [^<]+ · [^<]+", second) == ["peak unknown · unique unknown"]  # of Zoom alone


@given(st.integers(0, 10**9))
def test_the_axis_holds_every_count_with_few_lines(count):
    top, apart = highest(count), step(count)

    assert top >= count
    assert top % apart == 0
    assert 1 <= top // apart <= 5
    assert top - count < apart or count == 0


@given(
    st.lists(st.tuples(*[st.none() | st.integers(0, 10**7)] * 2), min_size=1, max_size=31), st.sampled_from(Arrangement)
)
def test_no_bar_leaves_the_drawing(counts, arrangement):
    for _, left, top, width, height in drawn(a_view(*counts), arrangement):
        assert left >= 0
        assert left + width <= 100.001
        assert top >= -0.001
        assert top + height <= 100.002
