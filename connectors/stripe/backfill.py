"""Asks Stripe for what happened before its webhooks were set up, kind by kind, from today back to a date."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import Answer, Original, Payload, Source, VendorError
from connectors.past import Past
from connectors.payload import Fields
from connectors.stripe import webhooks as stripe
from connectors.stripe.api import NotAllowedError, StripeLists
from connectors.stripe.history import SOURCE
from connectors.wanted import PAST_ONLY, Off, Wanted

LIMIT = 100
EXPANDED: Mapping[str, list[str]] = {"checkout.session": ["data.line_items", "data.payment_intent.latest_charge"]}
EVENT = "event"
KINDS = ("checkout.session", "charge", "refund", "invoice", "dispute", EVENT)
# Instalments are tied to their payments by the first alone; the others are money that goes back.
NEEDED = (
    *("invoice_payment.paid", "charge.refunded", "refund.created", "refund.updated", "refund.failed"),
    *("charge.dispute.created", "charge.dispute.closed"),
)


def source(wanted: Wanted) -> Source | Off:
    """Return Stripe's past."""
    if missing := wanted.missing("stripe_api_key"):
        return Off(missing)
    if wanted.since is None:
        return Off(PAST_ONLY)
    return StripeBackfill(wanted.since, KINDS, StripeLists.with_key(wanted.clear("stripe_api_key")))


@dataclass(frozen=True, slots=True)
class StripeBackfill(Past[Payload]):
    """Reads Stripe's lists, a hundred objects a page; of events there are the last 30 days."""

    lists: StripeLists
    name: str = SOURCE

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return what the key may read; webhooks need Checkout sessions alone, so that less is no failure."""
        closed = [kind for kind in self.kinds if not self._may_read(kind)]
        if closed:
            return f"the key may not read {', '.join(f'{kind}s' for kind in closed)}, which the past would need"
        return f"the key reads {', '.join(f'{kind}s' for kind in self.kinds)}"

    def unsent_events(self) -> Iterator[str]:
        """Yield a sentence where Stripe's webhook endpoints leave out events that the money of sales needs."""
        try:
            endpoints, _ = self.lists.page("webhook_endpoint", {"limit": LIMIT})
        except NotAllowedError:
            yield "the key may not read Webhook Endpoints, so which events Stripe sends is not known"
            return
        sent = {name for one in endpoints if one.get("status") == "enabled" for name in one["enabled_events"]}
        missing = [name for name in NEEDED if name not in sent]
        if sent and missing and "*" not in sent:
            yield f"Stripe's webhook endpoint does not send {', '.join(missing)}: without them money is missed"

    def _may_read(self, kind: str) -> bool:
        try:
            self.lists.page(kind, {"limit": 1})
        except NotAllowedError:
            return False
        return True

    def pages(self, kind: str, after: str) -> Iterator[tuple[list[Payload], str]]:
        """Yield the objects of each page, with the id to go on after."""
        params: dict[str, Any] = {"limit": LIMIT}
        if kind in EXPANDED:
            params["expand"] = EXPANDED[kind]
        if kind == EVENT:
            params["types"] = list(stripe.READERS)
        more = True
        while more:
            objects, more = self.lists.page(kind, {**params, **({"starting_after": after} if after else {})})
            young = self.young(objects)
            if objects and objects[-1]["id"] == after:
                raise VendorError(f"Stripe repeats a page of its list of {kind}s.")
            after = objects[-1]["id"] if objects else after
            more = more and len(young) == len(objects)  # newest first: what follows an older one is older still
            yield young, after

    def part(self, kind: str, one: Payload) -> Answer | Original:
        """Return an object as an answer, an event as the one its webhook would have brought."""
        if kind != EVENT:
            return Answer(f"{kind}/{one['id']}", kind, one)
        body = json.dumps(one, default=str).encode()
        return Original(stripe.SOURCE, stripe.event_id(one, body, {}), stripe.kind(one), body)

    def created_at(self, one: Payload) -> datetime:
        """Return when an object was made."""
        return Fields(one).seconds("created") or Fields(one).fail("created")
