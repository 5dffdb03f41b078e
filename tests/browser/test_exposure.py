"""What a stranger can reach: not the source, not a traceback, not a file, not an interpreter."""

import asyncio
import contextlib
import gzip
import json
import re
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pytest
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.browser.conftest import VIEW3, Serve, Served
from tests.dashboard.broken_frames import many

T = TypeVar("T")

V1 = ["v1.kernel.websocket.jupyter.org"]
FORBIDDEN = ("execute_request", "complete_request", "inspect_request", "history_request", "debug_request")


def fetch(address: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            cookies = {"Set-Cookie": "; ".join(answer.headers.get_all("Set-Cookie", []))}
            return answer.status, dict(answer.headers) | cookies, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode(errors="replace")


def message(kind: str, content: dict[str, Any]) -> str:
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "username": "",
        "session": uuid.uuid4().hex,
        "version": "5.3",
    }
    whole = {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
        "channel": "shell",
    }
    return json.dumps(whole)


def packed(text: str) -> bytes:
    """Return a message as the sub-protocol wants it."""
    whole = json.loads(text)
    parts = [json.dumps(whole[part]).encode() for part in ("header", "parent_header", "metadata", "content")]
    raw: bytes = serialize_msg_to_ws_v1(parts, whole["channel"])
    return raw


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits in a thread of its own, for the browser's library keeps a loop running in this one."""
    with ThreadPoolExecutor() as pool:
        return pool.submit(asyncio.run, work).result()


@contextlib.asynccontextmanager
async def connected(
    served: Served, html: str, protocols: list[str] | None = V1, headers: dict[str, str] | None = None
) -> AsyncIterator[WebSocketClientConnection]:
    """Open a socket of the kernel that a page names, and close it before the loop ends."""
    kernel = re.search(r'"kernelId": ?"([\w-]+)"', html)
    assert kernel
    url = f"ws://127.0.0.1:{served.port}/api/kernels/{kernel[1]}/channels"
    connection = await websocket_connect(HTTPRequest(url, headers=headers), subprotocols=protocols)
    try:
        yield connection
    finally:
        connection.close()
        with contextlib.suppress(TimeoutError):  # the server may have closed it already
            while await asyncio.wait_for(connection.read_message(), 5) is not None:
                pass


async def meet(served: Served, html: str, protocols: list[str] | None = V1, **headers: str) -> None:
    """Open a socket and close it."""
    async with connected(served, html, protocols, headers):
        pass


async def told(served: Served, html: str, sent: Iterable[str | bytes]) -> set[str]:
    """Return the kinds of messages that a kernel's socket tells, until it has answered the last of ours, a harmless one."""
    words = ""
    async with connected(served, html) as connection:
        for raw in (*sent, packed(message("kernel_info_request", {}))):
            await connection.write_message(raw, binary=isinstance(raw, bytes))
        while not re.search(r'"msg_type": ?"kernel_info_reply"', words):
            got = await asyncio.wait_for(connection.read_message(), 30)
            assert got is not None
            words += got if isinstance(got, str) else got.decode(errors="replace")
        with contextlib.suppress(TimeoutError):  # what was not asked for would follow at once
            while got := await asyncio.wait_for(connection.read_message(), 1):
                words += got if isinstance(got, str) else got.decode(errors="replace")
    return set(re.findall(r'"msg_type": ?"(\w+)"', words))


Fetched = tuple[int, dict[str, str], str]


@pytest.fixture(scope="module")
def fetched(demo: Served) -> Fetched:
    """The page as a program gets it, once for all who only look."""
    return fetch(demo.address)


class TestAddresses:
    def test_the_page_is_at_the_root_with_its_policy(self, fetched: Fetched):
        status, headers, html = fetched

        assert status == 200
        assert "unsafe-eval" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
        assert "_xsrf" in headers["Set-Cookie"]
        assert "Workbench" not in html

    def test_the_page_is_packed_for_whoever_unpacks_it(self, demo: Served, fetched: Fetched):
        request = urllib.request.Request(demo.address, headers={"Accept-Encoding": "gzip"})  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            sent = answer.read()

        assert "Content-Encoding" not in fetched[1]
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(sent) < len(fetched[2]) / 3
        assert gzip.decompress(sent).rstrip().endswith(b"</html>")

    def test_an_export_comes_as_it_is_written(self, demo: Served):
        status, headers, _ = fetch(f"{demo.address}view3/sales.csv", **{"Accept-Encoding": "gzip"})

        assert status == 200
        assert "Content-Encoding" not in headers

    def test_figures_stand_in_the_first_bytes(self, demo: Served, fetched: Fetched):
        told = json.loads(demo.view3("show", "--json"))
        _, _, html = fetched

        assert f">{told['cards']['roas'].split('.')[0]}</span>" in html.split('data-kpi="roas"')[1][:900]

    @pytest.mark.parametrize(
        "path",
        ["voila/files/view3.ipynb", "voila/files/.env", "view3/static/../serve.py", "view3/static/%2e%2e/serve.py"],
    )
    def test_no_file_is_given_away(self, demo: Served, path: str):
        assert fetch(demo.address + path)[0] in (403, 404)

    def test_odd_queries_neither_hang_nor_show(self, demo: Served):
        odd = "?template=nosuch&theme=%3Cscript%3Ealert(1)%3C/script%3E&a[]=%00"
        status, _, html = fetch(demo.address + odd)

        assert status == 200
        assert "<script>alert(1)" not in html

    def test_a_foreign_host_name_is_refused(self, demo: Served):
        assert fetch(demo.address, Host="evil.example")[0] == 403

    def test_scripts_are_kept_by_browsers(self, demo: Served, fetched: Fetched):
        scripts = re.findall(r'src="(/view3/static/[^"]+[.]js[?]v=\w+)"', fetched[2])

        assert scripts
        for script in scripts:
            assert "max-age=315360000" in fetch(demo.address.rstrip("/") + script)[1]["Cache-Control"]


