"""Records as rows: cut to the columns, with the keys that grouping and matching go by."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from analytics.challenge import Challenge
from analytics.folding import email_keys, fold
from analytics.records import (
    RECORDED,
    AdSpend,
    AdSpendDay,
    Attendance,
    AttendanceSample,
    CustomerAddress,
    Dispute,
    Lead,
    Line,
    Messenger,
    Offer,
    Order,
    OrderState,
    Payment,
    Plan,
    Refund,
    Session,
    Stay,
    Utm,
    order_of_one,
)

TEXT, EMAIL, ROOM = 255, 320, 64
LABELS = 16_000  # of up to four bytes each: MariaDB's TEXT holds no more
CAMPAIGN, AD_SET, AD = 1, 2, 3
UTM_COLUMNS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
ORDER, PLAN, PAYMENT, PAYS = "order", "plan", "payment", "pays"  # what a shared id is to the row that mentions it
PERSON = ("email", "email_folded", "email_key", "email_tag")  # the columns of an address as stated

Row = dict[str, Any]


def cut(text: str, length: int = TEXT) -> str:
    """Return text that fits a column: NULs out, the end of a longer one replaced by an ellipsis."""
    clean = text.replace("\0", "").encode("utf-8", "replace").decode()
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def whole_second(moment: datetime) -> datetime:
    """Return the moment without its fraction, which the columns do not keep."""
    return moment.replace(microsecond=0)


def utm_row(utm: Utm) -> Row:
    """Return the five UTM values as received, None where blank."""
    parts = {f"utm_{part}": cut(getattr(utm, part)) for part in ("source", "medium", "campaign", "term", "content")}
    return {name: value if value.strip() else None for name, value in parts.items()}


def utm_keys(utm: Row) -> Row:
    """Return the folded key of each UTM value of a row."""
    return {f"{name}_key": fold(value or "")[:TEXT] for name, value in utm.items()}


def person_row(email: str) -> Row:
    """Return an address as received and its matching keys."""
    keys = email_keys(email)
    return {"email": email, "email_folded": keys.folded, "email_key": keys.key, "email_tag": keys.tag}


def lead_row(lead: Lead, challenge: Challenge) -> Row:
    """Return the row of `leads`."""
    utm = utm_row(lead.utm)
    return {
        "source": lead.source,
        "external_id": lead.external_id.strip(),
        "name": cut(lead.name),
        **person_row(lead.email),
        "customer_id": lead.customer_id.strip(),
        "opted_in_at": whole_second(lead.opted_in_at),
        "opted_in_on": challenge.local_date(lead.opted_in_at),
        "date_only": lead.date_only,
        "as_of": lead.as_of and whole_second(lead.as_of),
        "utm_as_of": whole_second(lead.as_of) if lead.as_of and any(utm.values()) else None,
        **utm,
        **utm_keys(utm),
    }


def address_row(stated: CustomerAddress | Lead | Order | Payment) -> Row:
    """Return the row of `customer_addresses`."""
    moment = stated.stated_at if isinstance(stated, CustomerAddress) else stated.as_of or _own_moment(stated)
    return {
        "source": stated.source,
        "customer_id": stated.customer_id.strip(),
        "email_key": email_keys(stated.email).key,
        "email": stated.email,
        "first_seen_at": whole_second(moment),
    }


def _own_moment(stated: Lead | Order | Payment) -> datetime:
    if isinstance(stated, Lead):
        return stated.opted_in_at
    return stated.ordered_at if isinstance(stated, Order) else stated.paid_at


def order_row(order: Order) -> Row:
    """Return the row of `orders`."""
    return {
        "source": order.source,
        "external_id": order.external_id.strip(),
        "messenger": order.messenger.value,
        "state": order.state.value,
        "test": order.test,
        "name": cut(order.name),
        **person_row(order.email),
        "customer_id": order.customer_id.strip(),
        "line_items": _lines_text(order.lines),
        "total": order.total,
        "tax": order.tax,
        "contract": order.contract,
        "currency": order.currency,
        "plan_id": order.plan_id.strip(),
        "interval_days": order.interval_days,
        "ordered_at": whole_second(order.ordered_at),
        "date_only": order.date_only,
        "paid_at": order.paid_at and whole_second(order.paid_at),
        "collected": order.collected,
        "refunded": order.refunded,
        "refunded_at": order.refunded_at and whole_second(order.refunded_at),
        "disputed": order.disputed,
        "as_of": order.as_of and whole_second(order.as_of),
        **utm_row(order.utm),
    }


def order_of(row: Mapping[Any, Any], ids: tuple[str, ...]) -> Order:
    """Return the order that a row of `orders` and its shared ids hold."""
    names = ("source", "external_id", "email", "name", "currency", "ordered_at", "total", "tax", "contract", "plan_id")
    more = ("interval_days", "customer_id", "date_only", "paid_at", "collected", "refunded", "refunded_at", "disputed")
    return Order(
        **{name: row[name] for name in (*names, *more, "test", "as_of")},
        messenger=Messenger(row["messenger"]),
        state=OrderState(row["state"]),
        lines=tuple(_line(*cells) for cells in json.loads(row["line_items"])),
        ids=ids,
        utm=_utm(row),
    )


def order_ids(order: Order) -> Iterator[tuple[str, str]]:
    """Yield the ids under which an order is mentioned, each with its role."""
    yield f"{order.source}:{order.external_id.strip()}", ORDER
    yield from ((one.strip(), ORDER) for one in order.ids if one.strip())
    if order.plan_id.strip():
        yield order.plan_id.strip(), PLAN


def _lines_text(lines: Sequence[Line]) -> str:
    """Return lines as JSON; one that is too long for the column loses its last labels."""
    cells = [
        [
            cut(line.product),
            cut("\n".join(label.replace("\n", " ") for label in line.labels if label), LABELS // max(len(lines), 1)),
            None if line.amount is None else str(line.amount),
            line.offer and line.offer.value,
            line.payments,
        ]
        for line in lines
    ]
    return json.dumps(cells, ensure_ascii=False)


def _line(product: str, labels: str, amount: str | None, offer: str | None, payments: int) -> Line:
    known = tuple(filter(None, labels.split("\n")))
    return Line(product, known, None if amount is None else Decimal(amount), Offer(offer) if offer else None, payments)


def _utm(row: Mapping[Any, Any]) -> Utm:
    return Utm(*(row[f"utm_{part}"] or "" for part in ("source", "medium", "campaign", "term", "content")))


def recorded_row(row: Mapping[Any, Any], challenge: Challenge, currency: str) -> Row:
    """Return the facts of a sale that another program wrote: paid in full, in the reporting currency."""
    person = person_row(row["customer_email"])
    del person["email"]
    return {
        "sale_id": row["id"],
        "source": RECORDED,
        "external_id": str(row["id"]),
        "line": 0,
        "currency": currency,
        "eligible_until": row["purchase_date"],
        "purchased_on": challenge.local_date(row["purchase_date"]),
        **person,
        "product_key": fold(row["product_name"])[:TEXT],
        "collected": row["price"],
        "refunded": Decimal(0),
        **utm_keys({name: row[name] for name in UTM_COLUMNS}),
    }


def recorded_order(row: Mapping[Any, Any], currency: str) -> Order:
    """Return what a sale that another program wrote tells, as a file's order."""
    return order_of_one(
        source=RECORDED,
        external_id=str(row["id"]),
        email=row["customer_email"],
        name=row["customer_name"],
        product=row["product_name"],
        price=row["price"],
        currency=currency,
        ordered_at=row["purchase_date"],
        offer=Offer.HIGH_TICKET,
        utm=_utm(row),
    )


