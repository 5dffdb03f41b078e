"""The HTTP door for webhooks: check the bytes, keep the event, answer; reading it comes later."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route as Address

from analytics.line_limit import LineLimit
from connectors import signatures
from connectors.catalog import Route
from connectors.contract import BadSignatureError, UnreadablePayloadError
from connectors.events import schema
from connectors.events import webhook as events
from connectors.health import Report
from connectors.inbox import Event, Kept
from connectors.payload import parse
from connectors.zoom import webhooks as zoom

LARGEST = 1024 * 1024
DEADLINE = 2.5  # seconds; Zoom gives up after 3
SLOWEST = 10.0  # seconds for a whole body to arrive
RETRY_AFTER = {"Retry-After": "5"}
TEST_PING = ("/funnel_webhooks/test", "/webhooks/clickfunnels-classic/funnel_webhooks/test")

Keep = Callable[[Event], Awaitable[Kept]]
Park = Callable[[Event, str], Awaitable[None]]


class Receiver:
    """Answers vendors. `keep` returns once an event is durable, `park` once an unreadable one is; `wake` tells the reader."""

    def __init__(
        self,
        secrets: Mapping[Route, Sequence[str]],
        *,
        keep: Keep,
        park: Park,
        clock: Callable[[], datetime],
        health: Callable[[], Awaitable[Report]],
        log: Callable[[str], None],
    ) -> None:
        self.secrets, self.keep, self.park, self.clock = secrets, keep, park, clock
        self.health = health
        self._write, self._lines = log, LineLimit()

    def log(self, kind: str, line: str) -> None:
        """Write a line, one for each kind of trouble and minute."""
        allowed = self._lines.shortened(kind, line)
        if allowed is not None:
            self._write(allowed)

    def application(self, tools: events.Shared | None = None) -> Starlette:
        """Return the ASGI application; `tools` is what is shared with other tools than the vendors."""
        addresses = [Address(path, _pong, methods=["GET", "POST"]) for path in TEST_PING]
        for route in self.secrets:
            path = f"{route.path}/{{token}}" if route.setting.endswith("_token") else route.path
            addresses.append(Address(path, self._endpoint(route), methods=["POST"]))
        take = self._answering(partial(self._take_events, tools or events.Shared()))
        addresses += [Address(path, _describing(text)) for path, text in _descriptions().items()]
        addresses.append(Address(f"{events.PATH}/{{token}}", take, methods=["POST"]))
        addresses.append(Address("/healthz", self._healthy, methods=["GET"]))
        addresses.append(Address("/readyz", self._ready, methods=["GET"]))
        app = Starlette(routes=addresses)
        app.router.redirect_slashes = False  # a vendor does not follow a redirect
        return app

    def _endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        return self._answering(partial(self._receive, route))

    def _answering(self, take: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await take(request)
            except _Refusal as refusal:
                return _no(refusal.status, str(refusal))

        return answer

    async def _take_events(self, tools: events.Shared, request: Request) -> Response:
        """Keep the events of another tool that can be read, and answer each by itself."""
        if not tools.tokens:
            raise _Refusal(404, f"this route is off: VIEW3_{events.TOKEN.upper()} is not set")
        if not signatures.same_secret(request.path_params["token"], tools.tokens):
            self.log(events.PATH, f"refused a request for {events.PATH}: the address does not hold the secret token")
            return PlainTextResponse("Not Found", 404)  # as for any address that does not exist
        body = await _body_in_time(request)
        try:
            if tools.secrets:
                events.verify(_headers(request), body, tools.secrets, self.clock())
            items = events.items_of(parse(body), self.clock())
        except (BadSignatureError, UnreadablePayloadError) as error:
            self.log(f"{events.PATH} {error}", f"refused a request for {events.PATH}: {error}")
            raise _Refusal(400, str(error)) from None
        keeping = [self.keep(item.event) for item in items if item.event]
        status, told = events.answer(items, await self._in_time(asyncio.gather(*keeping)))
        return JSONResponse(told, status)

    async def _receive(self, route: Route, request: Request) -> Response:
        secrets = self.secrets[route]
        if not secrets:
            raise _Refusal(404, f"this route is off: VIEW3_{route.setting.upper()} is not set")
        body = await _body_in_time(request)
        headers = {**_headers(request), "x-view3-token": request.path_params.get("token", "")}
        await self._verify(route, headers, body)
        try:
            payload = parse(body)
            answer = self._validation_answer(route, payload, headers, body)
            if answer is not None:
                return JSONResponse(answer)
            event = self._event(route, payload, body, headers)
        except UnreadablePayloadError as error:
            await self._aside(route, body, str(error))
            # Zoom never sends again what was answered with a 4xx: what it signed is parked and taken.
            if _source(route) == zoom.SOURCE:
                return JSONResponse({"kept": "set aside"})
            raise _Refusal(400, str(error)) from None
        kept = await self._in_time(self.keep(event))
        if kept is Kept.CONFLICT:
            self.log(
                f"{route.path} conflict",
                f"{route.path}: {event.event_id} came before with another body; both are kept, this one set aside",
            )
        return JSONResponse({"kept": kept.value})

    async def _verify(self, route: Route, headers: Mapping[str, str], body: bytes) -> None:
        """Refuse what its vendor did not sign, or long ago; the latter is parked, because our clock may be at fault."""
        try:
            route.vendor.verify(headers, body, self.secrets[route], self.clock())
        except BadSignatureError as error:
            if error.stale:
                await self._aside(route, body, f"signed, but {error}")
            hint = "; it is set aside. Is the clock of this machine right?" if error.stale else ""
            self.log(f"{route.path} {error}", f"refused a request for {route.path}: {error}{hint}")
            raise _Refusal(400, str(error)) from None

    def _validation_answer(
        self, route: Route, payload: Mapping[str, Any], headers: Mapping[str, str], body: bytes
    ) -> dict[str, str] | None:
        """Return what Zoom wants to hear when it tries the address, by the secret that it signed this very request with."""
        if _source(route) != zoom.SOURCE or payload.get("event") != zoom.VALIDATION:
            return None
        return zoom.validation_answer(payload, self._fitting_secret(route, headers, body))

    def _fitting_secret(self, route: Route, headers: Mapping[str, str], body: bytes) -> str:
        """Return which of several secrets a request that was verified is signed with: one of them is being rolled."""
        for secret in self.secrets[route][:-1]:
            with suppress(BadSignatureError):
                route.vendor.verify(headers, body, (secret,), self.clock())
                return secret
        return self.secrets[route][-1]

    def _event(self, route: Route, payload: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> Event:
        vendor = route.vendor
        event_id = vendor.event_id(payload, body, headers)
        return Event(_source(route), event_id, vendor.kind(payload), vendor.keep(payload, body), self.clock())

    async def _aside(self, route: Route, body: bytes, reason: str) -> None:
        """Park what a vendor signed and nobody can read; what may hold a visitor's form fields is not kept."""
        if route.setting.endswith("_token"):
            return
        event = Event(_source(route), _fingerprint(body), "unreadable", body, self.clock())
        await self._in_time(self.park(event, reason))

    async def _in_time(self, work: Awaitable[Any]) -> Any:
        try:
            return await asyncio.wait_for(work, DEADLINE)
        except Exception as error:  # noqa: BLE001 (away, slow or full: the vendor is to come again)
            self.log("inbox", f"the inbox could not be written: {type(error).__name__}")
            raise _Refusal(503, "the inbox cannot be written at the moment") from None

    async def _healthy(self, _request: Request) -> Response:
        """Answer whether events are accepted and settled in time."""
        report = await self._report()
        status = 503 if report.trouble or report.overdue else 200
        return JSONResponse(report.as_json(), status, RETRY_AFTER if report.trouble else None)

    async def _ready(self, _request: Request) -> Response:
        """Answer a load balancer whether events are accepted; a backlog is no reason to send them elsewhere."""
        report = await self._report()
        return _no(503, report.trouble) if report.trouble else JSONResponse({"database": "ok"})

    async def _report(self) -> Report:
        try:
            return await asyncio.wait_for(self.health(), DEADLINE)
        except TimeoutError:
            return Report("the database did not answer in time")


