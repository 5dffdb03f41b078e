"""ClickFunnels Classic beyond the golden pairs: what is never kept, and the shapes that only look alike."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from analytics.records import Utm
from connectors.clickfunnels_classic import webhooks as classic
from connectors.clickfunnels_classic.printed_python import read_printed
from connectors.contract import NoLookUp, UnreadablePayloadError
from connectors.payload import parse

FOLDER = Path(__file__).parents[1] / "payloads" / "clickfunnels_classic"
CASES = sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".records.json"))
NEVER_KEPT = ("hunter2", "4242", "4711", "pm_secret", "203.0.113.7", "Example Street", "html_body", "phone", "upwd")


def payload_of(case: str, **changes: object) -> dict[str, Any]:
    payload = copy.deepcopy(parse((FOLDER / f"{case}.json").read_bytes()))
    next(payload[name] for name in ("purchase", "contact") if name in payload).update(changes)
    return payload


def records(payload: dict[str, Any]) -> list[Any]:
    return list(classic.normalise(payload, NoLookUp()))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_people_typed_is_not_kept(path: Path) -> None:
    body = path.read_bytes()
    kept = classic.keep(parse(body), body).decode()
    assert [secret for secret in NEVER_KEPT if secret in kept] == []


def test_a_form_field_is_not_kept_whatever_it_is_called_or_holds() -> None:
    payload = payload_of(
        "contact-nested", password="hunter2", id={"password": "hunter2"}, name=["hunter2"], email={"a": "hunter2"}
    )
    payload |= {"password": "hunter2", "event": ["hunter2"]}
    assert b"hunter2" not in classic.keep(payload, b"hunter2")
    assert b"hunter2" not in classic.keep({"password": "hunter2"}, b"hunter2")


def test_the_same_event_has_the_same_id_whatever_else_the_form_says() -> None:
    one, other = payload_of("contact-nested"), payload_of("contact-nested", password="x")
    assert classic.event_id(one, b"1", {}) == classic.event_id(other, b"2", {})
    assert classic.event_id(one, b"1", {}) != classic.event_id(payload_of("contact-nested", id=1), b"1", {})


def test_the_deliverys_own_id_is_taken_where_it_is_plain() -> None:
    payload, md5 = payload_of("contact-nested"), "0cc175b9c0f1b6a831c399e269772661"
    assert classic.event_id(payload, b"", {classic.DELIVERY_ID: md5}) == md5
    for garbled in ("", "x" * 65, "é" * 32, "a\nb", "'--"):
        assert classic.event_id(payload, b"", {classic.DELIVERY_ID: garbled}).startswith("body-")


def test_the_kinds_are_those_that_classic_offers() -> None:
    kinds = {path.stem: classic.kind(parse(path.read_bytes())) for path in CASES}
    assert kinds["contact-nested"] == kinds["contact-json-api"] == "contact_created"
    assert kinds["contact-without-utms"] == "contact_updated"
    assert kinds["purchase-nested"] == kinds["purchase-flat"] == kinds["purchase-json-api"] == "purchase_created"
    assert kinds["purchase-via-zapier"] == "purchase_unknown"
    assert classic.kind({"event": "x\ny", "what": 1}) == "unknown_unknown"


def test_the_test_ping_means_nothing() -> None:
    ping = parse((FOLDER / "test-ping.json").read_bytes())
    assert classic.is_test_ping(ping)
    assert classic.kind(ping) == "test"
    assert records(ping) == []
    assert not classic.is_test_ping(payload_of("contact-nested"))


@pytest.mark.parametrize(
    "payload", [{}, {"event": "created"}, {"contact": "x"}, {"data": {"type": "orders", "attributes": {}}}]
)
def test_another_shape_is_unreadable(payload: dict[str, Any]) -> None:
    with pytest.raises(UnreadablePayloadError, match="purchase"):
        records(payload)


@pytest.mark.parametrize("info", [None, "", "{}", [], {"utm_source": None}, {"utm_source": ["fb"]}])
def test_utms_may_be_missing_in_every_way(info: object) -> None:
    (lead,) = records(payload_of("contact-nested", additional_info=info))
    assert lead.utm == Utm()


@pytest.mark.parametrize("field", ["id", "created_at"])
def test_a_lead_needs_its_id_and_its_moment(field: str) -> None:
    with pytest.raises(UnreadablePayloadError, match=f"contact.{field}"):
        records(payload_of("contact-nested", **{field: None}))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "purchase.id"),
        ({"created_at": "soon"}, "purchase.created_at"),
        ({"original_amount_cents": "97.5"}, "purchase.original_amount_cents"),
        (
            {"original_amount_cents": None, "original_amount": {"fractional": "1e5", "currency_iso": "USD"}},
            "original_amount.fractional",
        ),
        ({"original_amount_cents": None, "original_amount": None}, "original_amount.fractional"),
        ({"original_amount": None, "original_amount_currency": None}, "original_amount_currency"),
    ],
)
def test_a_purchase_needs_its_money_and_its_moment(changes: dict[str, object], field: str) -> None:
    with pytest.raises(UnreadablePayloadError, match=field):
        records(payload_of("purchase-nested", **changes))


def test_an_id_that_is_no_stripe_subscription_is_not_shared() -> None:
    (purchase,) = records(payload_of("purchase-nested", subscription_id="17", charge_id="ch_1"))
    assert (purchase.ids, purchase.plan_id) == (("ch_1",), "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[u'1459595']", ["1459595"]),
        ("[]", []),
        (
            """[{u'name': u"Rosa's", 'n': -1.5, 'x': None, 'y': True, 'z': False}]""",
            [{"name": "Rosa's", "n": -1.5, "x": None, "y": True, "z": False}],
        ),
        (r"['a\'b\\c\n\xe9\u2013\U0001f600']", ["a'b\\c\né–😀"]),
        ("['a', ]", None),
        ("[1", None),
        ("__import__('os')", None),
        ("[].__class__", None),
        ("['a' 'b']", None),
        ("['open", None),
        ("", None),
        ("[" * 100_000, None),
        ("['" + "\\'" * 500_000, None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_python_printed_is_read_and_never_run(text: str, value: object) -> None:
    assert read_printed(text) == value


def test_what_is_kept_is_plain_json() -> None:
    payload = payload_of("contact-nested", name="Zoë\x00\ud800")
    kept = classic.keep(payload, b"")
    assert kept.isascii()
    assert json.loads(kept)["contact"]["name"] == "Zoë\ufffd\ufffd"
