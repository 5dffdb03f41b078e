"""What a stranger may send to the receiver before a signature can be looked at: so much, so many, so slowly."""

import asyncio
import enum
import json
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 32 * 1024  # bytes; no vendor sends four thousand
MOST_HEADERS = 100
HEAD_WITHIN = 10.0  # seconds
LARGEST_REST = 8 * 1024 * 1024  # bytes after a head: a body of 1 MiB in small chunks, and no endless trailer
LINGER = 2.0  # seconds in which a sender whose body nobody reads can still read the answer
MOST_CONNECTIONS = 4096
OTHER_FILES = 512  # the database's, the listener, the log, and connections that are accepted before others are closed
BACKLOG = 256  # connections accepted in one go
TOO_LARGE = "the headers are larger than 32 KiB, or more than 100"


class Stage(enum.Enum):
    """Where a connection is in its request."""

    BETWEEN = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()


class TooLargeError(Exception):
    """A head beyond the limits; it stops the parser."""


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP with limits: where every place is taken, the connection that waited longest gives up its own."""

    most_connections: ClassVar[int] = MOST_CONNECTIONS
    waiting: ClassVar[dict["LimitedProtocol", None]] = {}  # without a whole head, in the order in which they came

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._stage, self._size = Stage.BETWEEN, 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._refusal: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place; where none is left, the connection that waited longest is closed."""
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self.most_connections:
            self.logger.warning("Too many connections: the one that waited longest for its request was closed.")
            oldest = next(iter(self.waiting))
            oldest._have_head()  # its place is counted until it is closed, and must not be given up twice
            oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the place."""
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it is more than a request may have."""
        if self._refusal:
            return
        if self._stage is Stage.BETWEEN:
            self._expect_head()
        before = self._stage
        super().data_received(data)
        if self._stage is not before:  # what came belongs to several stages: counted by the parser's callbacks
            return
        self._size += len(data)
        if self._stage is Stage.HEAD and self._size > LARGEST_HEAD:
            self._refuse(431, TOO_LARGE)
        elif self._stage is Stage.BODY and self._size > LARGEST_REST:
            self._refuse(413, "the body is larger than 1 MiB")

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        self._stage, self._size = Stage.HEAD, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, or a trailer."""
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            self._refusal = (431, TOO_LARGE)
            raise TooLargeError

    def on_headers_complete(self) -> None:
        """Begin the request, unless its head is too large."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > LARGEST_HEAD:
            self._refusal = (431, TOO_LARGE)
            raise TooLargeError
        self._stage, self._size = Stage.BODY, 0
        self._have_head()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is whole."""
        self._stage = Stage.BETWEEN
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, but not for the rest of one that is answered."""
        super().on_response_complete()
        if self._stage is Stage.BODY:
            self.loop.call_later(LINGER, self.transport.close)
        else:
            self.waiting[self] = None

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser gave up."""
        self._refuse(*(self._refusal or (400, msg)))

    def _expect_head(self) -> None:
        self.waiting[self] = None
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(
                HEAD_WITHIN, self._refuse, 408, "the headers did not arrive in time"
            )

    def _have_head(self) -> None:
        self.waiting.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, reason: str) -> None:
        """Answer and close; what still comes is not looked at."""
        self._refusal = (status, reason)
        self._have_head()
        body = json.dumps({"error": reason}).encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
