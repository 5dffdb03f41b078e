"""A vendor that misbehaves on purpose: a real HTTP server that answers as it is told and spoils what it is told to spoil."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from connectors.web import Patience

HASTY = Patience(connect=2, read=0.3, attempts=6, first_pause=0.01, longest_pause=0.2, deadline=3)


class Fault(Enum):
    """What goes wrong with one request."""

    NONE = "nothing"
    TOO_MANY = "429"
    TOO_MANY_UNTIL = "429 with a moment"
    BROKEN = "500"
    UNAUTHORISED = "401"
    DROPPED = "the connection is closed without an answer"
    CUT = "the connection is closed in the middle of the body"
    SLOW = "the body takes for ever"
    NOT_JSON = "a page for people"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: what is said, as JSON unless it is a text, and how."""

    told: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


SPOILED = {
    Fault.TOO_MANY: Reply({"code": 429}, 429, {"Retry-After": "0"}),
    Fault.TOO_MANY_UNTIL: Reply({"code": 429}, 429, {"Retry-After": "2000-01-01T00:00:00Z"}),
    Fault.BROKEN: Reply({"error": "inside"}, 500),
    Fault.UNAUTHORISED: Reply({"error": {"code": 401}}, 401),
    Fault.NOT_JSON: Reply("<html>Sorry</html>", 502),
}


class VendorServer:
    """Answers by `answer`, which may give a fault instead; the nth request of all suffers the nth of `faults`, if any."""

    def __init__(self, answer: Callable[[Asked], Reply | Fault | None], faults: Iterable[Fault] = ()) -> None:
        self.answer, self.faults = answer, iter(faults)
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def reply(self, asked: Asked) -> tuple[Fault, Reply]:
        """Return what goes wrong with a request, and what is answered where nothing does."""
        with self._lock:
            self.asked.append(asked)
            fault = next(self.faults, Fault.NONE)
            told = Reply({}) if fault is not Fault.NONE else self.answer(asked)
        if isinstance(told, Fault):
            return told, Reply({})
        return fault, told or Reply({"error": {"code": 404}}, 404)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, vendor: VendorServer) -> None:
        self.vendor = vendor
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers who hung up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        params = dict(parse_qsl(address.query))
        fault, reply = self.server.vendor.reply(Asked(self.command, address.path, params, headers, body))
        with contextlib.suppress(ConnectionError, TimeoutError):
            self._spoil(fault, reply)

    do_POST = do_GET  # noqa: N815 (the library's name)

    def _spoil(self, fault: Fault, reply: Reply) -> None:
        if fault in SPOILED:
            self._send(SPOILED[fault])
        elif fault is Fault.NONE:
            self._send(reply)
        else:
            self.close_connection = True
            if fault is not Fault.DROPPED:
                self._half(fault)

    def _half(self, fault: Fault) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b'{"half": ')
        self.wfile.flush()
        if fault is Fault.SLOW:
            time.sleep(0.6)  # longer than a hasty client waits for the next piece

    def _send(self, reply: Reply) -> None:
        body = reply.told.encode() if isinstance(reply.told, str) else json.dumps(reply.told).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
