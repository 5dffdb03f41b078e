"""The export over HTTP: all rows of the address, streamed, counted in the name, and nothing when nobody may look."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from analytics.dashboard import download
from analytics.dashboard.door import Doorkeeper
from analytics.dashboard.source import Source
from analytics.view3 import SalesFilter, Sort
from tests.dashboard.fake_source import FakeSource


class Endless(FakeSource):
    """A million rows that nobody holds."""

    def export(self, wanted: SalesFilter, sort: Sort) -> tuple[int, Iterator[str]]:  # noqa: ARG002 - all, in any order
        return 1_000_000, (f"Ana Souza,Inner Circle,2500.00,{number}\r\n" * 500 for number in range(2000))


def asked(
    source: FakeSource, query: str = "", method: str = "GET", token: str = "", address: str = download.ADDRESS
) -> tuple[HTTPResponse, int]:
    """Return the answer of a server of one's own, and how many bytes came, none of them kept."""
    came = 0

    def count(piece: bytes) -> None:
        nonlocal came
        came += len(piece)

    answer = answered(download.routes(source), f"{address}?{query}", method, token, count)
    return answer, came


def body(source: Source, address: str, query: str) -> tuple[HTTPResponse, str]:
    """Return the answer of a server of one's own, and its text."""
    pieces: list[bytes] = []
    answer = answered(download.routes(source), f"{address}?{query}", "GET", "", pieces.append)
    return answer, b"".join(pieces).decode()


def answered(
    routes: list[tuple[str, type, dict[str, Any]]],
    address: str,
    method: str,
    token: str,
    take: Callable[[bytes], object],
) -> HTTPResponse:
    """Return the answer of a server of one's own; its content is handed on piece by piece."""

    async def ask() -> HTTPResponse:
        application = Application(routes, **settings(token))
        listener, port = bind_unused_port()
        server = HTTPServer(application)
        server.add_socket(listener)
        url = f"http://127.0.0.1:{port}/{address}"
        keep: dict[str, Any] = {"streaming_callback": take} if method == "GET" else {}
        client = AsyncHTTPClient()
        answer = await client.fetch(
            url, method=method, raise_error=False, follow_redirects=False, request_timeout=60, **keep
        )
        client.close()
        server.stop()
        await server.close_all_connections()
        return answer

    with ThreadPoolExecutor() as pool:
        return pool.submit(asyncio.run, ask()).result()


def settings(token: str) -> dict[str, Any]:
    return {
        "identity_provider": Doorkeeper(token=token),
        "base_url": "/",
        "login_url": "/login",
        "cookie_secret": b"x",
        "allow_remote_access": True,
    }


def test_every_matching_row_and_their_count_in_the_name():
    source = FakeSource()
    answer, came = asked(source, "search=ana&rows=10&page=2")
    wanted = SalesFilter(source.challenge.whole(source.now()), search="ana")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="view3-sales-7-rows-20260117-180405.csv"'
    assert came == len("".join(source.export(wanted, Sort())[1]).encode())


def test_a_look_ahead_tells_the_name_alone():
    answer, came = asked(FakeSource(), method="HEAD")

    assert answer.code == 200
    assert "view3-sales-60-rows" in answer.headers["Content-Disposition"]
    assert came == 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_without_a_database_503(method):
    answer, _ = asked(FakeSource(broken=True), method=method)

    assert answer.code == 503


class Unreadable(FakeSource):
    """Counts its rows, and cannot read them."""

    def export(self, wanted: SalesFilter, sort: Sort) -> tuple[int, Iterator[str]]:
        return 60, map(self._read, super().export(wanted, sort)[1])

    def _read(self, text: str) -> str:
        raise OSError(f"{len(text)} characters are lost")


def test_rows_that_cannot_be_read_are_no_file():
    answer, text = body(Unreadable(), download.ADDRESS, "")

    assert answer.code == 503
    assert "Content-Disposition" not in answer.headers
    assert "Customer Name" not in text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stranger_gets_nothing(method):
    answer, came = asked(FakeSource(), method=method, token="s3cret-s3cret")

    assert answer.code == 302
    assert "Content-Disposition" not in answer.headers
    assert came == 0


def test_a_million_rows_are_not_held():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer, came = asked(Endless())

    assert answer.code == 200
    assert came > 36_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # kilobytes
