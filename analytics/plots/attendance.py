"""Pictures of who came and who stayed."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analytics.plots.style import INK, LOOKS, bars, dressed, empty, labels, line, rows_of

ROOMS = {"youtube": ("YouTube", LOOKS[0]), "zoom": ("Zoom", LOOKS[1])}
BESIDE = {"youtube": -0.19, "zoom": 0.19}  # where a room's bar stands beside the day's middle
COUNTS = (
    "YouTube: peak concurrent viewers; Zoom: unique participants. × marks a day that nobody counted: unknown, not zero."
)
NOTHING = "No attendance is known."


def by_day(found: pd.DataFrame) -> go.Figure:
    """Return both rooms side by side on every challenge day, with a mark where a room is unknown."""
    title = "Attendance by challenge day"
    if not found["participants"].notna().any():
        return empty(title, NOTHING)
    figure = go.Figure()
    for room, (name, look) in ROOMS.items():
        days = found[(found["platform"] == room) & found["challenge_day"].notna()]
        figure.add_trace(bars(look, name=name, x=days["challenge_day"].tolist(), y=_known(days["participants"])))
    unknown = found[found["participants"].isna() & found["challenge_day"].notna()]
    _mark(figure, [int(row.challenge_day) + BESIDE[row.platform] for row in rows_of(unknown)])
    dressed(figure, title, COUNTS)
    figure.update_yaxes(title_text="views of a room", range=[0, int(found["participants"].max()) * 1.05])
    return _days(figure)


def retention(found: pd.DataFrame) -> go.Figure:
    """Return each room's attendance as a part of its Day 1, day by day; the line is broken where a day is unknown."""
    title = "Retention from Day 1"
    if not found["retention"].notna().any():
        return empty(title, "Day 1 of neither room is known, so nothing can be held against it.")
    figure = go.Figure()
    for room, (name, look) in ROOMS.items():
        days = found[found["platform"] == room]
        parts = [None if pd.isna(one) else float(one) for one in days["retention"]]
        figure.add_trace(line(look, name=name, x=days["challenge_day"].tolist(), y=parts))
    figure.add_hline(y=1, line={"color": INK, "width": 1, "dash": "dot"})
    words = "Attendance of the day ÷ attendance of Day 1, per room. A break in the line is a day that nobody counted."
    dressed(figure, title, words)
    figure.update_yaxes(title_text="part of Day 1", tickformat=".0%", rangemode="tozero")
    return _days(figure)


def within_sessions(found: pd.DataFrame) -> go.Figure:
    """Return the people in each session of a day from minute to minute; no line is drawn across a gap."""
    title = "Within a session"
    if found.empty:
        return empty(
            title, "Of no session it is known who was there at a moment: samples, or a report of every stay, tell that."
        )
    figure = go.Figure()
    for (room, _, topic), seen in found.groupby(["platform", "session_id", "topic"], sort=True):
        name, look = ROOMS[str(room)]
        people = _known(seen["participants"])
        legend = labels([f"{name}: {topic}"])[0]
        figure.add_trace(line(look, name=legend, x=seen["seen_at"].dt.tz_localize(None), y=people))
    zone = found["seen_at"].dt.tz
    words = (
        "People watching, minute by minute: as sampled, or in a room that nobody sampled, from the report of every stay. Where samples "
        "are missing the line is broken: nobody knows who was there."
    )
    dressed(figure, f"{title}, {found['seen_at'].iloc[0]:%d %b %Y}", words)
    figure.update_yaxes(title_text="people watching", rangemode="tozero")
    return figure.update_xaxes(title_text=f"time of day ({zone})", tickformat="%H:%M")


def against_earlier(found: pd.DataFrame) -> go.Figure:
    """Return day N of this challenge against day N of the earlier one."""
    title = "Day by day against the earlier challenge"
    if not found["participants"].notna().any():
        return empty(title, NOTHING)
    figure = go.Figure()
    names = [name for name in ("this challenge", "earlier challenge") if (found["challenge"] == name).any()]
    for name, look in zip(names, LOOKS, strict=False):
        days = found[found["challenge"] == name]
        figure.add_trace(line(look, name=name, x=days["challenge_day"].tolist(), y=_known(days["participants"])))
    alone = "" if len(names) > 1 else " No earlier challenge is known: VIEW3_PREVIOUS_START names its Day 1."
    words = f"YouTube + Zoom: views of both rooms, not distinct people. A break in the line: a room was not counted that day.{alone}"
    dressed(figure, title, words)
    figure.update_layout(showlegend=True)
    figure.update_yaxes(title_text="views of both rooms", rangemode="tozero")
    return _days(figure)


def against_sales(found: pd.DataFrame) -> go.Figure:
    """Return attendance above high-ticket sales, on the same days."""
    title = "Attendance and high-ticket sales"
    if not found["participants"].notna().any() and not (found["high_ticket_sales"] > 0).any():
        return empty(title, "Neither attendance nor a sale is known.")
    figure = make_subplots(2, 1, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.6, 0.4])
    days = found["challenge_day"].tolist()
    figure.add_trace(line(LOOKS[0], name="Attendance", x=days, y=_known(found["participants"])), row=1, col=1)
    sales = bars(LOOKS[1], name="High-ticket sales", x=days, y=_known(found["high_ticket_sales"]))
    figure.add_trace(sales, row=2, col=1)
    words = (
        "Attendance: YouTube + Zoom, views of both rooms; a break is a day on which a room was not counted. Sales: bought on that business "
        "date, whoever the buyer is: the two curves show days that go together, not that one causes the other."
    )
    dressed(figure, title, words, height=460)
    figure.update_yaxes(title_text="views", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title_text="sales", rangemode="tozero", row=2, col=1)
    _days(figure)
    return figure.update_xaxes(title_text="", row=1, col=1)


def _days(figure: go.Figure) -> go.Figure:
    """Return a figure over challenge days, with half a day of room on both sides."""
    days = [day for trace in figure.data for day in trace.x]
    return figure.update_xaxes(
        title_text="challenge day", dtick=1, tickangle=0, range=[min(days) - 0.6, max(days) + 0.6]
    )


def _known(counts: pd.Series) -> list[int | None]:
    return [None if pd.isna(one) else int(one) for one in counts]


def _mark(figure: go.Figure, days: list[float]) -> None:
    if days:
        mark = {"symbol": "x", "size": 9, "color": INK}
        unknown = go.Scatter(mode="markers", name="unknown", x=days, y=[0] * len(days), marker=mark, cliponaxis=False)
        figure.add_trace(unknown)
