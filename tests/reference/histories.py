"""Random histories: few people with many addresses, few moments near every edge, purchases with several messengers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from analytics.challenge import Challenge
from analytics.records import Lead, Messenger, Offer, Order, Payment, Record, Utm, order_of_one

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
STAFF = "staff@x.com"
WINDOW = timedelta(minutes=30)

MAILBOXES = ("ana@gmail.com", "a.na@gmail.com", "ana+x@gmail.com", "ANA@gmail.com", "ana@googlemail.com")
ADDRESSES = (*MAILBOXES, "bo@x.com", " Bo@x.com", "b.o@x.com")
TIMES = (
    time(0),
    time(0, 20),
    time(11, 59, 59),
    time(12),
    time(12, 0, 1),
    time(12, 30),
    time(12, 30, 1),
    time(23, 59, 59),
)
CAMPAIGNS = ("", "", " ", "fb_jan", "FB_Jan", "fb_jan ", "fb%20jan")
PRODUCTS = {
    Offer.HIGH_TICKET: ("Mentorship", "Mastermind"),
    Offer.VIP: ("VIP pass",),
    Offer.OTO: ("Recordings",),
}
PRICES = (Decimal("1997.00"), Decimal("0.10"), Decimal("33.33"))


@dataclass(frozen=True)
class History:
    """What happened, as records in some order."""

    leads: tuple[Lead, ...]
    orders: tuple[Order, ...]
    payments: tuple[Payment, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Return everything that was told."""
        return (*self.leads, *self.orders, *self.payments)

    @property
    def stated(self) -> list[tuple[str, str, str]]:
        """Return every address that an order or a payment stated with a customer id at its source."""
        facts: list[Order | Payment] = [*self.orders, *self.payments]
        return [(one.source, one.customer_id, one.email) for one in facts if one.email]


dates = st.integers(0, 4).map(lambda offset: date(2026, 1, 8) + timedelta(days=offset))


@st.composite
def _moments(draw: st.DrawFn) -> tuple[datetime, bool]:
    """Return a moment and whether only its day is known."""
    on = draw(dates)
    if draw(st.integers(0, 4)) == 0:
        return CHALLENGE.start_of(on), True
    return CHALLENGE.moment(datetime.combine(on, draw(st.sampled_from(TIMES)))), False


@st.composite
def _leads(draw: st.DrawFn) -> Lead:
    at, date_only = draw(_moments())
    customer = draw(st.sampled_from(("", "c1", "c2")))
    email = draw(st.sampled_from((*ADDRESSES, *[""] * 8) if customer else ADDRESSES))
    utm = Utm(campaign=draw(st.sampled_from(CAMPAIGNS)), content=draw(st.sampled_from(("", "", "reel"))))
    source, number = draw(st.sampled_from(("cf", "ac"))), draw(st.integers(8, 13))
    return Lead(source, str(number), email, at, customer_id=customer, date_only=date_only, utm=utm)


@st.composite
def _purchase(draw: st.DrawFn, number: int) -> tuple[list[Order], list[Payment]]:
    """Return what is said of one purchase, and what was paid for it."""
    offer = draw(st.sampled_from((*[Offer.HIGH_TICKET] * 4, Offer.VIP, Offer.OTO)))
    at, date_only = draw(_moments())
    kind = draw(st.sampled_from(("funnel", "both", "provider", "file")))
    email = draw(st.sampled_from((*ADDRESSES, "", STAFF)))
    price = draw(st.sampled_from(PRICES))
    refunded = draw(st.sampled_from((Decimal(0), Decimal(0), price, Decimal("0.05"))))
    first = order_of_one(
        source="sheet",
        external_id=f"p{number}",
        email=email,
        name=f"Buyer {number}",
        product=draw(st.sampled_from(PRODUCTS[offer])),
        price=price,
        currency=draw(st.sampled_from(("USD", "USD", "USD", "BRL"))),
        ordered_at=at,
        messenger=Messenger.FILE,
        offer=offer,
        ids=(f"pi_{number}", f"in_{number}"),
        customer_id=draw(st.sampled_from(("c1", "c2", ""))),
        date_only=date_only and kind == "file",
        collected=draw(st.sampled_from((None, None, price, Decimal("0.07")))),
        refunded=refunded,
        test=draw(st.integers(0, 9)) == 0,
        utm=draw(st.sampled_from((Utm(), Utm(), Utm(campaign="fb_own", content="reel")))),
    )
    messages, objects = _spoken(draw, kind, first)
    paid = _paid(draw, messages[0]) if first.collected is None and not refunded and not objects else []
    return messages, [*objects, *paid]


