"""The dashboard's HTTP server: limits on what a stranger may send, and the address that a visitor really has."""

import ipaddress
import re
from collections.abc import Awaitable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPInputError,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.web import Application

LARGEST_BODY: Final = 1024 * 1024  # bytes
LARGEST_HEAD: Final = 32 * 1024  # bytes; an address with a long search and every cookie has five thousand
HEAD_WITHIN: Final = 60.0  # seconds; also how long a connection may rest between two requests
BODY_WITHIN: Final = 30.0  # seconds
MOST_HEADERS: Final = 100
MOST_WAITING: Final = 1024  # connections without a request: a browser keeps six, of a stranger's the oldest are closed
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")


class PageServer(HTTPServer):
    """Serves an application; `behind_proxy` says whether X-Forwarded-For and X-Forwarded-Proto are believed."""

    def initialize(self, application: Application, *, behind_proxy: bool) -> None:  # type: ignore[override]
        """Keep the application and set the limits."""
        super().initialize(
            application,
            max_header_size=LARGEST_HEAD,
            idle_connection_timeout=HEAD_WITHIN,
            body_timeout=BODY_WITHIN,
            max_body_size=LARGEST_BODY,
            max_buffer_size=2 * LARGEST_BODY,
        )
        self._behind_proxy = behind_proxy
        self._waiting: dict[HTTPConnection, None] = {}  # in the order in which they came

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        """Return what takes the next request of a connection; where too many wait for one, the oldest is closed."""
        self._waiting[request_conn] = None
        if len(self._waiting) > MOST_WAITING:
            self.close_waiting(next(iter(self._waiting)))
        return Request(self, super().start_request(server_conn, request_conn), request_conn)

    def close_waiting(self, connection: Any) -> None:
        """Close a connection on which no request has come."""
        self.is_served(connection)
        connection.stream.close()

    def is_served(self, connection: HTTPConnection) -> None:
        """Note that a connection no longer waits for a request."""
        self._waiting.pop(connection, None)

    def visitor(self, peer: str, headers: HTTPHeaders) -> str:
        """Return a visitor's address: what the nearest proxy wrote where there is one, else the connection's."""
        if not (self._behind_proxy and is_local(peer)):
            return peer
        named = headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return named if _address(named) else peer

    def scheme(self, peer: str, headers: HTTPHeaders, known: str) -> str:
        """Return how a visitor came, http or https."""
        named = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip()
        return named if self._behind_proxy and is_local(peer) and named in {"http", "https"} else known


class Request(HTTPMessageDelegate):
    """A request on its way to the application, once its head is in order."""

    def __init__(self, server: PageServer, inner: HTTPMessageDelegate, connection: Any) -> None:
        self._server, self._inner, self._connection = server, inner, connection
        self._context = connection.context
        self._peer, self._scheme = self._context.remote_ip, self._context.protocol
        self._is_passed_on = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Pass the head on under the visitor's own address; raises HTTPInputError for one that is no browser's."""
        self._server.is_served(self._connection)
        refuse_odd_head(start_line, headers)
        self._context.remote_ip = self._server.visitor(self._peer, headers)
        self._context.protocol = self._server.scheme(self._peer, headers, self._scheme)
        self._is_passed_on = True
        return self._inner.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Pass a piece of the body on."""
        return self._inner.data_received(chunk)

    def finish(self) -> None:
        """Pass on that the request is whole."""
        self._inner.finish()
        self._forget()

    def on_connection_close(self) -> None:
        """Pass on that the connection ended."""
        if self._is_passed_on:
            self._inner.on_connection_close()
        self._forget()

    def _forget(self) -> None:
        """Restore what the connection itself knows: the next request on it may be another visitor's."""
        self._server.is_served(self._connection)
        self._context.remote_ip, self._context.protocol = self._peer, self._scheme


def refuse_odd_head(start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
    """Raise HTTPInputError, which tornado answers with 400, for a head that only mischief sends."""
    if len(headers) > MOST_HEADERS:
        raise HTTPInputError("too many headers")
    path = unquote_to_bytes(start_line.path.partition("?")[0])  # type: ignore[union-attr] # a server gets requests
    if _CONTROL.search(path):
        raise HTTPInputError("a control character in the path")
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        raise HTTPInputError("a path that is not UTF-8") from None


def is_local(peer: str) -> bool:
    """Tell whether an address is this machine's or its own network's, where a proxy stands."""
    address = _address(peer)
    return address is not None and address.is_private


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
