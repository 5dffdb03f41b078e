"""An event of Stripe's and the object it is about, read for the one question: who paid how much for what."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from analytics.records import Payment
from connectors.contract import LookUp, Payload
from connectors.exports.currencies import THREE_DECIMALS, ZERO_DECIMALS
from connectors.payload import Fields

SOURCE = "stripe"
SEVERAL_NAMES = ("products", "product_names", "items", "item_names")
PRODUCT_NAMES = ("product", "product_name", *SEVERAL_NAMES, "item", "item_name", "offer", "plan", "course")
NAMES = ("customer_name", "name", "full_name")
EMAILS = ("email", "customer_email")
CONTRACT_PRICE = ("contract_price", "total_price")
INSTALMENTS = ("instalments", "installments", "instalment_count", "installment_count", "number_of_payments")
TERMS = frozenset({*CONTRACT_PRICE, *INSTALMENTS})
PRODUCT_WORDS = re.compile(r"product|price|plan|offer|item|sku|course|program|package", re.IGNORECASE)


class Event:
    """An event with the object it is about."""

    def __init__(self, payload: Payload, kind: str, look_up: LookUp) -> None:
        event = Fields(payload)
        self.kind, self.look_up, self.about = kind, look_up, event.within("data", "object")
        if not self.about:
            event.within("data").fail("object")
        self.at = moment(event, "created")
        self.is_snapshot = event.flag("snapshot") is True  # made of an API's answer: when it happened is not told
        self.test = event.flag("livemode") is False or self.about.flag("livemode") is False

    def money(self, name: str, about: Fields | None = None) -> Decimal:
        """Return an amount in major units; raises where it is missing."""
        fields = about or self.about
        units = fields.integer(name)
        if units is None:
            fields.fail(name)
        if isinstance(fields.values[name], str):  # Stripe's are numbers: nobody knows what unit a text is in
            fields.fail(name, "is not a whole number")
        currency = self.currency
        if currency in ZERO_DECIMALS:
            return Decimal(units)
        return Decimal(units).scaleb(-3 if currency in THREE_DECIMALS else -2)

    @property
    def currency(self) -> str:
        """Return the currency of the object, in capitals."""
        return self.about.text("currency").upper() or self.about.fail("currency")

    @property
    def id(self) -> str:
        """Return the object's id."""
        return self.about.id("id") or self.about.fail("id")

    def metadata(self, *places: Fields) -> "Metadata":
        """Return what the seller noted on the object, or on the given ones, the first place that says something first."""
        return Metadata(places or (self.about.within("metadata"),))

    def payment(self, external_id: str, ids: Sequence[str], amount: Decimal, **more: Any) -> Payment:
        """Return a payment that succeeded when the event says so; what an API answer tells later is an estimate."""
        return Payment(
            source=SOURCE,
            external_id=external_id,
            ids=told(*ids),
            amount=amount,
            currency=self.currency,
            test=self.test,
            as_of=self.at,
            **{"paid_at": self.at, "is_estimate": self.is_snapshot, **more},
        )


class Metadata:
    """What the seller noted beside an object, as far as it says who bought what."""

    def __init__(self, places: Sequence[Fields]) -> None:
        self.places = [place for place in places if place]

    def first(self, names: Sequence[str]) -> str:
        """Return the first note under one of the names, whatever their case."""
        for place in self.places:
            spelt = {_spelt(name): name for name in place.values}
            noted = next(filter(None, (place.text(spelt[name]) for name in names if name in spelt)), "")
            if noted:
                return noted
        return ""

    def labels(self) -> list[str]:
        """Return the notes that say what was bought."""
        names = [(place, name) for place in self.places for name in place.values]
        return [place.text(name) for place, name in names if PRODUCT_WORDS.search(name) and _spelt(name) not in TERMS]

    def several(self) -> list[str]:
        """Return the products of a note that lists several with commas between them; none where it names one."""
        names = [name.strip() for name in self.first(SEVERAL_NAMES).split(",")]
        return [name for name in names if name] if len(names) > 1 else []

    @property
    def email(self) -> str:
        """Return an e-mail address, where a note holds one."""
        noted = self.first(EMAILS)
        return noted if "@" in noted else ""


def price_labels(item: Fields) -> Iterator[str]:
    """Yield what the price of a line or an item is called."""
    price = item.within("price")
    yield price.id("id")
    yield price.id("product")
    yield price.text("nickname")


def moment(fields: Fields, name: str) -> datetime:
    """Return the moment of a Unix time; raises where it is missing."""
    return fields.seconds(name) or fields.fail(name)


def told(*texts: str) -> tuple[str, ...]:
    """Return the texts that are not empty, each once, in their order."""
    return tuple(dict.fromkeys(filter(None, texts)))


def _spelt(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
