"""Webhook bodies: strict JSON in, and readers of its fields that say which one cannot be read, never what it holds."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from analytics.records import Utm
from connectors.contract import Payload, UnreadablePayloadError

DEEPEST = 64
LONGEST_ID = 191
LARGEST_EXPONENT = 100
LONGEST_INTEGER = 40
LAST_SECOND = 253_402_300_799  # the end of the year 9999
_UNFIT = re.compile("[\ud800-\udfff\x00]")  # what no database keeps
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/ -]*").fullmatch
_DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?").fullmatch
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}").fullmatch
_KINDS = {bool: "true or false", int: "a number", Decimal: "a number", str: "a text", list: "a list", dict: "an object"}


def parse(body: bytes) -> dict[str, Any]:
    """Return the JSON object a body holds; raises UnreadablePayloadError for anything else."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_number,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise UnreadablePayloadError("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise UnreadablePayloadError(f"the body is not JSON (position {error.pos})") from None
    except RecursionError:
        raise UnreadablePayloadError(f"the body is nested deeper than {DEEPEST} levels") from None
    if not isinstance(value, dict):
        raise UnreadablePayloadError(f"the body is {what(value)}, not an event object")
    _check_depth(value)
    return value


def what(value: object) -> str:
    """Return what kind of value stands somewhere, in words."""
    return "nothing" if value is None else _KINDS.get(type(value), type(value).__name__)


def clean(text: str) -> str:
    """Return a text with what no database keeps (lone surrogates, NUL) replaced by the replacement character."""
    return _UNFIT.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a JSON object, read by type; `path` says where the object stands in the payload."""

    values: Payload = field(default_factory=dict)
    path: str = ""

    def __bool__(self) -> bool:
        """Tell whether any field is there."""
        return bool(self.values)

    def has(self, name: str) -> bool:
        """Tell whether a field is there and says something."""
        return self.values.get(name) is not None

    def within(self, *names: str) -> "Fields":
        """Return the object inside, step by step; empty where there is none."""
        inner = self
        for name in names:
            value = inner.values.get(name)
            if value is not None and not isinstance(value, dict):
                inner.fail(name, "is not an object")
            inner = Fields(value or {}, inner._at(name))
        return inner

    def each(self, name: str) -> Iterator["Fields"]:
        """Yield the objects of a list; none where there is no list."""
        value = self.values.get(name)
        if value is None:
            return
        if not isinstance(value, list):
            self.fail(name, "is not a list")
        for position, item in enumerate(value):
            if not isinstance(item, dict):
                self.fail(f"{name}[{position}]", "is not an object")
            yield Fields(item, self._at(f"{name}[{position}]"))

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list; none where there is no list."""
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fail(name, "is not a list of texts")
        return [clean(one) for one in value]

    def text(self, name: str) -> str:
        """Return a text without blanks around it; empty where it is missing. A number counts as text."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self.fail(name, "is not a text")
        return clean(str(value)).strip()

    def first(self, *names: str) -> str:
        """Return the first text that is not empty."""
        return next(filter(None, (self.text(name) for name in names)), "")

    def id(self, name: str) -> str:
        """Return an id, whether it stands there alone or in the object it belongs to; empty where it is missing."""
        value = self.values.get(name)
        text = self.within(name).text("id") if isinstance(value, dict) else self.text(name)
        if len(text) > LONGEST_ID:
            self.fail(name, f"is longer than {LONGEST_ID} characters")
        return text

    def token(self, name: str, longest: int) -> str:
        """Return a name made of plain letters, digits and a few signs; raises for anything else, so that it can be logged."""
        value = self.values.get(name)
        if not isinstance(value, str) or len(value) > longest or not _TOKEN(value) or ".." in value:
            self.fail(name, f"is not a plain name of at most {longest} characters")
        return value

    def integer(self, name: str) -> int | None:
        """Return a whole number, in digits or in text; None where it is missing."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _INTEGER(value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(name, "is not a whole number")
        return value

    def decimal(self, name: str) -> Decimal | None:
        """Return a decimal number, in digits or in text; None where it is missing."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or not _DECIMAL(str(value).strip()):
            self.fail(name, "is not a decimal number")
        return Decimal(str(value).strip())

    def flag(self, name: str) -> bool | None:
        """Return true or false; None where it is missing or something else."""
        value = self.values.get(name)
        return value if isinstance(value, bool) else None

    def seconds(self, name: str) -> datetime | None:
        """Return the moment of a Unix time in seconds; None where it is missing."""
        return self._epoch(name, 1)

    def milliseconds(self, name: str) -> datetime | None:
        """Return the moment of a Unix time in milliseconds, to the second; None where it is missing."""
        return self._epoch(name, 1000)

    def moment(self, name: str) -> datetime | None:
        """Return the moment of an ISO text, in UTC; None where it is missing."""
        text = self.text(name)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(name, "is not a time")

    def day(self, name: str) -> date:
        """Return the date of an ISO text; raises where it is missing."""
        text = self.text(name) or self.fail(name)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.fail(name, "is not a date")

    def utm(self) -> Utm:
        """Return the five UTM values among the fields; one that is not a text counts as missing."""
        told = {name: self.values.get(f"utm_{name}") for name in ("source", "medium", "campaign", "term", "content")}
        return Utm(**{name: clean(value).strip() for name, value in told.items() if isinstance(value, str)})

    def fail(self, name: str, reason: str = "is missing") -> NoReturn:
        """Raise UnreadablePayloadError for a field; the message says what kind of value stands there."""
        value = self.values.get(name)
        found = f" but {what(value)}" if value is not None else ""
        raise UnreadablePayloadError(f"'{self._at(name)}' {reason}{found}")

    def _epoch(self, name: str, per_second: int) -> datetime | None:
        number = self.integer(name)
        if number is None:
            return None
        if not 0 <= number // per_second <= LAST_SECOND:
            self.fail(name, "is not a time")
        return datetime.fromtimestamp(number // per_second, UTC)

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadablePayloadError("the body says the same key twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise UnreadablePayloadError(f"the body holds {name}, which is not a number")


def _number(digits: str) -> Decimal:
    try:
        number = Decimal(digits)
    except InvalidOperation:
        number = Decimal("Infinity")
    if not number.is_finite() or (number and abs(number.adjusted()) > LARGEST_EXPONENT):
        raise UnreadablePayloadError("the body holds a number out of all measure")
    return number


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise UnreadablePayloadError("the body holds a number out of all measure")
    return int(digits)


def _check_depth(value: Mapping[str, Any]) -> None:
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one) if _is_nested(inner)
        ]
        if not level:
            return
    raise UnreadablePayloadError(f"the body is nested deeper than {DEEPEST} levels")


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)
