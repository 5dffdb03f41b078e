"""The values that cross the door: what a source says, in our words, frozen."""

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Offer(StrEnum):
    """What was bought."""

    VIP = "vip"
    OTO = "oto"
    HIGH_TICKET = "high_ticket"


class Platform(StrEnum):
    """Where a session is watched: free participants on YouTube, VIPs in Zoom."""

    YOUTUBE = "youtube"
    ZOOM = "zoom"


class Statistic(StrEnum):
    """What an attendance number counts."""

    PEAK_VIEWERS = "peak concurrent viewers"
    UNIQUE_PEOPLE = "unique participants"


USUAL_STATISTIC = {Platform.YOUTUBE: Statistic.PEAK_VIEWERS, Platform.ZOOM: Statistic.UNIQUE_PEOPLE}


class Messenger(StrEnum):
    """Who tells of an order: the provider wins for money, a funnel tool for product, name and UTMs."""

    PAYMENT_PROVIDER = "payment_provider"
    FUNNEL_TOOL = "funnel_tool"
    CLASSIC_FUNNEL_TOOL = "classic_funnel"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Utm:
    """The five UTM values of an opt-in as received; an absent one is empty."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""

    def __bool__(self) -> bool:
        """Tell whether any value is there."""
        return any(getattr(self, part.name) for part in fields(self))


@dataclass(frozen=True, slots=True)
class UtmMapping:
    """Which UTM column holds the original ad set and which the ad; the campaign is always `utm_campaign`."""

    ad_set: str = "utm_term"
    ad: str = "utm_content"


@dataclass(frozen=True, slots=True)
class Lead:
    """An opt-in: one person, one moment, one set of UTMs. A date-only moment is the start of its business day.

    `as_of` is when the source said so; of two versions under one id the newer stands, whatever arrives last. Without
    it (a file) the last one read stands, and never over one that has it. The same holds for Order. Where a source numbers
    people in several registers, `customer_id` names the register too, as in `classic:77`.
    """

    source: str
    external_id: str
    email: str
    opted_in_at: datetime
    name: str = ""
    customer_id: str = ""
    date_only: bool = False
    utm: Utm = field(default_factory=Utm)
    as_of: datetime | None = None


RECORDED = "recorded"  # the source of sales that another program wrote into the specification's table


@dataclass(frozen=True, slots=True)
class CustomerAddress:
    """An address that a source stated with a customer id on something that is neither an opt-in nor a purchase."""

    source: str
    customer_id: str
    email: str
    stated_at: datetime


class OrderState(StrEnum):
    """Whether an order's money came: nothing yet, at least once, or the order was voided."""

    PENDING = "pending"
    PAID = "paid"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Line:
    """One product of an order.

    `amount` is what falls due for it with one payment, before discounts and tax of the whole order; None where only the
    order's total is known. `payments` is the number of payments: 1 is a single one, 0 a plan without a known end.
    `offer` is None where the settings' patterns have to tell from `labels` (product name, product id, price id, text).
    """

    product: str
    labels: tuple[str, ...] = ()
    amount: Decimal | None = None
    offer: Offer | None = None
    payments: int = 1


@dataclass(frozen=True, slots=True)
class Order:
    """What one messenger says of one order; several messengers may speak of the same one.

    `total` is what the buyer pays (of a plan: with its first payment), tax included; None where it is not known.
    `contract` is a plan's price in all, where it is noted. `ids` are ids that other messages may share (payments,
    sessions, invoices); all orders of one `plan_id` are bills of one purchase. `paid_at` is when the first payment came.
    `collected` is the sum received so far, None where the messenger does not say: then a paid order's total.
    `refunded` is a running total; None means that a part went back whose amount is not known.
    """

    source: str
    external_id: str
    email: str
    name: str
    currency: str
    ordered_at: datetime
    lines: tuple[Line, ...] = ()
    total: Decimal | None = None
    tax: Decimal = Decimal(0)
    contract: Decimal | None = None
    messenger: Messenger = Messenger.FILE
    state: OrderState = OrderState.PAID
    ids: tuple[str, ...] = ()
    plan_id: str = ""
    interval_days: int = 0
    customer_id: str = ""
    date_only: bool = False
    paid_at: datetime | None = None
    collected: Decimal | None = None
    refunded: Decimal | None = Decimal(0)
    refunded_at: datetime | None = None
    disputed: Decimal = Decimal(0)
    test: bool = False
    utm: Utm = field(default_factory=Utm)
    as_of: datetime | None = None


