"""Which addresses any of Stripe's objects states with a customer id: a card on file is charged by the id alone."""

import re
from collections.abc import Iterator

from analytics.records import CustomerAddress
from connectors.contract import Payload
from connectors.payload import Fields
from connectors.stripe.event import EMAILS, SOURCE, Metadata, moment, told

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+").fullmatch


def stated_addresses(payload: Payload) -> Iterator[CustomerAddress]:
    """Yield the addresses that the object of a live event states with its customer."""
    event = Fields(payload)
    about = event.within("data", "object")
    customer = about.id("id") if about.text("object") == "customer" else about.id("customer")
    if not customer or event.flag("livemode") is False or about.flag("livemode") is False:
        return
    for email in told(*_emails(about)):
        if _ADDRESS(email):
            yield CustomerAddress(SOURCE, customer, email, moment(event, "created"))


def _emails(about: Fields) -> Iterator[str]:
    expanded = about.values.get("customer")
    places = (about.within("customer_details"), about.within("billing_details"), about)
    yield from (place.text("email").strip() for place in places)
    yield from (about.text(name).strip() for name in ("customer_email", "receipt_email"))
    if isinstance(expanded, dict):
        yield Fields(expanded).text("email").strip()
    yield Metadata((about.within("metadata"),)).first(EMAILS).strip()
