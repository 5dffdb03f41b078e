"""The attendance figure: exact counts, unknown days hatched, days to come empty."""

from typing import Any

from reports.chart import attendance_figure
from tests.dashboard.fake_source import CHALLENGE, FakeSource


def figure(days: tuple[int, int] | None = None) -> dict[str, Any]:
    view = FakeSource().view(CHALLENGE.days(*days) if days else None)
    drawn: dict[str, Any] = attendance_figure(view).to_dict()
    return drawn


def test_two_rooms_with_the_counts_of_the_view():
    youtube, zoom = figure()["data"][:2]

    assert (youtube["name"], zoom["name"]) == ("YouTube", "Zoom")
    days = FakeSource().view().attendance
    assert youtube["x"] == zoom["x"] == [f"Day {number}" for number in range(1, 18)]
    assert youtube["y"] == [day.youtube for day in days]
    assert zoom["y"] == [day.zoom for day in days]
    assert zoom["y"][0] == 444


def test_unknown_is_hatched_and_never_a_zero():
    youtube, zoom, *hatches = figure()["data"]

    assert youtube["y"][5] is None
    assert 0 not in youtube["y"] + zoom["y"]
    assert {(trace["name"], *trace["x"]) for trace in hatches} == {
        ("YouTube unknown", "Day 6", "Day 11"),
        ("Zoom unknown", "Day 6"),
    }
    assert hatches[0]["y"] == [0.5, 1]


def test_the_axis_runs_to_the_last_day_unless_days_are_chosen():
    assert len(figure()["layout"]["xaxis"]["categoryarray"]) == 31
    assert figure(days=(3, 7))["layout"]["xaxis"]["categoryarray"] == [f"Day {day}" for day in range(3, 8)]


def test_days_to_come_have_neither_bar_nor_hatch():
    drawn = figure(days=(1, 31))

    assert all("Day 18" not in trace["x"] for trace in drawn["data"])


def test_the_scale_is_of_people_and_not_of_the_hatched_axis_beneath():
    people, beneath = figure()["layout"]["yaxis"], figure()["layout"]["yaxis2"]

    assert (people["overlaying"], people["tickmode"], people["rangemode"]) == ("y2", "auto", "tozero")
    assert (beneath["range"], beneath["visible"]) == ([0, 1], False)
