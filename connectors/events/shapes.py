"""What another tool may tell: the shape of each event, and the sentence for what does not fit.

JSON Schema and the OpenAPI description are generated from these classes. An empty text counts as a missing field, and
a field that is not listed is ignored: neither read nor kept, but named in the answer.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from connectors.contract import UnreadablePayloadError
from connectors.events.fields import (
    AMOUNT_SCHEMA,
    LARGEST_AMOUNT,
    MISSING,
    AdId,
    Amount,
    Count,
    Currency,
    Day,
    Email,
    Flag,
    Id,
    Moment,
    Name,
    OwnEmail,
    Payments,
    SaidText,
    Source,
    Text,
)
from connectors.payload import what

AHEAD = timedelta(days=1)  # how far a sender's clock may be ahead of ours
MOST_LINES = 100
SHOWN_FIELDS, SHOWN_LETTERS = 20, 40
Offer = Literal["vip", "oto", "high_ticket"]


def _said(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"not": MISSING}}}


def _without_blanks(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that say something."""
    return {
        name: one for name, one in told.items() if one is not None and not (isinstance(one, str) and not one.strip())
    }


class Shape(BaseModel):
    """An object of an event; what says nothing is as if it were not there."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _says_something(cls, told: Any) -> Any:
        return _without_blanks(told) if isinstance(told, dict) else told


class Customer(Shape):
    """Who it is about, as far as the tool knows: an odd address costs the attribution, never the sale."""

    id: Id = ""
    email: Email = ""
    name: Text = ""


class Person(Customer):
    """Who opted in: by an e-mail address or an id."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_said("id"), _said("email")]})
    email: OwnEmail = ""

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not self.email and not self.id:
            raise ValueError("email|is missing: a lead needs an e-mail address or an id")
        return self


class Utm(Shape):
    """The five UTM values, as received."""

    source: Text = ""
    medium: Text = ""
    campaign: Text = ""
    term: Text = ""
    content: Text = ""


class Line(Shape):
    """One product. `payments` is how often its amount falls due: 1 is a single payment, 0 a plan without a known end."""

    product: SaidText
    product_id: Id = ""
    amount: Amount | None = None
    offer: Offer | None = None
    payments: Payments = 1


class Told(Shape):
    """What all events have: whose they are, under which id, when it happened, and when this was last changed."""

    source: Source
    id: Id
    occurred_at: Moment
    updated_at: Moment | None = None

    @property
    def as_of(self) -> datetime:
        """Return when this was said: of two versions the later one stands, whatever arrives last."""
        return self.updated_at or self.occurred_at


class LeadEvent(Told):
    """A person opted in."""

    type: Literal["lead"]
    customer: Person
    utm: Utm = Utm()


class OrderEvent(Told):
    """Somebody bought. Without `total` it is the lines' amounts and the tax; `payment_ids` join it to what was paid."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["total"], "properties": {"total": AMOUNT_SCHEMA}},
                {"properties": {"lines": {"items": {"required": ["amount"], "properties": {"amount": AMOUNT_SCHEMA}}}}},
            ]
        }
    )
    type: Literal["order"]
    currency: Currency
    customer: Customer = Customer()
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=MOST_LINES)]
    total: Amount | None = None
    tax: Amount = Decimal("0.00")
    status: Literal["paid", "pending", "voided"] = "paid"
    payment_ids: Annotated[tuple[Id, ...], Field(max_length=MOST_LINES)] = ()
    utm: Utm = Utm()
    test: Flag = False

    @property
    def sum(self) -> Decimal:
        """Return what the buyer pays: the total told, else that of the lines with the tax."""
        if self.total is not None:
            return self.total
        return sum((line.amount for line in self.lines if line.amount is not None), self.tax)

    @model_validator(mode="after")
    def _has_a_total(self) -> Self:
        if self.total is None and any(line.amount is None for line in self.lines):
            raise ValueError("total|is missing: give it, or an amount with each line")
        if self.sum > LARGEST_AMOUNT:
            raise ValueError(f"total|is missing, and the lines add up to more than {LARGEST_AMOUNT}")
        return self


class PaymentEvent(Told):
    """Money was received, at `occurred_at`; of the order `order_id` of the same source, where one is named."""

    type: Literal["payment"]
    amount: Amount
    currency: Currency
    order_id: Id = ""
    product: Text = ""
    customer: Customer = Customer()
    utm: Utm = Utm()
    test: Flag = False


class OfMoneyReceived(Told):
    """What follows money received: it names the payment or the order of the same source."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_said("payment_id"), _said("order_id")]})
    amount: Amount
    currency: Currency
    payment_id: Id = ""
    order_id: Id = ""

    @model_validator(mode="after")
    def _names_money(self) -> Self:
        if not self.payment_id and not self.order_id:
            raise ValueError("payment_id|is missing: name the payment, or the order as order_id")
        return self


class RefundEvent(OfMoneyReceived):
    """Money of a payment or an order went back; an event for each refund, with its own amount."""

    type: Literal["refund"]
    status: Literal["succeeded", "pending", "failed"] = "succeeded"


