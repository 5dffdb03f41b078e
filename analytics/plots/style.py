"""How every picture looks: told apart in black and white and by the colour-blind, with a title, axes with units, and its definition."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape
from textwrap import wrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go

INK, GRID, PAPER = "#23232b", "#dcdce4", "#ffffff"
FONT = "Helvetica, Arial, DejaVu Sans, sans-serif"
WIDTH, LETTERS, LINE = 920, 138, 17
ABOVE, BELOW, EDGE = (
    76,
    76,
    12,
)  # pixels for title and legend, for the axis and its title, and to the edge of the picture
LETTER, LONGEST, NARROW = 7.2, 40, 70


@dataclass(frozen=True, slots=True)
class Look:
    """How one series looks: its lightness alone tells it from its neighbours, and so does its pattern, line or mark alone."""

    colour: str
    pattern: str
    dash: str
    symbol: str


LOOKS = (
    Look("#16235c", "", "solid", "circle"),
    Look("#d98200", "/", "dash", "square"),
    Look("#7fb8ea", "x", "dot", "diamond"),
    Look("#8c3a0b", "-", "dashdot", "triangle-up"),
    Look("#f3dc6d", "\\", "longdash", "cross"),
    Look("#0f7f8c", ".", "longdashdot", "star"),
)


def bars(look: Look, **more: Any) -> go.Bar:
    """Return a series of bars."""
    marker = {
        "color": look.colour,
        "line": {"color": INK, "width": 1},
        "pattern": {"shape": look.pattern, "fgcolor": INK, "bgcolor": look.colour, "size": 6, "solidity": 0.25},
    }
    return go.Bar(marker=marker, **more)


def line(look: Look, **more: Any) -> go.Scatter:
    """Return a line with marks; it is broken where a value is missing."""
    return go.Scatter(
        mode="lines+markers",
        connectgaps=False,
        line={"color": look.colour, "dash": look.dash, "width": 2},
        marker={"symbol": look.symbol, "size": 8, "color": look.colour, "line": {"color": INK, "width": 1}},
        **more,
    )


def dressed(figure: go.Figure, title: str, definition: str, height: int = 420) -> go.Figure:
    """Return a figure with its title above and its definition below, on white; `height` is that of the axes."""
    lines = wrap(definition, LETTERS)
    below, left = BELOW + LINE * len(lines), _left(figure)
    figure.update_layout(
        template=None,
        title={
            "text": f"<b>{escape(title)}</b>",
            "x": EDGE / WIDTH,
            "xanchor": "left",
            "y": 1,
            "yanchor": "top",
            "pad": {"t": EDGE},
        },
        width=WIDTH,
        height=ABOVE + height + below,
        font={"family": FONT, "size": 13, "color": INK},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        margin={"l": left, "r": 24, "t": ABOVE, "b": below, "autoexpand": False},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        bargap=0.25,
        barmode="group",
    )
    said = {"size": 13}
    figure.update_xaxes(
        showgrid=False, linecolor=INK, ticks="outside", title={"font": said, "standoff": 6}, gridcolor=GRID
    )
    figure.update_yaxes(gridcolor=GRID, linecolor=INK, zerolinecolor=INK, title={"font": said, "standoff": 10})
    text = "<br>".join(escape(one) for one in lines)
    figure.add_annotation(
        text=text,
        showarrow=False,
        align="left",
        font={"size": 12},
        x=0,
        y=0,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="top",
        xshift=EDGE - left,
        yshift=LINE - BELOW,
    )
    return figure


def empty(title: str, why: str) -> go.Figure:
    """Return a figure that says why there is nothing to show."""
    figure = dressed(go.Figure(), title, "", height=20)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text=escape(why), showarrow=False, x=0, y=1, xref="paper", yref="paper", xanchor="left", xshift=EDGE - NARROW
    )
    return figure


def labels(names: Sequence[str]) -> list[str]:
    """Return names as a picture shows them: as text, never as markup, long ones cut, and no two alike."""
    shown: dict[str, None] = {}
    for name in names:
        text = escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…") or "(empty)"
        while text in shown:
            text += " "
        shown[text] = None
    return list(shown)


def rows_of(found: pd.DataFrame) -> list[Any]:
    """Return the rows of a frame as named tuples."""
    return list(found.itertuples())


def _left(figure: go.Figure) -> int:
    """Return the room that the names on the vertical axis need."""
    told = (trace.y if trace.y is not None else () for trace in figure.data)
    names = [name for listed in told for name in listed if isinstance(name, str)]
    return max(NARROW, 2 * EDGE + round(LETTER * max((len(unescape(name)) for name in names), default=0)))