class TestSocket:
    def test_the_kernel_runs_no_code_and_tells_no_source(self, demo: Served, fetched: Fetched):
        code = {"code": "open('/tmp/view3-owned', 'w')", "silent": False}
        kinds = in_a_loop(told(demo, fetched[2], [packed(message(kind, code)) for kind in FORBIDDEN]))

        assert {"execute_input", "execute_reply", "execute_result", "error"}.isdisjoint(kinds)

    def test_unreadable_and_object_making_messages_are_dropped(self, demo: Served, fetched: Fetched):
        made = {"comm_id": uuid.uuid4().hex, "target_name": "jupyter.widget", "data": {"state": {"x": 1}}}
        sent: list[str | bytes] = [
            "no JSON",
            json.dumps({"header": None}),
            b"no frame",
            packed(message("comm_open", made)),
        ]
        kinds = in_a_loop(told(demo, fetched[2], sent))

        assert "kernel_info_reply" in kinds
        assert {"comm_close", "error", "stream"}.isdisjoint(kinds)

    @pytest.mark.parametrize("protocols", [None, [""], ["v2.kernel.websocket.jupyter.org", "chat"]], ids=str)
    def test_another_sub_protocol_is_refused_at_the_handshake(
        self, demo: Served, fetched: Fetched, protocols: list[str] | None
    ):
        with pytest.raises(HTTPClientError) as refused:
            in_a_loop(meet(demo, fetched[2], protocols))

        assert refused.value.code == 400

    def test_broken_frames_of_one_viewer_do_not_keep_another_waiting(self, demo: Served, fetched: Fetched):
        waits, growth = in_a_loop(under_fire(demo, fetched[2], fetch(demo.address)[2]))

        assert len(waits) > 10
        assert sorted(waits)[-2] < 1.0  # one may meet the machine's own hiccup
        assert growth < 30_000  # kB


async def under_fire(served: Served, broken: str, witness: str) -> tuple[list[float], int]:
    """Return how long another page's kernel took to answer meanwhile, in seconds, and by how much the server grew."""
    before, waits = resident(served), []
    shots = many(4000, seed=11)
    async with connected(served, broken) as attacker, connected(served, witness) as other:
        for _ in range(20):
            for frame in islice(shots, 200):
                await attacker.write_message(frame, binary=True)
            waits.append(await answered(other))
        growth = resident(served) - before
    return waits, growth


async def answered(connection: WebSocketClientConnection) -> float:
    """Return the seconds that a kernel took to answer."""
    began = time.monotonic()
    got: str | bytes | None = b""
    await connection.write_message(packed(message("kernel_info_request", {})), binary=True)
    while not isinstance(got, bytes) or b"kernel_info_reply" not in got:
        got = await asyncio.wait_for(connection.read_message(), 30)
        assert got is not None
    return time.monotonic() - began


def resident(served: Served) -> int:
    """Return the server's memory in kB."""
    assert served.process is not None
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


class TestDoor:
    def test_a_token_is_asked_for(self, serve: Serve, sample_file: Path):
        served = serve(VIEW3_TOKEN="s3cret-s3cret")
        served.take(sample_file)
        served.start()

        assert 'data-kpi="roas"' not in fetch(served.address)[2]
        assert 'data-kpi="roas"' in fetch(f"{served.address}?token=s3cret-s3cret")[2]

    def test_a_taken_port_is_one_sentence(self, demo: Served):
        command = [str(VIEW3), "serve", "--port", str(demo.port)]
        done = subprocess.run(
            command, cwd=demo.folder, env=demo.environment, capture_output=True, text=True, timeout=60, check=False
        )

        assert done.returncode
        assert f"Port {demo.port} on 127.0.0.1 is taken" in done.stderr
        assert "Traceback" not in done.stderr