def payment_row(payment: Payment) -> Row:
    """Return the row of `payments`."""
    return {
        "source": payment.source,
        "external_id": payment.external_id.strip(),
        "messenger": payment.messenger.value,
        "test": payment.test,
        "amount": payment.amount,
        "currency": payment.currency,
        "paid_at": whole_second(payment.paid_at),
        "is_estimate": payment.is_estimate,
        "date_only": payment.date_only,
        "refunded": payment.refunded,
        "for_invoice": payment.for_invoice,
        "product": cut(payment.product),
        "labels": cut("\n".join(label.replace("\n", " ") for label in payment.labels if label), LABELS),
        "name": cut(payment.name),
        **person_row(payment.email),
        "customer_id": payment.customer_id.strip(),
        "as_of": payment.as_of and whole_second(payment.as_of),
        **utm_row(payment.utm),
    }


def payment_of(row: Mapping[Any, Any], ids: tuple[str, ...], pays: tuple[str, ...]) -> Payment:
    """Return the payment that a row of `payments` and its shared ids hold."""
    names = ("source", "external_id", "amount", "currency", "paid_at", "is_estimate", "refunded", "product", "name")
    more = ("email", "customer_id", "date_only", "for_invoice", "test", "as_of")
    return Payment(
        **{name: row[name] for name in (*names, *more)},
        messenger=Messenger(row["messenger"]),
        labels=tuple(filter(None, row["labels"].split("\n"))),
        ids=ids,
        order_ids=pays,
        utm=_utm(row),
    )


