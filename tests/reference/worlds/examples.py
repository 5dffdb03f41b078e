"""Small worlds with figures worked out by hand from the definitions, one sentence each."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.facts import Message
from tests.reference.offers import Settings
from tests.reference.worlds import classic, clickfunnels, files, stripe
from tests.reference.worlds.making import (
    BUNDLE,
    DAY,
    DEPOSIT,
    GIFT,
    HOUR,
    INNER,
    MASTERMIND,
    PATTERNS,
    TICKET,
    VIP_MASTERMIND,
    WORKBOOK,
)
from tests.reference.worlds.truth import Contested, Line, Payment, Person, Product, Purchase, Returned
from tests.reference.worlds.world import World

ANA = Person("Ana Reis", ("ana.reis@example.com", "ana@second.example"), "cus_A", 5001, 9001)
BIA = Person("Bia Lima", ("bia.lima@gmail.com", "bialima+shop@googlemail.com"), "cus_B", 5002, 9002)
AT = datetime(2026, 1, 11, 17, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 20, 15, 0, tzinfo=UTC)
LATE = datetime(2026, 3, 25, 15, 0, tzinfo=UTC)
JAN = ("facebook", "paid", "JAN-CHALLENGE-26", "Broad 25-45", "Video A")
MINUTE = timedelta(minutes=1)
SETTINGS = Settings(
    ZoneInfo("America/Sao_Paulo"),
    vip=PATTERNS["vip"],
    oto=PATTERNS["oto"],
    high_ticket=PATTERNS["high_ticket"],
    part_payment=PATTERNS["part_payment"],
)


@dataclass(frozen=True)
class Example:
    """Messages, the figures that they come to, and the rows of the table of sales."""

    title: str
    messages: tuple[Message, ...]
    figures: dict[str, Any]
    sales: tuple[dict[str, Any], ...] | None = None
    now: datetime = NOW
    settings: Settings = field(default=SETTINGS)

    @property
    def world(self) -> World:
        """Return the example as a world."""
        return World(0, self.settings, self.now, self.messages)


def bought(*products: Product, at: datetime = AT, buyer: Person = ANA, number: str = "A", **more: Any) -> Purchase:
    """Return a purchase that is paid at once."""
    lines = more.pop("lines", tuple(Line(product, product.price) for product in products))
    whole = Purchase(buyer, lines, at, session=f"cs_{number}", **more)
    paid = (Payment(f"pi_{number}", f"ch_{number}", whole.total, at),) if whole.total else ()
    return replace(whole, payments=paid)


def by_three(one: Purchase) -> tuple[Message, ...]:
    """Return what session, intent and charge of one payment say."""
    payment = one.payments[0]
    return stripe.session(one), stripe.intent(one, payment), stripe.charge(one, payment)


def with_refunds(one: Purchase, *amounts: str, failed: str = "") -> Purchase:
    """Return a purchase with refunds a day later, in one second; one of them may fail."""
    at = one.at + timedelta(days=1)
    refunds = tuple(
        Returned(f"re_{place}", Decimal(amount), at, at + timedelta(days=2) if amount == failed else None)
        for place, amount in enumerate(amounts)
    )
    return one.paying(refunds=refunds)


def with_dispute(one: Purchase, amount: str, outcome: str = "", **more: Any) -> Purchase:
    """Return a purchase with a dispute two days later."""
    at = one.at + timedelta(days=2)
    closed = at + timedelta(days=5) if outcome else None
    return one.paying(disputes=(Contested("du_1", Decimal(amount), at, outcome, closed, **more),))


def _refunds(one: Purchase) -> tuple[Message, ...]:
    payment = one.payments[0]
    return tuple(stripe.refund(one, payment, each) for each in payment.refunds)


def _total(one: Purchase) -> Message:
    payment = one.payments[0]
    return stripe.charge_refunded(one, payment, payment.refunds[-1].at)


def _dispute(one: Purchase, *kinds: str) -> tuple[Message, ...]:
    payment = one.payments[0]
    return tuple(stripe.dispute(one, payment, payment.disputes[0], kind) for kind in kinds)


def money(high: Any = 0, *, vip: Any = 0, oto: Any = 0, **more: Any) -> dict[str, Any]:
    """Return figures of sales that stand and are paid; what differs is named."""
    whole = Decimal(high) + Decimal(vip) + Decimal(oto)
    count = more.pop("sales", 1 if Decimal(high) else 0)
    return {
        "totals.high_ticket_revenue": Decimal(high),
        "totals.vip_revenue": Decimal(vip),
        "totals.oto_revenue": Decimal(oto),
        "totals.high_ticket_sales": count,
        "totals.net_sales": more.pop("net_sales", count),
        "totals.net_revenue": Decimal(more.pop("net", whole)),
        "totals.collected": Decimal(more.pop("collected", whole)),
        "totals.at_risk": Decimal(more.pop("at_risk", 0)),
        **more,
    }


def _of_lines() -> list[Example]:
    bump = bought(MASTERMIND, WORKBOOK, words="nothing")
    order = clickfunnels.Order(29100, AT + timedelta(seconds=3))
    cheaper = replace(bump, discount=Decimal(100))
    unknown = bought(MASTERMIND, GIFT)
    return [
        Example(
            "Mastermind and workbook in one order: each counts at its own amount",
            (clickfunnels.order(bump, order),),
            money("1997", oto="27"),
        ),
        Example(
            "100.00 off 1997.00 and 27.00: 98.67 and 1.33",
            (clickfunnels.order(cheaper, order),),
            money("1898.33", oto="25.67"),
        ),
        Example(
            "A bump that no pattern knows is no part of the sale",
            (clickfunnels.order(unknown, order),),
            money("1997", **{"review.unclassified_lines": 1, "review.unclassified_lines_amount": Decimal(19)}),
        ),
        Example(
            "Two high-ticket products in one order are two sales",
            (clickfunnels.order(bought(MASTERMIND, INNER), order),),
            money("6994", sales=2),
            ({"HT Price": Decimal(1997)}, {"HT Price": Decimal(4997)}),
        ),
        Example(
            "Two of one product are one sale at the line's amount",
            (clickfunnels.order(bought(lines=(Line(MASTERMIND, Decimal(3994), 2),)), order),),
            money("3994"),
        ),
        Example(
            "Two products beside one total: the whole order is the highest",
            (stripe.session(bought(WORKBOOK, MASTERMIND)),),
            money("2024"),
            ({"HT Product": "Founders Mastermind"},),
        ),
        Example(
            "The amounts come from the other messenger of the same payment",
            (stripe.session(bought(MASTERMIND, WORKBOOK)), classic.purchase(bump, 81100, AT, "pi_A")),
            money("1997", oto="27"),
        ),
        Example(
            "A part refund of 100.00 is shared over 1997.00 and 27.00: 98.67 and 1.33",
            (clickfunnels.order(bump, order), clickfunnels.transaction(bump, order, 1, Decimal(100), AT + MINUTE)),
            money("1997", oto="27", net="1924"),
        ),
        Example(
            "A name that fits two kinds is the higher",
            by_three(bought(VIP_MASTERMIND)),
            money("2997.50"),
        ),
    ]


def _of_one_payment() -> list[Example]:
    one = bought(MASTERMIND)
    twin = bought(MASTERMIND, at=AT + timedelta(seconds=40), number="B")
    gone = with_refunds(one, "1997")
    debit = one.paying(started_at=AT - timedelta(days=5))
    double = {"review.possible_double_charges": 1, "review.possible_double_charges_amount": Decimal(1997)}
    return [
        Example("One payment told by session, intent and charge is one sale", by_three(one), money("1997")),
        Example("Two payments are two", by_three(one) + by_three(twin), money("3994", sales=2, **double)),
        Example(
            "Two payments, the first refunded: gross stays two, net falls to one",
            (*by_three(one), *by_three(twin), _total(gone)),
            money("3994", sales=2, net="1997", net_sales=1, **double),
        ),
        Example(
            "A couple's two tickets are two",
            (
                stripe.session(bought(TICKET)),
                stripe.session(bought(TICKET, at=AT + timedelta(seconds=40), number="B")),
            ),
            money(vip="94", **{"review.possible_double_charges": 1, "totals.high_ticket_sales": 0}),
        ),
        Example(
            "Two of one price and two kinds are no double charge",
            (stripe.session(bought(DAY)), stripe.session(bought(BUNDLE, at=AT + MINUTE, number="B"))),
            money(vip="97", oto="97", **{"review.possible_double_charges": 0}),
        ),
        Example(
            "A bank debit counts on the day it succeeds",
            (
                stripe.session(debit, "unpaid"),
                stripe.session(debit, "paid", "async_payment_succeeded"),
                stripe.charge(debit, debit.payments[0]),
            ),
            money("1997"),
            ({"Purchase Date": "2026-01-11 14:00:00"},),
        ),
        Example("A bank debit on its way is no sale yet", (stripe.session(debit, "unpaid"),), money()),
        Example(
            "A coupon for everything is a sale at 0.00",
            (stripe.session(bought(MASTERMIND, discount=Decimal(1997)), "no_payment_required"),),
            money(sales=1),
            ({"HT Price": Decimal(0)},),
        ),
        Example(
            "A test purchase is one purchase left out",
            by_three(bought(MASTERMIND, is_live=False)),
            money(**{"excluded.test_mode": 1}),
        ),
        Example(
            "A purchase of no known product is one, left out",
            by_three(bought(GIFT)),
            money(**{"excluded.unclassified": 1}),
        ),
        Example(
            "Another currency counts as a sale, its money in no sum",
            by_three(bought(MASTERMIND, currency="EUR")),
            money(sales=1, **{"excluded.other_currency": 1}),
        ),
        Example(
            "Zero-decimal money is whole",
            (stripe.session(bought(lines=(Line(MASTERMIND, Decimal(300000)),), currency="JPY")),),
            money(sales=1),
            ({"HT Price": Decimal(300000), "Currency": "JPY"},),
        ),
        Example(
            "A staff address is left out",
            by_three(one),
            money(**{"excluded.staff": 1}),
            settings=replace(SETTINGS, staff=("ana.reis@example.com",)),
        ),
        Example(
            "From 1000.00 on, an unknown product is high-ticket, in the reporting currency alone",
            (
                *by_three(bought(HOUR)),
                *by_three(bought(lines=(Line(HOUR, Decimal("999.99")),), at=AT + 90 * MINUTE, number="B")),
                *by_three(bought(HOUR, at=AT + 180 * MINUTE, number="C", currency="EUR")),
            ),
            money("1000", **{"excluded.unclassified": 2, "excluded.other_currency": 0}),
            settings=replace(SETTINGS, high_ticket_from=Decimal(1000)),
        ),
    ]


def _of_refunds() -> list[Example]:
    one = bought(MASTERMIND, words="description")
    two = with_refunds(one, "100", "150")
    half = with_refunds(one, "100")
    failed = with_refunds(one, "1997", failed="1997")
    first_fails = with_refunds(one, "200", "300", failed="200")
    payment = failed.payments[0]
    fails = stripe.refund(failed, payment, payment.refunds[0], "refund.failed", "failed")
    parts = first_fails.payments[0]
    return [
        Example(
            "Two refunds in one second, running totals in reverse",
            (*by_three(one), _total(two), _total(half), *_refunds(two)),
            money("1997", net="1747"),
        ),
        Example(
            "A full refund that failed leaves the sale whole",
            (stripe.charge_refunded(failed, payment, payment.refunds[0].at), fails),
            money("1997"),
        ),
        Example(
            "Two part refunds, of which one fails",
            (
                *by_three(one),
                *_refunds(first_fails),
                stripe.refund(first_fails, parts, parts.refunds[0], "refund.failed", "failed"),
            ),
            money("1997", net="1697"),
        ),
        Example("A refund of no purchase is listed", _refunds(half), money(**{"review.refunds_without_purchase": 1})),
        Example(
            "An open dispute is money at risk; it names the charge alone",
            (*by_three(one), *_dispute(with_dispute(one, "600", names_intent=False), "created")),
            money("1997", at_risk="600"),
        ),
        Example(
            "A lost dispute is deducted, whichever message comes last",
            (*_dispute(with_dispute(one, "600", "lost"), "closed", "created", "funds_withdrawn"), *by_three(one)),
            money("1997", net="1397"),
        ),
        Example(
            "A dispute that is won changes nothing",
            (*_dispute(with_dispute(one, "1997", "won"), "closed", "created"), *by_three(one)),
            money("1997"),
        ),
        Example(
            "A part is refunded, the rest lost: nothing is left",
            (
                _total(with_refunds(one, "500")),
                *_dispute(with_dispute(one, "1497", "lost"), "created", "closed"),
            ),
            money("1997", net="0", net_sales=0),
        ),
    ]


def _of_two_messengers() -> list[Example]:
    plain = bought(MASTERMIND, words="nothing")
    order = clickfunnels.Order(29100, AT + timedelta(seconds=3))

    def apart(**span: float) -> Message:
        return clickfunnels.order(plain, clickfunnels.Order(29100, AT + timedelta(**span)))

    gone = with_refunds(plain, "1997")
    charge = stripe.charge(plain, plain.payments[0])
    likeness = {"review.joined_by_likeness": 1, "review.joined_by_likeness_amount": Decimal(1997)}
    again = bought(MASTERMIND, at=AT + timedelta(seconds=40), number="B", words="nothing")
    day, bundle = bought(DAY), bought(BUNDLE)
    return [
        Example(
            "Without a shared id, seconds apart: one sale by likeness",
            (charge, clickfunnels.order(plain, order)),
            money("1997", **likeness),
        ),
        Example(
            "Exactly 30 minutes apart is within the window", (charge, apart(minutes=30)), money("1997", **likeness)
        ),
        Example(
            "30 minutes and a second are not: the charge without a product is unclassified",
            (charge, apart(minutes=30, seconds=1)),
            money("1997", **{"excluded.unclassified": 1, "review.joined_by_likeness": 0}),
        ),
        Example(
            "A refund at the provider reaches the pair",
            (charge, clickfunnels.order(plain, order), _total(gone)),
            money("1997", net="0", net_sales=0, **likeness),
        ),
        Example(
            "The order is one of two payments: the nearer",
            (charge, stripe.charge(again, again.payments[0]), clickfunnels.order(plain, order)),
            money("1997", **{**likeness, "excluded.unclassified": 1}),
            ({"Purchase Date": "2026-01-11 14:00:00"},),
        ),
        Example(
            "One price and two kinds do not pair",
            (stripe.session(day), clickfunnels.order(bundle, order)),
            money(vip="97", oto="97"),
        ),
        Example(
            "An order that knows its contact by id alone pairs by the contact's address",
            (
                charge,
                clickfunnels.contact(ANA, ANA.email, AT - timedelta(days=9), JAN),
                clickfunnels.order(plain, replace(order, knows_contact_by_id=True)),
            ),
            money("1997", **{**likeness, "attribution.matched": 1}),
        ),
        Example(
            "A row of another program and the webhook of the same sale are one",
            (charge, files.foreign(ANA, MASTERMIND, 1, AT + MINUTE)),
            money("1997", **likeness),
        ),
        Example(
            "A row of a template alone",
            (files.sale(ANA, MASTERMIND, "S-1", AT, collected=Decimal(1000), refunded=Decimal(20)),),
            money("1997", collected="1000", net="1977"),
        ),
    ]


def _of_plans() -> list[Example]:
    each = Line(MASTERMIND, Decimal(666))
    plan = bought(lines=(each,), instalments=3, words="nothing", extra={"invoice": "yes"})
    dues = [AT, datetime(2026, 2, 11, 17, 0, tzinfo=UTC), datetime(2026, 3, 11, 17, 0, tzinfo=UTC)]
    payments = [Payment(f"pi_{place}", f"ch_{place}", Decimal(666), due) for place, due in enumerate(dues)]
    bills = [
        stripe.Invoice(f"in_{place}", Decimal(666), due, (payments[place],), "sub_1", place == 0)
        for place, due in enumerate(dues)
    ]
    order = clickfunnels.Order(29100, AT)
    first_two = tuple(stripe.invoice(plan, bill) for bill in bills[:2])
    open_plan = replace(plan, instalments=0)
    return [
        Example("Two of three instalments: the contract counts", first_two, money("1998", collected="1332"), now=LATE),
        Example(
            "Invoice, its tie, intent and charge are one instalment",
            (
                stripe.invoice(plan, bills[0]),
                stripe.invoice_payment(plan, bills[0], payments[0]),
                stripe.intent(plan, payments[0]),
                stripe.charge(plan, payments[0]),
            ),
            money("1998", collected="666", **{"excluded.unclassified": 0}),
        ),
        Example(
            "A plan of unknown length is worth what was paid",
            tuple(stripe.invoice(open_plan, bill) for bill in bills[:2]),
            money("1332"),
            now=LATE,
        ),
        Example(
            "A cancelled plan keeps its gross; what will never be paid leaves net",
            (*first_two, stripe.subscription_ended(plan, "sub_1", dues[1] + MINUTE)),
            money("1998", net="1332", collected="1332"),
            now=LATE,
        ),
        Example(
            "First heard of when overdue, two paid",
            (clickfunnels.order(plan, order, "past-due", "order.updated", dues[2], 1),),
            money("1998", collected="1332"),
            ({"Purchase Date": "2026-01-11 14:00:00"},),
            now=LATE,
        ),
        Example(
            "The second instalment is told by an invoice alone",
            (
                clickfunnels.order(plan, order, kind="subscription.first_payment_received"),
                clickfunnels.invoice(plan, order, 47001, dues[0]),
                clickfunnels.invoice(plan, order, 47002, dues[1], is_first=False),
            ),
            money("1998", collected="1332"),
            now=LATE,
        ),
        Example(
            "The funnel's plan and the provider's payments in its rhythm are one sale",
            (
                clickfunnels.order(plan, order, kind="subscription.first_payment_received"),
                *(stripe.charge(plan, payment) for payment in payments),
            ),
            money("1998", **{"review.joined_by_likeness": 1, "excluded.unclassified": 0}),
            now=LATE,
        ),
    ]


def _of_invoices() -> list[Example]:
    whole = bought(MASTERMIND, words="invoice", extra={"invoice": "yes"})
    first = Payment("pi_1", "ch_1", Decimal(1000), AT)
    second = Payment("pi_2", "ch_2", Decimal(997), AT + timedelta(days=3))
    parts = replace(whole, payments=(first, second))
    bill = stripe.Invoice("in_1", Decimal(1997), second.at, parts.payments)
    taxed = bought(lines=(Line(MASTERMIND, Decimal(2000)),), tax=Decimal(400))
    half = with_refunds(taxed, "1200")
    receipt = stripe.Invoice("in_9", Decimal(1997), AT + MINUTE, (), attempts=0)
    outside = stripe.Invoice("in_8", Decimal(1997), AT, (), attempts=0, is_outside=True, is_old=True)
    deposit = bought(DEPOSIT, at=AT - timedelta(days=3), number="D")
    balance = bought(lines=(Line(MASTERMIND, Decimal(1697)),))
    return [
        Example(
            "An invoice paid in two parts is one sale of the day of the first",
            (
                stripe.invoice(parts, bill),
                *(stripe.invoice_payment(parts, bill, payment) for payment in parts.payments),
                *(stripe.intent(parts, payment) for payment in parts.payments),
            ),
            money("1997", **{"excluded.unclassified": 0}),
            ({"Purchase Date": "2026-01-11 14:00:00"},),
        ),
        Example("Tax is not revenue", (stripe.session(taxed),), money("2000"), ({"HT Price": Decimal(2000)},)),
        Example("A refund of half with its tax", (stripe.session(taxed), *_refunds(half)), money("2000", net="1000")),
        Example(
            "Tax counts where the owner says so",
            (stripe.session(taxed),),
            money("2400"),
            settings=replace(SETTINGS, counts_tax=True),
        ),
        Example("A receipt moves no money", (stripe.invoice(whole, receipt),), money(**{"excluded.unclassified": 0})),
        Example(
            "Checkout and receipt are one sale",
            (*by_three(bought(MASTERMIND)), stripe.invoice(whole, receipt)),
            money("1997"),
        ),
        Example("An invoice paid outside is a sale", (stripe.invoice(whole, outside),), money("1997")),
        Example(
            "Deposit and balance are one sale, at the deposit's moment",
            (*by_three(deposit), *by_three(balance)),
            money("1997", **{"review.payments_without_purchase": 0}),
            ({"HT Price": Decimal(1997), "Purchase Date": "2026-01-08 14:00:00"},),
        ),
        Example(
            "A deposit without an order waits",
            by_three(deposit),
            money(**{"review.payments_without_purchase": 1, "review.payments_without_purchase_amount": Decimal(300)}),
        ),
    ]


def _of_states() -> list[Example]:
    one = bought(MASTERMIND)
    order = clickfunnels.Order(29100, AT)
    later = AT + timedelta(days=2)
    pending = clickfunnels.order(one, order, "pending", "order.created")
    return [
        Example("A pending order is nothing", (pending,), money(**{"excluded.unclassified": 0})),
        Example(
            "The buyer stands in the pending order, the money in the invoice",
            (pending, clickfunnels.invoice(one, order, 47001, AT)),
            money("1997"),
            ({"Customer Name": "Ana Reis"},),
        ),
        Example(
            "A part refund of unknown amount leaves net as it is",
            (
                clickfunnels.order(one, order),
                clickfunnels.order(one, order, "partially-refunded", "order.updated", later),
            ),
            money("1997"),
        ),
        Example(
            "Paid and then voided is refunded in full",
            (clickfunnels.order(one, order), clickfunnels.order(one, order, "voided", "order.updated", later)),
            money("1997", net="0", net_sales=0),
        ),
        Example(
            "A disputed order is at risk",
            (clickfunnels.order(one, order, "disputed", "order.updated", later),),
            money("1997", at_risk="1997"),
        ),
    ]


def _of_credits() -> list[Example]:
    sold = by_three(bought(MASTERMIND))
    opt_in = AT - timedelta(days=9)

    def credited(reason: str = "", *, days: str = "", by_order: int = 0) -> tuple[dict[str, Any], tuple[Any, ...]]:
        row: dict[str, Any] = {"Attribution": "matched"}
        if reason:
            row = {"Attribution": "unattributed", "Reason": reason}
        if days:
            row["Days from Lead to HT Sale"] = days
        counts = {f"attribution.reasons.{reason}": 1} if reason else {"attribution.matched": 1}
        return {**counts, "attribution.by_order_utm": by_order}, (row,)

    def example(title: str, messages: tuple[Message, ...], told: tuple[dict[str, Any], tuple[Any, ...]]) -> Example:
        return Example(title, messages, told[0], told[1])

    own = replace(bought(MASTERMIND), utm=JAN)
    order = clickfunnels.Order(29100, AT)
    bia = by_three(bought(MASTERMIND, buyer=BIA))
    on_file = bought(MASTERMIND, words="description", extra={"card on file": "yes"})
    earlier = stripe.session(bought(TICKET, at=AT - timedelta(days=1), number="V"))
    no_campaign = ("google", "cpc", "", "", "")
    ana_lead = clickfunnels.contact(ANA, ANA.email, opt_in, JAN)
    return [
        example("Nobody opted in", sold, credited("no such person")),
        example("An opt-in nine days before", (*sold, ana_lead), credited(days="9")),
        example(
            "At the same second is in time",
            (*sold, clickfunnels.contact(ANA, ANA.email, AT, JAN)),
            credited(days="0"),
        ),
        example(
            "A second later is not",
            (*sold, clickfunnels.contact(ANA, ANA.email, AT + timedelta(seconds=1), JAN)),
            credited("opted in after buying"),
        ),
        example(
            "The earliest opt-in wins, although it has no UTMs",
            (*sold, ana_lead, files.lead(ANA, "L-1", ANA.email, opt_in - MINUTE, ("",) * 5)),
            credited("no UTM"),
        ),
        example(
            "UTMs without a campaign",
            (*sold, clickfunnels.contact(ANA, ANA.email, opt_in, no_campaign)),
            credited("no campaign"),
        ),
        example(
            "An edited address takes nothing away",
            (*sold, ana_lead, clickfunnels.contact(ANA, "new@example.net", opt_in, JAN, AT + MINUTE)),
            credited(days="9"),
        ),
        example(
            "Gmail's dots, tags and its other name",
            (*bia, files.lead(BIA, "L-1", BIA.emails[1], opt_in, JAN)),
            credited(days="9"),
        ),
        example(
            "A card on file, its address from an earlier purchase",
            (stripe.charge(on_file, on_file.payments[0]), earlier, ana_lead),
            credited(days="9"),
        ),
        example(
            "The order's own UTMs, where nobody opted in",
            (stripe.session(own),),
            credited(by_order=1),
        ),
        example(
            "The order's own UTMs are not used beside an opt-in without UTMs",
            (stripe.session(own), clickfunnels.contact(ANA, ANA.email, opt_in, ("",) * 5)),
            credited("no UTM"),
        ),
        example(
            "An order's contact is no opt-in, its first visit its own UTMs",
            (clickfunnels.order(own, order),),
            credited(by_order=1),
        ),
        example(
            "23:50 to 00:10 is one day",
            (
                *by_three(bought(MASTERMIND, at=datetime(2026, 1, 11, 3, 10, tzinfo=UTC))),
                clickfunnels.contact(ANA, ANA.email, datetime(2026, 1, 11, 2, 50, tzinfo=UTC), JAN),
            ),
            credited(days="1"),
        ),
    ]


PARTS: tuple[Callable[[], list[Example]], ...] = (
    _of_lines,
    _of_one_payment,
    _of_refunds,
    _of_two_messengers,
    _of_plans,
    _of_invoices,
    _of_states,
    _of_credits,
)
EXAMPLES = tuple(example for part in PARTS for example in part())
