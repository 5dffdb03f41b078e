"""itables' table as the page needs it: its script from our server, its rows changed in place, its headers and rows to click."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import itables
import pandas as pd
import traitlets
from itables.typing import ITableOptions
from itables.widget import ITable

from analytics.dashboard.elements import script

SCRIPT: Final = Path(itables.__file__).parent / "widget" / "static" / "widget.js"
VERSION: Final = version("itables")


class Grid(ITable):
    """A table whose last column names each row, out of sight; sorting and choosing are told, never done, by the browser."""

    _esm = script("grid.js")  # type: ignore[assignment] # the library names a file
    _css = ""  # type: ignore[assignment] # the page has its own
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    column = traitlets.Unicode().tag(sync=True)
    descending = traitlets.Bool(True).tag(sync=True)  # noqa: FBT003 - a trait's default
    chosen = traitlets.Int().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, frame: pd.DataFrame, *, columns: Sequence[str], column: str, descending: bool, options: ITableOptions
    ) -> None:
        super().__init__(frame, **options)
        self.columns, self.column, self.descending = list(columns), column, descending
        self.on_msg(self._send_script)

    def _send_script(self, _widget: object, message: object, _buffers: object) -> None:
        if message == "itables":  # a notebook that nobody serves
            self.send({"itables": VERSION}, buffers=[SCRIPT.read_bytes()])