def payment_ids(payment: Payment) -> Iterator[tuple[str, str]]:
    """Yield the ids that a payment goes by and those of the orders it pays, each with its role."""
    yield from ((one.strip(), PAYMENT) for one in payment.ids or (payment.external_id,) if one.strip())
    yield from ((one.strip(), PAYS) for one in payment.order_ids if one.strip())


def plan_row(plan: Plan) -> Row:
    """Return the row of `plans`."""
    return {
        "source": plan.source,
        "external_id": plan.external_id.strip(),
        "is_ended": plan.is_ended,
        "ended_at": plan.ended_at and whole_second(plan.ended_at),
        "as_of": whole_second(plan.as_of),
    }


def refund_row(refund: Refund) -> Row:
    """Return the row of `refunds`."""
    return {
        "source": refund.source,
        "external_id": refund.external_id.strip(),
        "payment_id": refund.payment_id.strip(),
        "other_id": refund.other_id.strip(),
        "amount": refund.amount,
        "currency": refund.currency,
        "state": refund.state.value,
        "made_at": whole_second(refund.created_at),
        "as_of": whole_second(refund.as_of),
    }


def dispute_row(dispute: Dispute) -> Row:
    """Return the row of `disputes`."""
    return {
        "source": dispute.source,
        "external_id": dispute.external_id.strip(),
        "payment_id": dispute.payment_id.strip(),
        "other_id": dispute.other_id.strip(),
        "amount": dispute.amount,
        "currency": dispute.currency,
        "state": dispute.state.value,
        "opened_at": whole_second(dispute.opened_at or dispute.as_of),
        "as_of": whole_second(dispute.as_of),
    }


def stay_row(stay: Stay) -> Row:
    """Return the row of `attendance_stays`."""
    return {
        "platform": stay.platform,
        "session_id": stay.session_id.strip(),
        "stay_id": stay.stay_id.strip(),
        "person": stay.person[:EMAIL],
        "joined_at": stay.joined_at and whole_second(stay.joined_at),
        "left_at": stay.left_at and whole_second(stay.left_at),
    }


def session_row(attendance: Attendance) -> Row:
    """Return what a report tells of a session, as columns of `attendance_sessions`."""
    return {
        "platform": attendance.platform.value,
        "session_id": attendance.session_id.strip(),
        "date": attendance.date,
        "statistic": attendance.statistic.value,
        "topic": cut(attendance.topic),
        "started_at": attendance.started_at and whole_second(attendance.started_at),
        "ended_at": attendance.ended_at and whole_second(attendance.ended_at),
        "told_people": attendance.participants,
        "told_peak": attendance.peak,
        "told_average": attendance.average,
        "room": cut(attendance.room, ROOM),
        "source": attendance.source,
        "is_part": attendance.is_part,
    }


