"""What no page sends over a kernel's socket: the kernel lives, the page's state stays, and memory has an end."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from tests.browser.conftest import Served
from tests.browser.test_exposure import V1, fetch, message, packed
from tests.processes import runs, until

MANY = 10_000
GROWTH = 40_000  # kilobytes
ODD_STATES: list[dict[str, Any]] = [
    {"frame": 5},
    {"frame": ["<img src=x onerror=alert(1)>"]},
    {"_esm": "alert(1)"},
    {"_css": 7},
    {"layout": "IPY_MODEL_nothing"},
    {"no such trait": 1},
    {"index": 99},
    {"width": "1px"},
]
ODD_QUESTIONS: list[Any] = [
    {"query": 5},
    {"query": None, "number": "one"},
    {"query": "page=999999999&rows=-1&days=99-1&sort=nothing", "number": -1},
    {"query": "search=" + "x" * 1_000_000, "number": 10**30},
    {"file": 99},
    {"file": ["next"]},
    {"file": "../../etc/passwd"},
    "no object",
    [],
    99,
]


@asynccontextmanager
async def linked(served: Served, kernel: str) -> AsyncIterator[WebSocketClientConnection]:
    connection = await websocket_connect(
        HTTPRequest(f"ws://127.0.0.1:{served.port}/api/kernels/{kernel}/channels"), subprotocols=V1
    )
    yield connection
    await closed(connection)


async def closed(connection: WebSocketClientConnection) -> None:
    """Close a connection and wait until its end is said, where the server has not closed it already."""
    connection.close()
    with suppress(TimeoutError):
        while await asyncio.wait_for(connection.read_message(), 5) is not None:
            pass


async def heard(connection: WebSocketClientConnection, sought: str) -> str:
    """Return the first message that holds a text."""
    while True:
        raw = await asyncio.wait_for(connection.read_message(), 120)
        assert raw is not None
        words = raw if isinstance(raw, str) else raw.decode(errors="replace")
        if sought in words:
            return words


async def say(connection: WebSocketClientConnection, kind: str, content: dict[str, Any]) -> None:
    whole = json.loads(message(kind, content))
    whole["metadata"] = {"version": "1.0.0"}  # of the widgets' control channel
    await connection.write_message(packed(json.dumps(whole)), binary=True)


async def states(connection: WebSocketClientConnection) -> dict[str, Any]:
    """Return the state of every model of the kernel, as a page asks for it."""
    manager = uuid.uuid4().hex
    await say(connection, "comm_open", {"comm_id": manager, "target_name": "jupyter.widget.control", "data": {}})
    await say(connection, "comm_msg", {"comm_id": manager, "data": {"method": "request_states"}})
    words = await heard(connection, "update_states")
    found = re.search(r'\{"method": ?"update_states".*?"buffer_paths": ?\[.*?\]\}', words, re.DOTALL)
    assert found, words[:500]
    told: dict[str, Any] = json.loads(found[0])["states"]
    return told


def memory(pid: int) -> int:
    """Return the resident memory of a process in kilobytes."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


def test_the_kernel_outlives_what_no_page_sends_and_keeps_its_state(demo: Served) -> None:
    before = set(demo.kernels())
    found = re.search(r'"kernelId": ?"([\w-]+)"', fetch(demo.address)[2])
    assert found
    until(lambda: set(demo.kernels()) - before)
    (pid,) = set(demo.kernels()) - before
    with ThreadPoolExecutor() as pool:
        pool.submit(asyncio.run, _offended(demo, found[1], pid)).result()
    assert runs(pid)
    assert fetch(demo.address)[0] == 200


def test_a_foreign_origin_gets_no_socket(demo: Served) -> None:
    found = re.search(r'"kernelId": ?"([\w-]+)"', fetch(demo.address)[2])
    assert found
    url = f"ws://127.0.0.1:{demo.port}/api/kernels/{found[1]}/channels"

    async def knock(origin: str) -> None:
        connection = await websocket_connect(HTTPRequest(url, headers={"Origin": origin}), subprotocols=V1)
        await closed(connection)

    with ThreadPoolExecutor() as pool:
        with pytest.raises(HTTPClientError, match="403"):
            pool.submit(asyncio.run, knock("http://evil.example")).result()
        pool.submit(asyncio.run, knock(f"http://127.0.0.1:{demo.port}")).result()


async def _offended(served: Served, kernel: str, pid: int) -> None:
    async with linked(served, kernel) as connection:
        told = await states(connection)
        assert told
        for model in told:
            for state in ODD_STATES:
                data = {"method": "update", "state": state, "buffer_paths": []}
                await say(connection, "comm_msg", {"comm_id": model, "data": data})
            for question in ODD_QUESTIONS:
                data = {"method": "custom", "content": question}
                await say(connection, "comm_msg", {"comm_id": model, "data": data})
        assert await states(connection) == told
    begun = memory(pid)
    async with linked(served, kernel) as connection:  # 10 MB are more than a socket takes
        with suppress(WebSocketClosedError):
            await connection.write_message(packed(message("comm_msg", {"comm_id": "x" * 10_000_000})), binary=True)
        while await asyncio.wait_for(connection.read_message(), 30) is not None:
            pass
    async with linked(served, kernel) as connection:
        for _ in range(MANY):
            opened = {"comm_id": uuid.uuid4().hex, "target_name": "jupyter.widget.control", "data": {"x": "y" * 1000}}
            await say(connection, "comm_open", opened)
    async with linked(served, kernel) as connection:
        assert await states(connection) == told
    grown = memory(pid) - begun
    assert grown < GROWTH, f"{grown:,} kB"
