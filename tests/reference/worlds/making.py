"""The bench on which a world is made: dice, numbers, products, people and the heap of messages."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from tests.reference.facts import NO_UTM, Message, Utm
from tests.reference.worlds.truth import Contested, Line, Payment, Person, Product, Purchase, Returned

Choice = TypeVar("Choice")

MASTERMIND = Product("Founders Mastermind", "high-ticket", Decimal("1997.00"), "prod_m1", "price_m1", "plink_m1")
INNER = Product("Inner Mastermind", "high-ticket", Decimal("4997.00"), "prod_m2", "price_m2", "plink_m2")
VIP_MASTERMIND = Product("VIP Mastermind", "high-ticket", Decimal("2997.50"), "prod_m3", "price_m3", "plink_m3")
TICKET = Product("VIP ticket", "vip", Decimal("47.00"), "prod_v1", "price_v1", "plink_v1")
DAY = Product("VIP day", "vip", Decimal("97.00"), "prod_v2", "price_v2", "plink_v2")
WORKBOOK = Product("Replay Workbook", "oto", Decimal("27.00"), "prod_o1", "price_o1", "plink_o1")
BUNDLE = Product("Workbook bundle", "oto", Decimal("97.00"), "prod_o2", "price_o2", "plink_o2")
GIFT = Product("Gift box", "", Decimal("19.00"), "prod_x1", "price_x1", "plink_x1")
PIN = Product("Member pin", "", Decimal("27.00"), "prod_x2", "price_x2", "plink_x2")
HOUR = Product("Coaching hour", "", Decimal("1000.00"), "prod_x3", "price_x3", "plink_x3")
RESERVATION = Product("Seat reservation", "part", Decimal("500.00"), "prod_r1", "price_r1", "plink_r1")
DEPOSIT = Product("Mastermind deposit", "part", Decimal("300.00"), "prod_r2", "price_r2", "plink_r2")

HIGH = (MASTERMIND, INNER, VIP_MASTERMIND)
SMALL = (TICKET, DAY, WORKBOOK, BUNDLE)
UNKNOWN = (GIFT, PIN)

PATTERNS = {
    "vip": ("*VIP*",),
    "oto": ("*workbook*", "*Replay*"),
    "high_ticket": ("*mastermind*",),
    "part_payment": ("*reservation*", "*deposit*"),
}
NAMES = ("Ana Reis", "Bia Lima", "Caio Prado", "Dora Alves", "Eva Nunes", "Flor Couto", "Gil Matos", "Hugo Leal")
CAMPAIGNS = ("JAN-CHALLENGE-26", "Retarget 30d", "Lookalike 1%", "jan-challenge-26 ", "Brand+search")
REVENUE = {"high-ticket": "totals.high_ticket_revenue", "vip": "totals.vip_revenue", "oto": "totals.oto_revenue"}


@dataclass
class Maker:
    """What stories are told with."""

    dice: random.Random
    now: datetime
    zone: ZoneInfo
    messages: list[Message] = field(default_factory=list)
    truth: Counter[str] = field(default_factory=Counter)
    is_whole: bool = True  # the truth can be known from the messages
    number: int = 0
    has_deposit: bool = False  # of the person at hand

    def next(self) -> int:
        """Return a number that was not used yet."""
        self.number += 1
        return self.number

    def send(self, *messages: Message) -> None:
        """Add messages to the heap."""
        self.messages += messages

    def any_of(self, *choices: Choice) -> Choice:
        """Return one of the choices."""
        return self.dice.choice(choices)

    def chance(self, share: float) -> bool:
        """Tell whether something happens that happens in a share of all cases."""
        return self.dice.random() < share

    def some_of(self, choices: Sequence[Choice]) -> list[Choice]:
        """Return at least one of the choices."""
        return self.dice.sample(list(choices), self.dice.randint(1, len(choices)))

    def payment(self, amount: Decimal, at: datetime) -> Payment:
        """Return a payment with ids of its own."""
        number = self.next()
        return Payment(f"pi_{number}", f"ch_{number}", amount, at)

    def purchase(self, buyer: Person, lines: Sequence[Line], at: datetime, **more: object) -> Purchase:
        """Return a purchase that is paid at once."""
        whole = Purchase(buyer, tuple(lines), at, session=f"cs_{self.next()}", **more)  # type: ignore[arg-type]
        paid = (self.payment(whole.total, at),) if whole.total else ()
        return Purchase(**{**vars(whole), "payments": paid})

    def utm(self) -> Utm:
        """Return UTMs: all of them, none, or some without a campaign."""
        if self.chance(0.7):
            term = self.any_of("Broad 25-45", "Interest", "")
            return ("facebook", "paid", self.any_of(*CAMPAIGNS), term, self.any_of("Video A", "Image B"))
        return self.any_of(NO_UTM, NO_UTM, ("google", "cpc", "", "", ""))

    def sold(self, purchase: Purchase, times: int = 1) -> None:
        """Write into the truth that a purchase of known lines happened, was paid in full, and stands."""
        if not purchase.is_live:
            self.truth["excluded.test_mode"] += times
            return
        kinds = [line.product.kind for line in purchase.lines]
        if not any(kind in REVENUE for kind in kinds):
            self.truth["excluded.unclassified"] += times
            return
        if purchase.currency != "USD":
            self.truth["excluded.other_currency"] += times
        self.truth["totals.high_ticket_sales"] += kinds.count("high-ticket") * times
        self.truth["totals.net_sales"] += kinds.count("high-ticket") * times
        if purchase.currency == "USD" and not purchase.discount and not purchase.tax:
            self._earned(purchase, times)
        elif purchase.currency == "USD":
            self.is_whole = False

    def _earned(self, purchase: Purchase, times: int) -> None:
        for line in purchase.lines:
            if line.product.kind in REVENUE:
                self.truth[REVENUE[line.product.kind]] += line.amount * times  # type: ignore[assignment]
                for name in ("totals.net_revenue", "totals.collected"):
                    self.truth[name] += line.amount * times  # type: ignore[assignment]

    def returned(self, purchase: Purchase, amount: Decimal) -> None:
        """Write into the truth that money of a purchase of one line went back."""
        line = purchase.lines[0]
        if not purchase.is_live or line.product.kind not in REVENUE or len(purchase.lines) > 1:
            self.is_whole = self.is_whole and not purchase.is_live
            return
        if purchase.currency == "USD":
            self.truth["totals.net_revenue"] -= amount  # type: ignore[assignment]
        if amount >= purchase.total and line.product.kind == "high-ticket":
            self.truth["totals.net_sales"] -= 1

    def part_of(self, amount: Decimal) -> Decimal:
        """Return a round part of an amount."""
        share = self.any_of(Decimal("0.1"), Decimal("0.25"), Decimal("0.5"))
        return (amount * share).quantize(Decimal(1)) or Decimal(1)

    def refunded(self, payment: Payment) -> tuple[Payment, Decimal]:
        """Return the payment with refunds, and how much went back in the end."""
        at = payment.at + timedelta(days=self.dice.randint(1, 5), seconds=self.dice.randint(0, 3000))
        gap = timedelta(seconds=self.any_of(0, 1, 86400))
        amounts = [self.part_of(payment.amount)]
        match self.any_of("full", "part", "two", "failed", "two, one failed"):
            case "full":
                amounts = [payment.amount]
            case "two":
                amounts.append(self.part_of(payment.amount))
            case "failed":
                return self._with(payment, [(self.any_of(payment.amount, amounts[0]), at, at + timedelta(days=2))])
            case "two, one failed":
                second = (self.part_of(payment.amount), at + gap, None)
                return self._with(payment, [(amounts[0], at, at + timedelta(days=2)), second])
        return self._with(payment, [(amount, at + gap * place, None) for place, amount in enumerate(amounts)])

    def _with(
        self, payment: Payment, amounts: Sequence[tuple[Decimal, datetime, datetime | None]]
    ) -> tuple[Payment, Decimal]:
        refunds = tuple(Returned(f"re_{self.next()}", amount, at, failed) for amount, at, failed in amounts)
        held = sum((one.amount for one in refunds if not one.failed_at), Decimal(0))
        if any((one.failed_at or one.at) > self.now for one in refunds):
            self.is_whole = False
        return Payment(**{**vars(payment), "refunds": refunds}), held

    def contested(self, payment: Payment) -> Payment:
        """Return the payment with a dispute."""
        at = payment.at + timedelta(days=self.dice.randint(1, 4))
        amount = self.any_of(payment.amount, self.part_of(payment.amount))
        outcome = self.any_of("", "won", "lost", "lost at once")
        if at + timedelta(days=2) > self.now:
            self.is_whole = False
        closed = at if outcome == "lost at once" else at + timedelta(days=2) if outcome else None
        one = Contested(f"du_{self.next()}", amount, at, outcome.split(" ")[0], closed, self.chance(0.6))
        return Payment(**{**vars(payment), "disputes": (one,)})
