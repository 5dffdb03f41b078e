"""Whatever people and orders stated, in any order: row by row, set-based and the slow reference agree, on both engines."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.attribution import Reason, Rule
from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.records import CustomerAddress, Lead, Line, Messenger, Offer, Order, Record, Utm
from analytics.repairs import attribute
from analytics.schema import (
    UTM_COLUMNS,
    customer_addresses,
    funnel_orders,
    high_ticket_sales,
    lead_identities,
    leads,
    order_days,
    sale_facts,
)
from tests.analytics.conftest import Store
from tests.reference.attribution import Credit, Stated, credit

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
RULES = Rules(CHALLENGE)
EXAMPLES = {True: 60, False: 15}  # SQLite is asked more often: both run the same rules
MAILBOXES = ("ana@gmail.com", "a.na@gmail.com", "ana+x@gmail.com", "ANA@gmail.com")
ADDRESSES = (*MAILBOXES, "bo@x.com", "Bo@x.com", "cy@x.com", "di@x.com")
CUSTOMERS = ("", "1", "2", "3")
TIMES = (time(0), time(11, 59, 59), time(12), time(12, 0, 1), time(23, 59, 59))
UTMS = (
    Utm(),
    Utm(source="fb"),
    Utm(campaign="fb_jan"),
    Utm("fb", "paid", "FB_Feb", "broad", "reel"),
    Utm(campaign="+"),
)
MESSENGERS = {
    "cf": Messenger.FUNNEL_TOOL,
    "classic": Messenger.CLASSIC_FUNNEL_TOOL,
    "stripe": Messenger.PAYMENT_PROVIDER,
    "sheet": Messenger.FILE,
}
ORDER_OF_UTMS = tuple(MESSENGERS)


@dataclass(frozen=True)
class Ordered:
    """One order as all of its messengers state it together, with what it holds."""

    messages: tuple[Order, ...]

    @property
    def addresses(self) -> frozenset[str]:
        """Return every address."""
        return frozenset(one.email for one in self.messages if one.email)

    @property
    def customer_ids(self) -> frozenset[tuple[str, str]]:
        """Return every customer id with its source."""
        return frozenset((one.source, one.customer_id) for one in self.messages if one.customer_id)

    @property
    def at(self) -> datetime:
        """Return the moment."""
        return self.messages[0].ordered_at

    @property
    def date_only(self) -> bool:
        """Tell whether only the day is known."""
        return self.messages[0].date_only

    @property
    def utm(self) -> Utm:
        """Return the order's own UTMs, the funnel tool's first."""
        named = [one for one in self.messages if one.utm.campaign.strip(" +")]
        return min(named, key=lambda one: ORDER_OF_UTMS.index(one.source)).utm if named else Utm()


@dataclass(frozen=True)
class World:
    """What happened: opt-ins in one or two versions, addresses stated apart, and orders."""

    leads: tuple[Lead, ...]
    stated: tuple[CustomerAddress, ...]
    orders: tuple[Ordered, ...]

    @property
    def records(self) -> list[Record]:
        """Return everything that is told."""
        return [*self.leads, *self.stated, *(message for order in self.orders for message in order.messages)]

    def expected(self, order: Ordered) -> Credit:
        """Return an order's credit by the reference."""
        told: list[Stated] = [(one.source, one.customer_id, one.email) for one in self.stated]
        told += [(one.source, one.customer_id, one.email) for each in self.orders for one in each.messages if one.email]
        return credit(order, self.leads, CHALLENGE.zone, told)


dates = st.integers(0, 3).map(lambda offset: date(2026, 1, 8) + timedelta(days=offset))


@st.composite
def moments(draw: st.DrawFn) -> tuple[datetime, bool]:
    on = draw(dates)
    if draw(st.integers(0, 4)) == 0:
        return CHALLENGE.start_of(on), True
    return CHALLENGE.moment(datetime.combine(on, draw(st.sampled_from(TIMES)))), False


@st.composite
def opt_ins(draw: st.DrawFn, number: int) -> list[Lead]:
    """Return an opt-in, and in every third case what it was before its address or id was edited."""
    at, date_only = draw(moments())
    customer = draw(st.sampled_from(CUSTOMERS))
    email = draw(st.sampled_from((*ADDRESSES, "") if customer else ADDRESSES))
    lead = Lead(
        draw(st.sampled_from(("cf", "classic"))),
        str(number),
        email,
        at,
        customer_id=customer,
        date_only=date_only,
        utm=draw(st.sampled_from(UTMS)),
        as_of=at,
    )
    if draw(st.integers(0, 2)):
        return [lead]
    other = replace(lead, email=draw(st.sampled_from(ADDRESSES)), customer_id=draw(st.sampled_from(CUSTOMERS)))
    return [lead, replace(other, as_of=at + timedelta(days=20))]


