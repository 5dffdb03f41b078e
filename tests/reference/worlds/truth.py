"""What really happened: people, products, purchases, and the money that moved."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.reference.facts import NO_UTM, ZERO, Utm

MINOR = {"JPY": 0, "KRW": 0, "KWD": 3}


def minor(amount: Decimal, currency: str) -> int:
    """Return an amount in the smallest unit of its currency."""
    return int(amount.scaleb(MINOR.get(currency, 2)))


@dataclass(frozen=True)
class Person:
    """Somebody with addresses, and the ids that vendors know them by."""

    name: str
    emails: tuple[str, ...]
    stripe: str
    contact: int
    profile: int

    @property
    def email(self) -> str:
        """Return the address they use most."""
        return self.emails[0]


@dataclass(frozen=True)
class Product:
    """Something on sale, with the ids that vendors know it by."""

    name: str
    kind: str  # vip, oto, high-ticket, part or nothing
    price: Decimal
    product: str
    price_id: str
    link: str


@dataclass(frozen=True)
class Line:
    """A product in an order; the amount is before discount and tax."""

    product: Product
    amount: Decimal
    quantity: int = 1


@dataclass(frozen=True)
class Returned:
    """A refund of a payment."""

    id: str
    amount: Decimal
    at: datetime
    failed_at: datetime | None = None


@dataclass(frozen=True)
class Contested:
    """A dispute about a payment."""

    id: str
    amount: Decimal
    at: datetime
    outcome: str = ""  # won, lost, or nothing yet
    closed_at: datetime | None = None
    names_intent: bool = True


@dataclass(frozen=True)
class Payment:
    """One movement of money from the buyer, with the ids that Stripe gives it."""

    intent: str
    charge: str
    amount: Decimal
    at: datetime
    refunds: tuple[Returned, ...] = ()
    disputes: tuple[Contested, ...] = ()
    started_at: datetime | None = None

    def total_refunded(self, until: datetime) -> Decimal:
        """Return the running total of a moment."""
        held = [one for one in self.refunds if one.at <= until and not (one.failed_at and one.failed_at <= until)]
        return sum((one.amount for one in held), ZERO)


@dataclass(frozen=True)
class Purchase:
    """An order as it was."""

    buyer: Person
    lines: tuple[Line, ...]
    at: datetime
    currency: str = "USD"
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    payments: tuple[Payment, ...] = ()
    email: str = ""
    is_live: bool = True
    utm: Utm = NO_UTM
    instalments: int = 0
    session: str = ""
    words: str = "metadata"  # where Stripe names the product: metadata, description, link, nothing
    customer: bool = True
    extra: dict[str, str] = field(default_factory=dict, hash=False, compare=False)

    @property
    def address(self) -> str:
        """Return the address that the provider is told."""
        return self.email or self.buyer.email

    @property
    def total(self) -> Decimal:
        """Return what the buyer pays, once or per instalment."""
        return sum((line.amount for line in self.lines), ZERO) - self.discount + self.tax

    @property
    def names(self) -> tuple[str, ...]:
        """Return the products' names."""
        return tuple(line.product.name for line in self.lines)

    def paying(self, **changes: object) -> "Purchase":
        """Return the same purchase with its first payment changed."""
        first, *others = self.payments
        return replace(self, payments=(replace(first, **changes), *others))  # type: ignore[arg-type]


def utc(text: str) -> datetime:
    """Return a moment written without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seconds(moment: datetime) -> int:
    """Return epoch seconds."""
    return int(moment.timestamp())


def later(moment: datetime, **span: float) -> datetime:
    """Return a moment moved."""
    return moment + timedelta(**span)
