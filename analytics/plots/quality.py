"""Pictures of how far the figures can be trusted."""

from collections import Counter

import pandas as pd
import plotly.graph_objects as go

from analytics.plots.style import INK, LOOKS, Look, bars, dressed, empty, labels, rows_of

ROW = 38


def matches(found: pd.DataFrame) -> go.Figure:
    """Return how many sales are credited to a campaign, and why the others are not."""
    title = "High-ticket sales, credited or not"
    if not found["sales"].sum():
        return empty(title, "No high-ticket sale in this period.")
    found = found.sort_values(["outcome", "sales"], ascending=[True, False], kind="stable")
    names = labels([row.reason or row.outcome for row in rows_of(found)])
    figure = go.Figure()
    for outcome, look in (("matched", LOOKS[0]), ("unattributed", LOOKS[1])):
        told = (found["outcome"] == outcome).tolist()
        some = found[found["outcome"] == outcome]
        text = [f"{row.sales} ({row.part} %)" for row in rows_of(some)]
        y = [name for name, is_told in zip(names, told, strict=True) if is_told]
        figure.add_trace(_rows(look, outcome, y, [int(count) for count in some["sales"]], text))
    words = "Match rate: high-ticket sales credited to a campaign ÷ all high-ticket sales of the period. The others are kept with their reason."
    dressed(figure, title, words, height=60 + ROW * len(found))
    figure.update_layout(showlegend=True, barmode="overlay")
    figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")
    return figure.update_xaxes(title_text="high-ticket sales", range=[0, int(found["sales"].max()) * 1.2])


def hygiene(found: pd.DataFrame) -> go.Figure:
    """Return how many opt-ins carry a UTM with each problem."""
    title = "UTMs that are not as they should be"
    if found.empty:
        return empty(title, "Every UTM of the period is as it should be, or there are none.")
    summed: dict[str, int] = {}
    values = Counter[str]()
    for row in rows_of(found):
        summed[row.problem] = summed.get(row.problem, 0) + int(row.leads)
        values[row.problem] += 1
    text = [
        f"{leads:,} opt-ins, {values[problem]} value{'s' if values[problem] > 1 else ''}"
        for problem, leads in summed.items()
    ]
    figure = go.Figure(_rows(LOOKS[0], "opt-ins", labels(list(summed)), list(summed.values()), text))
    words = (
        "Opt-ins of the period whose utm_campaign has the problem; one can have several. Spellings, blanks, codes and ids count for their "
        "campaign all the same; a placeholder, or a name that no ad platform knows, does not."
    )
    dressed(figure, title, words, height=60 + ROW * len(summed))
    figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")
    return figure.update_xaxes(title_text="opt-ins", range=[0, max(summed.values()) * 1.35])


def coverage(found: pd.DataFrame) -> go.Figure:
    """Return which part of the days (samples) that should be there each source told."""
    title = "What is there of what should be"
    told = found[found["coverage"].notna()]
    if told.empty:
        return empty(title, "No source has told anything yet.")
    names = labels([f"{row.source}: {row.what}" for row in rows_of(told)])
    text = [
        f"{row.received} of {row.expected}" + (f", without {row.missing}" if row.missing else "")
        for row in rows_of(told)
    ]
    parts = [float(one) for one in told["coverage"]]
    figure = go.Figure(bars(LOOKS[2], name="told", y=names, x=parts, orientation="h"))
    words = (
        "Days told ÷ days expected: opt-ins and ad spend from the source's first day on, attendance on every challenge day so far; "
        "samples received ÷ minutes of the sessions that were sampled. A day without opt-ins or spend may be a true zero: look at it."
    )
    box = {"bgcolor": "#ffffff", "bordercolor": INK, "borderpad": 2}
    for name, line in zip(names, text, strict=True):
        figure.add_annotation(x=1, y=name, text=line, showarrow=False, xanchor="left", **box)
    dressed(figure, title, words, height=60 + ROW * len(told))
    figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")
    return figure.update_xaxes(title_text="% told", range=[0, 104])


def trust(found: pd.DataFrame) -> go.Figure:
    """Return precision and recall of the suggestions where the truth is known."""
    title = "How far to trust the suggestions"
    if found.empty:
        return empty(title, "There are no sales to try the suggestions on.")
    names = labels([f"{row.what} ({row.sales})" for row in rows_of(found)])
    figure = go.Figure()
    for column, look in (("precision", LOOKS[0]), ("recall", LOOKS[1])):
        parts = [None if pd.isna(one) else float(one) * 100 for one in found[column]]
        text = ["—" if part is None else f"{part:.0f} %" for part in parts]
        drawn = [part or 0 for part in parts]
        figure.add_trace(
            bars(
                look,
                name=column,
                y=names,
                x=drawn,
                orientation="h",
                text=text,
                textposition="outside",
                cliponaxis=False,
            )
        )
    words = (
        "Precision: first suggestions that are the right person ÷ first suggestions. Recall: the same ÷ sales whose buyer did opt in. "
        "In brackets: sales tried. —: nothing was suggested, or nobody was there to be found."
    )
    dressed(figure, title, words, height=60 + 44 * len(found))
    figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")
    return figure.update_xaxes(title_text="%", range=[0, 112])


def _rows(look: Look, name: str, y: list[str], x: list[int], text: list[str]) -> go.Bar:
    return bars(look, name=name, y=y, x=x, orientation="h", text=text, textposition="outside", cliponaxis=False)
