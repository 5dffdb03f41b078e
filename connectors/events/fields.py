"""The kinds of values in an event: how each is read from JSON, and the same rule as JSON Schema.

Tools such as Zapier send a text for everything, so every kind reads numbers in text and forgives blanks around it.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from connectors.payload import clean

LONGEST_ID, LONGEST_AD_ID, LONGEST_NAME, LONGEST_EMAIL = 150, 64, 32, 254
LARGEST_AMOUNT, LARGEST_COUNT, MOST_PAYMENTS = Decimal("99999999.99"), 999_999_999, 120
# Days that exist, from 2001 to 2037: what the database's moments can hold, whatever the offset.
DAY = (
    r"(?:20(?:0[1-9]|[12][0-9]|3[0-7])-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|20(?:04|08|12|16|20|24|28|32|36)-02-29)"
)
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-3]):?[0-5][0-9])"
AMOUNT = r"[0-9]{1,8}(?:\.[0-9]{1,2}0*)?"
COUNT = r"[0-9]{1,9}(?:\.0+)?"
PAYMENTS = r"(?:[0-9]{1,2}|1[01][0-9]|120)(?:\.0+)?"
NAME = r"[a-z0-9][a-z0-9_-]{0,31}"
EMAIL = r"\S+@[^\s@]+"
MISSING: dict[str, Any] = {"anyOf": [{"type": "null"}, {"type": "string", "pattern": r"^\s*$"}]}
# Whose events we read ourselves, and names that mean something else in our tables.
TAKEN = ("clickfunnels", "clickfunnels_classic", "events", "file", "google_ads", "meta", "recorded", "stripe")
RESERVED = (*TAKEN, "youtube", "zoom")


def _whole(pattern: str) -> str:
    """Return a pattern for a whole text with blanks around it."""
    return rf"^\s*(?:{pattern})\s*$"


def _reader(pattern: str, otherwise: str) -> Callable[[Any], str]:
    """Return what gives a text without blanks if it has a form, and says what it is not if it has another."""
    fits = re.compile(_whole(pattern)).search

    def read(value: Any) -> str:
        if not isinstance(value, str) or not fits(value):
            raise ValueError(otherwise)
        return value.strip()

    return read


def _text(value: Any) -> str:
    """Return a text; a number counts as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("is not a text")  # noqa: TRY004 (the library collects ValueErrors)
    return clean(str(value)).strip()


