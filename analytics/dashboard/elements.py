"""The page's own small widgets; each is a few lines of JavaScript in `static/` fed by one or two traits."""

import logging
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Final

import anywidget
import traitlets

from analytics.dashboard.settings import is_served

STATIC = Path(__file__).parent / "static"
VERSION: Final = sha256(b"".join(path.read_bytes() for path in sorted(STATIC.glob("*.js")))).hexdigest()[:12]
IMPORT: Final = re.compile(r'^import .* from "\./(.+)";$', re.MULTILINE)
CHUNK = 256 * 1024
UNWATCHED = 90.0  # seconds without a word from the browser after which a page rests, so that its kernel can be culled

Start = Callable[[], tuple[str, Iterator[str]]]  # gives a file's name and its text

log = logging.getLogger(__name__)


def script(name: str) -> str:
    """Return a widget's module: from the page's server, which browsers keep, else with all it imports, for a notebook."""
    if is_served():
        return f"""const served = document.querySelector('meta[name="view3-static"]').content;
const {{ default: widget }} = await import(new URL(`${{served}}/{name}?v={VERSION}`, document.baseURI));
export default widget;"""
    return IMPORT.sub(lambda found: _text(found[1]).replace("export function", "function"), _text(name))


def style() -> str:
    """Return the page's style for a notebook that nobody serves, where its colours are the page's alone; a server writes its own."""
    return "" if is_served() else _text("view3.css").replace(":root:root", ".view3-page.view3-page")


def _text(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


class Region(anywidget.AnyWidget):
    """A piece of the page that Python writes as HTML; the browser changes only what differs."""

    _esm = script("region.js")
    html = traitlets.Unicode().tag(sync=True)


class Place(anywidget.AnyWidget):
    """The end of the page's address, written by the kernel; an outdated page is loaded again from it."""

    _esm = script("place.js")
    _css = style()  # of all widgets this one stands once on a page
    query = traitlets.Unicode().tag(sync=True)
    outdated = traitlets.Bool(default_value=False).tag(sync=True)


class Download(anywidget.AnyWidget):
    """A button that saves text the kernel hands over piece by piece, each when the browser asks for it."""

    _esm = script("download.js")
    label = traitlets.Unicode().tag(sync=True)
    served = traitlets.Unicode("sales").tag(sync=True)  # which of the page's files, where a server has them

    def __init__(self, start: Start, **traits: object) -> None:
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

    _esm = script("pulse.js")
    beat = traitlets.Int().tag(sync=True)
    checked = traitlets.Unicode().tag(sync=True)

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
