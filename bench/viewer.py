"""A viewer without a browser: opens the page as one does, listens to its kernel, says now and then that it is there, and leaves."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1, serialize_msg_to_ws_v1
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

PROTOCOL: Final = "v1.kernel.websocket.jupyter.org"
KERNEL: Final = re.compile(r'"kernelId": ?"([\w-]+)"')
CHANNEL: Final = "Channel"  # the widget that wants to hear what somebody watches
PART: Final = re.compile(r'data-part="(\w+)" data-mark="(\w+)"')
METADATA: Final = {"version": "1.0.0"}  # of the widgets' control protocol
HERE: Final = 20.0  # seconds between two such words
MAY_TAKE: Final = 180.0


class Viewer:
    """One open page; `named` and `complete` are the seconds until the page told its kernel, and until it was all there."""

    def __init__(self, address: str) -> None:
        self.address, self._place = address, urlsplit(address).netloc
        self.kernel, self.named, self.complete = "", 0.0, 0.0
        self._cookies: dict[str, str] = {}
        self._socket: WebSocketClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._awaited, self._seen_at = b"", 0.0

    async def open(self) -> None:
        """Open the page and its socket, and ask for the widgets, as the page's script does."""
        page = await self._fetch()
        found = KERNEL.search(page)
        if found is None:
            raise RuntimeError(f"{self.address} told no kernel:\n{page[-400:]}")
        self.kernel = found[1]
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        address = f"ws://{self._place}/api/kernels/{self.kernel}/channels?session_id={uuid.uuid4()}"
        self._socket = await websocket_connect(HTTPRequest(address, headers=headers), subprotocols=[PROTOCOL])
        control = uuid.uuid4().hex
        await self._say("kernel_info_request", {})
        await self._say("comm_open", {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}})
        await self._say("comm_msg", {"comm_id": control, "data": {"method": "request_states"}})
        channels = await asyncio.wait_for(self._widgets(), MAY_TAKE)
        asked = {"query": urlsplit(self.address).query, "number": 1, "have": dict(PART.findall(page)), "now": True}
        for channel in channels:
            await self._tell(channel, asked)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_saying_here(channels))]

    def await_text(self, text: str) -> None:
        """Watch from now on for a text in what the kernel tells."""
        self._seen_at, self._awaited = 0.0, text.encode()

    def seen_at(self) -> float:
        """Return the moment at which the awaited text came, on the monotonic clock; 0 if it has not."""
        return self._seen_at

    async def leave(self) -> int:
        """Close the page as a browser does, which says goodbye for it, and return the answer's status."""
        status = await self._say_goodbye()
        self.vanish()
        return status

    def vanish(self) -> None:
        """Close the socket without a word, as a laptop does that falls asleep."""
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            self._socket.close()

    async def _fetch(self) -> str:
        begun, parts = time.perf_counter(), [""]

        def take(chunk: bytes) -> None:
            parts.append(chunk.decode(errors="replace"))
            if not self.named and KERNEL.search(parts[-2] + parts[-1]):
                self.named = time.perf_counter() - begun

        request = HTTPRequest(self.address, streaming_callback=take, request_timeout=MAY_TAKE, connect_timeout=60)
        answer = await AsyncHTTPClient().fetch(request)
        self.complete = time.perf_counter() - begun
        pairs = (cookie.partition(";")[0].partition("=") for cookie in answer.headers.get_list("Set-Cookie"))
        self._cookies = {name: value for name, _, value in pairs}
        return "".join(parts)

    async def _say(self, kind: str, content: Mapping[str, Any]) -> None:
        assert self._socket is not None
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": "viewer", "version": "5.3"}
        parts = [json.dumps(part).encode() for part in (header, {}, METADATA, content)]
        await self._socket.write_message(serialize_msg_to_ws_v1(parts, "shell"), binary=True)

    async def _widgets(self) -> list[str]:
        """Wait until the widgets were told, and return those that want to hear of us."""
        assert self._socket is not None
        while (raw := await self._socket.read_message()) is not None:
            told = json.loads(deserialize_msg_from_ws_v1(raw)[1][3])
            states = told.get("data", {}).get("states") or told.get("data", {}).get("content", {}).get("states")
            if states is not None:
                return [one for one, told in states.items() if CHANNEL in str(told["state"].get("_anywidget_id", ""))]
        raise RuntimeError("the socket was closed")

    async def _listen(self) -> None:
        assert self._socket is not None
        while (raw := await self._socket.read_message()) is not None:
            if self._awaited and not self._seen_at and self._awaited in raw:
                self._seen_at = time.monotonic()

    async def _keep_saying_here(self, channels: list[str]) -> None:
        while True:
            await asyncio.sleep(HERE)
            for channel in channels:
                await self._tell(channel, "here")

    async def _tell(self, channel: str, content: object) -> None:
        await self._say("comm_msg", {"comm_id": channel, "data": {"method": "custom", "content": content}})

    async def _say_goodbye(self) -> int:
        token = self._cookies.get("_xsrf", "")
        headers = {"Cookie": f"_xsrf={token}"} if token else {}
        address = f"http://{self._place}/voila/api/shutdown/{self.kernel}?_xsrf={token}"
        try:
            answer = await AsyncHTTPClient().fetch(HTTPRequest(address, "POST", headers, body=""))
        except HTTPClientError as error:
            return error.code
        return answer.code
