"""Records as rows: cut to the columns, with the keys that grouping and matching go by."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from analytics.challenge import Challenge
from analytics.folding import email_keys, fold
from analytics.offers import Patterns
from analytics.records import (
    AdSpend,
    AdSpendDay,
    Attendance,
    AttendanceSample,
    Dispute,
    Lead,
    Payment,
    Purchase,
    Refund,
    Session,
    Stay,
    Utm,
)

TEXT, EMAIL, ROOM = 255, 320, 64
LABELS = 16_000  # of up to four bytes each: MariaDB's TEXT holds no more
CAMPAIGN, AD_SET, AD = 1, 2, 3
STAFF = "staff"

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


def purchase_row(purchase: Purchase, patterns: Patterns, staff: frozenset[str]) -> Row:
    """Return the row of `purchases`; `staff` holds the matching keys of addresses that do not count."""
    labels = [label for label in dict.fromkeys((purchase.product, *purchase.labels)) if label]
    person = person_row(purchase.email)
    excluded = "test_mode" if purchase.test else STAFF if person["email_key"] in staff else None
    return {
        "source": purchase.source,
        "external_id": purchase.external_id.strip(),
        "offer": purchase.offer or patterns.classify(labels, purchase.price),
        "offer_given": purchase.offer is not None,
        "messenger": purchase.messenger,
        "excluded": excluded,
        "name": cut(purchase.name),
        **person,
        "customer_id": purchase.customer_id.strip(),
        "product": cut(purchase.product),
        "product_key": fold(cut(purchase.product))[:TEXT],
        "labels": cut("\n".join(label.replace("\n", " ") for label in labels), LABELS),
        "price": purchase.price,
        "currency": purchase.currency,
        "purchased_at": whole_second(purchase.purchased_at),
        "date_only": purchase.date_only,
        "collected": purchase.collected,
        "refunded": purchase.refunded,
        "richness": purchase.richness,
        "as_of": purchase.as_of and whole_second(purchase.as_of),
        **utm_row(purchase.utm),
    }


def payment_row(payment: Payment) -> Row:
    """Return the row of `payments`."""
    return {
        "source": payment.source,
        "external_id": payment.external_id.strip(),
        "shared_id": payment.shared_id.strip(),
        "amount": payment.amount,
        "refunded": payment.refunded,
        "currency": payment.currency,
        "paid_at": whole_second(payment.paid_at),
        "as_of": payment.as_of and whole_second(payment.as_of),
    }


def refund_row(refund: Refund) -> Row:
    """Return the row of `refunds`."""
    return {
        "source": refund.source,
        "external_id": refund.external_id.strip(),
        "payment_id": refund.payment_id.strip(),
        "amount": refund.amount,
        "currency": refund.currency,
        "state": refund.state,
        "made_at": whole_second(refund.created_at),
        "as_of": whole_second(refund.as_of),
    }


def dispute_row(dispute: Dispute) -> Row:
    """Return the row of `disputes`."""
    return {
        "source": dispute.source,
        "external_id": dispute.external_id.strip(),
        "payment_id": dispute.payment_id.strip(),
        "amount": dispute.amount,
        "currency": dispute.currency,
        "state": dispute.state,
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
