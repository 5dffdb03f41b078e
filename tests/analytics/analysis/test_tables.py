"""Tables in notebooks: every cell as it is drawn, nothing runs, nothing is left out in silence."""

import json
from decimal import Decimal

import pandas as pd
import pytest

from analytics.plots.tables import MOST, table

UTC = "2026-01-05 10:11:59+00:00"


def cells(frame: pd.DataFrame) -> list[list[str]]:
    drawn: list[list[str]] = json.loads(table(frame)._dt_args["data_json"])
    return drawn


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([Decimal("1234567.80"), Decimal("-0.05"), None], ["1,234,567.80", "-0.05", ""]),
        (pd.array([1234, None], dtype="Int64"), ["1,234", ""]),
        (pd.to_datetime(pd.Series(["2026-01-05", None])), ["2026-01-05", ""]),
        (pd.to_datetime(pd.Series([UTC, None])), ["2026-01-05 10:11", ""]),
        ([True, False], ["yes", "no"]),
        ([0.5, float("nan")], ["0.5", ""]),
        (["<img src=x onerror=alert(1)>", "=1+1"], ["&lt;img src=x onerror=alert(1)&gt;", "=1+1"]),
    ],
    ids=["money", "counts", "dates", "moments", "yes-no", "ratios", "texts"],
)
def test_a_column_as_text(values: object, texts: list[str]):
    assert cells(pd.DataFrame({"column": values})) == [[text] for text in texts]


def test_a_number_that_is_a_name_has_no_separators():
    assert cells(pd.DataFrame({"sale_id": [12345], "leads": [12345]})) == [["12345", "12,345"]]


def test_titles_are_words():
    assert "<th>cost per lead</th>" in table(pd.DataFrame({"cost_per_lead": [1]}))._dt_args["table_html"]


@pytest.mark.parametrize("count", [0, 1, MOST, MOST + 1])
def test_a_cut_is_told(count: int):
    drawn = table(pd.DataFrame({"leads": range(count)}))

    assert len(json.loads(drawn._dt_args["data_json"])) == min(count, MOST)
    assert bool(drawn.caption) == (count > MOST)