@st.composite
def orders(draw: st.DrawFn, number: int) -> Ordered:
    """Return an order that one to three messengers state under a shared id; prices keep others from looking alike."""
    at, date_only = draw(moments())
    told = draw(st.lists(st.sampled_from(tuple(MESSENGERS)), min_size=1, max_size=3, unique=True))
    offers = draw(
        st.sampled_from(((Offer.HIGH_TICKET,), (Offer.VIP,), (Offer.HIGH_TICKET, Offer.OTO), (Offer.VIP, Offer.OTO)))
    )
    lines = tuple(Line(f"{offer} {number}", amount=Decimal(100 + number), offer=offer) for offer in offers)
    return Ordered(
        tuple(
            Order(
                source,
                f"o{number}",
                draw(st.sampled_from((*ADDRESSES, ""))),
                "Buyer",
                "USD",
                at,
                lines,
                Decimal(100 + number) * len(lines),
                messenger=MESSENGERS[source],
                ids=(f"pi_{number}",),
                customer_id=draw(st.sampled_from(CUSTOMERS)),
                date_only=date_only and told == ["sheet"],
                utm=draw(st.sampled_from((Utm(), Utm(), *UTMS))),
            )
            for source in told
        )
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    people = [draw(opt_ins(number)) for number in range(8, 8 + draw(st.integers(1, 5)))]
    stated = st.builds(
        CustomerAddress,
        st.sampled_from(tuple(MESSENGERS)),
        st.sampled_from(CUSTOMERS[1:]),
        st.sampled_from(ADDRESSES),
        st.just(CHALLENGE.start_of(date(2026, 1, 5))),
    )
    bought = [draw(orders(number)) for number in range(draw(st.integers(1, 4)))]
    return World(
        tuple(lead for versions in people for lead in versions),
        tuple(draw(st.lists(stated, max_size=3))),
        tuple(bought),
    )


@st.composite
def deliveries(draw: st.DrawFn, records: Sequence[Record]) -> list[list[Record]]:
    """Return the records in any order, some twice, in several deliveries."""
    again = draw(st.lists(st.sampled_from(records), max_size=3))
    order = draw(st.permutations([*records, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    return [list(order[start:end]) for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def credited(connection: Connection) -> list[tuple[Any, ...]]:
    """Return what every sale and funnel order is credited to, as the tables have it."""
    fact, sale, order = sale_facts.c, high_ticket_sales.c, funnel_orders.c
    lead = leads.alias()
    sales = (
        sa.select(sale.product_name, fact.outcome, fact.reason, lead.c.source, lead.c.external_id)
        .add_columns(*(sale[name] for name in UTM_COLUMNS), sale.days_from_lead_to_sale)
        .join_from(sale_facts, high_ticket_sales, sale.id == fact.sale_id)
        .outerjoin(lead, lead.c.id == sale.lead_id)
    )
    ordered = (
        sa.select(order.product, order.outcome, order.reason, lead.c.source, lead.c.external_id)
        .add_columns(*(order[name] for name in UTM_COLUMNS), sa.null())
        .join_from(funnel_orders, lead, lead.c.id == order.lead_id, isouter=True)
    )
    rows = [tuple(row) for query in (sales, ordered) for row in connection.execute(query)]
    return sorted(rows, key=repr)


def expected(world: World) -> list[tuple[Any, ...]]:
    rows = []
    for order in world.orders:
        told = world.expected(order)
        for line in order.messages[0].lines:
            days = told.days if line.offer is Offer.HIGH_TICKET else None
            rows.append((line.product, told.outcome, told.reason, *(told.lead or (None, None)), *told.utm, days))
    return sorted(rows, key=repr)


def kept(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Return what is kept of addresses, ids and days."""
    tables = (customer_addresses, lead_identities, order_days)
    return [sorted(map(tuple, connection.execute(sa.select(table))), key=repr) for table in tables]


def spoil(connection: Connection) -> None:
    """Spoil every credit, as a bug or a hand in the table might."""
    wrong = {"outcome": "matched", "reason": "same e-mail", "utm_campaign_key": "bogus"}
    connection.execute(sa.update(high_ticket_sales).values(lead_id=999_999, utm_campaign="Bogus"))
    connection.execute(sa.update(sale_facts).values(**wrong))
    connection.execute(sa.update(funnel_orders).values(**wrong, utm_campaign="Bogus"))


def sized(store: Store) -> settings:
    """Return how hard an engine is tried; the same examples every time."""
    return settings(
        max_examples=EXAMPLES[store.is_sqlite],
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_all_three_agree_in_any_order(store: Store) -> None:
    @sized(store)
    @given(worlds(), st.data())
    def agree(world: World, data: st.DataObject) -> None:
        wanted = expected(world)
        with store.fresh() as connection:
            accept(connection, RULES, world.records)
            assert credited(connection) == wanted
            at_once = kept(connection)
            assert attribute(connection, RULES) == 0
            spoil(connection)
            attribute(connection, RULES)
            assert credited(connection) == wanted
            assert kept(connection) == at_once
        with store.fresh() as connection:
            for delivery in data.draw(deliveries(world.records)):
                assert not accept(connection, RULES, delivery).refused
            assert credited(connection) == wanted
            assert kept(connection) == at_once

    agree()


def test_the_worlds_hold_what_they_promise() -> None:
    """A property over worlds in which nothing happens proves nothing."""
    seen: Counter[str] = Counter()

    @settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def count(world: World) -> None:
        seen.update(world.expected(order).reason for order in world.orders)

    count()
    rules = {str(rule) for rule in Rule} - {"confirmed link", "as recorded"}
    assert min(seen[case] for case in rules | set(Reason)) >= 5, seen
