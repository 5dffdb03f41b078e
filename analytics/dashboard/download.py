"""The attribution table as a file over HTTP: every row that the page's address asks for, streamed, never held."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

from jupyter_server.base.handlers import JupyterHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from analytics.dashboard import address as addresses
from analytics.dashboard.elements import pieces
from analytics.dashboard.source import Source
from analytics.dashboard.wording import file_name
from analytics.view3 import SalesFilter, Sort

ADDRESS: Final = "view3/sales.csv"

log = logging.getLogger(__name__)


def routes(source: Source) -> list[tuple[str, type, dict[str, Any]]]:
    """Return what the server mounts."""
    return [(f"/{ADDRESS.replace('.', '[.]')}", SalesFile, {"source": source})]


class SalesFile(JupyterHandler):
    """Answers the page's own query with the rows it asks for; rows per page and page do not matter."""

    def initialize(self, source: Source) -> None:
        """Keep where rows come from."""
        self._source = source

    @authenticated
    async def head(self) -> None:
        """Tell whether a file can be had, and its name."""
        total = (await self._or_503(lambda: self._source.sales(*self._wanted(), 1, 0))).total
        self._name(total)

    @authenticated
    async def get(self) -> None:
        """Send the file piece by piece, each read when the one before it has left."""
        total, text = await self._or_503(lambda: self._source.export(*self._wanted()))
        self._name(total)
        with closing(pieces(text)) as parts:  # type: ignore[type-var] # a generator, whatever it is called
            await self._send(parts)

    async def _send(self, parts: Iterator[bytes]) -> None:
        try:
            while piece := await asyncio.to_thread(next, parts, b""):
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            log.info("an export was given up by its reader")

    async def _or_503(self, action: Any) -> Any:
        try:
            return await asyncio.to_thread(action)
        except Exception:
            log.exception("an export could not be read")
            raise HTTPError(503, reason="The database does not answer just now") from None

    def _wanted(self) -> tuple[SalesFilter, Sort]:
        challenge, now = self._source.challenge, self._source.now()
        asked = addresses.read(self.request.query, challenge).address
        period = asked.period(challenge, challenge.local_date(now)) or challenge.whole(now)
        return asked.sales(period), asked.sort

    def _name(self, total: int) -> None:
        local = self._source.challenge.local_time(self._source.now())
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{file_name(total, local)}"')
        self.set_header("Cache-Control", "no-store")
