"""From the page to a notebook: what is on screen as parameters, and a few calls that give the same figures."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from analytics.view3 import SalesFilter

ABOUT: Final = """# View 3, as the page showed it

The cell below holds what was on screen: period, filter and moment. Change a value and run all cells.
Nothing here can write to the database."""
OPEN: Final = """from datetime import date, datetime

from analytics.challenge import Period
from analytics.workbench import Workbench

workbench = Workbench.open()
frames = workbench.frames
period = Period(date.fromisoformat(first), date.fromisoformat(last))
moment = workbench.aware(datetime.fromisoformat(as_of))"""
FIGURES: Final = "frames.view(period, moment)"
ROWS: Final = "frames.sales(period, campaign_key=campaign_key, product_key=product_key, search=search)"
RECEIPT: Final = 'workbench.receipt("roas", period, moment)'


def parameters(wanted: SalesFilter, as_of: datetime) -> dict[str, str]:
    """Return what is on screen as texts by the notebook's own names."""
    return {
        "first": wanted.period.first.isoformat(),
        "last": wanted.period.last.isoformat(),
        "campaign_key": wanted.campaign,
        "product_key": wanted.product,
        "search": wanted.search,
        "as_of": as_of.isoformat(timespec="seconds"),
    }


def notebook(wanted: SalesFilter, as_of: datetime) -> str:
    """Return a notebook as text; what viewers typed stands in it as quoted texts, never as code and never as Markdown."""
    given = "\n".join(f"{name} = {value!a}" for name, value in parameters(wanted, as_of).items())
    cells = (
        _prose("about", ABOUT),
        _code("parameters", given, tags=["parameters"]),
        _code("open", OPEN),
        _prose("about-figures", "Every figure of the page, with the digits that it prints."),
        _code("figures", FIGURES),
        _prose("about-rows", "The rows of the attribution table, every one that the filter lets through."),
        _code("rows", ROWS),
        _prose("about-receipt", "How a figure came about; any name of the first column will do."),
        _code("receipt", RECEIPT),
    )
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = {
        "cells": list(cells),
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(book, indent=1)


def notebook_name(local: datetime) -> str:
    """Return the file's name, which tells when the page showed it."""
    return f"view3-{local:%Y%m%d-%H%M%S}.ipynb"


def _prose(name: str, text: str) -> Mapping[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(name: str, text: str, tags: list[str] | None = None) -> Mapping[str, Any]:
    metadata = {"tags": tags} if tags else {}
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "source": text,
        "outputs": [],
        "execution_count": None,
    }
