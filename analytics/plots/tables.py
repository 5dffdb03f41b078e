"""Frames as tables that an analyst searches, sorts and pages in the notebook; amounts keep every digit."""

from datetime import datetime
from decimal import Decimal
from numbers import Integral
from typing import Final

import pandas as pd
from itables.widget import ITable

MOST: Final = 2000  # rows that go to the browser; the frame has all
PAGES: Final = (15, 50, 200)
STYLE: Final = "table-layout:auto;width:auto;margin:0;caption-side:bottom"


def table(frame: pd.DataFrame) -> ITable:
    """Return a frame as a table; blank cells are unknown, and a frame too long to send says how much of it is shown."""
    first = frame.head(MOST)
    shown = pd.DataFrame({str(name).replace("_", " "): _texts(str(name), first[name]) for name in first.columns})
    cut = f"The first {MOST:,} of {len(frame):,} rows; the frame itself has them all." if len(frame) > MOST else ""
    # Without maxBytes itables would leave out rows in the middle and not say so.
    return ITable(
        shown, caption=cut, style=STYLE, showIndex=False, maxBytes=0, pageLength=PAGES[0], lengthMenu=[*PAGES]
    )


def _texts(name: str, values: pd.Series) -> list[str]:
    """Return a column as text; a number that is a name, such as a sale's, has no separators."""
    return [_text(value).replace(",", "") if name.endswith("_id") else _text(value) for value in values]


def _text(value: object) -> str:
    """Return a cell as text that the table still sorts by size: numbers with separators, moments as ISO has them."""
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124 (only NaN is not itself)
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.tzinfo is None else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Integral | Decimal):
        return f"{value:,}"
    return str(value)
