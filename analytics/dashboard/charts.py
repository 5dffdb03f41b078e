"""The attendance chart: a plotly figure, and the same numbers as a table; the only home of plotly."""

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import plotly
import plotly.graph_objects as go

from analytics.dashboard.address import Arrangement
from analytics.dashboard.wording import plain, short_day
from analytics.view3 import AttendanceDay, View3

SCRIPT = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
VERSION = str(plotly.__version__)

YOUTUBE, ZOOM = "#3b82f6", "#9333ea"
HATCH = {"YouTube": "rgba(59,130,246,.55)", "Zoom": "rgba(147,51,234,.55)"}
ATTENDANCE_HEADING = (
    '<div class="view3-heading"><h2>Daily attendance</h2>'
    '<p>Participants per challenge day; <span class="view3-hatch"></span> hatched is unknown, not zero</p></div>'
)


def attendance_figure(view: View3, arrangement: Arrangement) -> str:
    """Return the figure as JSON: two bars per day, unknown days hatched over the whole height, days to come empty."""
    past = tuple(day for day in view.attendance if day.date <= view.today)
    return _figure(past, tuple(_axis(view)), arrangement)


@lru_cache(maxsize=16)  # most of what a page's refresh costs, and a sale changes none of it
def _figure(past: tuple[AttendanceDay, ...], axis: tuple[str, ...], arrangement: Arrangement) -> str:
    figure = go.Figure(
        [
            _bars("YouTube", YOUTUBE, [(_label(day), day.youtube, day.youtube_statistic) for day in past], arrangement),
            _bars("Zoom", ZOOM, [(_label(day), day.zoom, day.zoom_statistic) for day in past], arrangement),
            *_hatches(past, arrangement),
        ]
    )
    figure.update_layout(_layout([*axis], arrangement))
    figure.layout.template = None  # 7 kB of colours that the page's theme decides anyway
    return json.dumps(figure.to_plotly_json(), separators=(",", ":"))


def attendance_table_html(view: View3) -> str:
    """Return the chart's numbers as a table, for screen readers and for everyone who wants exact counts."""
    rows = "".join(_row_html(day, view.today) for day in view.attendance)
    return (
        f"{_hint_html(view)}"
        '<details class="view3-twin"><summary>Exact numbers per day</summary><div class="view3-scroll"><table>'
        "<caption>Participants per challenge day</caption><thead><tr><th scope=col>Day</th><th scope=col>Date</th>"
        "<th scope=col>YouTube</th><th scope=col>Zoom</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _hint_html(view: View3) -> str:
    """Return what to do where no day of the period has a number."""
    if any(day.youtube is not None or day.zoom is not None for day in view.attendance):
        return ""
    return (
        '<p class="view3-hint">No attendance is known in this period. Load Zoom and YouTube exports with '
        "<code>view3 import FILE…</code>, or let Zoom tell by itself: <code>view3 receive</code> listens at "
        "<code>/webhooks/zoom</code>.</p>"
    )


def _bars(room: str, colour: str, days: Sequence[tuple[str, int | None, str]], arrangement: Arrangement) -> go.Bar:
    """Return one room's bars with the exact count, and what it counts, for the tooltip."""
    return go.Bar(
        name=room,
        x=[day for day, _, _ in days],
        y=[count for _, count, _ in days],
        customdata=["" if count is None else f"<b>{count:,}</b> {plain(what)}" for _, count, what in days],
        hovertemplate=f"{room}: %{{customdata}}<extra></extra>",
        marker={"color": colour, "line": {"width": 0}},
        offsetgroup=_slot(room, arrangement),
    )


def _slot(room: str, arrangement: Arrangement) -> str:
    """Return the place of a room's bar beside the other's; stacked bars share one."""
    return "both" if arrangement is Arrangement.STACKED else room


def _hatches(days: Sequence[AttendanceDay], arrangement: Arrangement) -> list[go.Bar]:
    """Return hatched bands on a hidden axis; two rooms unknown on one day share its height when stacked."""
    unknown = {
        "YouTube": [day for day in days if day.youtube is None],
        "Zoom": [day for day in days if day.zoom is None],
    }
    halved = {day.challenge_day for day in days if day.youtube is None and day.zoom is None}
    return [
        go.Bar(
            name=f"{room} unknown",
            x=[_label(day) for day in missing],
            y=[0.5 if arrangement is Arrangement.STACKED and day.challenge_day in halved else 1 for day in missing],
            yaxis="y2",
            hovertemplate=f"{room}: unknown<extra></extra>",
            marker={
                "color": "rgba(0,0,0,0)",
                "line": {"width": 0},
                "pattern": {"shape": "/", "fgcolor": HATCH[room], "size": 7, "solidity": 0.22, "fillmode": "replace"},
            },
            offsetgroup=_slot(room, arrangement),
            showlegend=False,
        )
        for room, missing in unknown.items()
        if missing
    ]


def _layout(axis: list[str], arrangement: Arrangement) -> dict[str, object]:
    """Return everything but colours of text and grid, which the browser takes from the page's theme."""
    return {
        "barmode": arrangement.value,
        "bargap": 0.28,
        "bargroupgap": 0.06,
        "barcornerradius": 3,
        "dragmode": False,
        "hovermode": "x unified",
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "margin": {"l": 48, "r": 8, "t": 34, "b": 32},
        "xaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": axis,
            "range": [-0.5, len(axis) - 0.5],
            "fixedrange": True,
            "tickangle": 0,
            "showspikes": False,
        },
        "yaxis": {
            "rangemode": "tozero",
            "fixedrange": True,
            "tickmode": "auto",
            "title": {"text": "Participants"},
            "overlaying": "y2",
        },
        "yaxis2": {"range": [0, 1], "visible": False, "fixedrange": True},
    }


def _axis(view: View3) -> list[str]:
    """Return the days on the x axis: those of the period, and those to come where it runs from Day 1 to today."""
    listed = [day.challenge_day for day in view.attendance]
    if listed and listed[0] == 1 and view.period.last == view.today:
        listed = list(range(1, view.challenge_length + 1))
    return [f"Day {day}" for day in listed]


def _label(day: AttendanceDay) -> str:
    return f"Day {day.challenge_day}"


def _row_html(day: AttendanceDay, today: date) -> str:
    rooms = (("youtube", day.youtube, day.youtube_statistic), ("zoom", day.zoom, day.zoom_statistic))
    cells = "".join(
        f'<td class="view3-{room}" data-count="{"" if count is None else count}" title="{plain(what)}">{_said(count, day, today)}</td>'
        for room, count, what in rooms
    )
    return f'<tr data-day="{day.challenge_day}"><th scope=row>Day {day.challenge_day}</th><td>{short_day(day.date)}</td>{cells}</tr>'


def _said(count: int | None, day: AttendanceDay, today: date) -> str:
    if count is not None:
        return f"{count:,}"
    return "to come" if day.date > today else "unknown"
