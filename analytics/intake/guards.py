"""What the door refuses, and the sentence it says: a value that cannot be true is never stored."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import singledispatch

from analytics.challenge import Challenge
from analytics.folding import email_keys
from analytics.records import (
    AdSpend,
    AdSpendDay,
    Attendance,
    AttendanceSample,
    CustomerAddress,
    Dispute,
    Lead,
    Order,
    Payment,
    Plan,
    Platform,
    Record,
    Refund,
    Session,
    Stay,
)

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2038, 1, 19, tzinfo=UTC)  # the specification's TIMESTAMP ends here
LARGEST_PRICE = Decimal("99999999.99")  # the specification's DECIMAL(10, 2)
LARGEST_SPEND = Decimal("999999999.999999")
LARGEST_COUNT = 2**31 - 1
ID_LENGTH, SOURCE_LENGTH, EMAIL_LENGTH, AD_ID_LENGTH = 191, 32, 320, 64
MONEY_DECIMALS, SPEND_DECIMALS = 2, 6


def fault(record: Record, challenge: Challenge) -> str:
    """Return why a record is refused, as a sentence; empty if it is welcome."""
    return next((reason for reason in _faults(record, challenge) if reason), "")


@singledispatch
def _faults(record: Record, challenge: Challenge) -> tuple[str, ...]:
    raise TypeError(f"{type(record).__name__} is not a record.")


@_faults.register
def _(record: Lead, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.external_id),
        _moment_fault(record.opted_in_at, "opt-in"),
        _length_fault(record.email),
        _customer_fault(record.customer_id),
        _email_fault(record.email),
        "a lead needs an e-mail or a customer id" if not record.email.strip() and not record.customer_id else "",
    )


@_faults.register
def _(record: CustomerAddress, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.customer_id),
        _moment_fault(record.stated_at, "address"),
        _length_fault(record.email),
        _email_fault(record.email),
    )


@_faults.register
def _(record: Order, challenge: Challenge) -> tuple[str, ...]:
    amounts = {"price": record.total, "tax": record.tax, "contract price": record.contract}
    amounts |= {"collected amount": record.collected, "refund": record.refunded, "disputed amount": record.disputed}
    amounts |= {f"amount of line {place}": line.amount for place, line in enumerate(record.lines, 1)}
    return (
        _id_fault(record.source, record.external_id),
        *(_id_fault(record.source, shared) for shared in record.ids if shared.strip()),
        _moment_fault(record.ordered_at, "purchase"),
        _length_fault(record.email),  # an odd address costs the attribution, never the sale
        _customer_fault(record.customer_id),
        _currency_fault(record.currency),
        *(_money_fault(one, what, LARGEST_PRICE, MONEY_DECIMALS) for what, one in amounts.items() if one is not None),
        _refund_fault(record),
    )


def _refund_fault(record: Order) -> str:
    if record.refunded is None or record.total is None:
        return ""
    of_plan = [record.total * line.payments for line in record.lines if line.payments > 1]
    limits = record.total, record.collected or Decimal(0), record.contract or Decimal(0), *of_plan
    is_over = _is_more(record.refunded, *limits) and not any(line.payments == 0 for line in record.lines)
    return f"{record.refunded} refunded is more than the price of {record.total}" if is_over else ""


@_faults.register
def _(record: Payment, challenge: Challenge) -> tuple[str, ...]:
    refunded = record.refunded or Decimal(0)
    return (
        _id_fault(record.source, record.external_id),
        *(_id_fault(record.source, one) for one in (*record.ids, *record.order_ids) if one.strip()),
        _moment_fault(record.paid_at, "payment"),
        _length_fault(record.email),
        _customer_fault(record.customer_id),
        _currency_fault(record.currency),
        _money_fault(record.amount, "amount", LARGEST_PRICE, MONEY_DECIMALS),
        _money_fault(refunded, "refund", LARGEST_PRICE, MONEY_DECIMALS),
        f"{refunded} refunded is more than the {record.amount} paid" if _is_more(refunded, record.amount) else "",
    )


@_faults.register
def _(record: Plan, challenge: Challenge) -> tuple[str, ...]:
    return (_id_fault(record.source, record.external_id), _moment_fault(record.as_of, "plan"))


@_faults.register
def _(record: Refund, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.external_id),
        _id_fault(record.source, record.payment_id),
        _moment_fault(record.as_of, "refund"),
        _currency_fault(record.currency),
        _money_fault(record.amount, "refund", LARGEST_PRICE, MONEY_DECIMALS),
    )


@_faults.register
def _(record: Dispute, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.external_id),
        _id_fault(record.source, record.payment_id),
        _moment_fault(record.as_of, "dispute"),
        _currency_fault(record.currency),
        _money_fault(record.amount, "disputed amount", LARGEST_PRICE, MONEY_DECIMALS),
    )


@_faults.register
def _(record: Session, challenge: Challenge) -> tuple[str, ...]:
    moments = (record.planned_start, record.planned_end, record.started_at, record.ended_at)
    return (
        _id_fault(record.source, record.session_id),
        _platform_fault(record.platform),
        *(_count_fault(count) for count in (record.peak, record.average) if count is not None),
        *(_moment_fault(moment, "session") for moment in moments if moment is not None),
    )


@_faults.register
def _(record: Stay, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.session_id),
        _id_fault(record.source, record.stay_id),
        _platform_fault(record.platform),
        "a stay needs a moment" if record.joined_at is None and record.left_at is None else "",
    )


@_faults.register
def _(record: Attendance, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.session_id),
        _platform_fault(record.platform),
        _count_fault(record.participants),
        _day_fault(record.date, record.challenge_day, challenge),
    )


@_faults.register
def _(record: AttendanceSample, challenge: Challenge) -> tuple[str, ...]:
    return (
        _id_fault(record.source, record.session_id),
        _platform_fault(record.platform),
        _count_fault(record.participants),
        _moment_fault(record.seen_at, "sample"),
    )


@_faults.register
def _(record: AdSpend, challenge: Challenge) -> tuple[str, ...]:
    return (
        _date_fault(record.date, "spend"),
        _ad_platform_fault(record.platform),
        *(_ad_id_fault(one) for one in (record.account_id, record.campaign_id, record.ad_set_id, record.ad_id)),
        _currency_fault(record.currency),
        _money_fault(record.spend, "spend", LARGEST_SPEND, SPEND_DECIMALS),
    )


@_faults.register
def _(record: AdSpendDay, challenge: Challenge) -> tuple[str, ...]:
    return (
        _date_fault(record.date, "spend"),
        _ad_platform_fault(record.platform),
        "a day of ad spend needs its account" if not record.account_id else _ad_id_fault(record.account_id),
        _currency_fault(record.currency),
        _moment_fault(record.told_at, "report"),
        next((reason for ad in record.ads if (reason := _ad_fault(record, ad, challenge))), ""),
        _money_fault(sum((ad.spend for ad in record.ads), Decimal(0)), "spend", LARGEST_SPEND, SPEND_DECIMALS),
    )


def _id_fault(source: str, external_id: str) -> str:
    if not source or len(source) > SOURCE_LENGTH:
        return f"the source '{source[:SOURCE_LENGTH]}' is empty or longer than {SOURCE_LENGTH} characters"
    if not external_id.strip() or len(external_id) > ID_LENGTH:
        return f"the id '{external_id[:40]}' is empty or longer than {ID_LENGTH} characters"
    return ""


def _length_fault(email: str) -> str:
    # Some characters are several once they are folded, and the folded address is stored as well.
    longest = len(email) if email.isascii() else max(len(email), len(email_keys(email).folded))
    return f"the e-mail is longer than {EMAIL_LENGTH} characters" if longest > EMAIL_LENGTH else ""


def _customer_fault(customer_id: str) -> str:
    too_long = len(customer_id) > ID_LENGTH
    return f"the customer id '{customer_id[:40]}' is longer than {ID_LENGTH} characters" if too_long else ""


def _ad_platform_fault(platform: str) -> str:
    if not platform.strip():
        return "ad spend needs its platform"
    too_long = len(platform) > SOURCE_LENGTH
    return f"the platform '{platform[:SOURCE_LENGTH]}' is longer than {SOURCE_LENGTH} characters" if too_long else ""


def _ad_id_fault(ad_id: str) -> str:
    too_long = len(ad_id) > AD_ID_LENGTH
    return f"the id '{ad_id[:40]}' is longer than {AD_ID_LENGTH} characters" if too_long else ""


def _email_fault(email: str) -> str:
    address = email.strip()
    local, at, domain = address.rpartition("@")
    return f"'{address[:80]}' is not an e-mail address" if address and not (local and at and domain) else ""


def _moment_fault(moment: datetime, what: str) -> str:
    return "" if EARLIEST <= moment < LATEST else f"the {what} of {moment:%Y-%m-%d} is not between 2000 and 2038"


def _date_fault(on: date, what: str) -> str:
    return "" if EARLIEST.date() <= on < LATEST.date() else f"the {what} of {on} is not between 2000 and 2038"


def _currency_fault(currency: str) -> str:
    known = len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()  # noqa: PLR2004 (ISO 4217)
    return "" if known else f"'{currency[:10]}' is not a currency code such as USD"


def _money_fault(amount: Decimal, what: str, largest: Decimal, decimals: int) -> str:
    if not amount.is_finite():
        return f"the {what} is not a number"
    if amount < 0:
        return f"a negative {what} ({amount})"
    if amount > largest:
        return f"the {what} of {amount} is larger than {largest}"
    if amount != round(amount, decimals):
        return f"the {what} of {amount} has more than {decimals} decimals"
    return ""


def _ad_fault(day: AdSpendDay, ad: AdSpend, challenge: Challenge) -> str:
    facts = ad.date, ad.platform, ad.account_id, ad.currency
    if facts != (day.date, day.platform, day.account_id, day.currency):
        return "the spend of an ad belongs to another day, account or currency than the day it is told with"
    return fault(ad, challenge)


def _is_more(amount: Decimal, *limits: Decimal) -> bool:
    return all(one.is_finite() for one in (amount, *limits)) and amount > max(limits)


def _count_fault(count: int) -> str:
    if count < 0:
        return f"an attendance below zero ({count})"
    return "" if count <= LARGEST_COUNT else f"an attendance of {count} cannot be true"


def _platform_fault(platform: str) -> str:
    return "" if platform in set(Platform) else f"'{platform}' is neither youtube nor zoom"


def _day_fault(on: date, claimed: int | None, challenge: Challenge) -> str:
    day = challenge.day_of(on)
    if day is None:
        last = challenge.date_of(challenge.length)
        return f"{on} lies outside the challenge ({challenge.starts_on} to {last})"
    if claimed is not None and claimed != day:
        return f"{on} is Day {day}, not Day {claimed}"
    return ""
