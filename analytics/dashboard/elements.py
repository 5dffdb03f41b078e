"""The page's own small widgets; each is a few lines of JavaScript in `static/` fed by one or two traits."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import anywidget
import traitlets

from analytics.dashboard import charts

STATIC = Path(__file__).parent / "static"
CHUNK = 256 * 1024
UNWATCHED = 90.0  # seconds without a word from the browser after which a page rests, so that its kernel can be culled

log = logging.getLogger(__name__)


class Region(anywidget.AnyWidget):
    """A piece of the page that Python writes as HTML; the browser changes only what differs."""

    _esm = STATIC / "region.js"
    html = traitlets.Unicode().tag(sync=True)


class Chart(anywidget.AnyWidget):
    """A plotly figure, redrawn in place; plotly.js comes from our own server, or through the kernel where there is none."""

    _esm = STATIC / "chart.js"
    figure = traitlets.Unicode("{}").tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.on_msg(self._send_script)

    def _send_script(self, _widget: object, message: object, _buffers: object) -> None:
        if message == "plotly":
            self.send({"plotly": charts.VERSION}, buffers=[charts.SCRIPT.read_bytes()])


class Headers(anywidget.AnyWidget):
    """Makes the column headers of the table beside it sort the whole result, not the rows in sight."""

    _esm = STATIC / "headers.js"
    columns = traitlets.List(traitlets.Unicode()).tag(sync=True)
    column = traitlets.Unicode().tag(sync=True)
    descending = traitlets.Bool(True).tag(sync=True)  # noqa: FBT003 - a trait's default


class Download(anywidget.AnyWidget):
    """A button that saves text the kernel hands over piece by piece, each when the browser asks for it."""

    _esm = STATIC / "download.js"
    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, start: Callable[[], tuple[str, Iterator[str]]], **traits: object) -> None:
        super().__init__(**traits)
        self._start, self._name = start, ""
        self._pieces: Iterator[bytes] = iter(())
        self.on_msg(self._answer)

    def _answer(self, _widget: object, message: object, _buffers: object) -> None:
        try:
            if message == "start":
                self._name, text = self._start()
                self._pieces = pieces(text)
            if message in ("start", "next"):
                piece = next(self._pieces, None)
                self.send({"name": self._name, "done": piece is None}, buffers=[piece] if piece else [])
        except Exception:
            log.exception("the export stopped")
            self.send({"failed": True})


class Pulse(anywidget.AnyWidget):
    """A beat every few seconds, answered by the browser: the page knows of a dead kernel, the kernel of a closed page."""

    _esm = STATIC / "pulse.js"
    beat = traitlets.Int().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self._heard = monotonic()
        self.on_msg(self._hear)

    def watched(self) -> bool:
        """Tell whether a browser spoke lately."""
        return monotonic() - self._heard < UNWATCHED

    def _hear(self, _widget: object, _message: object, _buffers: object) -> None:
        self._heard = monotonic()


def pieces(text: Iterator[str], size: int = CHUNK) -> Iterator[bytes]:
    """Yield text as UTF-8 in pieces of about `size` bytes."""
    held: list[bytes] = []
    weight = 0
    for part in text:
        held.append(part.encode())
        weight += len(held[-1])
        if weight >= size:
            yield b"".join(held)
            held, weight = [], 0
    if held:
        yield b"".join(held)
