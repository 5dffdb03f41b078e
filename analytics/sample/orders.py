"""What the sample's people buy, and how Stripe and ClickFunnels each tell of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import accumulate
from random import Random

from analytics.records import Lead, Line, Messenger, Offer, Order, Payment, Utm, order_of_one
from analytics.sample.names import Person
from analytics.sample.stage import OFFER_NIGHTS, Stage

VIP_PRICES = tuple(map(Decimal, ("27.00", "47.00", "47.00", "67.00", "97.00")))
OTO_PRICES = tuple(map(Decimal, ("97.00", "147.00", "197.00", "297.00")))
DAYS_AFTER_THE_END = 14


@dataclass(frozen=True, slots=True)
class Product:
    """Something sold, with its contract price."""

    name: str
    price: Decimal
    offer: Offer | None = Offer.HIGH_TICKET


ACCELERATOR = Product("Accelerator Coaching", Decimal("2997.00"))
INNER_CIRCLE = Product("Inner Circle Mastermind", Decimal("4997.00"))
VIP_DAY = Product("VIP Day", Decimal("9997.00"))
HOODIE = Product("Challenge Hoodie", Decimal("49.00"), None)
HIGH_TICKET = (ACCELERATOR,) * 6 + (INNER_CIRCLE,) * 3 + (VIP_DAY,)


class Told(Enum):
    """Who reports a sale."""

    BY_STRIPE = "stripe"
    BY_CLICKFUNNELS = "clickfunnels"
    BY_BOTH = "both"


TELLERS = (Told.BY_BOTH,) * 5 + (Told.BY_STRIPE,) * 3 + (Told.BY_CLICKFUNNELS,) * 2


@dataclass(frozen=True, slots=True)
class Deal:
    """One sale as it really happened; `number` tells it from every other, `contact` is the buyer's at ClickFunnels."""

    number: int
    name: str
    email: str
    product: Product
    moment: datetime
    told: Told = Told.BY_BOTH
    contact: str = ""
    utm: Utm = field(default_factory=Utm)
    currency: str = ""
    test: bool = False
    instalments: int = 1
    refund: Decimal = Decimal(0)
    days_to_refund: int = 1


def told(stage: Stage, deal: Deal) -> Iterator[Order | Payment]:
    """Yield what the messengers have told of a sale by now; nothing before it happened."""
    if deal.moment > stage.until:
        return
    if deal.told is not Told.BY_CLICKFUNNELS:
        yield _by_stripe(stage, deal)
        yield from _payments(stage, deal)
    if deal.told is not Told.BY_STRIPE:
        yield _by_clickfunnels(stage, deal)


def _payment_ids(stage: Stage, deal: Deal) -> tuple[str, str]:
    token = f"{stage.token(deal.number):016x}"
    return f"pi_3{token}", f"ch_3{token}"


def _by_stripe(stage: Stage, deal: Deal) -> Order:
    product, intent = deal.product, _payment_ids(stage, deal)[0]
    due = product.price / deal.instalments
    labels = (product.name, f"{product.name} (challenge)")
    return Order(
        source="stripe",
        external_id=f"cs_3{stage.token(deal.number):016x}",
        email=deal.email,
        name=deal.name,
        currency=deal.currency or stage.currency,
        ordered_at=deal.moment,
        lines=(Line(product.name, labels, due, product.offer, deal.instalments),),
        total=due,
        messenger=Messenger.PAYMENT_PROVIDER,
        ids=(intent,),
        customer_id=f"cus_{stage.token(deal.number):016x}",
        test=deal.test,
    )


def _payments(stage: Stage, deal: Deal) -> Iterator[Payment]:
    """Yield the instalments that have arrived, a week apart; a refund goes back from the first."""
    intent, charge = _payment_ids(stage, deal)
    for number in range(deal.instalments):
        paid_at = deal.moment + timedelta(weeks=number)
        if paid_at > stage.until:
            return
        is_back = number == 0 and deal.moment + timedelta(days=deal.days_to_refund) <= stage.until
        yield Payment(
            source="stripe",
            external_id=f"{charge}_{number}" if number else charge,
            amount=deal.product.price / deal.instalments,
            currency=deal.currency or stage.currency,
            paid_at=paid_at,
            ids=(f"{charge}_{number}",) if number else (charge, intent),
            order_ids=(intent,),
            refunded=deal.refund if is_back else Decimal(0),
            test=deal.test,
        )


