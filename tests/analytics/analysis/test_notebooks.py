"""The analysts' notebooks, cell by cell in one process: on the sample and on nothing, on both engines. nbval runs them in kernels."""

import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analytics.workbench import Workbench

FOLDER = Path(__file__).parents[3] / "notebooks"
NOTEBOOKS = ["attendance", "attribution_models", "campaigns", "data_quality", "matching", "time_to_sale"]
SECONDS = 30


def cells(name: str) -> list[tuple[str, str]]:
    told = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in told]


def shown(value: Any) -> str:
    """Return what a reader sees of a cell's last line."""
    if hasattr(value, "to_plotly_json"):
        return str(value.to_json())
    return str(value.to_html() if isinstance(value, pd.DataFrame) else value)


def run(name: str, workbench: Workbench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    settings = workbench.settings
    monkeypatch.setenv("VIEW3_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("VIEW3_NOW", str(settings.now))
    monkeypatch.setenv("VIEW3_CHALLENGE_START", str(settings.challenge_start))
    monkeypatch.setenv("VIEW3_TIMEZONE", settings.timezone)
    names: dict[str, Any] = {}
    told = []
    for kind, text in cells(name):
        if kind == "code":
            *lines, last = text.strip().split("\n")
            exec("\n".join(lines), names)  # noqa: S102 (the notebook's own code)
            told.append(shown(eval(last, names)))  # noqa: S307 (its last line is what it shows)
    return told


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_on_the_sample(name: str, sample: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.perf_counter()
    told = run(name, sample, monkeypatch)
    assert time.perf_counter() - start < SECONDS
    assert len(told) >= 3
    secret = sample.settings.database_url.get_secret_value()
    assert not any(secret in one for one in told)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_runs_on_nothing(name: str, empty: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(name, empty, monkeypatch)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_picture_is_followed_by_how_to_read_it(name: str) -> None:
    told = cells(name)
    assert told[0][0] == "markdown"
    drawn = [place for place, (kind, text) in enumerate(told) if kind == "code" and "pictures." in text.split("\n")[-1]]
    for place in drawn:
        after = next(text for kind, text in told[place + 1 :] if kind == "markdown")
        assert after.startswith("**How to read it.**")