def mark_row(mark: Session) -> Row:
    """Return what a platform tells of a session, as columns of `attendance_sessions`."""
    moments = {name: getattr(mark, name) for name in ("planned_start", "planned_end", "started_at", "ended_at")}
    return {
        "platform": mark.platform.value,
        "session_id": mark.session_id.strip(),
        **{name: moment and whole_second(moment) for name, moment in moments.items()},
        "topic": cut(mark.topic),
        "told_peak": mark.peak,
        "told_average": mark.average,
        "is_complete": mark.is_complete,
        "room": cut(mark.room, ROOM),
        "source": mark.source,
    }


def sample_row(sample: AttendanceSample) -> Row:
    """Return the row of `attendance_samples`."""
    return {
        "platform": sample.platform,
        "session_id": sample.session_id.strip(),
        "seen_at": whole_second(sample.seen_at),
        "participants": sample.participants,
    }


def spend_row(spend: AdSpend) -> Row:
    """Return the row of `ad_spend`.

    An entity is its id where the source has one, else its folded name. `detail` ranks reports about one campaign and
    day: a finer grain over a coarser one, ids over names.
    """
    campaign, ad_set, ad = cut(spend.campaign), cut(spend.ad_set), cut(spend.ad)
    keys = fold(campaign)[:TEXT], fold(ad_set)[:TEXT], fold(ad)[:TEXT]
    ids = spend.campaign_id, spend.ad_set_id, spend.ad_id
    grain = AD if ad or spend.ad_id else AD_SET if ad_set or spend.ad_set_id else CAMPAIGN
    row = {
        "date": spend.date,
        "platform": spend.platform,
        "account_id": spend.account_id,
        "campaign_id": spend.campaign_id,
        "campaign": campaign,
        "campaign_key": keys[0],
        "ad_set_id": spend.ad_set_id,
        "ad_set": ad_set,
        "ad_set_key": keys[1],
        "ad_id": spend.ad_id,
        "ad": ad,
        "ad_key": keys[2],
        "detail": 2 * grain + bool(ids[grain - 1]),
        "spend": spend.spend,
        "currency": spend.currency,
        "source": spend.source,
        "account_zone": "",
        "provisional": False,
    }
    return row | {"entity_key": entity_key(row)}


def entity_key(row: Mapping[str, Any]) -> str:
    """Return the key of what a row of spend is about; a second currency on one day is another account's."""
    parts = ("campaign_id", "campaign_key"), ("ad_set_id", "ad_set_key"), ("ad_id", "ad_key")
    entity = "\0".join((*(row[external] or row[name] for external, name in parts), row["currency"]))
    return blake2b(entity.encode(), digest_size=16).hexdigest()


def spend_day_rows(day: AdSpendDay) -> dict[str, Row]:
    """Return the rows of `ad_spend` that make up a day, by entity; an ad that is told in parts is summed."""
    rows: dict[str, Row] = {}
    for spend in day.ads:
        row = spend_row(spend) | {"account_zone": day.zone, "provisional": day.provisional}
        if (twin := rows.get(row["entity_key"])) is not None:
            row["spend"] += twin["spend"]
        rows[row["entity_key"]] = row
    return rows


def spend_version_row(day: AdSpendDay) -> Row:
    """Return the row of `ad_spend_versions`: what the day was said to cost, and when."""
    told_at = whole_second(day.told_at)
    return {
        "platform": day.platform,
        "account_id": day.account_id,
        "date": day.date,
        "currency": day.currency,
        "spend": sum((ad.spend for ad in day.ads), Decimal(0)),
        "first_told_at": told_at,
        "last_told_at": told_at,
    }
