"""Random histories: few people with many addresses, few moments near every edge, purchases with several messengers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from analytics.challenge import Challenge
from analytics.records import Lead, Messenger, Offer, Payment, Purchase, Record, Utm

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
    purchases: tuple[Purchase, ...]
    payments: tuple[Payment, ...]

    @property
    def records(self) -> tuple[Record, ...]:
        """Return everything that was told."""
        return (*self.leads, *self.purchases, *self.payments)


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
def _purchase(draw: st.DrawFn, number: int) -> tuple[list[Purchase], list[Payment]]:
    """Return what is said of one purchase, and what was paid for it."""
    offer = draw(st.sampled_from((*[Offer.HIGH_TICKET] * 4, Offer.VIP, Offer.OTO)))
    at, date_only = draw(_moments())
    kind = draw(st.sampled_from(("funnel", "both", "provider", "file")))
    email = draw(st.sampled_from((*ADDRESSES, "", STAFF)))
    price = draw(st.sampled_from(PRICES))
    refunded = draw(st.sampled_from((Decimal(0), Decimal(0), price, Decimal("0.05"))))
    first = Purchase(
        source="sheet",
        external_id=f"p{number}",
        email=email,
        name=f"Buyer {number}",
        product=draw(st.sampled_from(PRODUCTS[offer])),
        price=price,
        currency=draw(st.sampled_from(("USD", "USD", "USD", "BRL"))),
        purchased_at=at,
        messenger=Messenger.FILE,
        offer=offer,
        payment_ids=(f"pi_{number}",),
        customer_id=draw(st.sampled_from(("c1", "c2", ""))),
        date_only=date_only and kind == "file",
        collected=draw(st.sampled_from((None, None, price, Decimal("0.07")))),
        refunded=refunded,
        test=draw(st.integers(0, 9)) == 0,
    )
    messages = _spoken(draw, kind, first)
    paid = _paid(draw, first) if first.collected is None and not refunded else []
    return messages, paid


def _spoken(draw: st.DrawFn, kind: str, first: Purchase) -> list[Purchase]:
    """Return the messages about a purchase: by a file, a payment provider, a funnel tool, or the latter two."""
    if kind == "file":
        return [first]
    provider = replace(first, source="stripe", messenger=Messenger.PAYMENT_PROVIDER)
    funnel = replace(first, source="cf", messenger=Messenger.FUNNEL_TOOL)
    if kind == "funnel":
        return [funnel]
    # One payment, told by its session, its intent and its charge: the last two know each other by the charge alone.
    charge = first.payment_ids[0].replace("pi", "ch")
    plain = replace(provider, collected=None, refunded=Decimal(0))
    told = [provider, replace(plain, external_id=f"{charge}-i", payment_ids=(*first.payment_ids, charge))]
    told.append(replace(plain, external_id=f"{charge}-c", payment_ids=(charge,)))
    told = told[: draw(st.integers(1, 3))]
    if kind == "both":
        seconds = timedelta(seconds=draw(st.sampled_from((-3, 0, 90))))
        other = draw(st.sampled_from((first.email, *ADDRESSES)))
        told.append(
            replace(
                funnel,
                email=other,
                name=f"Funnel name {first.external_id}",
                product=f" {first.product.upper()}",
                price=first.price + 1,
                purchased_at=first.purchased_at + seconds,
                test=False,
                collected=None,
                refunded=Decimal(0),
            )
        )
    return told


def _paid(draw: st.DrawFn, bought: Purchase) -> list[Payment]:
    """Return instalments, some of them sent back in part."""
    amounts = draw(st.lists(st.sampled_from((Decimal("0.01"), Decimal("0.06"))), max_size=3))
    return [
        Payment(
            "stripe",
            f"{bought.external_id}-{number}",
            bought.payment_ids[0],
            amount,
            bought.currency,
            bought.purchased_at + timedelta(days=number),
            draw(st.sampled_from((Decimal(0), Decimal("0.01")))),
        )
        for number, amount in enumerate(amounts)
    ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Return a history without contradictions: every id is told in one version."""
    leads = draw(st.lists(_leads(), min_size=2, max_size=8, unique_by=lambda lead: (lead.source, lead.external_id)))
    told = [draw(_purchase(number)) for number in range(draw(st.integers(1, 6)))]
    purchases = tuple(message for messages, _ in told for message in messages)
    payments = tuple(payment for _, paid in told for payment in paid)
    return History(tuple(leads), purchases, payments)


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
