"""The mail's attendance chart as a plotly figure, which becomes a picture; the page draws its own bars."""

from collections.abc import Sequence

import plotly.graph_objects as go

from analytics.dashboard.bars import axis_of
from analytics.view3 import AttendanceDay, View3

YOUTUBE, ZOOM = "#3b82f6", "#9333ea"
HATCH = {"YouTube": "rgba(59,130,246,.55)", "Zoom": "rgba(147,51,234,.55)"}


def attendance_figure(view: View3) -> go.Figure:
    """Return the figure: both rooms' bars of a day on each other, unknown days hatched over the whole height, days to come empty."""
    days = view.attendance
    past = [day for day in days if day.date <= view.today]
    figure = go.Figure(
        [
            _bars("YouTube", YOUTUBE, [(_label(day), day.youtube) for day in past]),
            _bars("Zoom", ZOOM, [(_label(day), day.zoom) for day in past]),
            *_hatches(past),
        ]
    )
    figure.update_layout(_layout([f"Day {day}" for day in axis_of(view)]))
    figure.layout.template = None  # 7 kB of colours that the picture brings anyway
    return figure


def _bars(room: str, colour: str, days: Sequence[tuple[str, int | None]]) -> go.Bar:
    """Return one room's bars with the exact counts."""
    return go.Bar(
        name=room,
        x=[day for day, _ in days],
        y=[count for _, count in days],
        marker={"color": colour, "line": {"width": 0}},
        offsetgroup="both",
    )


def _hatches(days: Sequence[AttendanceDay]) -> list[go.Bar]:
    """Return hatched bands on a hidden axis; two rooms unknown on one day share its height."""
    unknown = {
        "YouTube": [day for day in days if day.youtube is None],
        "Zoom": [day for day in days if day.zoom is None],
    }
    halved = {day.challenge_day for day in days if day.youtube is None and day.zoom is None}
    return [
        go.Bar(
            name=f"{room} unknown",
            x=[_label(day) for day in missing],
            y=[0.5 if day.challenge_day in halved else 1 for day in missing],
            yaxis="y2",
            marker={
                "color": "rgba(0,0,0,0)",
                "line": {"width": 0},
                "pattern": {"shape": "/", "fgcolor": HATCH[room], "size": 7, "solidity": 0.22, "fillmode": "replace"},
            },
            offsetgroup="both",
            showlegend=False,
        )
        for room, missing in unknown.items()
        if missing
    ]


def _layout(axis: list[str]) -> dict[str, object]:
    """Return everything but colours, letters and margins, which the picture brings."""
    return {
        "barmode": "stack",
        "bargap": 0.28,
        "bargroupgap": 0.06,
        "barcornerradius": 3,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": axis,
            "range": [-0.5, len(axis) - 0.5],
            "tickangle": 0,
        },
        # An axis above another takes its ticks unless told otherwise.
        "yaxis": {"rangemode": "tozero", "overlaying": "y2", "tickmode": "auto"},
        "yaxis2": {"range": [0, 1], "visible": False},
    }


def _label(day: AttendanceDay) -> str:
    return f"Day {day.challenge_day}"