def _spoken(draw: st.DrawFn, kind: str, first: Order) -> tuple[list[Order], list[Payment]]:
    """Return the orders and payments about a purchase: by a file, a payment provider, a funnel tool, or the latter two."""
    if kind == "file":
        return [first], []
    provider = replace(first, source="stripe", messenger=Messenger.PAYMENT_PROVIDER)
    funnel = replace(first, source="cf", messenger=Messenger.FUNNEL_TOOL)
    if kind == "funnel":
        return [funnel], []
    # One payment, told by its session, its intent and its charge: the last two know each other by the charge alone.
    intent = first.ids[0]
    charge = intent.replace("pi", "ch")
    objects = [_object(provider, intent, (intent, charge)), _object(provider, charge, (charge,))]
    told, objects = [provider], objects[: draw(st.integers(0, 2))]
    if kind == "both":
        seconds = timedelta(seconds=draw(st.sampled_from((-3, 0, 90))))
        other = draw(st.sampled_from((first.email, *ADDRESSES)))
        (line,) = first.lines
        told.append(
            replace(
                funnel,
                email=other,
                name=f"Funnel name {first.external_id}",
                lines=(replace(line, product=f" {line.product.upper()}"),),
                total=(first.total or Decimal(0)) + 1,
                ordered_at=first.ordered_at + seconds,
                test=False,
                collected=None,
                refunded=Decimal(0),
            )
        )
    return told, objects


def _object(order: Order, external_id: str, ids: tuple[str, ...]) -> Payment:
    """Return what one of the provider's objects says of an order's payment."""
    return Payment(
        order.source,
        external_id,
        order.total or Decimal(0),
        order.currency,
        order.ordered_at,
        ids=ids,
        email=order.email,
        customer_id=order.customer_id,
        test=order.test,
    )


def _paid(draw: st.DrawFn, bought: Order) -> list[Payment]:
    """Return instalments, told by who told the order or by the provider, some of them sent back in part."""
    amounts = draw(st.lists(st.sampled_from((Decimal("0.01"), Decimal("0.06"))), max_size=3))
    source, messenger = draw(
        st.sampled_from(((bought.source, bought.messenger), ("stripe", Messenger.PAYMENT_PROVIDER)))
    )
    return [
        Payment(
            source,
            f"{bought.external_id}-{number}",
            amount,
            bought.currency,
            bought.ordered_at + timedelta(days=number),
            messenger=messenger,
            order_ids=(bought.ids[1],),
            refunded=draw(st.sampled_from((Decimal(0), Decimal("0.01")))),
            date_only=bought.date_only and messenger is bought.messenger,
            test=bought.test,
        )
        for number, amount in enumerate(amounts)
    ]


@st.composite
def _mix_up(draw: st.DrawFn) -> tuple[list[Lead], Order]:
    """Return two people of one tool, and an order there with the customer id of one and the address of the other."""
    (first, _), (second, _), (at, _) = draw(_moments()), draw(_moments()), draw(_moments())
    other = draw(st.sampled_from(("c4", "c4", "old:c4")))  # the last from another register, which knows people anew
    leads = [
        Lead("cf", "20", "Bo@x.com", first, customer_id="c3", utm=Utm(campaign="fb_jan")),
        Lead("cf", "21", draw(st.sampled_from(MAILBOXES)), second, customer_id=other, utm=Utm(campaign="fb_jan")),
    ]
    order = order_of_one(
        source="cf",
        external_id="mixed",
        email="ana@gmail.com",
        name="Buyer",
        product="Mentorship",
        price=PRICES[0],
        currency="USD",
        ordered_at=at,
        messenger=Messenger.FUNNEL_TOOL,
        offer=Offer.HIGH_TICKET,
        customer_id="c3",
    )
    return leads, order


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Return a history without contradictions: every id is told in one version."""
    leads = draw(st.lists(_leads(), min_size=2, max_size=8, unique_by=lambda lead: (lead.source, lead.external_id)))
    told = [draw(_purchase(number)) for number in range(draw(st.integers(1, 6)))]
    if draw(st.integers(0, 4)) == 0:
        others, order = draw(_mix_up())
        leads, told = [*leads, *others], [*told, ([order], [])]
    orders = tuple(message for messages, _ in told for message in messages)
    payments = tuple(payment for _, paid in told for payment in paid)
    return History(tuple(leads), orders, payments)


@st.composite
def deliveries(draw: st.DrawFn, records: Sequence[Record]) -> list[list[Record]]:
    """Return the same records as they may arrive: in any order, some twice, in several deliveries."""
    again = draw(st.lists(st.sampled_from(records), max_size=4)) if records else []
    order = draw(st.permutations([*records, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    return [list(order[start:end]) for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def one_by_one(records: Iterable[Record]) -> list[list[Record]]:
    """Return a delivery per record."""
    return [[record] for record in records]
