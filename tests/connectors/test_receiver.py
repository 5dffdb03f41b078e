"""The HTTP door: the right answer to friend and foe, and nothing kept that was not signed."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from analytics.backlog import Backlog, Limits, Pending
from connectors import receiver
from connectors.catalog import ROUTES
from connectors.health import Report
from connectors.inbox import Event, Kept
from connectors.receiver import LARGEST, Receiver
from connectors.zoom import webhooks as zoom
from tests.connectors.events import NOW, SECRET, body, signed

STRIPE, CLICKFUNNELS, ZOOM = "/webhooks/stripe", "/webhooks/clickfunnels", "/webhooks/zoom"
CLASSIC = f"/webhooks/clickfunnels-classic/{SECRET}"
PAID = body("stripe", "session-paid")


class House:
    """A receiver over lists, with switches for trouble."""

    def __init__(self, secret: str = SECRET) -> None:
        self.kept: list[Event] = []
        self.parked: list[tuple[Event, str]] = []
        self.logged: list[str] = []
        self.trouble: Exception | None = None
        self.delay = 0.0
        self.found = Kept.NEW
        self.report = Report(now=NOW)
        receiver = Receiver(
            dict.fromkeys(ROUTES, (secret,) if secret else ()),
            keep=self.keep,
            park=self.park,
            clock=lambda: NOW,
            health=self.health,
            log=self.logged.append,
        )
        self.client = TestClient(receiver.application(), raise_server_exceptions=True)

    async def keep(self, event: Event) -> Kept:
        await asyncio.sleep(self.delay)
        if self.trouble:
            raise self.trouble
        self.kept.append(event)
        return self.found

    async def park(self, event: Event, reason: str) -> None:
        self.parked.append((event, reason))

    async def health(self) -> Report:
        await asyncio.sleep(self.delay)
        return Report("the database is away") if self.trouble else self.report


@pytest.fixture
def house() -> Iterator[House]:
    house = House()
    with house.client:
        yield house


@pytest.mark.parametrize(
    ("vendor", "case", "path"),
    [
        ("stripe", "session-paid", STRIPE),
        ("clickfunnels", "order-completed", CLICKFUNNELS),
        ("clickfunnels_classic", "purchase-nested", CLASSIC),
        ("zoom", "webinar-started", ZOOM),
    ],
)
def test_a_signed_event_is_kept_and_then_answered(house: House, vendor: str, case: str, path: str) -> None:
    raw = body(vendor, case)
    answer = house.client.post(path, content=raw, headers=signed(vendor, raw))
    assert (answer.status_code, answer.json()) == (200, {"kept": "new"})
    assert [event.source for event in house.kept] == [path.split("/")[2]]


def test_classic_keeps_listed_fields_alone(house: House) -> None:
    raw = json.loads(body("clickfunnels_classic", "purchase-nested"))
    raw["purchase"]["contact"]["password"] = "hunter2"
    raw["purchase"]["contact"]["additional_info"]["cc_number"] = "4242424242424242"
    answer = house.client.post(CLASSIC, content=json.dumps(raw))
    assert answer.status_code == 200
    assert b"hunter2" not in house.kept[0].body
    assert b"4242" not in house.kept[0].body


@pytest.mark.parametrize("path", ["/funnel_webhooks/test", "/webhooks/clickfunnels-classic/funnel_webhooks/test"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_classics_test_ping_is_answered_and_stores_nothing(house: House, path: str, method: str) -> None:
    assert house.client.request(method, path, content=b'{"time":"2026-01-01 00:00:00 UTC"}').status_code == 200
    assert house.kept == []


def test_zooms_validation_is_answered_even_while_the_database_is_away(house: House) -> None:
    house.trouble = OSError("away")
    raw = body("zoom", "url-validation")
    answer = house.client.post(ZOOM, content=raw, headers=signed("zoom", raw))
    assert answer.status_code == 200
    assert set(answer.json()) == {"plainToken", "encryptedToken"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Stripe-Signature": ""},
        {"Stripe-Signature": "v1=00"},
        {"Stripe-Signature": "," * 1000},
        {"Stripe-Signature": "t=now,v1=zz"},
        signed("stripe", PAID + b" "),
        signed("stripe", PAID, secret="another"),
    ],
    ids=["none", "empty", "no time", "commas", "garbled", "another body", "another secret"],
)
def test_who_did_not_sign_is_refused_and_leaves_nothing(house: House, headers: dict[str, str]) -> None:
    answer = house.client.post(STRIPE, content=PAID, headers=headers)
    assert answer.status_code == 400
    assert (house.kept, house.parked) == ([], [])


def test_a_signature_of_bytes_beyond_ascii_is_refused(house: House) -> None:
    answer = house.client.post(STRIPE, content=PAID, headers=[(b"stripe-signature", b"t=1,v1=\xff\xfe")])
    assert answer.status_code == 400


@pytest.mark.parametrize("off", [timedelta(seconds=301), timedelta(seconds=-301), timedelta(days=365)])
def test_a_good_signature_at_a_wrong_time_is_refused_but_parked(house: House, off: timedelta) -> None:
    answer = house.client.post(STRIPE, content=PAID, headers=signed("stripe", PAID, NOW + off))
    assert answer.status_code == 400
    assert house.kept == []
    assert "timestamp outside 300 s" in house.parked[0][1]
    assert "clock of this machine" in house.logged[0]


def test_an_id_that_came_before_with_another_body_is_told(house: House) -> None:
    house.found = Kept.CONFLICT
    answer = house.client.post(STRIPE, content=PAID, headers=signed("stripe", PAID))
    assert (answer.status_code, answer.json()) == (200, {"kept": "conflict"})
    assert "came before with another body" in house.logged[0]


def client_with(house: House, path: str, secrets: tuple[str, ...]) -> TestClient:
    """A client of a receiver that has several secrets for one route."""
    route = next(route for route in ROUTES if route.path == path)
    return TestClient(
        Receiver(
            {route: secrets},
            keep=house.keep,
            park=house.park,
            clock=lambda: NOW,
            health=house.health,
            log=house.logged.append,
        ).application()
    )


def test_two_secrets_stand_side_by_side_while_one_is_rolled_over() -> None:
    with client_with(House(), STRIPE, ("old", SECRET)) as client:
        assert client.post(STRIPE, content=PAID, headers=signed("stripe", PAID)).status_code == 200
        assert client.post(STRIPE, content=PAID, headers=signed("stripe", PAID, secret="old")).status_code == 200


@pytest.mark.parametrize("signed_with", ["old", SECRET, "newest"])
def test_zooms_validation_is_answered_with_the_secret_it_was_signed_with(signed_with: str) -> None:
    receiver, raw = House(), body("zoom", "url-validation")
    with client_with(receiver, ZOOM, ("old", SECRET, "newest")) as client:
        answer = client.post(ZOOM, content=raw, headers=signed("zoom", raw, secret=signed_with))

    assert answer.json() == zoom.validation_answer(json.loads(raw), signed_with)
    assert receiver.parked == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"{} x",
        b'{"id":',
        b'{"id": NaN}',
        b'{"id": 1e999999999}',
        b'{"id": "a", "id": "b"}',
        b"\xff\xfe",
        b'{"a":' * 100_000,
        b'{"type": "x"}',
        b'{"id": 5, "type": "x"}',
        b'{"id": "evt_1/../x", "type": "x"}',
    ],
    ids=lambda raw: raw[:24].decode("latin-1"),
)
def test_what_is_signed_and_cannot_be_read_is_refused_and_parked(house: House, raw: bytes) -> None:
    answer = house.client.post(STRIPE, content=raw, headers=signed("stripe", raw))
    assert answer.status_code == 400
    assert house.kept == []
    assert len(house.parked) == 1
    assert house.parked[0][0].body == raw


def test_zoom_is_never_told_a_4xx_for_what_it_signed(house: House) -> None:
    answer = house.client.post(ZOOM, content=b"{", headers=signed("zoom", b"{"))
    assert answer.status_code == 200
    assert len(house.parked) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "text/plain"}, 200),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 200),
    ],
)
def test_the_signature_decides_and_not_the_content_type(house: House, headers: dict[str, str], status: int) -> None:
    answer = house.client.post(STRIPE, content=PAID, headers={**signed("stripe", PAID), **headers})
    assert answer.status_code == status


def test_a_bomb_is_not_unpacked(house: House) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    assert house.client.post(STRIPE, content=bomb, headers={"Content-Encoding": "gzip"}).status_code == 415


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_body_over_the_limit_is_cut_off(house: House, is_chunked: bool) -> None:
    chunks = (b"0" * 65536 for _ in range(160))
    answer = house.client.post(STRIPE, content=chunks if is_chunked else b"0" * (LARGEST + 1))
    assert answer.status_code == 413


def test_a_body_that_drips_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "SLOWEST", 0.2)
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"{", "more_body": True}

    async def send(message: Any) -> None:
        answered.append(message)

    scope = {"type": "http", "method": "POST", "path": STRIPE, "headers": [], "query_string": b"", "root_path": ""}

    async def request() -> None:
        await house.client.app(scope, receive, send)

    asyncio.run(request())
    assert answered[0]["status"] == 408
    assert (house.kept, house.parked) == ([], [])


@pytest.mark.parametrize("trouble", [OSError("away"), RuntimeError("odd")])
def test_an_inbox_that_is_away_asks_the_vendor_to_come_again(house: House, trouble: Exception) -> None:
    house.trouble = trouble
    answer = house.client.post(STRIPE, content=PAID, headers=signed("stripe", PAID))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert house.client.get("/healthz").status_code == 503


def test_a_backlog_is_unhealthy_and_no_reason_to_send_events_elsewhere(house: House) -> None:
    old = Backlog(unread=Pending(3, NOW - timedelta(minutes=16)))
    house.report = Report("", old, old.overdue(Limits(), NOW), NOW)
    answer = house.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        503,
        {
            "database": "ok",
            "unread": {"count": 3, "oldest_seconds": 960},
            "overdue": ["3 events not read yet, the oldest since 2026-01-20 17:44"],
        },
    )
    assert house.client.get("/readyz").status_code == 200
    house.trouble = OSError("away")
    assert house.client.get("/readyz").status_code == 503


def test_a_slow_inbox_is_answered_before_zoom_gives_up(house: House) -> None:
    house.delay = 3.5
    raw = body("zoom", "webinar-started")
    answer = house.client.post(ZOOM, content=raw, headers=signed("zoom", raw))
    assert answer.status_code == 503
    assert house.client.get("/healthz").status_code == 503


def test_a_route_without_its_secret_is_off_and_says_so() -> None:
    house = House(secret="")
    with house.client:
        answer = house.client.post(STRIPE, content=PAID, headers=signed("stripe", PAID, secret=""))
    assert answer.status_code == 404
    assert "VIEW3_STRIPE_WEBHOOK_SECRET" in answer.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", STRIPE, 405),
        ("PUT", STRIPE, 405),
        ("OPTIONS", STRIPE, 405),
        ("POST", f"{STRIPE}/", 404),
        ("POST", "/webhooks/shopify", 404),
        ("POST", "/webhooks/clickfunnels-classic/", 404),
        ("POST", "/webhooks/clickfunnels-classic/wrong", 400),
        ("GET", "/healthz", 200),
    ],
)
def test_other_methods_and_paths_are_never_redirected(house: House, method: str, path: str, status: int) -> None:
    assert house.client.request(method, path, follow_redirects=False).status_code == status
    assert house.kept == []


def test_no_secret_and_no_body_reaches_the_log(house: House) -> None:
    house.trouble = OSError("away")
    house.client.post(STRIPE, content=PAID, headers=signed("stripe", PAID))
    house.client.post(STRIPE, content=PAID, headers=signed("stripe", PAID, secret="another"))
    house.client.post("/webhooks/clickfunnels-classic/wrong", content=b"{}")
    assert house.logged
    assert not any(SECRET in line or "cs_" in line for line in house.logged)
    assert len(house.logged) == 3
