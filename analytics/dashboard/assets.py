"""What is sent, as browsers like it: pages compressed, static files compressed once and kept for as long as their name says."""

import asyncio
import gzip
import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jupyter_server.auth.decorator import allow_unauthenticated
from tornado.web import GZipContentEncoding, StaticFileHandler

WORTHWHILE: Final = frozenset({".js", ".mjs", ".css", ".json", ".map", ".svg", ".html"})
NAMED_BY_CONTENT: Final = re.compile(r"\.[0-9a-f]{16,}\.")
A_YEAR: Final = "max-age=31536000, immutable"


@lru_cache(maxsize=512)
def compressed(path: str, changed: datetime) -> bytes:  # noqa: ARG001 (a new file under the same name is another entry)
    """Return a file's content, compressed; the first asker pays for all."""
    return gzip.compress(Path(path).read_bytes(), 6)


class PackedPages(GZipContentEncoding):
    """Compresses pages, and nothing that is compressed elsewhere or long: an export would keep every viewer waiting."""

    GZIP_LEVEL = 4

    def _compressible_type(self, ctype: str) -> bool:
        return ctype.startswith("text/html")


class _Prepared(StaticFileHandler):
    """Mixed into a handler of static files; the loop that serves every viewer does no compressing."""

    @allow_unauthenticated  # files of packages, the same for everybody; the form to log in needs some
    async def get(self, path: str, include_body: bool = True) -> None:  # noqa: FBT001, FBT002 (the library's signature)
        """Send a file, compressed where the browser takes that and it is worth it."""
        plain = not include_body or Path(path).suffix not in WORTHWHILE or "Range" in self.request.headers
        if plain or "gzip" not in self.request.headers.get("Accept-Encoding", ""):
            await super().get(path, include_body)
            return
        self.path = self.parse_url_path(path)
        found = self.get_absolute_path(self.root, self.path)  # which may choose the root among several
        absolute = self.validate_absolute_path(self.root, found)
        if absolute is None:  # the library answered
            return
        self.absolute_path = absolute
        self.modified = self.get_modified_time()
        self.set_headers()
        self.set_header("Vary", "Accept-Encoding")
        if self.should_return_304():
            self.set_status(304)
            return
        self.set_header("Content-Encoding", "gzip")
        self.write(await asyncio.to_thread(compressed, absolute, self.modified))

    def set_headers(self) -> None:
        """Let browsers keep for a year what has its content's hash in its name."""
        super().set_headers()
        if NAMED_BY_CONTENT.search(self.request.path):
            self.set_header("Cache-Control", A_YEAR)


def prepared(rule: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a route whose static files, if such it serves, are sent prepared."""
    pattern, handler, *rest = rule
    if not issubclass(handler, StaticFileHandler):
        return rule
    return (pattern, type(f"Prepared{handler.__name__}", (_Prepared, handler), {}), *rest)
