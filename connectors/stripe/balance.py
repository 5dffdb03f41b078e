"""What Stripe's own balance says of each day: payments, refunds, disputes and fees, to hold ours against."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.contract import Payload, VendorError
from connectors.exports.currencies import THREE_DECIMALS, ZERO_DECIMALS
from connectors.payload import Fields
from connectors.stripe.api import StripeLists

LIMIT = 100
PAYMENTS, REFUNDS, DISPUTES, FEES = "payments", "refunds", "disputes", "fees"
KINDS = {
    **dict.fromkeys(("charge", "payment"), PAYMENTS),
    **dict.fromkeys(("refund", "payment_refund", "refund_failure", "payment_failure_refund"), REFUNDS),
    **dict.fromkeys(("stripe_fee", "application_fee", "tax_fee"), FEES),
}
DISPUTED = frozenset({"dispute", "dispute_reversal"})


@dataclass(frozen=True, slots=True)
class BalanceMovement:
    """One movement of the balance; refunds, disputes and fees count what left it."""

    at: datetime
    what: str
    currency: str
    amount: Decimal


def movements(lists: StripeLists, first: datetime, end: datetime) -> Iterator[BalanceMovement]:
    """Yield the movements from one moment until before another, page by page; raises VendorError with a sentence."""
    params: dict[str, Any] = {
        "limit": LIMIT,
        "created": {"gte": int(first.timestamp()), "lt": int(end.timestamp())},
        "expand": ["data.source"],
    }
    after, more = "", True
    while more:
        page, more = lists.page("balance_transaction", {**params, **({"starting_after": after} if after else {})})
        if page and page[-1]["id"] == after:
            raise VendorError("Stripe repeats a page of its balance.")
        for one in page:
            yield from _moved(Fields(one))
        after, more = (page[-1]["id"], more) if page else (after, False)


def _moved(one: Fields) -> Iterator[BalanceMovement]:
    at = one.seconds("created") or one.fail("created")
    what = DISPUTES if one.text("reporting_category") in DISPUTED else KINDS.get(one.text("type"), "")
    currency, amount = one.text("currency").upper(), one.integer("amount") or 0
    fee = one.integer("fee") or 0
    if what:
        yield BalanceMovement(at, what, *_presented(one, currency, amount if what == PAYMENTS else -amount))
    if fee:
        yield BalanceMovement(at, FEES, currency, major(fee, currency))


def _presented(one: Fields, currency: str, amount: int) -> tuple[str, Decimal]:
    """Return currency and amount as the buyer saw them: the balance holds what they were exchanged into."""
    source = one.values.get("source")
    about: Payload = source if isinstance(source, dict) else {}
    told, units = str(about.get("currency") or "").upper(), about.get("amount")
    if not told or told == currency or not isinstance(units, int):
        return currency, major(amount, currency)
    return told, major(units if amount >= 0 else -units, told)


def major(units: int, currency: str) -> Decimal:
    """Return an amount of smallest units in major ones."""
    if currency in ZERO_DECIMALS:
        return Decimal(units)
    return Decimal(units).scaleb(-3 if currency in THREE_DECIMALS else -2)
