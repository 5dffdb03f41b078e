"""Every picture: told apart without colour, titled, with units and a definition, on the sample and on nothing, harmless to look at."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analytics.analysis import attendance, campaigns, matching, models, quality, waiting
from analytics.plots import attendance as rooms
from analytics.plots import campaigns as spend
from analytics.plots import models as credit
from analytics.plots import quality as trust
from analytics.plots import style
from analytics.plots import waiting as waits
from analytics.plots.style import LOOKS
from analytics.workbench import Workbench

# How people without one kind of cone see (Machado, Oliveira and Fernandes 2009, full severity), in linear RGB.
EYES: dict[str, Any] = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
FAR, LIGHTER = 20, 10  # distance in Lab, and of its lightness alone; 2.3 is just noticeable

PICTURES: dict[str, Callable[[Workbench], go.Figure]] = {
    "campaigns": lambda w: spend.spend_and_revenue(campaigns.by_campaign(w), w.currency),
    "ad sets": lambda w: spend.spend_and_revenue(campaigns.by_ad_set(w), w.currency, "ad set"),
    "ads": lambda w: spend.spend_and_revenue(campaigns.by_ad(w), w.currency, "ad"),
    "costs": lambda w: spend.costs(campaigns.by_campaign(w), w.currency),
    "attendance": lambda w: rooms.by_day(attendance.by_day(w)),
    "retention": lambda w: rooms.retention(attendance.retention(w)),
    "within": lambda w: rooms.within_sessions(attendance.within_sessions(w)),
    "earlier": lambda w: rooms.against_earlier(attendance.against_earlier(w)),
    "sales": lambda w: rooms.against_sales(attendance.against_sales(w)),
    "histogram": lambda w: waits.histogram(waiting.waits(w)),
    "spread": lambda w: waits.spread(waiting.spread(w, waiting.waits(w))),
    "cohorts": lambda w: waits.cohorts(waiting.cohorts(w)),
    "matches": lambda w: trust.matches(quality.matches(w)),
    "hygiene": lambda w: trust.hygiene(quality.utm_hygiene(w)),
    "coverage": lambda w: trust.coverage(quality.coverage(w)),
    "trust": lambda w: trust.trust(matching.trust(w)),
    "models": lambda w: credit.side_by_side(models.side_by_side(w), w.currency),
}


def seen(colour: str, eyes: Any) -> Any:
    """Return a colour in Lab as some eyes see it."""
    part = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(eyes) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    x, y, z = np.where((v := xyz / [0.9505, 1, 1.089]) > 0.008856, np.cbrt(v), 7.787 * v + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", EYES)
def test_no_two_colours_look_alike_to_anybody(eyes: str) -> None:
    for one, other in combinations(LOOKS, 2):
        assert np.linalg.norm(seen(one.colour, EYES[eyes]) - seen(other.colour, EYES[eyes])) > FAR, (one, other)


def test_black_and_white_tells_them_apart() -> None:
    light = sorted(seen(look.colour, EYES["usual"])[0] for look in LOOKS)
    assert min(np.diff(light)) > LIGHTER
    for name in ("colour", "pattern", "dash", "symbol"):
        assert len({getattr(look, name) for look in LOOKS}) == len(LOOKS)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_the_sample_says_what_it_shows(name: str, sample: Workbench) -> None:
    figure = PICTURES[name](sample)
    assert figure.data
    assert len(figure.layout.title.text) > len("<b></b>")
    below = [note for note in figure.layout.annotations if note.yref == "paper" and note.y == 0]
    assert len(below) == 1
    assert len(below[0].text) > 60
    assert figure.layout.margin.b >= style.BELOW + style.LINE * (1 + below[0].text.count("<br>"))
    titled = [axis.title.text for axis in axes(figure) if axis.title.text]
    assert titled or name == "models"  # whose columns are headed, and whose unit stands below
    assert looks_differ(figure), name


def axes(figure: go.Figure) -> Iterator[Any]:
    yield from figure.select_xaxes()
    yield from figure.select_yaxes()


def looks_differ(figure: go.Figure) -> bool:
    """Tell whether any two series of one kind differ by something that is not their colour."""
    bars = [trace.marker.pattern.shape for trace in figure.data if trace.type == "bar"]
    lines = [
        (trace.line.dash, trace.line.width, trace.marker.symbol, trace.mode)
        for trace in figure.data
        if trace.type == "scatter"
    ]
    return len(set(bars)) == len(bars) and len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_of_nothing_says_so(name: str, empty: Workbench) -> None:
    figure = PICTURES[name](empty)
    if name == "coverage":  # the challenge days so far are expected, also in an empty database
        assert [trace.x for trace in figure.data] == [(0, 0)]
    else:
        assert not figure.data
        assert figure.layout.annotations[-1].text


def test_a_name_is_text_and_no_two_are_alike() -> None:
    shown = style.labels(["<b>a</b>", "x" * 90, "x" * 91, "", "same", "same"])
    assert shown[0] == "&lt;b&gt;a&lt;/b&gt;"
    assert len(set(shown)) == 6
    assert all(len(one) < 60 for one in shown)
    assert not any("<" in one for one in shown)


def test_a_hostile_campaign_stays_text() -> None:
    name = '<a href="javascript:alert(1)">x</a>'
    amounts = {model: [1.0, 0.0] for model in models.COLUMNS.values()}
    found = pd.DataFrame({"campaign": [name, "Unattributed"], **amounts})
    assert "<a" not in credit.side_by_side(found, "USD").to_json()
