"""What the door refuses, and the sentence it says; what lies just inside the edge is welcome."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.ingest import Refusal, Rules, accept
from analytics.intake.guards import fault
from analytics.records import (
    AdSpend,
    Attendance,
    AttendanceSample,
    Lead,
    Line,
    Messenger,
    Offer,
    Payment,
    Platform,
    Record,
    Statistic,
    order_of_one,
)
from analytics.schema import attendance, leads, orders

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
BEFORE_TIME = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
AFTER_TIME = datetime(2038, 1, 19, tzinfo=UTC)

LEAD = Lead("cf", "1", "ana@x.com", AT)
PURCHASE = order_of_one("cf", "1", "ana@x.com", "Ana", "Club", Decimal(2000), "USD", AT, offer=Offer.HIGH_TICKET)
PAYMENT = Payment("stripe", "ch_1", Decimal(100), "USD", AT)
SESSION = Attendance(Platform.ZOOM, "z", date(2026, 1, 17), 100, Statistic.UNIQUE_PEOPLE, "zoom")
SAMPLE = AttendanceSample(Platform.ZOOM, "z", AT, 100, "zoom")
SPEND = AdSpend(date(2026, 1, 5), "meta", Decimal(100), "USD", "meta")

NOT_OUR_TIME = "is not between 2000 and 2038"

REFUSED: list[tuple[Record, dict[str, Any], str]] = [
    (LEAD, {"source": ""}, "the source '' is empty or longer than 32 characters"),
    (LEAD, {"source": "s" * 33}, f"the source '{'s' * 32}' is empty or longer than 32 characters"),
    (LEAD, {"external_id": "  "}, "the id '  ' is empty or longer than 191 characters"),
    (LEAD, {"external_id": "1" * 192}, f"the id '{'1' * 40}' is empty or longer than 191 characters"),
    (LEAD, {"opted_in_at": BEFORE_TIME}, f"the opt-in of 1999-12-31 {NOT_OUR_TIME}"),
    (LEAD, {"opted_in_at": AFTER_TIME}, f"the opt-in of 2038-01-19 {NOT_OUR_TIME}"),
    (LEAD, {"email": "a" * 315 + "@x.com"}, "the e-mail is longer than 320 characters"),
    (
        LEAD,
        {"email": "\ufdfa" * 20 + "@x.com"},
        "the e-mail is longer than 320 characters",
    ),  # one sign, eighteen letters
    (LEAD, {"customer_id": "c" * 192}, f"the customer id '{'c' * 40}' is longer than 191 characters"),
    (LEAD, {"email": "ana"}, "'ana' is not an e-mail address"),
    (LEAD, {"email": "@x.com"}, "'@x.com' is not an e-mail address"),
    (LEAD, {"email": "ana@"}, "'ana@' is not an e-mail address"),
    (LEAD, {"email": " "}, "a lead needs an e-mail or a customer id"),
    (PURCHASE, {"external_id": ""}, "the id '' is empty or longer than 191 characters"),
    (PURCHASE, {"ids": ("pi_1", "p" * 192)}, f"the id '{'p' * 40}' is empty or longer than 191 characters"),
    (PURCHASE, {"ordered_at": BEFORE_TIME}, f"the purchase of 1999-12-31 {NOT_OUR_TIME}"),
    (PURCHASE, {"ordered_at": AFTER_TIME}, f"the purchase of 2038-01-19 {NOT_OUR_TIME}"),
    (PURCHASE, {"email": "a" * 321}, "the e-mail is longer than 320 characters"),
    (PURCHASE, {"customer_id": "c" * 192}, f"the customer id '{'c' * 40}' is longer than 191 characters"),
    (PURCHASE, {"currency": "usd"}, "'usd' is not a currency code such as USD"),
    (PURCHASE, {"currency": "US"}, "'US' is not a currency code such as USD"),
    (PURCHASE, {"currency": "Ü€D"}, "'Ü€D' is not a currency code such as USD"),
    (PURCHASE, {"currency": "US1"}, "'US1' is not a currency code such as USD"),
    (PURCHASE, {"total": Decimal("-1")}, "a negative price (-1)"),
    (PURCHASE, {"total": Decimal("NaN")}, "the price is not a number"),
    (PURCHASE, {"total": Decimal("Infinity")}, "the price is not a number"),
    (PURCHASE, {"total": Decimal(100000000)}, "the price of 100000000 is larger than 99999999.99"),
    (PURCHASE, {"total": Decimal("1.005")}, "the price of 1.005 has more than 2 decimals"),
    (PURCHASE, {"refunded": Decimal("-1")}, "a negative refund (-1)"),
    (PURCHASE, {"refunded": Decimal("0.001")}, "the refund of 0.001 has more than 2 decimals"),
    (PURCHASE, {"refunded": Decimal(2001)}, "2001 refunded is more than the price of 2000"),
    (PURCHASE, {"collected": Decimal("-1")}, "a negative collected amount (-1)"),
    (PURCHASE, {"collected": Decimal("0.001")}, "the collected amount of 0.001 has more than 2 decimals"),
    (PAYMENT, {"external_id": ""}, "the id '' is empty or longer than 191 characters"),
    (PAYMENT, {"source": ""}, "the source '' is empty or longer than 32 characters"),
    (PAYMENT, {"ids": ("p" * 192,)}, f"the id '{'p' * 40}' is empty or longer than 191 characters"),
    (PAYMENT, {"paid_at": AFTER_TIME}, f"the payment of 2038-01-19 {NOT_OUR_TIME}"),
    (PAYMENT, {"currency": "$"}, "'$' is not a currency code such as USD"),
    (PAYMENT, {"amount": Decimal("-0.01")}, "a negative amount (-0.01)"),
    (PAYMENT, {"amount": Decimal("NaN")}, "the amount is not a number"),
    (PURCHASE, {"refunded": Decimal("NaN")}, "the refund is not a number"),
    (PAYMENT, {"refunded": Decimal("100.01")}, "100.01 refunded is more than the 100 paid"),
    (SESSION, {"session_id": ""}, "the id '' is empty or longer than 191 characters"),
    (SESSION, {"platform": cast(Platform, "twitch")}, "'twitch' is neither youtube nor zoom"),
    (SESSION, {"participants": -1}, "an attendance below zero (-1)"),
    (SESSION, {"participants": 2**31}, "an attendance of 2147483648 cannot be true"),
    (SESSION, {"challenge_day": 16}, "2026-01-17 is Day 17, not Day 16"),
    (SESSION, {"date": date(2025, 12, 31)}, "2025-12-31 lies outside the challenge (2026-01-01 to 2026-01-31)"),
    (SESSION, {"date": date(2026, 2, 1)}, "2026-02-01 lies outside the challenge (2026-01-01 to 2026-01-31)"),
    (SAMPLE, {"platform": cast(Platform, "Zoom 2")}, "'Zoom 2' is neither youtube nor zoom"),
    (SAMPLE, {"participants": -5}, "an attendance below zero (-5)"),
    (SAMPLE, {"seen_at": BEFORE_TIME}, f"the sample of 1999-12-31 {NOT_OUR_TIME}"),
    (SPEND, {"date": date(1999, 12, 31)}, f"the spend of 1999-12-31 {NOT_OUR_TIME}"),
    (SPEND, {"platform": " "}, "ad spend needs its platform"),
    (SPEND, {"platform": "p" * 33}, f"the platform '{'p' * 32}' is longer than 32 characters"),
    *(
        (SPEND, {name: "1" * 65}, f"the id '{'1' * 40}' is longer than 64 characters")
        for name in ("account_id", "campaign_id", "ad_set_id", "ad_id")
    ),
    (SPEND, {"currency": ""}, "'' is not a currency code such as USD"),
    (SPEND, {"spend": Decimal("-0.5")}, "a negative spend (-0.5)"),
    (SPEND, {"spend": Decimal("0.0000001")}, "the spend of 1E-7 has more than 6 decimals"),
    (SPEND, {"spend": Decimal(10**9)}, "the spend of 1000000000 is larger than 999999999.999999"),
]

WELCOME: list[tuple[Record, dict[str, Any]]] = [
    (LEAD, {"source": "s" * 32, "external_id": "1" * 191}),
    (LEAD, {"email": "a" * 314 + "@x.com"}),
    (LEAD, {"email": "", "customer_id": "c1"}),
    (LEAD, {"email": " ana+x@localhost "}),
    (LEAD, {"opted_in_at": datetime(2000, 1, 1, tzinfo=UTC)}),
    (LEAD, {"email": "\ufdfa" * 17 + "@x.com", "customer_id": "c" * 191}),
    (PURCHASE, {"email": ""}),
    (
        PURCHASE,
        {
            "lines": (
                Line("Club", tuple(f"label {number} " + "🚀" * 100 for number in range(1000)), offer=Offer.HIGH_TICKET),
            )
        },
    ),
    (PURCHASE, {"email": "not an address"}),
    (PURCHASE, {"total": Decimal(0)}),
    (PURCHASE, {"total": Decimal("99999999.99")}),
    (PURCHASE, {"total": Decimal("10.10000")}),
    (PURCHASE, {"refunded": Decimal(2000)}),
    (PURCHASE, {"name": "n" * 10000, "lines": (Line("p" * 10000),)}),
    (PURCHASE, {"name": "Zoë 🚀\0 שלום", "lines": (Line("'; DROP TABLE leads; --"),)}),
    (PAYMENT, {"amount": Decimal(0), "refunded": Decimal(0)}),
    (SESSION, {"participants": 0, "challenge_day": 17}),
    (SESSION, {"date": date(2026, 1, 1)}),
    (SESSION, {"date": date(2026, 1, 31)}),
    (SAMPLE, {"participants": 0}),
    (SPEND, {"platform": "p" * 32, **dict.fromkeys(("account_id", "campaign_id", "ad_set_id", "ad_id"), "1" * 64)}),
    (SPEND, {"spend": Decimal("0.000001")}),
    (SPEND, {"spend": Decimal("999999999.999999")}),
]


@pytest.mark.parametrize(("record", "changes", "sentence"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_cannot_be_true_is_refused_in_words(record: Any, changes: dict[str, Any], sentence: str) -> None:
    assert fault(replace(record, **changes), CHALLENGE) == sentence


@pytest.mark.parametrize(
    "record", [LEAD, PURCHASE, PAYMENT, SESSION, SAMPLE, SPEND], ids=lambda one: type(one).__name__
)
def test_the_plain_record_is_welcome(record: Record) -> None:
    assert fault(record, CHALLENGE) == ""


@pytest.mark.parametrize(("record", "changes"), WELCOME, ids=lambda value: str(value)[:60])
def test_what_lies_just_inside_is_welcome_and_can_be_stored(
    connection: Connection, record: Any, changes: dict[str, Any]
) -> None:
    taken = accept(connection, Rules(CHALLENGE), [replace(record, **changes)])
    assert taken.refused == ()
    again = accept(connection, Rules(CHALLENGE), [replace(record, **changes)])
    assert (again.new, again.changed) == (0, 0)


@dataclass(frozen=True)
class _Stranger:
    source: str = "x"


def test_what_is_no_record_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="_Stranger is not a record"):
        fault(cast(Record, _Stranger()), CHALLENGE)


def test_the_refused_are_told_by_their_place_and_the_others_are_stored(connection: Connection) -> None:
    bad_lead, bad_sale = replace(LEAD, email="ana"), replace(PURCHASE, total=Decimal(-1))
    taken = accept(connection, Rules(CHALLENGE), [bad_lead, LEAD, bad_sale, PURCHASE, SESSION])
    assert taken.refused == (
        Refusal(0, "'ana' is not an e-mail address"),
        Refusal(2, "a negative price (-1)"),
    )
    assert (taken.new, taken.changed, taken.same) == (3, 0, 0)
    for table in (leads, orders, attendance):
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 1


def test_what_was_taken_in_is_counted_as_new_changed_or_same(connection: Connection) -> None:
    rules = Rules(CHALLENGE, staff=("Staff@X.com",))
    told: list[Record] = [LEAD, PURCHASE, replace(PURCHASE, external_id="2", test=True), SESSION, SPEND]
    first = accept(connection, rules, told)
    assert (first.new, first.changed, first.same, first.excluded, first.unclassified) == (5, 0, 0, 1, 0)
    second = accept(connection, rules, told)
    assert (second.new, second.changed, second.same) == (0, 0, 5)
    other = replace(
        PURCHASE, external_id="3", email="bo@x.com", lines=(Line("Club"),), messenger=Messenger.PAYMENT_PROVIDER
    )
    third = accept(connection, rules, [replace(LEAD, name="Ana"), other])
    assert (third.new, third.changed, third.same, third.unclassified) == (1, 1, 0, 1)
    staff = replace(PURCHASE, external_id="4", email=" staff@x.com")
    assert accept(connection, rules, [staff]).excluded == 1