def order_of_one(  # noqa: PLR0913, PLR0917 (an order's own fields)
    source: str,
    external_id: str,
    email: str,
    name: str,
    product: str,
    price: Decimal,
    currency: str,
    ordered_at: datetime,
    *,
    offer: Offer | None = None,
    labels: tuple[str, ...] = (),
    **more: Any,
) -> Order:
    """Return an order of one product, whose price is the order's total."""
    line = Line(product, labels, offer=offer)
    return Order(source, external_id, email, name, currency, ordered_at, lines=(line,), total=price, **more)


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that succeeded, as one object of its provider tells it; `ids` are all ids of the same payment.

    `order_ids` name the orders it pays (sessions, invoices). `paid_at` is the moment it succeeded, unless `is_estimate`:
    then it is the moment it was begun. `refunded` is what has gone back of it by `as_of`, None where the object does not
    know. Product and buyer are what the payment itself says: they count where no order says more.
    """

    source: str
    external_id: str
    amount: Decimal
    currency: str
    paid_at: datetime
    is_estimate: bool = False
    messenger: Messenger = Messenger.PAYMENT_PROVIDER
    ids: tuple[str, ...] = ()
    order_ids: tuple[str, ...] = ()
    refunded: Decimal | None = None
    product: str = ""
    labels: tuple[str, ...] = ()
    name: str = ""
    email: str = ""
    customer_id: str = ""
    date_only: bool = False
    for_invoice: bool = False
    test: bool = False
    utm: Utm = field(default_factory=Utm)
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A payment plan as it stood at `as_of`: an ended one takes no further payments."""

    source: str
    external_id: str
    is_ended: bool
    as_of: datetime
    ended_at: datetime | None = None


class RefundState(StrEnum):
    """Whether money went back; a failed refund came home again."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund of the payment (or order) known as `payment_id` (and as `other_id`), as it was at `as_of`."""

    source: str
    external_id: str
    payment_id: str
    amount: Decimal
    currency: str
    state: RefundState
    created_at: datetime
    as_of: datetime
    other_id: str = ""


class DisputeState(StrEnum):
    """Where a dispute stands: money at risk, money lost, or money won back."""

    OPEN = "open"
    LOST = "lost"
    WON = "won"


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute about the payment known as `payment_id`, in the state it had at `as_of`.

    A list of payments does not know the dispute's id: there it goes by the payment's, and gives way to one with an id.
    """

    source: str
    external_id: str
    payment_id: str
    amount: Decimal
    currency: str
    state: DisputeState
    as_of: datetime
    opened_at: datetime | None = None
    other_id: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """What a platform says of a live session itself: when it began, when it ended; None is not said.

    `peak` and `average` are the platform's own final numbers, which stand over all samples. `is_complete` says that every
    stay has been told. `room` is the number under which the platform's files know the session, too.
    """

    platform: Platform
    session_id: str
    source: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    topic: str = ""
    planned_start: datetime | None = None
    planned_end: datetime | None = None
    peak: int | None = None
    average: int | None = None
    is_complete: bool = False
    room: str = ""


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's stay in a session, told in one part or two: when they came, when they left.

    `person` is the same for every stay of one person in the session; `stay_id` tells one stay from the next.
    """

    platform: Platform
    session_id: str
    stay_id: str
    person: str
    source: str
    joined_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """One session's attendance on one platform; the calendar decides the challenge day.

    `challenge_day` is what the source claims, checked against the date; None where it claims nothing. `peak` and
    `average` are final, as in Session; `is_part`: of a part of the session, whose other parts may tell more.
    """

    platform: Platform
    session_id: str
    date: date
    participants: int
    statistic: Statistic
    source: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    topic: str = ""
    peak: int | None = None
    average: int | None = None
    challenge_day: int | None = None
    room: str = ""
    is_part: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class AttendanceSample:
    """How many people a platform saw at one moment of a session."""

    platform: Platform
    session_id: str
    seen_at: datetime
    participants: int
    source: str


class Statement(StrEnum):
    """What a row of spend says of the rest of its day: nothing, or that its report holds the whole day.

    ACCOUNT: that report's account was named by hand.
    """

    ROW = "row"
    DAYS = "days"
    ACCOUNT = "account"


class UndecidedError(ValueError):
    """Records that may be stored already under other names; the message is a sentence that says how to tell."""


@dataclass(frozen=True, slots=True)
class AdSpend:
    """What one day of one ad cost, at the finest grain the source tells, in the account's day and currency."""

    date: date
    platform: str
    spend: Decimal
    currency: str
    source: str
    account_id: str = ""
    campaign: str = ""
    campaign_id: str = ""
    ad_set: str = ""
    ad_set_id: str = ""
    ad: str = ""
    ad_id: str = ""
    statement: str = field(default=Statement.ROW, compare=False)


@dataclass(frozen=True, slots=True)
class AdSpendDay:
    """All that a platform said at `told_at` about one account's day; an ad that it does not name cost nothing.

    `zone` is the account's, whose day this is; `provisional` where the platform still counts. `total` is what the platform
    says the account spent in all, 0 where it was asked and names nothing, None where it was not asked: a day that had
    spend and for which nothing is named any longer stays as it was.
    """

    date: date
    platform: str
    account_id: str
    currency: str
    zone: str
    told_at: datetime
    source: str
    provisional: bool = False
    ads: tuple[AdSpend, ...] = ()
    total: Decimal | None = None


Record = (
    Lead
    | CustomerAddress
    | Order
    | Payment
    | Plan
    | Refund
    | Dispute
    | Attendance
    | AttendanceSample
    | Session
    | Stay
    | AdSpend
    | AdSpendDay
)
