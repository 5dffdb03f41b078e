from datetime import UTC, datetime
from decimal import Decimal

import pytest

from analytics.records import Utm
from connectors.contract import UnreadablePayloadError
from connectors.payload import Fields, parse

HOSTILE = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"1",
    b'{"a":1} x',
    b'{"a":1',
    b"{'a':1}",
    b'{"a":"\xff"}',
    '{"a":1}'.encode("utf-16"),
    b'\xef\xbb\xbf{"a":1}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b'{"a":1e999}',
    b'{"a":1e-999}',
    b'{"a":1e99999999999999999999}',
    b'{"a":' + b"9" * 5000 + b"}",
    b'{"id":"evt_1","id":"evt_2"}',
    b'{"a":[{"b":1,"b":2}]}',
    b'{"a":' * 100_000,
    b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"a":' + b"[" * 64 + b"]" * 64 + b"}",
    b'{"a":"' + b"\x01" + b'"}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: f"{len(body)} bytes {body[:9]!r}")
def test_what_is_no_strict_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadablePayloadError):
        parse(body)


def test_sixty_four_levels_are_read() -> None:
    assert parse(b'{"a":' + b"[" * 63 + b"]" * 63 + b"}")


def test_numbers_are_exact() -> None:
    assert parse(b'{"price": 0.1, "units": 100}') == {"price": Decimal("0.1"), "units": 100}


def test_the_message_names_field_and_kind_and_never_the_value() -> None:
    fields = Fields({"customer": {"secret": ["hunter2"]}})
    with pytest.raises(UnreadablePayloadError, match=r"'customer\.secret' is not a text but a list"):
        fields.within("customer").text("secret")
    with pytest.raises(UnreadablePayloadError, match="'customer' is not a whole number but an object"):
        fields.integer("customer")
    with pytest.raises(UnreadablePayloadError, match=r"'data\.id' is missing"):
        fields.within("data").fail("id")


@pytest.mark.parametrize(
    ("read", "value"),
    [
        ("text", True),
        ("text", {}),
        ("integer", "1.5"),
        ("integer", Decimal("99.5")),
        ("integer", True),
        ("decimal", "1,99"),
        ("decimal", "NaN"),
        ("decimal", False),
        ("seconds", -1),
        ("seconds", 10**20),
        ("milliseconds", 10**20),
        ("moment", "yesterday"),
        ("moment", "0001-01-01T00:00:00+14:00"),
        ("id", "x" * 192),
        ("id", {"id": []}),
        ("within", "text"),
    ],
)
def test_a_field_of_another_type_is_refused(read: str, value: object) -> None:
    with pytest.raises(UnreadablePayloadError, match="'a"):
        getattr(Fields({"a": value}), read)("a")


@pytest.mark.parametrize("value", [None, "", 1, ["x"], "a" * 65, "a\nb", "../../etc", "'; drop", "é", "\u202eabc"])
def test_a_name_for_the_log_is_plain(value: object) -> None:
    with pytest.raises(UnreadablePayloadError):
        Fields({"a": value}).token("a", 64)


def test_what_no_database_keeps_is_replaced() -> None:
    assert Fields(parse(b'{"name": " Zo\\u0000\\ud800\xc3\xab "}')).text("name") == "Zo\ufffd\ufffdë"


def test_missing_fields_say_nothing() -> None:
    fields = Fields({"empty": "", "none": None})
    assert (fields.text("none"), fields.integer("empty"), fields.decimal("gone"), fields.flag("empty")) == (
        "",
        None,
        None,
        None,
    )
    assert fields.seconds("gone") is fields.milliseconds("none") is fields.moment("empty") is None
    assert not fields.within("gone", "further")
    assert list(fields.each("none")) == []


def test_moments_are_in_utc() -> None:
    fields = Fields({"a": 1768150800, "b": 1768150800999, "c": "2026-01-11T14:00:00-03:00", "d": "2026-01-11T17:00:00"})
    moment = datetime(2026, 1, 11, 17, tzinfo=UTC)
    assert (fields.seconds("a"), fields.milliseconds("b"), fields.moment("c"), fields.moment("d")) == (moment,) * 4


def test_utms_that_are_no_texts_count_as_missing() -> None:
    assert Fields({"utm_source": " fb ", "utm_term": 7, "utm_content": ["x"]}).utm() == Utm(source="fb")
