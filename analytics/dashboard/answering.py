"""Filters answered over HTTP: the parts of the page that another address brings, for whoever may see the page."""

import asyncio
import gzip
import json
from typing import Any, Final

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

from analytics.dashboard.first_sight import FirstSight

ADDRESS: Final = "view3/answer"
FAST: Final = 4  # of nine levels of compression


def routes(sight: FirstSight) -> list[tuple[str, type, dict[str, Any]]]:
    """Return what the server mounts."""
    return [(f"/{ADDRESS}", AnswerFile, {"sight": sight})]


class AnswerFile(JupyterHandler):
    """Answers with the parts of the page that its query asks for; a browser asks one thing at a time."""

    def initialize(self, sight: FirstSight) -> None:
        """Keep who reads."""
        self._sight = sight

    @authenticated
    async def get(self) -> None:
        """Send the parts as JSON; read in a thread, so that a slow database keeps this viewer waiting and no other."""
        packed = "gzip" in self.request.headers.get("Accept-Encoding", "")
        body = await asyncio.to_thread(self._body, packed=packed)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        if packed:
            self.set_header("Content-Encoding", "gzip")
        await self.finish(body)

    def _body(self, *, packed: bool) -> bytes:
        told = json.dumps(self._sight.told(self.request.query), separators=(",", ":")).encode()
        return gzip.compress(told, FAST) if packed else told
