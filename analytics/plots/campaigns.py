"""Pictures of spend and what it brought."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analytics.plots.style import LOOKS, bars, dressed, empty, labels, rows_of

MOST, BAR, FRAME = 20, 44, 60
SPEND, REVENUE = LOOKS[0], LOOKS[1]


def spend_and_revenue(found: pd.DataFrame, currency: str, level: str = "campaign") -> go.Figure:
    """Return what each campaign (ad set, ad) cost beside the revenue of the full funnel it brought, with its ROAS."""
    title = f"Ad spend and revenue by {level}"
    if not _has_numbers(found):
        return empty(title, "Neither ad spend nor a sale is known in this period.")
    shown = _largest(found)
    names = labels([_name(row) for row in rows_of(shown)])
    figure = go.Figure(
        [
            bars(SPEND, name="Ad spend", y=names, x=_numbers(shown["ad_spend"]), orientation="h"),
            bars(
                REVENUE,
                name="Revenue (full funnel)",
                y=names,
                x=_numbers(shown["revenue"]),
                orientation="h",
                text=[_roas(row) for row in rows_of(shown)],
                textposition="outside",
                cliponaxis=False,
            ),
        ]
    )
    dressed(figure, title, _definition(found, shown), height=FRAME + BAR * len(shown))
    figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")
    most = max([*_numbers(shown["ad_spend"]), *_numbers(shown["revenue"])])
    return figure.update_xaxes(title_text=currency, showgrid=True, tickformat="~s", range=[0, most * 1.22 or 1])


def costs(found: pd.DataFrame, currency: str, level: str = "campaign") -> go.Figure:
    """Return cost per lead and cost per acquisition side by side, each on its own scale; undefined ratios have no bar."""
    title = f"Cost per lead and per high-ticket sale by {level}"
    named = found[~found["is_unattributed"]]
    named = named[named["cost_per_lead"].notna() | named["cost_per_acquisition"].notna()].head(MOST)
    if named.empty:
        return empty(title, "No ratio is defined: there is no campaign with ad spend and a lead or a sale.")
    names = labels(named["name"].tolist())
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.06)
    columns = (("cost_per_lead", "Cost per lead", SPEND), ("cost_per_acquisition", "Cost per acquisition", REVENUE))
    for place, (column, heading, look) in enumerate(columns, 1):
        amounts = [None if pd.isna(one) else float(one) for one in named[column]]
        text = ["—" if one is None else f"{one:,.2f}" for one in amounts]
        drawn = [one or 0 for one in amounts]
        bar = bars(
            look, name=heading, y=names, x=drawn, orientation="h", text=text, textposition="outside", cliponaxis=False
        )
        figure.add_trace(bar, row=1, col=place)
        unit = f"{currency} per {'lead' if place == 1 else 'sale'}"
        figure.update_xaxes(title_text=unit, range=[0, max(drawn) * 1.3 or 1], row=1, col=place)
    words = (
        "Cost per lead: ad spend ÷ opt-ins. Cost per acquisition: ad spend ÷ high-ticket sales, both inside the period. "
        "—: no lead or no sale yet; never 0."
    )
    dressed(figure, title, words, height=FRAME + 30 * len(named))
    figure.update_yaxes(autorange="reversed", gridcolor="rgba(0,0,0,0)")
    return figure.update_xaxes(showgrid=True)


def _has_numbers(found: pd.DataFrame) -> bool:
    return bool(len(found)) and bool(found["ad_spend"].notna().any() or _has_sold(found).any())


def _has_sold(found: pd.DataFrame) -> pd.Series:
    return (found["high_ticket_sales"] > 0) | (found["revenue"] > 0)


def _largest(found: pd.DataFrame) -> pd.DataFrame:
    """Return the first rows and the unattributed one, without rows that have neither spend nor a sale."""
    told = found[found["ad_spend"].notna() | _has_sold(found) | found["is_unattributed"]]
    named, nowhere = told[~told["is_unattributed"]], told[told["is_unattributed"]]
    return pd.concat([named.head(MOST), nowhere])


def _numbers(amounts: Iterable[Any]) -> list[float]:
    # A picture is drawn in floats; every figure that is printed stays a decimal.
    return [0.0 if amount is None or pd.isna(amount) else float(amount) for amount in amounts]


def _name(row: Any) -> str:
    """Return what to call a row; an ad with its ad set, because ads of several share their names."""
    return f"{row.ad_set} › {row.ad}" if row.ad else row.name


def _roas(row: Any) -> str:
    if not pd.isna(row.roas):
        return f"ROAS {row.roas}"
    return "no ad spend" if pd.isna(row.ad_spend) and not row.is_unattributed else ""


def _definition(found: pd.DataFrame, shown: pd.DataFrame) -> str:
    rest = len(found) - len(shown)
    more = f" {rest} more rows without spend and sales, or smaller ones, are in the table alone." if rest else ""
    return (
        "ROAS: VIP, OTO and high-ticket revenue ÷ ad spend, both inside the period. Revenue is gross, credited to the first touch. "
        f"Unattributed: sales and orders without a known campaign.{more}"
    )
