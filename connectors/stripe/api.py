"""Asks Stripe what an event does not tell: the home of Stripe's own library."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Self

import stripe

from connectors.contract import LookUpFailedError, Payload, VendorError

SECONDS, PATIENT_SECONDS, TRIES = 8, 60, 4
# The last version in which charges and intents name their invoice and an invoice its subscription and payment; later
# ones tell it in events alone, and only from then on.
VERSION = "2024-12-18.acacia"
FINAL = frozenset({400, 402, 404})  # a key that is refused may be mended, so 401 and 403 are not final


class StripeLookUp:
    """Asks Stripe's API; a restricted key that may read Checkout Sessions is enough."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self.client = client

    @classmethod
    def with_key(cls, key: str) -> Self:
        """Return a look-up that asks with a key and gives up after some seconds."""
        patient = stripe.RequestsClient(timeout=SECONDS)
        return cls(stripe.StripeClient(key, http_client=patient, max_network_retries=1))

    def line_items(self, session_id: str) -> Sequence[Payload] | None:
        """Return what was bought in a Checkout session; None where asking again would not help.

        Raises LookUpFailedError where Stripe is away or overburdened or refuses the key, so that it is asked again later.
        """
        try:
            page = self.client.v1.checkout.sessions.line_items.list(session_id, params={"limit": 100})
        except stripe.StripeError as error:
            if error.http_status in FINAL:
                return None
            raise LookUpFailedError(f"Stripe could not be asked: {type(error).__name__}") from error
        told: dict[str, Any] = json.loads(str(page))  # the library's objects are no dictionaries
        items: list[Payload] = told["data"]
        return items


class NotAllowedError(VendorError):
    """A list that the restricted key may not read."""


class StripeLists:
    """Reads Stripe's lists, newest first, a page at a time; a restricted key with read access to them is enough."""

    def __init__(self, client: stripe.StripeClient) -> None:
        v1 = client.v1
        self._lists: Mapping[str, Callable[[Any], Any]] = {
            "checkout.session": v1.checkout.sessions.list,
            "charge": v1.charges.list,
            "refund": v1.refunds.list,
            "invoice": v1.invoices.list,
            "dispute": v1.disputes.list,
            "event": v1.events.list,
            "balance_transaction": v1.balance_transactions.list,
            "webhook_endpoint": v1.webhook_endpoints.list,
        }

    @classmethod
    def with_key(cls, key: str, address: str = "") -> Self:
        """Return lists read with a key; `address` is another Stripe than the real one."""
        return cls(
            stripe.StripeClient(
                key,
                stripe_version=VERSION,
                http_client=stripe.RequestsClient(timeout=PATIENT_SECONDS),
                max_network_retries=TRIES,
                base_addresses={"api": address} if address else {},
            )
        )

    def page(self, name: str, params: Mapping[str, Any]) -> tuple[list[Payload], bool]:
        """Return the objects of a page and whether more follow; raises VendorError with a sentence."""
        try:
            told = json.loads(str(self._lists[name](dict(params))), parse_float=Decimal)
        except stripe.PermissionError:
            listed = "the balance" if name == "balance_transaction" else f"{name}s"
            raise NotAllowedError(
                f"Stripe's key may not read {listed}: give the restricted key read access to them (VIEW3_STRIPE_API_KEY)."
            ) from None
        except stripe.StripeError as error:
            raise VendorError(_sentence(name, error)) from None
        return told["data"], bool(told["has_more"])


def _sentence(name: str, error: stripe.StripeError) -> str:
    match error:
        case stripe.AuthenticationError():
            return "Stripe does not accept the key: VIEW3_STRIPE_API_KEY."
        case stripe.RateLimitError():
            return "Stripe is asked too often at the moment."
        case stripe.APIConnectionError():
            return "Stripe cannot be reached."
        case _:
            return f"Stripe answered {error.http_status or 'nothing of use'} to the list of {name}s."
