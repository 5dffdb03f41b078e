"""The attendance bars as SVG: drawn by whoever writes the page, seen before any script runs, in the colours of the page's theme.

Places are percentages of the drawing, so that it fits every width without being drawn anew; the style sheet thins the labels.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from typing import Final

from analytics.dashboard.address import Arrangement
from analytics.dashboard.wording import plain, short_day
from analytics.view3 import AttendanceDay, View3

MOST_LABELS: Final = 31
SOME, FEW = 16, 8  # labels up to which a narrower page still shows each, or every other
LINES: Final = 5  # at most, above the zero line
STEPS: Final = (1, 2, 5, 10)
GAP, BETWEEN = 0.28, 0.04  # shares of a day's slot: beside its bars, and between two that stand side by side
ROOMS: Final = ("YouTube", "Zoom")
LEGEND: Final = "".join(f'<li><i class="view3-in-{room.casefold()}"></i>{room}</li>' for room in ROOMS)


@dataclass(frozen=True, slots=True)
class Bar:
    """One room's bar: where it stands in its slot, and what lies below it; a count of None is unknown and fills the height."""

    room: str
    count: int | None
    left: float
    width: float
    below: int = 0
    share: float = 1


def bars_html(view: View3, arrangement: Arrangement) -> str:
    """Return legend, bars and what is told of a day that is pointed at; the numbers for screen readers stand in a table of their own."""
    days, axis = {day.challenge_day: day for day in view.attendance if day.date <= view.today}, axis_of(view)
    drawn = {number: _hatched_first(standing(days[number], arrangement)) for number in axis if number in days}
    top = highest(max((bar.below + (bar.count or 0) for bars in drawn.values() for bar in bars), default=0))
    slot = 100 / max(len(axis), 1)
    bars = (
        _bar_html(bar, place * slot, slot, top) for place, number in enumerate(axis) for bar in drawn.get(number, ())
    )
    told = (_told_html(days[number], place * slot, slot) for place, number in enumerate(axis) if number in days)
    return (
        f'<ul class="view3-legend">{LEGEND}</ul>'
        f'<div class="view3-board" data-drawn="{arrangement.value}"><svg role="img" width="100%" height="100%" '
        f'aria-label="Participants per challenge day; the same numbers follow as a table.">{HATCHES}'
        f"{_scale_svg(top)}{''.join(bars)}{_labels_svg(axis, slot, view.challenge_day)}</svg>"
        f'<ol class="view3-days" aria-hidden="true">{"".join(told)}</ol></div>'
    )


def axis_of(view: View3) -> list[int]:
    """Return the days on the axis: those of the period, and those to come where it runs from Day 1 to today."""
    listed = [day.challenge_day for day in view.attendance]
    if listed and listed[0] == 1 and view.period.last == view.today:
        return list(range(1, view.challenge_length + 1))
    return listed


def standing(day: AttendanceDay, arrangement: Arrangement) -> Iterator[Bar]:
    """Yield both rooms' bars; stacked ones share a place, and where both are unknown its height."""
    counts = (day.youtube, day.zoom)
    if arrangement is Arrangement.SIDE_BY_SIDE:
        width = (1 - GAP - BETWEEN) / 2
        for room, count, left in zip(ROOMS, counts, (GAP / 2, GAP / 2 + width + BETWEEN), strict=True):
            yield Bar(room, count, left, width)
        return
    halved = 0.5 if counts == (None, None) else 1
    yield Bar("YouTube", day.youtube, GAP / 2, 1 - GAP, share=halved)
    yield Bar("Zoom", day.zoom, GAP / 2, 1 - GAP, below=day.youtube or 0, share=halved)


def _hatched_first(bars: Iterable[Bar]) -> list[Bar]:
    """Return bars in the order in which they are drawn: a hatch covers no number."""
    return sorted(bars, key=lambda bar: bar.count is not None)


def highest(count: int) -> int:
    """Return the upper end of an axis on which a count has its place."""
    return step(count) * max(1, ceil(count / step(count)))