class _Refusal(Exception):  # noqa: N818 (it is an answer)
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def _no(status: int, reason: str) -> Response:
    headers = RETRY_AFTER if status == 503 else None  # noqa: PLR2004 (HTTP's own numbers)
    return JSONResponse({"error": reason}, status, headers)


@cache
def _descriptions() -> dict[str, str]:
    """Return what is told of the events, by address; none of it is secret."""
    described = schema.as_text(schema.openapi())
    return {
        f"{events.PATH}/schema.json": schema.as_text(schema.json_schema()),
        f"{events.PATH}/openapi.json": described,
        "/openapi.json": described,
    }


def _describing(text: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return Response(text, media_type="application/json")

    return answer


async def _pong(_request: Request) -> Response:
    """Answer ClickFunnels Classic's test: it wants a 200 before it saves a webhook, and nothing is to be stored."""
    return JSONResponse({"ok": True})


async def _body_in_time(request: Request) -> bytes:
    """Return the raw body; who sends it byte by byte keeps its place in memory no longer than this."""
    try:
        return await asyncio.wait_for(_body(request), SLOWEST)
    except TimeoutError:
        raise _Refusal(408, "the body did not arrive in time") from None


async def _body(request: Request) -> bytes:
    """Return the raw body, cut off at the limit, without ever unpacking or parsing a form."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _Refusal(415, "send the body without a content encoding")
    charset = request.headers.get("content-type", "").lower().partition("charset=")[2].strip(' "')
    if charset and charset not in {"utf-8", "utf8"}:
        raise _Refusal(415, "send the body as UTF-8")
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > LARGEST:
        raise _Refusal(413, "the body is larger than 1 MiB")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise _Refusal(413, "the body is larger than 1 MiB")
    except ClientDisconnect:
        raise _Refusal(400, "the sender went away") from None
    return bytes(body)


def _headers(request: Request) -> dict[str, str]:
    """Return the headers, the first of each name, in one pass: their own mapping walks all of them for each."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.headers.raw)}


def _source(route: Route) -> str:
    return route.path.rpartition("/")[2]


def _fingerprint(body: bytes) -> str:
    return f"unreadable-{hashlib.blake2b(body, digest_size=16).hexdigest()}"
