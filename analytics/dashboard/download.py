"""What the page hands out as files over HTTP: the attribution table, streamed, never held, and a notebook of what is on screen."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from jupyter_server.base.handlers import JupyterHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from analytics.dashboard import address as addresses
from analytics.dashboard.elements import pieces
from analytics.dashboard.handover import notebook, notebook_name
from analytics.dashboard.source import Source
from analytics.dashboard.wording import file_name
from analytics.view3 import SalesFilter, Sort

ADDRESS: Final = "view3/sales.csv"
NOTEBOOK: Final = "view3/notebook.ipynb"
CSV: Final = "text/csv; charset=utf-8"

log = logging.getLogger(__name__)


def routes(source: Source) -> list[tuple[str, type, dict[str, Any]]]:
    """Return what the server mounts."""
    files = {ADDRESS: SalesFile, NOTEBOOK: NotebookFile}
    return [(f"/{address.replace('.', '[.]')}", file, {"source": source}) for address, file in files.items()]


class _File(JupyterHandler):
    """Knows what the page's own query asks for; rows per page and page do not matter."""

    def initialize(self, source: Source) -> None:
        """Keep where rows come from."""
        self._source = source

    def _wanted(self) -> tuple[SalesFilter, Sort]:
        challenge, now = self._source.challenge, self._source.now()
        asked = addresses.read(self.request.query, challenge).address
        return asked.wanted(challenge, now), asked.sort

    def _local(self) -> datetime:
        return self._source.challenge.local_time(self._source.now())

    def _name(self, name: str, kind: str) -> None:
        self.set_header("Content-Type", kind)
        self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        self.set_header("Cache-Control", "no-store")


class NotebookFile(_File):
    """Answers with a notebook that gives the figures of the page's address as they are now; nothing is read for it."""

    @authenticated
    async def head(self) -> None:
        """Tell the file's name."""
        self._announce()

    @authenticated
    async def get(self) -> None:
        """Send the notebook."""
        self._announce()
        await self.finish(notebook(self._wanted()[0], self._local()))

    def _announce(self) -> None:
        self._name(notebook_name(self._local()), "application/x-ipynb+json")


class SalesFile(_File):
    """Answers with the rows that the page's query asks for."""

    @authenticated
    async def head(self) -> None:
        """Tell whether a file can be had, and its name."""
        total = (await self._or_503(lambda: self._source.sales(*self._wanted(), 1, 0))).total
        self._name(file_name(total, self._local()), CSV)

    @authenticated
    async def get(self) -> None:
        """Send the file piece by piece, each read when the one before it has left."""
        total, parts, first = await self._or_503(self._begun)
        self._name(file_name(total, self._local()), CSV)
        with closing(parts):
            await self._send(parts, first)

    def _begun(self) -> tuple[int, Any, bytes]:
        """Return the number of rows, the file's pieces and the first of them, which shows that rows can be read."""
        total, text = self._source.export(*self._wanted())
        parts = pieces(text)
        return total, parts, next(parts, b"")

    async def _send(self, parts: Iterator[bytes], piece: bytes) -> None:
        try:
            while piece:
                self.write(piece)
                await self.flush()
                piece = await asyncio.to_thread(next, parts, b"")
        except StreamClosedError:
            log.info("an export was given up by its reader")

    async def _or_503(self, action: Any) -> Any:
        try:
            return await asyncio.to_thread(action)
        except Exception:
            log.exception("an export could not be read")
            raise HTTPError(503, reason="The database does not answer just now") from None
