"""What one message says, in plain words: the reference works from these and never reads a payload."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)
Utm = tuple[str, str, str, str, str]
NO_UTM: Utm = ("", "", "", "", "")


class UnclearError(Exception):
    """The definitions leave open what this world comes to."""


@dataclass(frozen=True)
class OptIn:
    """A person left an address at a moment, by a link with UTMs (source, medium, campaign, term, content)."""

    source: str
    id: str
    email: str
    at: datetime
    utm: Utm = NO_UTM
    customer: str = ""
    date_only: bool = False


@dataclass(frozen=True)
class Item:
    """One line of an order: its texts, and its amount before discount and tax."""

    name: str
    amount: Decimal
    texts: tuple[str, ...] = ()
    is_plan: bool = False


@dataclass(frozen=True)
class Bought:
    """An order as one message describes it; `ids` are all that it goes by."""

    messenger: str
    ids: frozenset[str]
    currency: str
    at: datetime
    is_paid: bool = True  # False: it lends its words alone
    total: Decimal | None = None  # after discount, with tax
    tax: Decimal | None = None
    items: tuple[Item, ...] = ()  # lines with amounts of their own
    names: tuple[str, ...] = ()  # products beside one total
    texts: tuple[str, ...] = ()  # other texts of the whole order: a link's id
    kind: str = ""  # a template's row states its kind
    email: str = ""
    name: str = ""
    customer: str = ""
    utm: Utm = NO_UTM
    is_live: bool = True
    date_only: bool = False
    instalments: int = 0  # 0: no plan, or one of unknown length
    instalment: Decimal | None = None  # the amount of one instalment
    is_price_of_row: bool = False  # the price of a row counts as it stands


@dataclass(frozen=True)
class Paid:
    """A payment succeeded."""

    messenger: str
    ids: frozenset[str]
    amount: Decimal
    currency: str
    at: datetime
    is_live: bool = True


@dataclass(frozen=True)
class Statement:
    """An order or invoice says how much of it was paid, with or without naming the payments."""

    messenger: str
    id: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True)
class Tie:
    """Things that belong to one order; a payment that is tied to an invoice pays it."""

    ids: frozenset[str]


@dataclass(frozen=True)
class Refund:
    """Money went back; `amount` None: all of it, or a part that no message names."""

    id: str
    on: frozenset[str]
    amount: Decimal | None
    at: datetime | None
    state: str = "done"  # done, failed, all, part
    by_total: bool = False  # told by a charge's running total


@dataclass(frozen=True)
class Dispute:
    """A buyer's bank asks the money back; `amount` None: the whole order."""

    id: str
    on: frozenset[str]
    amount: Decimal | None
    at: datetime
    state: str = "open"  # open, lost, won


@dataclass(frozen=True)
class Ended:
    """A plan will not be paid any further."""

    id: str
    at: datetime


@dataclass(frozen=True)
class Spent:
    """Money was spent on ads of a campaign."""

    day: str
    campaign: str
    amount: Decimal


Fact = OptIn | Bought | Paid | Statement | Tie | Refund | Dispute | Ended | Spent


@dataclass(frozen=True)
class Message:
    """Something that arrives, as its sender writes it, beside what it says."""

    channel: str  # a webhook's vendor, the kind of a file whose row it is, or `insert`
    body: str
    facts: tuple[Fact, ...] = ()
    label: str = ""
