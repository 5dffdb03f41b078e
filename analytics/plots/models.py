"""A picture of attribution models side by side."""

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analytics.plots.style import LOOKS, bars, dressed, empty, labels

MOST, ROW, SMALLEST = 14, 34, 50
HEADINGS = {"position_based": "Position-based", "markov_removal_effect": "Markov"}


def side_by_side(found: pd.DataFrame, currency: str) -> go.Figure:
    """Return the revenue of each campaign under each model, a column of bars per model, all on one scale."""
    title = "High-ticket revenue by campaign under six models"
    models = list(found.columns[1:])
    if not sum(found[models[0]]):
        return empty(title, "No high-ticket sale in this period.")
    shown = pd.concat([found.iloc[:-1].head(MOST), found.tail(1)])
    names = labels(shown["campaign"].tolist())
    headings = [HEADINGS.get(model, model.replace("_", " ").capitalize()) for model in models]
    figure = make_subplots(1, len(models), shared_yaxes=True, horizontal_spacing=0.012, subplot_titles=headings)
    figure.update_annotations(font_size=13)
    longest = max(float(amount) for model in models for amount in shown[model])
    for place, (model, look) in enumerate(zip(models, LOOKS, strict=True), 1):
        amounts = [float(amount) for amount in shown[model]]
        text = [_thousands(amount) for amount in amounts]
        bar = bars(
            look, name=model, y=names, x=amounts, orientation="h", text=text, textposition="outside", cliponaxis=False
        )
        figure.add_trace(bar, row=1, col=place)
        figure.update_xaxes(range=[0, longest * 1.8], row=1, col=place)
    rest = len(found) - len(shown)
    more = f" {rest} smaller campaigns are in the table alone." if rest else ""
    words = (
        f"Thousands (k) of {currency}, gross, credited to the buyers' opt-ins before the purchase; all columns have the same sum and scale. First touch is the "
        f"rule of every other figure of View 3.{more}"
    )
    dressed(figure, title, words, height=80 + ROW * len(shown))
    figure.update_layout(showlegend=False)
    figure.update_xaxes(showticklabels=False, ticks="")
    return figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")


def _thousands(amount: float) -> str:
    """Return an amount in thousands; a small one is not nothing."""
    if 0 < amount < SMALLEST:
        return "&lt;0.1k"  # text in a picture is read as markup
    return f"{amount / 1000:,.1f}k" if amount else "0"
