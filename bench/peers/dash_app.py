"""View 3 as an idiomatic Dash app: an interval asks every second, callbacks answer, the database sorts and pages the table."""

import sys

import figures
import plotly.graph_objects as go
from dash import Dash, Input, Output, callback, dash_table, dcc, html

CARD = {"background": "#6d28d9", "color": "white", "padding": "1rem", "borderRadius": "12px", "flex": 1}
EVERY = 1000  # milliseconds

app = Dash(title="View 3")
app.layout = html.Div(
    [
        html.H1("View 3"),
        dcc.RangeSlider(1, figures.LENGTH, step=1, value=[1, figures.LENGTH], id="days"),
        html.Div(
            [html.Div([title, html.H2(id=name)], style=CARD) for name, title in figures.TITLES.items()],
            style={"display": "flex", "gap": "1rem"},
        ),
        dcc.Graph(id="attendance"),
        dash_table.DataTable(
            id="sales",
            columns=[{"name": title, "id": title} for title in figures.COLUMNS],
            page_current=0,
            page_size=figures.ROWS,
            page_action="custom",
            sort_action="custom",
            sort_by=[],
        ),
        dcc.Interval(id="clock", interval=EVERY),
    ],
    style={"fontFamily": "sans-serif"},
)


@callback(*(Output(name, "children") for name in figures.TITLES), Input("clock", "n_intervals"), Input("days", "value"))
def show_cards(_seconds: int, days: list[int]) -> tuple[str, ...]:
    """Return the cards' values."""
    return tuple(figures.cards(*days).values())


@callback(Output("attendance", "figure"), Input("clock", "n_intervals"), Input("days", "value"))
def show_attendance(_seconds: int, days: list[int]) -> go.Figure:
    """Return the bars."""
    counts = figures.attendance(*days)
    labels = [f"Day {day}" for day in counts.index]
    bars = [go.Bar(name=room, x=labels, y=counts[room]) for room in counts.columns]
    return go.Figure(bars, layout={"barmode": "stack"})


@callback(
    Output("sales", "data"),
    Output("sales", "page_count"),
    Input("clock", "n_intervals"),
    Input("days", "value"),
    Input("sales", "page_current"),
    Input("sales", "sort_by"),
)
def show_sales(
    _seconds: int, days: list[int], page: int, sort_by: list[dict[str, str]]
) -> tuple[list[dict[str, object]], int]:
    """Return the rows in sight and the number of pages."""
    rows, pages = figures.sales_page(*days, page, sort_by)
    return rows.to_dict("records"), pages


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=sys.argv[1])