def step(count: int) -> int:
    """Return how far apart the lines of such an axis are: 1, 2 or 5 times a power of ten, and few of them."""
    power: int = 10 ** max(0, len(str(ceil(count / LINES))) - 1)
    return next(one * power for one in STEPS if one * power * LINES >= count)


HATCHES: Final = "<defs>{}</defs>".format(
    "".join(
        f'<pattern id="view3-no-{room.casefold()}" width="7" height="7" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path class="view3-in-{room.casefold()}" d="M0 0v7"/></pattern>'
        for room in ROOMS
    )
)


def _bar_html(bar: Bar, start: float, slot: float, top: int) -> str:
    room, x, width = bar.room.casefold(), start + slot * bar.left, slot * bar.width
    if bar.count is None:
        height = 100 * bar.share
        y = 100 - height if bar.room == "YouTube" else 0.0
        return f'<rect {_at(x, y, width, height)} fill="url(#view3-no-{room})"/>'
    height = 100 * bar.count / top
    y = 100 - height - 100 * bar.below / top
    return f'<rect class="view3-in-{room}" {_at(x, y, width, height)}/>'


def _at(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_percent(x)}" y="{_percent(y)}" width="{_percent(width)}" height="{_percent(height)}"'


def _percent(share: float) -> str:
    return f"{share:.3f}".rstrip("0").rstrip(".") + "%"


def _scale_svg(top: int) -> str:
    lines = (
        f'<line x2="100%" y1="{y}" y2="{y}"/><text x="-8" y="{y}">{count:,}</text>'
        for count in range(0, top + 1, step(top))
        for y in [_percent(100 - 100 * count / top)]
    )
    return f'<g class="view3-scale"><text class="view3-unit-of" x="-8" y="-17">Participants</text>{"".join(lines)}</g>'


def _labels_svg(axis: Sequence[int], slot: float, today: int | None) -> str:
    """Return the days' names; each tells by class whether every second, third, fifth or tenth label includes it."""
    apart = ceil(len(axis) / MOST_LABELS) or 1
    shown = list(enumerate(axis))[::apart]
    crowd = "few" if len(shown) <= FEW else "some" if len(shown) <= SOME else "many"
    labels = (
        f'<text x="{_percent((place + 0.5) * slot)}" y="100%" class="{_label_style(nth, is_today=day == today)}">Day {day}</text>'
        for nth, (place, day) in enumerate(shown)
    )
    return f'<g class="view3-names view3-{crowd}">{"".join(labels)}</g>'


def _label_style(nth: int, *, is_today: bool) -> str:
    styles = [f"n{every}" for every in (2, 3, 5, 10) if nth % every == 0]
    return " ".join([*styles, *(["view3-is-today"] if is_today else [])])


def _room_html(room: str, count: int | None, statistic: str, known: tuple[int | None, int | None]) -> str:
    """Return one room's part of the tooltip: the day's number, and peak and unique, so that like stands beside like."""
    mark = f'<i class="view3-in-{room.casefold()}"></i>'
    if count is None:
        return f"<span>{mark}{room} <b>unknown</b></span>"
    peak, unique = ("unknown" if one is None else f"{one:,}" for one in known)
    return (
        f"<span>{mark}{room} <b>{count:,}</b> {plain(statistic)}</span>"
        f'<span class="view3-alike">peak {peak} · unique {unique}</span>'
    )


def _told_html(day: AttendanceDay, start: float, slot: float) -> str:
    said = _room_html("YouTube", day.youtube, day.youtube_statistic, (day.youtube_peak, day.youtube_unique))
    said += _room_html("Zoom", day.zoom, day.zoom_statistic, (day.zoom_peak, day.zoom_unique))
    side = ' class="view3-leftward"' if start > 50 else ""  # noqa: PLR2004 - the middle
    return (
        f'<li{side} style="left:{_percent(start)};width:{_percent(slot)}"><p><b>Day {day.challenge_day}</b> '
        f"{escape(short_day(day.date))}{said}</p></li>"
    )
