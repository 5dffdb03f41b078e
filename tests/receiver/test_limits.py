"""The receiver under strangers: heads too long, too many, too slow, and connections that say nothing."""

import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from connectors.http_limits import HEAD_WITHIN, LARGEST_HEAD, LARGEST_REST, MOST_HEADERS
from tests.receiver.stage import PATH, RECEIVE, Door

FEW_FILES = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (600, 1100)); {RECEIVE}"
POST = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n".encode()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("limits")
    with Door(f"sqlite:///{folder}/view3.db", folder, program=FEW_FILES) as made:
        yield made


def said(door: Door, *pieces: bytes, within: float = 20.0) -> str:
    """Return the status of the answer to these bytes; empty where the connection was closed without one."""
    with socket.create_connection(("127.0.0.1", door.port), within) as connection:
        with suppress(ConnectionError):  # it may be refused before all is sent
            for piece in pieces:
                connection.sendall(piece)
        with suppress(ConnectionError):
            return connection.recv(4096).partition(b"\r\n")[0].decode()[9:12]
    return ""


def headers(number: int) -> bytes:
    return b"".join(b"X-%d: y\r\n" % count for count in range(number))


def memory(door: Door) -> int:
    """Return the receiver's memory in kB."""
    status = Path(f"/proc/{door.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


@pytest.mark.parametrize(
    ("number", "status"), [(MOST_HEADERS - 2, "400"), (MOST_HEADERS - 1, "431"), (8000, "431"), (50_000, "431")]
)
def test_so_many_headers_are_read_and_no_more(door: Door, number: int, status: str):
    began = time.monotonic()

    assert said(door, POST + headers(number) + b"\r\n{}") == status  # 400: the signature is missing
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(("size", "status"), [(LARGEST_HEAD - 200, "400"), (LARGEST_HEAD, "431"), (50_000_000, "431")])
def test_so_long_a_header_is_read_and_no_longer(door: Door, size: int, status: str):
    before = memory(door)

    assert (
        said(door, POST + b"X: ", *[b"y" * 100_000] * (size // 100_000), b"y" * (size % 100_000), b"\r\n\r\n{}")
        == status
    )
    assert memory(door) - before < 10_000


def test_a_long_path_is_a_long_head(door: Door):
    assert (
        said(door, b"POST /webhooks/clickfunnels-classic/" + b"x" * LARGEST_HEAD + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        == "431"
    )


def test_endless_trailers_are_given_up(door: Door):
    chunked = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n".encode()
    before = memory(door)

    assert said(door, chunked, headers(MOST_HEADERS)) in {"400", "431"}
    assert said(door, chunked, b"X: ", *[b"y" * 100_000] * (2 * LARGEST_REST // 100_000)) in {"", "400", "413"}
    assert memory(door) - before < 40_000


def test_a_head_that_drips_is_given_up(door: Door):
    with socket.create_connection(("127.0.0.1", door.port), HEAD_WITHIN + 10) as connection:
        began = time.monotonic()
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - began < HEAD_WITHIN + 8:
            connection.sendall(b"X" if time.monotonic() - began > 0.1 else b"POST / HTTP/1.1\r\n")
            with suppress(TimeoutError):
                answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began < HEAD_WITHIN + 5


@pytest.mark.parametrize(
    "path",
    [
        "/%00",
        "/%0d%0aX-Y:1",
        "/webhooks/%00",
        "/webhooks/clickfunnels-classic/%00",
        "/webhooks/stripe%0a",
        "/é",
        "//x",
        "/?a=%00",
        "*",
    ],
)
def test_no_address_is_an_error_of_ours(door: Door, path: str):
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}".encode()

    assert said(door, head) in {"400", "404"}
    assert "Traceback" not in door.log.read_text()


def test_silent_connections_keep_no_vendor_out(door: Door):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    before = len(door.log.read_text())
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1300):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", door.port), 20))
            silent.sendall(b"POST /webhooks/stripe HTTP/1.1\r\n")
        began = time.monotonic()
        assert said(door, POST + b"\r\n{}") == "400"
        assert time.monotonic() - began < 2

    assert len(door.log.read_text()) - before < 1000


def test_each_kind_of_trouble_is_logged_once_a_minute(door: Door):
    before = len(door.log.read_text())
    for _ in range(200):
        assert said(door, POST + b"\r\n{}") == "400"
        assert said(door, b"\x00\x01\r\n\r\n") == "400"

    assert len(door.log.read_text()[before:].splitlines()) <= 2