class DisputeEvent(OfMoneyReceived):
    """A buyer disputes a payment; sent again under the same id, with `updated_at`, when it is lost or won."""

    type: Literal["dispute"]
    status: Literal["open", "lost", "won"]


class AttendanceEvent(Told):
    """How many people a room held at `occurred_at`; all samples of one live session carry the same `session_id`."""

    type: Literal["attendance"]
    platform: Literal["youtube", "zoom"]
    session_id: Id
    participants: Count


class SpendLine(Shape):
    """What one ad, ad set or campaign cost on the day, at the finest grain that the tool knows."""

    amount: Amount
    campaign: Text = ""
    campaign_id: AdId = ""
    ad_set: Text = ""
    ad_set_id: AdId = ""
    ad: Text = ""
    ad_id: AdId = ""


class AdSpendEvent(Told):
    """All that one ad account spent on one day: a later statement of the same day replaces the whole day."""

    type: Literal["ad_spend"]
    date: Day
    platform: Name
    account_id: AdId
    currency: Currency
    lines: Annotated[tuple[SpendLine, ...], Field(min_length=1, max_length=MOST_LINES)]


AnyEvent = LeadEvent | OrderEvent | PaymentEvent | RefundEvent | DisputeEvent | AttendanceEvent | AdSpendEvent
EVENT: TypeAdapter[AnyEvent] = TypeAdapter(Annotated[AnyEvent, Field(discriminator="type")])
TYPES = ("lead", "order", "payment", "refund", "dispute", "attendance", "ad_spend")
FAULTS = {
    "missing": "'{path}' is missing",
    "union_tag_not_found": f"'type' is missing: it is one of {', '.join(TYPES)}",
    "union_tag_invalid": f"'type' is none of {', '.join(TYPES)}",
    "literal_error": "'{path}' is none of {expected}",
    "too_short": "'{path}' is empty",
    "too_long": f"'{{path}}' has more than {MOST_LINES} items",
    "model_type": "'{path}' is {found}, not an object",
    "tuple_type": "'{path}' is {found}, not a list",
}


@dataclass(frozen=True, slots=True)
class Read:
    """An event as it was understood, and the names of the fields that were not."""

    event: AnyEvent
    ignored: tuple[str, ...] = ()


def read(told: object, now: datetime | None = None) -> Read:
    """Return the event that a JSON object tells; raise UnreadablePayloadError with one sentence that names the field.

    `now` is when it was sent: something that has not happened yet is refused. What the inbox keeps is not asked again.
    """
    if not isinstance(told, dict):
        raise UnreadablePayloadError(f"the event is {what(told)}, not an object")
    try:
        event = EVENT.validate_python(_without_blanks(told))
    except ValidationError as error:
        raise UnreadablePayloadError(_sentence(error)) from None
    if now is not None:
        _refuse_future(event, now)
    ignored = ["".join(filter(str.isprintable, name))[:SHOWN_LETTERS] for name in _unknown(told, event, "")]
    return Read(event, tuple(ignored[:SHOWN_FIELDS]))


def as_json(event: AnyEvent) -> bytes:
    """Return an event as it is kept: the same bytes however its values were written."""
    told = event.model_dump(mode="json", exclude_defaults=True) | {"type": event.type}
    return json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _refuse_future(event: AnyEvent, now: datetime) -> None:
    for name, moment in (("occurred_at", event.occurred_at), ("updated_at", event.updated_at)):
        if moment is not None and moment > now + AHEAD:
            raise UnreadablePayloadError(f"'{name}' is more than a day ahead of the clock here")


def _unknown(told: Mapping[str, Any], shape: Shape, path: str) -> Iterator[str]:
    """Yield the names of the fields that a shape does not have."""
    for name, value in told.items():
        if name not in type(shape).model_fields:
            yield f"{path}{name}"
            continue
        inner = getattr(shape, name)
        if isinstance(inner, Shape) and isinstance(value, dict):
            yield from _unknown(value, inner, f"{path}{name}.")
        elif isinstance(inner, tuple) and isinstance(value, list | tuple):
            for place, (one, said) in enumerate(zip(inner, value, strict=False)):
                if isinstance(one, Shape):
                    yield from _unknown(said, one, f"{path}{name}[{place}].")


def _sentence(error: ValidationError) -> str:
    """Return the first fault as a sentence that names the field and what stands there, never its value."""
    first = error.errors(include_url=False)[0]
    path = _path(first["loc"][1:])  # the first step is the type
    if first["type"] in FAULTS:
        expected = str(first.get("ctx", {}).get("expected", "")).replace(" or ", ", ").replace("'", "")
        return FAULTS[first["type"]].format(path=path, found=what(first["input"]), expected=expected)
    reason = first["msg"].removeprefix("Value error, ")
    field, bar, own = reason.partition("|")  # of an object as a whole: the field that is at fault
    return f"'{'.'.join(filter(None, (path, field)))}' {own}" if bar else f"'{path}' {reason}"


def _path(steps: tuple[int | str, ...]) -> str:
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
