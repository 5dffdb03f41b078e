"""Pictures of the time from lead to sale."""

from collections.abc import Iterable

import pandas as pd
import plotly.graph_objects as go

from analytics.plots.style import INK, LOOKS, bars, dressed, empty, labels, rows_of

MOST, ROW = 16, 40
AXIS = "days from first touch to sale"
NOTHING = "No sale with a known first touch in this period."
WORDS = "Days from lead to sale: difference of local calendar dates between the buyer's first touch and the purchase."


def histogram(found: pd.DataFrame) -> go.Figure:
    """Return how many sales came after how many days, by product."""
    title = "Days from lead to high-ticket sale"
    if found.empty:
        return empty(title, NOTHING)
    sold = found.groupby("product")["sales"].sum().sort_values(ascending=False, kind="stable")
    shown = list(sold.index[: len(LOOKS) - 1]) if len(sold) > len(LOOKS) else list(sold.index)
    figure = go.Figure()
    for name, look in zip([*shown, None][: len(LOOKS)], LOOKS, strict=False):
        rows = found[found["product"] == name] if name is not None else found[~found["product"].isin(shown)]
        if len(rows):
            days = rows.groupby("days")["sales"].sum()
            legend = labels([name if name is not None else "other products"])[0]
            figure.add_trace(bars(look, name=legend, x=days.index.tolist(), y=days.astype(int).tolist()))
    dressed(figure, title, WORDS)
    figure.update_layout(barmode="stack", bargap=0.1, showlegend=True)
    figure.update_yaxes(title_text="high-ticket sales")
    return figure.update_xaxes(title_text=AXIS, range=[-1, int(found["days"].max()) + 1])


def spread(found: pd.DataFrame, by: str = "campaign") -> go.Figure:
    """Return how long each group's buyers waited: all of them (thin), the middle half (thick), the median (mark)."""
    title = f"Days from lead to sale by {by}"
    if found.empty:
        return empty(title, NOTHING)
    rows = found.head(MOST)
    names = labels([f"{row.group} ({row.sales})" for row in rows_of(rows)])
    thin, thick = {"color": INK, "width": 1.5}, {"color": LOOKS[2].colour, "width": 14}
    figure = go.Figure(
        [
            _ranges("quickest to slowest", names, zip(rows["quickest"], rows["slowest"], strict=True), thin),
            _ranges("the middle half", names, zip(rows["quarter"], rows["most"], strict=True), thick),
            go.Scatter(
                name="median",
                mode="markers",
                x=rows["median"].tolist(),
                y=names,
                marker={
                    "symbol": "diamond",
                    "size": 11,
                    "color": LOOKS[0].colour,
                    "line": {"color": "#ffffff", "width": 1},
                },
            ),
        ]
    )
    words = f"{WORDS} In brackets: how many sales; the median of a handful says little."
    dressed(figure, title, words, height=60 + ROW * len(rows))
    figure.update_yaxes(autorange="reversed", type="category")
    return figure.update_xaxes(title_text=AXIS, range=[-0.6, int(rows["slowest"].max()) + 1], showgrid=True)


def cohorts(found: pd.DataFrame) -> go.Figure:
    """Return the sales per 100 opt-ins by the day of opting in; days too young to judge are hatched."""
    title = "Sales per 100 opt-ins by day of opting in"
    if not (found["leads"] > 0).any():
        return empty(title, "Nobody opted in during this period.")
    figure = go.Figure()
    kinds = ((True, "30 days have passed", LOOKS[0]), (False, "immature: sales may still come", LOOKS[1]))
    for is_mature, name, look in kinds:
        days = found[found["is_mature"] == is_mature]
        rates = [None if pd.isna(one) else float(one) for one in days["rate"]]
        counts = [f"{row.sales} of {row.leads}" for row in rows_of(days)]
        hover = "%{x|%d %b}: %{y}% (%{customdata})<extra></extra>"
        figure.add_trace(bars(look, name=name, x=days["opted_in_on"], y=rates, customdata=counts, hovertemplate=hover))
    words = (
        "High-ticket sales within 30 days of the buyer's first touch ÷ opt-ins of that business date. Hatched: 30 days have not passed, so the "
        "bar can still grow; it must not be held against the others. Days with few opt-ins jump: a single sale is much of them."
    )
    dressed(figure, title, words)
    figure.update_layout(showlegend=True, barmode="overlay", bargap=0.15)
    figure.update_yaxes(title_text="sales per 100 opt-ins", rangemode="tozero")
    return figure.update_xaxes(title_text="day of opting in", tickformat="%d %b")


def _ranges(name: str, names: list[str], ends: Iterable[tuple[int, int]], look: dict[str, object]) -> go.Scatter:
    """Return one horizontal stroke per name."""
    x: list[int | None] = []
    y: list[str | None] = []
    for label, (first, last) in zip(names, ends, strict=True):
        x += [int(first), int(last), None]
        y += [label, label, None]
    return go.Scatter(name=name, mode="lines", x=x, y=y, line=look, hoverinfo="x+y")
