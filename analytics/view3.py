"""View 3 itself: one frozen value that dashboard, terminal, notebook and e-mail all render."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from analytics.backlog import Backlog
from analytics.challenge import Period

PRODUCT_UNKNOWN: Final = "product unknown yet"  # of a sale that counts before a message has named its product


@dataclass(frozen=True, slots=True)
class Cards:
    """The four cards. A None is undefined and its `…_reason` says why; ratios are rounded half up to two decimals."""

    high_ticket_sales_today: int
    high_ticket_sales_yesterday: int
    cost_per_acquisition: Decimal | None
    cost_per_acquisition_reason: str
    roas: Decimal | None
    roas_net: Decimal | None
    roas_collected: Decimal | None
    roas_reason: str
    attendance_today: int | None
    attendance_reason: str
    live: bool
    sampled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What the ratios are made of, in the reporting currency, inside the period; `ad_spend` is None where it is unknown.

    `at_risk` is money of the full funnel in open disputes; it is still counted everywhere else.
    """

    ad_spend: Decimal | None
    vip_revenue: Decimal
    oto_revenue: Decimal
    high_ticket_revenue: Decimal
    high_ticket_sales: int
    net_revenue: Decimal
    collected: Decimal
    net_sales: int
    at_risk: Decimal

    @property
    def revenue(self) -> Decimal:
        """Return gross revenue of the full funnel."""
        return self.vip_revenue + self.oto_revenue + self.high_ticket_revenue


@dataclass(frozen=True, slots=True)
class AttendanceDay:
    """Both rooms on one challenge day; None is unknown, never zero. `…_statistic` tells what the number counts.

    `…_peak` is the most at once and `…_unique` how many different people came.
    """

    challenge_day: int
    date: date
    youtube: int | None
    zoom: int | None
    youtube_statistic: str
    zoom_statistic: str
    youtube_peak: int | None = None
    youtube_unique: int | None = None
    zoom_peak: int | None = None
    zoom_unique: int | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """How many of the period's high-ticket sales are credited to a campaign, and why the others are not.

    `by_order_utm` of those that are matched have no opt-in: the order itself carries the UTMs.
    """

    matched: int
    unattributed: int
    reasons: Mapping[str, int]
    by_order_utm: int = 0


@dataclass(frozen=True, slots=True)
class CreditedMoney:
    """What the purchases credited to one folded campaign came to; None is what is credited to nothing.

    `lost` is what went back or will never be paid. Money is in the reporting currency.
    """

    campaign_key: str | None
    sales: int
    net_sales: int
    vip_revenue: Decimal
    oto_revenue: Decimal
    high_ticket_revenue: Decimal
    lost: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are of something that wants a look, and their money in the reporting currency."""

    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement as it was executed, its bound values by name, how many rows came back, and a hash of them.

    `question` names what was asked. Rows are hashed as the driver gave them, in any order.
    """

    question: str
    sql: str
    values: tuple[tuple[str, Any], ...]
    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class View3:
    """Everything the page shows but the rows of its table, true at `as_of`.

    `asked` is how it came about: two views with the same figures are equal, whatever engine they were asked from.
    """

    as_of: datetime
    timezone: str
    currency: str
    today: date
    challenge_day: int | None
    challenge_length: int
    period: Period
    cards: Cards
    totals: Totals
    attendance: tuple[AttendanceDay, ...]
    attribution: Attribution
    excluded: Mapping[str, int]
    excluded_money: Mapping[str, Decimal]  # in the reporting currency
    review: Mapping[str, Tally]  # what is counted and wants a look, or belongs to no purchase
    freshness: Mapping[str, datetime]
    checks: Mapping[str, bool]
    credited: tuple[CreditedMoney, ...] = ()
    backlog: Backlog = field(default_factory=Backlog)
    overdue: Mapping[str, str] = field(default_factory=dict)  # a sentence for each kind that has waited too long
    provisional_from: date | None = None  # the first day of the period whose ad spend its platform still counts
    asked: tuple[Asked, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the money of a sale stands: what went back, is at risk or will never be paid of its price."""

    price: Decimal
    refunded: Decimal = Decimal(0)
    at_risk: Decimal = Decimal(0)
    written_off: Decimal = Decimal(0)
    is_open_plan: bool = False
    is_refund_unknown: bool = False
    is_product_unknown: bool = False

    @property
    def status(self) -> str:
        """Return the words for it: "paid", or all that differs from it."""
        return " · ".join(filter(None, self._words())) or "paid"

    def _words(self) -> tuple[str, ...]:
        is_gone = bool(self.refunded) and self.refunded + self.written_off >= self.price
        return (
            "refunded" if is_gone else "partly refunded" if self.refunded else "",
            "partly refunded, amount unknown" if self.is_refund_unknown and not self.refunded else "",
            "disputed" if self.at_risk else "",
            "plan ended" if self.written_off else "",
            "open plan" if self.is_open_plan else "",
            PRODUCT_UNKNOWN if self.is_product_unknown else "",
        )


@dataclass(frozen=True, slots=True)
class SaleRow:
    """One row of the attribution table; `purchased_at` is in the business zone, an unknown value is empty or None.

    `status` says how its money stands; `tax` is what the buyer paid on top of the price.
    """

    sale_id: int
    customer_name: str
    product: str
    price: Decimal
    currency: str
    purchased_at: datetime
    campaign: str
    ad_set: str
    ad: str
    days_from_lead: int | None
    status: str
    attribution: str
    reason: str
    tax: Decimal = Decimal(0)

    @property
    def buyer_paid(self) -> Decimal:
        """Return the price with tax."""
        return self.price + self.tax


@dataclass(frozen=True, slots=True)
class SalesFilter:
    """Which rows of the attribution table: a period, a campaign and a product (folded), a search over every text column."""

    period: Period
    campaign: str = ""
    product: str = ""
    search: str = ""


@dataclass(frozen=True, slots=True)
class SalesPage:
    """A page of the attribution table with the count of all rows that match."""

    rows: tuple[SaleRow, ...]
    total: int


class SortColumn(StrEnum):
    """What the attribution table can be sorted by."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    PRICE = "price"
    PURCHASED = "purchased"
    CAMPAIGN = "campaign"
    AD_SET = "ad_set"
    AD = "ad"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of the attribution table: newest purchase first unless told otherwise."""

    column: SortColumn = SortColumn.PURCHASED
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Choices:
    """What the table can be filtered by: (folded key, label) pairs."""

    campaigns: tuple[tuple[str, str], ...]
    products: tuple[tuple[str, str], ...]
