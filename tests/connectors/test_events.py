"""What other tools may send: every type, every rejection, the schema that says the same, and the answers at the door."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.validators import extend
from starlette.testclient import TestClient

from analytics.challenge import Challenge
from analytics.intake.guards import fault
from analytics.records import (
    AdSpend,
    AdSpendDay,
    AttendanceSample,
    Dispute,
    DisputeState,
    Lead,
    Line,
    Offer,
    Order,
    OrderState,
    Payment,
    Platform,
    Record,
    Refund,
    RefundState,
    Utm,
)
from connectors import signatures
from connectors.catalog import INBOX_SOURCES
from connectors.contract import NoLookUp, UnreadablePayloadError
from connectors.events import schema
from connectors.events.fields import RESERVED
from connectors.events.records import records_of
from connectors.events.shapes import TYPES, as_json, read
from connectors.events.webhook import MOST_ITEMS, PATH, Shared, items_of, normalise
from connectors.inbox import Event, Kept
from connectors.payload import parse
from connectors.receiver import LARGEST, Receiver
from tests.connectors.events import NOW, SECRET
from tests.connectors.test_receiver import House

DOCS = Path(__file__).parents[2] / "docs"
BASE = {"source": "kajabi", "id": "17", "occurred_at": "2026-01-17T20:15:00-03:00"}
AT = datetime(2026, 1, 17, 23, 15, tzinfo=UTC)
PERSON = {"id": 5, "email": " ana@example.com ", "name": "Ana <b>"}
EVENTS: dict[str, dict[str, Any]] = {
    "lead": {"customer": PERSON, "utm": {"source": "fb", "campaign": "January", "term": None, "content": ""}},
    "order": {
        "currency": "usd",
        "customer": PERSON,
        "lines": [
            {"product": "Mastermind", "product_id": "m-1", "amount": "666.00", "offer": "high_ticket", "payments": "3"},
            {"product": "Workbook", "amount": 54},
        ],
        "tax": "10",
        "payment_ids": ["pi_1", "p-9"],
        "test": "false",
    },
    "payment": {"amount": "720.5", "currency": "USD", "order_id": "17", "product": "Mastermind"},
    "refund": {"amount": "77.00", "currency": "USD", "payment_id": "p-9", "order_id": "17"},
    "dispute": {"amount": "77.00", "currency": "USD", "order_id": "17", "status": "lost"},
    "attendance": {"platform": "zoom", "session_id": "day-17", "participants": "140.0"},
    "ad_spend": {
        "date": "2026-01-17",
        "platform": "tiktok",
        "account_id": 77,
        "currency": "USD",
        "lines": [{"campaign": "January", "campaign_id": "c1", "amount": "100.00"}],
    },
}
OWN: dict[str, Any] = {"source": "kajabi", "external_id": "17"}
RECORDS: dict[str, Record] = {
    "lead": Lead(
        **OWN,
        email="ana@example.com",
        opted_in_at=AT,
        name="Ana <b>",
        customer_id="5",
        utm=Utm("fb", campaign="January"),
        as_of=AT,
    ),
    "order": Order(
        **OWN,
        email="ana@example.com",
        name="Ana <b>",
        currency="USD",
        ordered_at=AT,
        lines=(
            Line("Mastermind", ("Mastermind", "m-1"), Decimal(666), Offer.HIGH_TICKET, 3),
            Line("Workbook", ("Workbook",), Decimal(54)),
        ),
        total=Decimal(730),
        tax=Decimal(10),
        state=OrderState.PAID,
        ids=("pi_1", "kajabi/p-9"),
        interval_days=30,
        customer_id="5",
        as_of=AT,
    ),
    "payment": Payment(
        **OWN,
        amount=Decimal("720.50"),
        currency="USD",
        paid_at=AT,
        messenger=Order("", "", "", "", "", AT).messenger,
        ids=("kajabi/17",),
        order_ids=("kajabi:17",),
        product="Mastermind",
        labels=("Mastermind",),
        as_of=AT,
    ),
    "refund": Refund(
        **OWN,
        payment_id="kajabi/p-9",
        amount=Decimal(77),
        currency="USD",
        state=RefundState.SUCCEEDED,
        created_at=AT,
        as_of=AT,
        other_id="kajabi:17",
    ),
    "dispute": Dispute(
        **OWN,
        payment_id="kajabi:17",
        amount=Decimal(77),
        currency="USD",
        state=DisputeState.LOST,
        as_of=AT,
        opened_at=AT,
    ),
    "attendance": AttendanceSample(Platform.ZOOM, "kajabi/day-17", AT, 140, "kajabi"),
    "ad_spend": AdSpendDay(
        date(2026, 1, 17),
        "tiktok",
        "77",
        "USD",
        "",
        AT,
        "kajabi",
        ads=(
            AdSpend(
                date(2026, 1, 17), "tiktok", Decimal(100), "USD", "kajabi", "77", campaign="January", campaign_id="c1"
            ),
        ),
    ),
}


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **BASE, **EVENTS[kind], **fields}


@pytest.mark.parametrize("kind", TYPES)
def test_an_event_becomes_its_record(kind: str) -> None:
    assert list(records_of(read(event(kind)).event)) == [RECORDS[kind]]


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_kept_reads_like_what_was_sent(kind: str) -> None:
    kept = as_json(read(event(kind)).event)
    assert list(normalise(parse(kept), NoLookUp())) == [RECORDS[kind]]
    assert as_json(read(parse(kept)).event) == kept


LONG = "x" * 10_000
REJECTED = [
    ({"type": None}, "'type' is missing: it is one of lead, order, payment, refund, dispute, attendance, ad_spend"),
    ({"type": "sale"}, "'type' is none of lead, order, payment, refund, dispute, attendance, ad_spend"),
    ({"source": ""}, "'source' is missing"),
    ({"source": "Kajabi Pro"}, "'source' is not a name of small letters, digits, _ and -, at most 32 characters"),
    ({"source": "stripe"}, "'source' is a name that View 3 uses itself: add to it, such as zapier-stripe"),
    ({"id": " "}, "'id' is missing"),
    ({"id": LONG}, "'id' is longer than 150 characters"),
    ({"id": ["17"]}, "'id' is not an id: a text or a whole number"),
    ({"occurred_at": ""}, "'occurred_at' is missing"),
    ({"occurred_at": "2026-01-17"}, "'occurred_at' is not a time with its offset such as 2026-01-17T20:15:00-03:00 (from 2001 to 2037)"),
    ({"occurred_at": "2026-01-17T20:15:00"}, "'occurred_at' is not a time with its offset such as 2026-01-17T20:15:00-03:00 (from 2001 to 2037)"),
    ({"occurred_at": "2026-02-30T20:15:00Z"}, "'occurred_at' is not a time with its offset such as 2026-01-17T20:15:00-03:00 (from 2001 to 2037)"),
    ({"occurred_at": 1768687200}, "'occurred_at' is not a time with its offset such as 2026-01-17T20:15:00-03:00 (from 2001 to 2037)"),
    ({"occurred_at": "2026-01-21T18:00:01Z"}, "'occurred_at' is more than a day ahead of the clock here"),
    ({"updated_at": "2036-01-01T00:00:00Z"}, "'updated_at' is more than a day ahead of the clock here"),
    ({"currency": "dollars"}, "'currency' is not a currency code such as USD"),
    ({"customer": "Ana"}, "'customer' is a text, not an object"),
    ({"customer": {"email": LONG}}, "'customer.email' is longer than 254 characters"),
    ({"customer": {"name": ["Ana"]}}, "'customer.name' is not a text"),
    ({"lines": []}, "'lines' is empty"),
    ({"lines": "Mastermind"}, "'lines' is a text, not a list"),
    ({"lines": ["Mastermind"]}, "'lines[0]' is a text, not an object"),
    ({"lines": [{"product": "A"}] * 101}, "'lines' has more than 100 items"),
    ({"lines": [{"product": "A"}]}, "'total' is missing: give it, or an amount with each line"),
    ({"lines": [{"product": "", "amount": "1"}]}, "'lines[0].product' is missing"),
    ({"lines": [{"product": "A", "amount": "99999999.99"}] * 2}, "'total' is missing, and the lines add up to more than 99999999.99"),
    ({"lines": [{"product": "A", "amount": "1", "payments": 121}]}, "'lines[0].payments' is not a whole number from 0 to 120"),
    ({"lines": [{"product": "A", "amount": "1", "offer": "course"}]}, "'lines[0].offer' is none of vip, oto, high_ticket"),
    ({"total": -5}, "'total' is negative: send what went back as a refund, without a sign"),
    ({"total": 100_000_000}, "'total' is larger than 99999999.99"),
    ({"total": Decimal("1.005")}, "'total' has more than 2 decimals"),
    ({"total": True}, "'total' is not an amount such as \"49.00\": digits, a point, at most 2 decimals, no sign, no currency"),
    *(({"total": text}, "'total' is not an amount such as \"49.00\": digits, a point, at most 2 decimals, no sign, no currency")
      for text in ("$49", "1,234.50", "49,00", "-5", "1e2", "NaN", "٤٩")),
    ({"payment_ids": [""]}, "'payment_ids[0]' is empty"),
    ({"status": "complete"}, "'status' is none of paid, pending, voided"),
    ({"test": "maybe"}, "'test' is neither true nor false"),
    ({"type": "lead", "customer": {"name": "Ana"}}, "'customer.email' is missing: a lead needs an e-mail address or an id"),
    ({"type": "lead", "customer": {"email": "ana"}}, "'customer.email' is not an e-mail address"),
    ({"type": "lead", "customer": None}, "'customer' is missing"),
    ({"type": "payment"}, "'amount' is missing"),
    ({"type": "refund", "amount": "1"}, "'payment_id' is missing: name the payment, or the order as order_id"),
    ({"type": "dispute", "amount": "1", "order_id": "1", "status": "paid"}, "'status' is none of open, lost, won"),
    ({"type": "attendance", "platform": "twitch", "session_id": 1, "participants": 1}, "'platform' is none of youtube, zoom"),
    ({"type": "attendance", "platform": "zoom", "session_id": 1, "participants": -1}, "'participants' is not a whole number from 0 to 999999999"),
    ({"type": "attendance", "platform": "zoom", "session_id": 1, "participants": "1.5"}, "'participants' is not a whole number from 0 to 999999999"),
    ({"type": "ad_spend", "platform": "tiktok", "account_id": 1, "date": "17.01.2026"}, "'date' is not a date such as 2026-01-17 (from 2001 to 2037)"),
    ({"type": "ad_spend", "platform": "tiktok", "account_id": "", "date": "2026-01-17"}, "'account_id' is missing"),
    ({"type": "ad_spend", "platform": "tiktok", "account_id": "x" * 65, "date": "2026-01-17"}, "'account_id' is longer than 64 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), REJECTED)
def test_a_rejection_is_one_sentence_that_names_the_field(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UnreadablePayloadError) as rejection:
        read(event("order", **fields), NOW)
    assert str(rejection.value) == sentence


@pytest.mark.parametrize("value", [None, 5, "order", ["order"], True])
def test_what_is_no_object_is_rejected(value: object) -> None:
    with pytest.raises(UnreadablePayloadError, match="not an object"):
        read(value)


@pytest.mark.parametrize("text", ["", " ", None])
def test_an_empty_text_is_a_missing_field(text: str | None) -> None:
    told = event("order", **dict.fromkeys(("total", "tax", "status", "test", "utm", "updated_at", "payment_ids"), text))
    found = read(told).event
    assert (found.status, found.tax, found.sum, found.test) == ("paid", Decimal(0), Decimal(720), False)  # type: ignore[union-attr]


def test_fields_that_are_not_known_are_named_and_not_kept() -> None:
    found = read(event("order", coupon="SPRING", customer={"email": "a@x.io", "card": "4242"}, lines=[{"product": "A", "amount": 1, "sku": 1}]))  # fmt: skip
    assert found.ignored == ("customer.card", "lines[0].sku", "coupon")
    assert b"4242" not in as_json(found.event)


def test_a_number_is_never_a_float() -> None:
    (item,) = items_of(parse(json.dumps(event("order", total="T")).replace('"T"', "1234567.10").encode()), NOW)
    assert item.event is not None
    assert b'"total":"1234567.10"' in item.event.body


def test_what_no_database_keeps_is_replaced() -> None:
    (record,) = records_of(read(event("lead", id="1\0", customer={"email": "a@x.io", "name": "Ana\ud800"})).event)
    assert (record.external_id, record.name) == ("1\ufffd", "Ana\ufffd")  # type: ignore[union-attr]


def test_the_names_of_our_own_sources_are_taken() -> None:
    assert {name.replace("-", "_").removesuffix("_api").removesuffix("_history") for name in INBOX_SOURCES} <= set(
        RESERVED
    )


# --- What the schema says ----------------------------------------------------------------------------

CHECKER = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: not isinstance(value, bool) and isinstance(value, int | Decimal) and value % 1 == 0
)
CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
VALIDATOR = extend(Draft202012Validator, type_checker=CHECKER)(
    json.loads(json.dumps(schema.json_schema()), parse_float=Decimal)
)
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 120, 121, 10**8, 10**9, Decimal("49.00"), Decimal("99999999.99"), Decimal("0.005")),
    *(Decimal("140.0"), Decimal("-0.0"), "", " ", "x", "0", "-1", "1.5", "49.00", " 49 ", "100000000", "1000000000"),
    *(
        "120",
        "121",
        "000120",
        "2026-01-17",
        "2024-02-29",
        "2026-02-29",
        "2026-01-17T20:15:00Z",
        "2026-01-17 20:15-0300",
    ),
    *("2026-01-17T24:00:00Z", "2038-01-17T20:15:00Z", "USD", "usd", "us", "paid", "open", "won", "vip", "zoom", "true"),
    *("True", "no", "stripe", "google-ads", "zapier-stripe", "Kajabi", "a@x.io", "a@", "@", "x" * 64, "x" * 65),
    *("x" * 150, "x" * 151, "x" * 254, "x" * 255, "\n1\n", [], {}, [""], ["x"], {"id": ""}, {"email": "x"}),
]
VALUES = st.sampled_from(ODD)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every field of an event, however deep."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*path, step)
        yield from places(one, (*path, step))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return an event with another value at a path; without the field where that is Ellipsis."""
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) > 1:
        copy[path[0]] = changed(value[path[0]], path[1:], new)
    elif new is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = new
    return copy


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of any type in which up to three fields are something else, or nothing."""
    told: dict[str, Any] = event(draw(st.sampled_from(TYPES)), updated_at="2026-01-18T00:00:00Z")
    for _ in range(draw(st.integers(0, 3))):
        there = list(places(told))
        told = changed(told, draw(st.sampled_from(there)), draw(VALUES | st.just(...))) if there else told
    return told


def agree(told: dict[str, Any]) -> None:
    """Hold the schema, and what the door refuses, against the code that checks an event."""
    found, reason = None, ""
    try:
        found = read(told).event
    except UnreadablePayloadError as error:
        reason = str(error)
    assert VALIDATOR.is_valid(told) == (found is not None), (reason, told)
    faults = [fault(record, CHALLENGE) for record in records_of(found)] if found else [""]
    assert faults == [""]


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_accepts_what_the_code_accepts_whatever_stands_in_one_field(kind: str) -> None:
    told = event(kind, updated_at="2026-01-18T00:00:00Z", total="5") if kind == "order" else event(kind)
    for path in places(told):
        for value in (..., *ODD):
            agree(changed(told, path, value))


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(events())
def test_the_schema_accepts_what_the_code_accepts_whatever_stands_in_several_fields(told: dict[str, Any]) -> None:
    agree(told)


@pytest.mark.parametrize("kind", TYPES)
def test_the_examples_fit_the_schema(kind: str) -> None:
    assert VALIDATOR.is_valid(event(kind))


def test_both_descriptions_stand_in_the_documents_as_they_are_served() -> None:
    remedy = (
        "run: python -c \"from pathlib import Path; from connectors.events.schema import write; write(Path('docs'))\""
    )
    assert (DOCS / "events.schema.json").read_text() == schema.as_text(schema.json_schema()), remedy
    assert (DOCS / "events.openapi.json").read_text() == schema.as_text(schema.openapi()), remedy
    Draft202012Validator.check_schema(schema.json_schema())


def test_every_reference_of_the_openapi_description_leads_somewhere() -> None:
    text = schema.as_text(schema.openapi())
    names = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert names <= schema.openapi()["components"]["schemas"].keys()
    assert "$defs" not in text


# --- At the door -------------------------------------------------------------------------------------


class Tools(House):
    """A receiver that other tools send to; it remembers what it keeps."""

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self.known: dict[tuple[str, str], bytes] = {}
        receiver = Receiver(
            {}, keep=self.keep, park=self.park, clock=lambda: NOW, health=self.health, log=self.logged.append
        )
        self.client = TestClient(receiver.application(shared))

    async def keep(self, event: Event) -> Kept:
        await super().keep(event)
        if event.key in self.known:
            return Kept.DUPLICATE
        self.known[event.key] = event.body
        return Kept.NEW

    def send(self, told: Any, token: str = "a-long-word", headers: dict[str, str] | None = None) -> Any:
        raw = told if isinstance(told, bytes) else json.dumps(told).encode()
        return self.client.post(f"{PATH}/{token}", content=raw, headers=headers)


@pytest.fixture
def tools() -> Iterator[Tools]:
    tools = Tools(Shared(("old-word", "a-long-word")))
    with tools.client:
        yield tools


def test_an_event_is_kept_and_then_answered(tools: Tools) -> None:
    told = tools.send(event("order", coupon="SPRING"))
    assert told.status_code == 200
    assert told.json() == {
        "accepted": 1,
        "already_known": 0,
        "rejected": 0,
        "results": [{"id": "17", "result": "accepted", "ignored": ["coupon"]}],
    }
    assert [(one.source, one.kind) for one in tools.kept] == [("events", "order")]
    assert tools.send(event("order"), token="old-word").json()["already_known"] == 1


def test_each_event_of_a_batch_is_answered_by_itself(tools: Tools) -> None:
    told = tools.send(
        {"events": [event("lead"), event("order", total="-5"), event("lead"), "x", event("order", total="5")]}
    )
    assert told.status_code == 200
    assert [(one["id"], one["result"]) for one in told.json()["results"]] == [
        ("17", "accepted"),
        ("17", "rejected"),
        ("17", "already known"),
        ("", "rejected"),
        ("17", "accepted"),
    ]
    assert told.json()["results"][1]["reason"].startswith("'total' is not an amount")
    assert {name: told.json()[name] for name in ("accepted", "already_known", "rejected")} == {
        "accepted": 2,
        "already_known": 1,
        "rejected": 2,
    }
    assert sorted(key[1].split(".")[1] for key in tools.known) == ["lead", "order"]


def test_a_batch_of_nothing_but_rejected_events_is_answered_so(tools: Tools) -> None:
    told = tools.send({"events": [{}, event("order", id="")]})
    assert (told.status_code, told.json()["rejected"]) == (422, 2)
    assert tools.kept == []


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (b"", "the body is not JSON (position 0)"),
        (b"[]", "the body is a list, not an event object"),
        (b"\xff", "the body is not UTF-8"),
        ({"events": {}}, "'events' is an object, not a list"),
        ({"events": []}, f"'events' holds 0 events: send 1 to {MOST_ITEMS} at once"),
        ({"events": [{}] * 501}, f"'events' holds 501 events: send 1 to {MOST_ITEMS} at once"),
        (b'{"type": "order", "type": "lead"}', "the body says the same key twice in one object"),
        (b'{"total": NaN}', "the body holds NaN, which is not a number"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_nothing_of_it_kept(tools: Tools, told: Any, sentence: str) -> None:
    answer = tools.send(told)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})
    assert (tools.kept, tools.parked) == ([], [])


def test_five_hundred_events_are_taken_at_once(tools: Tools) -> None:
    told = tools.send({"events": [event("lead", id=number) for number in range(MOST_ITEMS)]})
    assert (told.status_code, told.json()["accepted"], len(tools.kept)) == (200, 500, 500)


@pytest.mark.parametrize("token", ["wrong", "a-long-wor", "A-LONG-WORD", "a-long-word/", "%00"])
def test_a_wrong_token_is_answered_like_an_address_that_does_not_exist(tools: Tools, token: str) -> None:
    unknown, wrong = tools.client.post("/webhooks/shopify/x", content=b"{}"), tools.send(event("lead"), token)
    told = [(one.status_code, one.content, dict(one.headers)) for one in (unknown, wrong)]
    assert told[0] == told[1]
    assert tools.kept == []
    assert not any(token in line or "a-long-word" in line for line in tools.logged)


def test_without_a_token_the_route_is_off_and_says_so() -> None:
    tools = Tools(Shared())
    with tools.client:
        answer = tools.send(event("lead"))
    assert answer.status_code == 404
    assert "VIEW3_EVENTS_TOKEN" in answer.json()["error"]


def test_a_body_over_the_limit_is_refused(tools: Tools) -> None:
    assert tools.send(b" " * (LARGEST + 1)).status_code == 413


def test_an_inbox_that_cannot_be_written_is_said_and_nothing_acknowledged(tools: Tools) -> None:
    tools.trouble = OSError("away")
    answer = tools.send({"events": [event("lead"), event("order")]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def signature(raw: bytes, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"X-View3-Signature": f"t={stamp},v1={signatures.digest(secret, stamp.encode() + b'.' + raw)}"}


RAW = json.dumps(event("lead")).encode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (signature(RAW), 200),
        (signature(RAW, secret="older"), 200),
        (signature(RAW, NOW - timedelta(seconds=300)), 200),
        (signature(RAW, NOW - timedelta(seconds=301)), 400),
        (signature(RAW, NOW + timedelta(seconds=301)), 400),
        (signature(RAW + b" "), 400),
        (signature(RAW, secret="another"), 400),
        ({}, 400),
        ({"X-View3-Signature": ""}, 400),
        ({"X-View3-Signature": "t=1,t=1,v1=00"}, 400),
        ({"X-View3-Signature": "t=now,v1=" + "0" * 64}, 400),
        ({"X-View3-Signature": signature(RAW)["X-View3-Signature"] + ",v0=00"}, 200),
    ],
)
def test_where_a_secret_is_set_the_body_has_to_be_signed_with_it_and_lately(
    headers: dict[str, str], status: int
) -> None:
    tools = Tools(Shared(("a-long-word",), ("older", SECRET)))
    with tools.client:
        assert tools.send(RAW, headers=headers).status_code == status
    assert len(tools.kept) == (status == 200)


@pytest.mark.parametrize("path", [f"{PATH}/schema.json", f"{PATH}/openapi.json", "/openapi.json"])
def test_the_descriptions_are_served_to_all(tools: Tools, path: str) -> None:
    answer = tools.client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.text == schema.as_text(schema.json_schema() if "schema" in path else schema.openapi())


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(events() | VALUES, max_size=4), st.binary(max_size=60))
def test_whatever_is_sent_the_answer_is_one_of_ours(told: list[Any], raw: bytes) -> None:
    tools = Tools(Shared(("a-long-word",)))
    with tools.client:
        batch = tools.send(json.dumps({"events": told}, default=float).encode())
        assert batch.status_code in {200, 400, 422}
        assert tools.send(raw).status_code in {400, 422}
    if batch.status_code == 200:
        assert len(batch.json()["results"]) == len(told)
        assert len(tools.kept) == batch.json()["accepted"] + batch.json()["already_known"]


def test_keeping_is_awaited_before_the_answer(tools: Tools) -> None:
    tools.delay = 60
    assert tools.send(event("lead")).status_code == 503
