"""What no page sends over a kernel's socket: the kernel lives, the page's state stays, and memory has an end."""

import asyncio
import json
import re
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError

from tests.browser.conftest import Served
from tests.browser.test_exposure import connected, fetch, in_a_loop, meet, message, packed
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
    html = fetch(demo.address)[2]
    until(lambda: set(demo.kernels()) - before)
    (pid,) = set(demo.kernels()) - before
    in_a_loop(_offended(demo, html, pid))
    assert runs(pid)
    assert fetch(demo.address)[0] == 200


def test_a_foreign_origin_gets_no_socket(demo: Served) -> None:
    html = fetch(demo.address)[2]

    with pytest.raises(HTTPClientError, match="403"):
        in_a_loop(meet(demo, html, Origin="http://evil.example"))
    in_a_loop(meet(demo, html, Origin=f"http://127.0.0.1:{demo.port}"))


async def _offended(served: Served, html: str, pid: int) -> None:
    async with connected(served, html) as connection:
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
    async with connected(served, html) as connection:  # 10 MB are more than a socket takes
        with suppress(WebSocketClosedError):
            await connection.write_message(packed(message("comm_msg", {"comm_id": "x" * 10_000_000})), binary=True)
        while await asyncio.wait_for(connection.read_message(), 30) is not None:
            pass
    async with connected(served, html) as connection:
        for _ in range(MANY):
            opened = {"comm_id": uuid.uuid4().hex, "target_name": "jupyter.widget.control", "data": {"x": "y" * 1000}}
            await say(connection, "comm_open", opened)
    async with connected(served, html) as connection:
        assert await states(connection) == told
    grown = memory(pid) - begun
    assert grown < GROWTH, f"{grown:,} kB"
