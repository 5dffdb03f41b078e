"""itables' table as the page needs it: its script from our server, its rows changed in place, its headers and rows to click.

The rows are texts already, so they go to the script as it reads them, without a frame: pandas would be most of a kernel.
"""

import json
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

from analytics.dashboard.elements import script

_PACKAGE: Final = find_spec("itables")
SCRIPT: Final = Path(str(_PACKAGE.origin)).parent / "widget" / "static" / "widget.js" if _PACKAGE else Path()
VERSION: Final = version("itables")


class Grid(anywidget.AnyWidget):
    """A table whose last column names each row, out of sight; sorting and choosing are told, never done, by the browser."""

    _esm = script("grid.js")
    caption = traitlets.Unicode().tag(sync=True)
    classes = traitlets.Unicode().tag(sync=True)
    selected_rows = traitlets.List(traitlets.Int()).tag(sync=True)
    _style = traitlets.Unicode().tag(sync=True)
    _dt_args = traitlets.Dict().tag(sync=True)
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    column = traitlets.Unicode().tag(sync=True)
    descending = traitlets.Bool(True).tag(sync=True)  # noqa: FBT003 - a trait's default
    chosen = traitlets.Int().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        titles: Sequence[str],
        *,
        columns: Sequence[str],
        column: str,
        descending: bool,
        options: dict[str, Any],
        look: dict[str, str],
    ) -> None:
        super().__init__(columns=list(columns), column=column, descending=descending, **look)
        self._dt_args = {**options, "table_html": _head_html(titles), "data_json": "[]"}
        self.on_msg(self._send_script)

    def show(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these rows of texts; nothing is sent where they are those in sight."""
        told = json.dumps([[escape(text, quote=False) for text in row] for row in rows])
        if told != self._dt_args["data_json"]:
            self._dt_args = self._dt_args | {"data_json": told}

    def _send_script(self, _widget: object, message: object, _buffers: object) -> None:
        if message == "itables":  # a notebook that nobody serves
            self.send({"itables": VERSION}, buffers=[SCRIPT.read_bytes()])


def _head_html(titles: Sequence[str]) -> str:
    heads = "".join(f"<th>{escape(title)}</th>" for title in titles)
    return f"<table><thead><tr>{heads}</tr></thead></table>"
