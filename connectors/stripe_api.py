"""Asks Stripe what an event does not tell: the home of Stripe's own library."""

import json
from collections.abc import Sequence
from typing import Any, Self

import stripe

from connectors.contract import LookUpFailedError, Payload

SECONDS = 8
FINAL = frozenset({400, 401, 402, 403, 404})


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

        Raises LookUpFailedError where Stripe is away or overburdened, so that the event is read again later.
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