def _by_clickfunnels(stage: Stage, deal: Deal) -> Order:
    """Return the funnel tool's account: its clock runs some seconds behind, and it knows Stripe's id of a shared sale."""
    is_shared = deal.told is Told.BY_BOTH
    return order_of_one(
        source="clickfunnels",
        external_id=f"order-{deal.number}",
        email=deal.email.strip().lower(),
        name=deal.name,
        product=deal.product.name,
        price=deal.product.price,
        currency=deal.currency or stage.currency,
        ordered_at=min(deal.moment + timedelta(seconds=9), stage.until),
        messenger=Messenger.FUNNEL_TOOL,
        offer=deal.product.offer,
        labels=(deal.product.name,),
        ids=_payment_ids(stage, deal)[:1] if is_shared else (),
        customer_id=deal.contact,
        collected=None if is_shared else deal.product.price,
        test=deal.test,
        utm=deal.utm,
    )


class Orders:
    """What people buy after their first opt-in, decided one by one with dice of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._until = stage.until
        self._dice = stage.dice("orders")
        size = stage.size
        self._vip, self._oto = size.rate(size.vip_orders), size.oto_orders / max(size.vip_orders, 1e-9)
        self._sale = size.rate(size.high_ticket_sales)
        self._days = range(2, stage.challenge.length + DAYS_AFTER_THE_END + 1)
        self._day_weights = list(accumulate(_appetite(stage, day) for day in self._days))

    def of(self, buyer: Person, lead: Lead, *, sells: bool) -> Iterator[Order | Payment]:
        """Return what a person buys by now; nobody buys who came through a campaign that does not sell."""
        wants_vip, wants_more = self._dice.random() < self._vip, self._dice.random() < self._sale
        if not sells or not (wants_vip or wants_more):
            return iter(())
        return self._bought(buyer, lead, wants_vip=wants_vip, wants_more=wants_more)

    def _bought(self, buyer: Person, lead: Lead, *, wants_vip: bool, wants_more: bool) -> Iterator[Order | Payment]:
        # Decided whether it has happened or not, so that a later now throws the same dice.
        orders = list(self._funnel_orders(buyer, lead)) if wants_vip else []
        deal = self._deal(buyer, lead) if wants_more else None
        yield from (order for order in orders if order.ordered_at <= self._until)
        if deal is not None:
            yield from told(self._stage, deal)

    def _funnel_orders(self, buyer: Person, lead: Lead) -> Iterator[Order]:
        """Yield the VIP ticket minutes after the opt-in, and for one in four the offer on the page behind it."""
        dice = self._dice
        ordered_at = lead.opted_in_at + timedelta(seconds=dice.randrange(60, 900))
        yield self._funnel_order(buyer, lead, Product("VIP Ticket", dice.choice(VIP_PRICES), Offer.VIP), ordered_at)
        if dice.random() < self._oto:
            product = Product("Implementation Kit", dice.choice(OTO_PRICES), Offer.OTO)
            yield self._funnel_order(buyer, lead, product, ordered_at + timedelta(seconds=dice.randrange(30, 240)))

    def _funnel_order(self, buyer: Person, lead: Lead, product: Product, ordered_at: datetime) -> Order:
        return order_of_one(
            source="clickfunnels",
            external_id=f"{product.offer}-{buyer.number}",
            email=lead.email,
            name=buyer.name,
            product=product.name,
            price=product.price,
            currency=self._stage.currency,
            ordered_at=ordered_at,
            messenger=Messenger.FUNNEL_TOOL,
            offer=product.offer,
            labels=(product.name,),
            customer_id=buyer.contact,
            collected=product.price,
            utm=lead.utm,
        )

    def _deal(self, buyer: Person, lead: Lead) -> Deal:
        """Return a high-ticket sale on a day of the offer, or two days after an opt-in that came later."""
        dice = self._dice
        (day,) = dice.choices(self._days, cum_weights=self._day_weights)
        moment = self._stage.at(day, sale_hour(day, dice))
        if moment <= lead.opted_in_at:
            moment = lead.opted_in_at + timedelta(seconds=dice.randrange(86_400, 3 * 86_400))
        product, teller = dice.choice(HIGH_TICKET), dice.choice(TELLERS)
        return Deal(buyer.number, buyer.name, lead.email, product, moment, teller, buyer.contact, lead.utm)


def sale_hour(day: int, dice: Random) -> float:
    """Return the hour of a sale: while the offer is on stage on offer nights, in daylight after a call otherwise."""
    return 20.2 + 3 * dice.random() if day in OFFER_NIGHTS else 9 + 13 * dice.random()


def _appetite(stage: Stage, day: int) -> float:
    """Return how many high-ticket sales a day brings, relative to other days."""
    if day in OFFER_NIGHTS:
        return 6.0
    if day < OFFER_NIGHTS[0]:
        return 0.15
    return 1.0 if day <= stage.challenge.length else 0.25
