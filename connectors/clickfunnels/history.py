"""What ClickFunnels 2.0's API says of orders and contacts, read as the events that would have told it."""

from collections.abc import Iterator

from analytics.records import Record
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.contract import LookUp, Payload
from connectors.payload import Fields

SOURCE = "clickfunnels-history"
# The event whose reader understands an object as it stands now.
EVENTS = {"order": "order.updated", "contact": "contact.updated"}


def normalise(payload: Payload, look_up: LookUp) -> Iterator[Record]:
    """Yield the lead or the purchase that an object tells of."""
    answer, told = Fields(payload), Fields(payload).within("told")
    kind = answer.text("kind")
    if kind in EVENTS:
        event = {"event_type": EVENTS[kind], "created_at": answer.text("asked_at"), "data": told.values}
        yield from clickfunnels.normalise(event, look_up)
