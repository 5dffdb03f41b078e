"""The page's one widget: a channel between a kernel and the page, which a server has written or which is made in a notebook."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import Any, Final

import anywidget
import traitlets
from ipywidgets import Layout

from analytics.dashboard.settings import is_served

STATIC = Path(__file__).parent / "static"
VERSION: Final = sha256(b"".join(path.read_bytes() for path in sorted(STATIC.glob("*.js")))).hexdigest()[:12]
IMPORT: Final = re.compile(r'^import .* from "\./(.+)";$', re.MULTILINE)
EXPORT: Final = re.compile(r"^export (?=(?:async )?function)", re.MULTILINE)
CHUNK = 256 * 1024
UNWATCHED = 90.0  # seconds without a word from the browser after which a page rests, so that its kernel can be culled
HERE: Final = 'export default { render: ({ model }) => document.getElementById("view3").page.follow(model) };'

Files = Mapping[str, Callable[[], tuple[str, Iterator[str]]]]  # by what is asked for: what gives a file's name and text

log = logging.getLogger(__name__)


def script(name: str) -> str:
    """Return a module of the page with all that it imports."""
    return IMPORT.sub(lambda found: EXPORT.sub("", script(found[1])), _text(name))


def style() -> str:
    """Return the page's style for a notebook that nobody serves, where its colours are the page's alone; a server writes its own."""
    return "" if is_served() else _text("view3.css").replace(":root:root", ".view3-page.view3-page")


def _text(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


class _Told:
    """What a kernel alone decides: a page asks by messages, and changes no widget's state."""

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Change nothing."""


class _Box(_Told, Layout):  # type: ignore[misc]
    """The channel's place in a notebook."""


class Channel(_Told, anywidget.AnyWidget):
    """Carries what a viewer asks to the kernel, and answers, a beat and files to the viewer."""

    _esm = HERE if is_served() else script("notebook.js")
    _css = style()
    frame = traitlets.Unicode().tag(sync=True)  # the page, where no server has written it

    def __init__(self, ask: Callable[[dict[str, Any]], None], files: Files) -> None:
        super().__init__(layout=_Box())
        self._ask, self._files = ask, files
        self._pieces: Iterator[bytes] = iter(())
        self._name = ""
        self._heard = monotonic()
        self.on_msg(self._hear)

    def watched(self) -> bool:
        """Tell whether a browser spoke lately."""
        return monotonic() - self._heard < UNWATCHED

    def _hear(self, _widget: object, message: object, _buffers: object) -> None:
        self._heard = monotonic()
        if not isinstance(message, dict):
            return
        if "query" in message:
            self._ask(message)
        if "file" in message:
            self._send_file(message["file"])

    def _send_file(self, wanted: object) -> None:
        """Send the first piece of a file, or of the one under way the next: each when the browser asks for it."""
        try:
            if wanted != "next":
                self._name, text = self._files[str(wanted)]()
                self._pieces = pieces(text)
            piece = next(self._pieces, None)
            self.send({"name": self._name, "done": piece is None}, buffers=[piece] if piece else [])
        except Exception:
            log.exception("the export stopped")
            self.send({"failed": True})


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
