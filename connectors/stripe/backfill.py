"""Asks Stripe for what happened before its webhooks were set up, kind by kind, from today back to a date."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.contract import Answer, Original, Page, Payload, Source, VendorError
from connectors.payload import Fields
from connectors.stripe import webhooks as stripe
from connectors.stripe.api import NotAllowedError, StripeLists
from connectors.stripe.history import SOURCE
from connectors.wanted import PAST_ONLY, Off, Wanted

LIMIT = 100
EXPANDED: Mapping[str, list[str]] = {"checkout.session": ["data.line_items", "data.payment_intent.latest_charge"]}
EVENT = "event"
KINDS = ("checkout.session", "charge", "refund", "invoice", "dispute", EVENT)


def source(wanted: Wanted) -> Source | Off:
    """Return Stripe's past."""
    if missing := wanted.missing("stripe_api_key"):
        return Off(missing)
    if wanted.since is None:
        return Off(PAST_ONLY)
    return StripeBackfill(StripeLists.with_key(wanted.clear("stripe_api_key")), wanted.since)


@dataclass(frozen=True, slots=True)
class StripeBackfill:
    """Reads Stripe's lists back to the start of a date (UTC); of events there are the last 30 days."""

    lists: StripeLists
    since: date
    kinds: tuple[str, ...] = KINDS
    name: str = SOURCE

    def fetch(self, state: Payload, clock: Callable[[], datetime]) -> Iterator[Page]:  # noqa: ARG002 (one face for every source)
        """Yield a page of up to a hundred objects at a time; a broken-off run goes on where it was."""
        state = dict(state)
        if state.get("since") != self.since.isoformat() or state.get("done"):
            state = {"since": self.since.isoformat(), "kind": self.kinds[0], "after": "", "pages": 0, "objects": 0}
        for kind in self.kinds[self.kinds.index(state["kind"]) :]:
            for objects, after in self._pages(kind, state["after"] if state["kind"] == kind else ""):
                read = {"pages": state["pages"] + 1, "objects": state["objects"] + len(objects)}
                state = {**state, **read, "kind": kind, "after": after}
                yield Page(state, [_part(kind, one) for one in objects], _progress(state, objects))
        yield Page({**state, "done": True})

    def pause(self, state: Payload, now: datetime) -> timedelta | None:  # noqa: ARG002
        """Return nothing: the past is asked for once."""
        return None

    def note(self, state: Payload, now: datetime) -> str:  # noqa: ARG002
        """Return how much has been read."""
        return f"{state.get('objects', 0):,} objects on {state.get('pages', 0):,} pages since {state.get('since', '?')}"

    def check(self, clock: Callable[[], datetime]) -> str:  # noqa: ARG002
        """Return what the key may read; webhooks need Checkout sessions alone, so that less is no failure."""
        closed = [kind for kind in self.kinds if not self._may_read(kind)]
        if closed:
            return f"the key may not read {', '.join(f'{kind}s' for kind in closed)}, which the past would need"
        return f"the key reads {', '.join(f'{kind}s' for kind in self.kinds)}"

    def _may_read(self, kind: str) -> bool:
        try:
            self.lists.page(kind, {"limit": 1})
        except NotAllowedError:
            return False
        return True

    def _pages(self, kind: str, after: str) -> Iterator[tuple[list[Payload], str]]:
        """Yield the objects of each page not older than the date, with the id to go on after."""
        params: dict[str, Any] = {"limit": LIMIT}
        if kind in EXPANDED:
            params["expand"] = EXPANDED[kind]
        if kind == EVENT:
            params["types"] = list(stripe.READERS)
        more, begin = True, datetime.combine(self.since, time(), UTC)
        while more:
            objects, more = self.lists.page(kind, {**params, **({"starting_after": after} if after else {})})
            young = [one for one in objects if _moment(one) >= begin]
            if objects and objects[-1]["id"] == after:
                raise VendorError(f"Stripe repeats a page of its list of {kind}s.")
            after = objects[-1]["id"] if objects else after
            more = more and len(young) == len(objects)  # newest first: what follows an older one is older still
            yield young, after


def _part(kind: str, one: Payload) -> Answer | Original:
    """Return an object as an answer, an event as the one its webhook would have brought."""
    if kind != EVENT:
        return Answer(f"{kind}/{one['id']}", kind, one)
    body = json.dumps(one, default=str).encode()
    return Original(stripe.SOURCE, stripe.event_id(one, body, {}), stripe.kind(one), body)


def _moment(one: Payload) -> datetime:
    return Fields(one).seconds("created") or Fields(one).fail("created")


def _progress(state: Payload, objects: list[Payload]) -> str:
    reached = f", back to {_moment(objects[-1]):%Y-%m-%d}" if objects else ""
    return f"{state['kind']}s: page {state['pages']:,}, {state['objects']:,} objects{reached}"