def _identifier(longest: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if isinstance(value, Decimal) and not value % 1:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError("is not an id: a text or a whole number")  # noqa: TRY004 (the library collects ValueErrors)
        if len(str(value)) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if not str(value).strip():
            raise ValueError("is empty")
        return clean(str(value)).strip()

    return read


def _email(value: Any) -> str:
    address = _text(value)
    if len(str(value)) > LONGEST_EMAIL:
        raise ValueError(f"is longer than {LONGEST_EMAIL} characters")
    return address


_written_email = _reader(EMAIL, "is not an e-mail address")


def _own_email(value: Any) -> str:
    return _written_email(_email(value))


_NO_AMOUNT = 'is not an amount such as "49.00": digits, a point, at most 2 decimals, no sign, no currency'
_written_amount = _reader(AMOUNT, _NO_AMOUNT)


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(_NO_AMOUNT)  # noqa: TRY004 (the library collects ValueErrors)
    amount = Decimal(_written_amount(value) if isinstance(value, str) else value)
    if amount < 0:
        raise ValueError("is negative: send what went back as a refund, without a sign")
    if amount > LARGEST_AMOUNT:
        raise ValueError(f"is larger than {LARGEST_AMOUNT}")
    if amount % Decimal("0.01"):
        raise ValueError("has more than 2 decimals")
    return abs(amount).quantize(Decimal("0.01"))


def _counted(largest: int, pattern: str) -> Callable[[Any], int]:
    otherwise = f"is not a whole number from 0 to {largest}"
    written = _reader(pattern, otherwise)

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise ValueError(otherwise)  # noqa: TRY004 (the library collects ValueErrors)
        number = Decimal(written(value) if isinstance(value, str) else value)
        if number % 1 or not 0 <= number <= largest:
            raise ValueError(otherwise)
        return int(number)

    return read


_moment_text = _reader(
    rf"{DAY}[T ]{CLOCK}{OFFSET}", "is not a time with its offset such as 2026-01-17T20:15:00-03:00 (from 2001 to 2037)"
)
_day_text = _reader(DAY, "is not a date such as 2026-01-17 (from 2001 to 2037)")
_currency_text = _reader("[A-Za-z]{3}", "is not a currency code such as USD")
_name_text = _reader(NAME, f"is not a name of small letters, digits, _ and -, at most {LONGEST_NAME} characters")


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    without_fraction = re.sub(r"\.[0-9]+", "", _moment_text(value))
    return datetime.fromisoformat(without_fraction).astimezone(UTC)


def _day(value: Any) -> date:
    return date.fromisoformat(_day_text(value))


def _source(value: Any) -> str:
    name = _name_text(value)
    if name.replace("-", "_") in RESERVED:
        raise ValueError("is a name that View 3 uses itself: add to it, such as zapier-stripe")
    return name


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in FLAGS:
        raise ValueError("is neither true nor false")
    return value.lower() == "true"


FLAGS = ("true", "false", "True", "False")


def _text_like(pattern: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "pattern": _whole(pattern), **more}


def _id_schema(longest: int) -> dict[str, Any]:
    text = {"type": "string", "pattern": r"\S", "maxLength": longest}
    return {"anyOf": [text, {"type": "integer"}]}


def _count_schema(largest: int, pattern: str) -> dict[str, Any]:
    return {"anyOf": [{"type": "integer", "minimum": 0, "maximum": largest}, _text_like(pattern)]}


AMOUNT_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _text_like(AMOUNT),
        {"type": "number", "minimum": 0, "maximum": 99_999_999.99, "multipleOf": 0.01},
    ],
    "examples": ["49.00"],
}
RESERVED_FORM = r"(?:{})".format("|".join(one.replace("_", "[_-]") for one in RESERVED))

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number"]})]
SaidText = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"\S"}, {"type": "number"}]}),
]
Id = Annotated[str, BeforeValidator(_identifier(LONGEST_ID)), WithJsonSchema(_id_schema(LONGEST_ID))]
AdId = Annotated[str, BeforeValidator(_identifier(LONGEST_AD_ID)), WithJsonSchema(_id_schema(LONGEST_AD_ID))]
Email = Annotated[
    str,
    BeforeValidator(_email),
    WithJsonSchema({"type": ["string", "number"], "maxLength": LONGEST_EMAIL, "examples": ["ana@example.com"]}),
]
OwnEmail = Annotated[str, BeforeValidator(_own_email), WithJsonSchema(_text_like(EMAIL, maxLength=LONGEST_EMAIL))]
Amount = Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema(AMOUNT_SCHEMA)]
Count = Annotated[
    int, BeforeValidator(_counted(LARGEST_COUNT, COUNT)), WithJsonSchema(_count_schema(LARGEST_COUNT, COUNT))
]
Payments = Annotated[
    int, BeforeValidator(_counted(MOST_PAYMENTS, PAYMENTS)), WithJsonSchema(_count_schema(MOST_PAYMENTS, PAYMENTS))
]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(_text_like(rf"{DAY}[T ]{CLOCK}{OFFSET}", examples=["2026-01-17T20:15:00-03:00"])),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_text_like(DAY, examples=["2026-01-17"]))]
Currency = Annotated[
    str,
    BeforeValidator(lambda value: _currency_text(value).upper()),
    WithJsonSchema(_text_like("[A-Za-z]{3}", examples=["USD"])),
]
Name = Annotated[str, BeforeValidator(_name_text), WithJsonSchema(_text_like(NAME))]
Source = Annotated[
    str,
    BeforeValidator(_source),
    WithJsonSchema(
        {**_text_like(NAME, examples=["gohighlevel"]), "not": {"type": "string", "pattern": _whole(RESERVED_FORM)}}
    ),
]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"enum": [True, False, *FLAGS]})]
