"""What the events of another tool mean to us: a file's words, whoever sends them."""

import re
from collections.abc import Iterator
from functools import singledispatch

from analytics import records
from analytics.records import AdSpend, AdSpendDay, AttendanceSample, Dispute, Lead, Messenger, Order, Payment, Refund
from connectors.events import shapes

# A provider's ids are the same in every tool, and join its own messages; others are known within their source alone.
_OF_PROVIDER = re.compile(r"(?:ch|cs|in|pi|py|sub)_[A-Za-z0-9_]+").fullmatch
MONTH = 30


@singledispatch
def records_of(event: shapes.AnyEvent) -> Iterator[records.Record]:
    """Yield the records of an event."""
    raise TypeError(f"{type(event).__name__} is not an event.")


@records_of.register
def _(event: shapes.LeadEvent) -> Iterator[records.Record]:
    yield Lead(
        source=event.source,
        external_id=event.id,
        email=event.customer.email,
        opted_in_at=event.occurred_at,
        name=event.customer.name,
        customer_id=event.customer.id,
        utm=_utm(event.utm),
        as_of=event.as_of,
    )


@records_of.register
def _(event: shapes.OrderEvent) -> Iterator[records.Record]:
    yield Order(
        source=event.source,
        external_id=event.id,
        email=event.customer.email,
        name=event.customer.name,
        currency=event.currency,
        ordered_at=event.occurred_at,
        lines=tuple(_line(line) for line in event.lines),
        total=event.sum,
        tax=event.tax,
        messenger=Messenger.FILE,
        state=records.OrderState(event.status),
        ids=tuple(_payment_id(event.source, one) for one in event.payment_ids),
        interval_days=MONTH if any(line.payments != 1 for line in event.lines) else 0,
        customer_id=event.customer.id,
        test=event.test,
        utm=_utm(event.utm),
        as_of=event.as_of,
    )


@records_of.register
def _(event: shapes.PaymentEvent) -> Iterator[records.Record]:
    yield Payment(
        source=event.source,
        external_id=event.id,
        amount=event.amount,
        currency=event.currency,
        paid_at=event.occurred_at,
        messenger=Messenger.FILE,
        ids=(_payment_id(event.source, event.id),),
        order_ids=_told(_order_id(event.source, event.order_id)),
        product=event.product,
        labels=_told(event.product),
        name=event.customer.name,
        email=event.customer.email,
        customer_id=event.customer.id,
        test=event.test,
        utm=_utm(event.utm),
        as_of=event.as_of,
    )


@records_of.register
def _(event: shapes.RefundEvent) -> Iterator[records.Record]:
    about, other = _money_ids(event)
    yield Refund(
        source=event.source,
        external_id=event.id,
        payment_id=about,
        amount=event.amount,
        currency=event.currency,
        state=records.RefundState(event.status),
        created_at=event.occurred_at,
        as_of=event.as_of,
        other_id=other,
    )


@records_of.register
def _(event: shapes.DisputeEvent) -> Iterator[records.Record]:
    about, other = _money_ids(event)
    yield Dispute(
        source=event.source,
        external_id=event.id,
        payment_id=about,
        amount=event.amount,
        currency=event.currency,
        state=records.DisputeState(event.status),
        as_of=event.as_of,
        opened_at=event.occurred_at,
        other_id=other,
    )


@records_of.register
def _(event: shapes.AttendanceEvent) -> Iterator[records.Record]:
    yield AttendanceSample(
        platform=records.Platform(event.platform),
        session_id=f"{event.source}/{event.session_id}",
        seen_at=event.occurred_at,
        participants=event.participants,
        source=event.source,
    )


@records_of.register
def _(event: shapes.AdSpendEvent) -> Iterator[records.Record]:
    yield AdSpendDay(
        date=event.date,
        platform=event.platform,
        account_id=event.account_id,
        currency=event.currency,
        zone="",
        told_at=event.as_of,
        source=event.source,
        ads=tuple(_spend(event, line) for line in event.lines),
    )


def _line(line: shapes.Line) -> records.Line:
    labels = _told(line.product, line.product_id)
    offer = records.Offer(line.offer) if line.offer else None
    return records.Line(line.product, labels, line.amount, offer, line.payments)


def _spend(event: shapes.AdSpendEvent, line: shapes.SpendLine) -> AdSpend:
    return AdSpend(
        date=event.date,
        platform=event.platform,
        spend=line.amount,
        currency=event.currency,
        source=event.source,
        account_id=event.account_id,
        campaign=line.campaign,
        campaign_id=line.campaign_id,
        ad_set=line.ad_set,
        ad_set_id=line.ad_set_id,
        ad=line.ad,
        ad_id=line.ad_id,
    )


def _utm(utm: shapes.Utm) -> records.Utm:
    return records.Utm(utm.source, utm.medium, utm.campaign, utm.term, utm.content)


def _money_ids(event: shapes.OfMoneyReceived) -> tuple[str, str]:
    """Return the id of the payment, else of the order, and the order's beside a payment's."""
    payment, order = _payment_id(event.source, event.payment_id), _order_id(event.source, event.order_id)
    return (payment, order) if payment else (order, "")


def _payment_id(source: str, told: str) -> str:
    return told if not told or _OF_PROVIDER(told) else f"{source}/{told}"


def _order_id(source: str, told: str) -> str:
    """Return the id under which an order of that source is known."""
    return f"{source}:{told}" if told else ""


def _told(*texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
