"""What can happen to a buyer: each story makes a purchase and the messages about it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.reference.facts import NO_UTM, Bought, Message, Paid
from tests.reference.orders import months_later
from tests.reference.worlds import classic, clickfunnels, files, stripe
from tests.reference.worlds.making import (
    BUNDLE,
    DAY,
    DEPOSIT,
    GIFT,
    HIGH,
    HOUR,
    INNER,
    MASTERMIND,
    PIN,
    RESERVATION,
    SMALL,
    TICKET,
    UNKNOWN,
    WORKBOOK,
    Maker,
)
from tests.reference.worlds.truth import Line, Payment, Person, Product, Purchase

Story = Callable[[Maker, Person, datetime], None]


def one_line(make: Maker, *products: Product) -> list[Line]:
    """Return a line of one of the products."""
    product = make.any_of(*(products or (*HIGH, *HIGH, *SMALL, *UNKNOWN)))
    return [Line(product, product.price)]


def of_stripe(make: Maker, bought: Purchase) -> list[Message]:
    """Return what Stripe says about a payment by card, by some of its events."""
    payment = bought.payments[0]
    every = {
        "session": lambda: stripe.session(bought),
        "intent": lambda: stripe.intent(bought, payment),
        "charge": lambda: stripe.charge(bought, payment),
    }
    chosen = set(make.some_of(list(every)))
    if bought.words == "metadata":
        chosen.add("session")
    if chosen == {"intent"} or bought.words == "description" or (bought.words == "nothing" and "session" not in chosen):
        chosen.add("charge")  # it tells the address, and the description
    return [every[name]() for name in sorted(chosen)]


def afterwards(make: Maker, bought: Purchase) -> Purchase:
    """Let money of a purchase go back, or be contested, in some cases; send what is told of it."""
    payment = bought.payments[0]
    if make.chance(0.3):
        payment, amount = make.refunded(payment)
        bought = replace(bought, payments=(payment, *bought.payments[1:]))
        make.send(*_refund_events(make, bought, payment))
        make.returned(bought, amount)
    elif make.chance(0.2):
        payment = make.contested(payment)
        bought = replace(bought, payments=(payment, *bought.payments[1:]))
        _dispute_events(make, bought, payment)
    return bought


def _refund_events(make: Maker, bought: Purchase, payment: Payment) -> list[Message]:
    has_failed = any(one.failed_at for one in payment.refunds)
    way = "both" if has_failed else make.any_of("totals", "events", "both")
    sent = []
    for one in payment.refunds:
        if way in ("totals", "both"):
            sent.append(stripe.charge_refunded(bought, payment, one.at))
        if way in ("events", "both"):
            kind = make.any_of("refund.created", "refund.updated")
            sent.append(stripe.refund(bought, payment, one, kind))
        if one.failed_at:
            sent.append(stripe.refund(bought, payment, one, "refund.failed", "failed"))
    if len(payment.refunds) == 2 and way != "events" and payment.refunds[0].at == payment.refunds[1].at:
        sent += _halfway(bought, payment)
    return sent


def _halfway(bought: Purchase, payment: Payment) -> list[Message]:
    """Return the running total after the first of two refunds in one second."""
    half = replace(payment, refunds=payment.refunds[:1])
    if half.refunds[0].failed_at:
        return []
    return [stripe.charge_refunded(replace(bought, payments=(half,)), half, half.refunds[0].at)]


def _dispute_events(make: Maker, bought: Purchase, payment: Payment) -> None:
    one = payment.disputes[0]
    make.send(stripe.dispute(bought, payment, one))
    if one.outcome and one.closed_at != one.at:
        make.send(stripe.dispute(bought, payment, one, "closed"))
    if one.outcome != "won" and one.closed_at != one.at and make.chance(0.4):
        make.send(stripe.dispute(bought, payment, one, "funds_withdrawn"))
    if not one.names_intent and not any(
        isinstance(fact, Bought | Paid) and payment.charge in fact.ids
        for message in make.messages
        for fact in message.facts
    ):
        make.send(stripe.charge(bought, payment))
    if one.outcome == "lost":
        make.returned(bought, one.amount)
    elif not one.outcome and bought.is_live and bought.currency == "USD":
        line = bought.lines[0]
        if len(bought.lines) > 1:
            make.is_whole = False
        elif line.product.kind in ("vip", "oto", "high-ticket"):
            make.truth["totals.at_risk"] += one.amount  # type: ignore[assignment]


def by_card(make: Maker, buyer: Person, at: datetime) -> None:
    """One product, paid at Stripe, told by Stripe alone."""
    currency = "USD" if make.chance(0.85) else make.any_of("EUR", "JPY")
    lines = one_line(make)
    if currency == "JPY":
        lines = [Line(lines[0].product, Decimal(300000))]
    words = make.any_of("metadata", "metadata", "description")
    email = make.any_of(buyer.emails[0], buyer.emails[-1])
    bought = make.purchase(
        buyer,
        lines,
        at,
        currency=currency,
        email=email,
        words=words,
        is_live=make.chance(0.92),
        customer=make.chance(0.6),
        utm=make.utm() if make.chance(0.2) else NO_UTM,
    )
    make.send(*of_stripe(make, bought))
    make.sold(bought)
    afterwards(make, bought)


def by_link(make: Maker, buyer: Person, at: datetime) -> None:
    """A product that Stripe names by its payment link alone."""
    product = replace(make.any_of(TICKET, MASTERMIND), name="", link="plink_vip9")
    product = replace(product, kind="vip")
    bought = make.purchase(buyer, [Line(product, product.price)], at, words="nothing")
    make.send(stripe.session(bought), *([stripe.intent(bought, bought.payments[0])] if make.chance(0.5) else []))
    make.sold(bought)


def several_at_stripe(make: Maker, buyer: Person, at: datetime) -> None:
    """Several products that Stripe's metadata name beside one total: the whole order is the highest."""
    lines = [Line(MASTERMIND, MASTERMIND.price), Line(WORKBOOK, WORKBOOK.price)]
    if make.chance(0.4):
        lines = [Line(BUNDLE, BUNDLE.price), Line(TICKET, TICKET.price)]
    make.dice.shuffle(lines)
    bought = make.purchase(buyer, lines, at)
    make.send(stripe.session(bought), *([stripe.charge(bought, bought.payments[0])] if make.chance(0.5) else []))
    make.is_whole = False
    afterwards(make, bought)


def _order_lines(make: Maker) -> list[Line]:
    products = make.any_of(
        (MASTERMIND, WORKBOOK),
        (MASTERMIND, TICKET),
        (INNER, WORKBOOK, DAY),
        (MASTERMIND, INNER),
        (MASTERMIND, GIFT),
        (TICKET, WORKBOOK),
        (TICKET, PIN),
        (GIFT, PIN),
        (MASTERMIND,),
        (TICKET,),
        (BUNDLE,),
    )
    lines = [Line(product, product.price) for product in products]
    if make.chance(0.15):
        lines[0] = Line(products[0], products[0].price * 2, 2)
    return lines


def at_classic(make: Maker, buyer: Person, at: datetime) -> None:
    """Classic tells the products, and Stripe the payment under an id that both name."""
    lines = _order_lines(make)
    gross = sum(line.amount for line in lines)
    discount = make.any_of(Decimal(0), Decimal(0), Decimal(10), Decimal("7.31")) if gross > 20 else Decimal(0)
    bought = make.purchase(
        buyer, lines, at, discount=discount, words=make.any_of("metadata", "nothing"), email=buyer.emails[-1]
    )
    payment, number = bought.payments[0], make.next() + 81000
    shared = make.any_of(payment.intent, payment.charge)
    seconds = make.dice.randint(-20, 4000)
    make.send(classic.purchase(bought, number, at + timedelta(seconds=seconds), shared, buyer.email))
    if make.chance(0.3):
        make.send(classic.purchase(bought, number, at + timedelta(seconds=seconds), shared, buyer.email, "updated"))
    make.send(*of_stripe(make, bought), stripe.intent(bought, payment))
    make.sold(bought)
    afterwards(make, bought)


def classic_alone(make: Maker, buyer: Person, at: datetime) -> None:
    """Classic tells of a payment at another provider."""
    bought = make.purchase(buyer, _order_lines(make), at)
    charge = make.any_of(None, f"PAYID-{make.next()}")
    make.send(classic.purchase(bought, make.next() + 81000, at, charge))
    make.sold(bought)


def at_clickfunnels(make: Maker, buyer: Person, at: datetime) -> None:
    """ClickFunnels 2.0 tells of an order, in one state after the other, and nobody else does."""
    lines = _order_lines(make)
    gross = sum(line.amount for line in lines)
    discount = Decimal(make.any_of(0, 0, 0, 100)) if gross > 150 else Decimal(0)
    utm = make.utm() if make.chance(0.25) else NO_UTM
    currency = make.any_of("USD", "USD", "USD", "USD", "EUR")
    bought = make.purchase(buyer, lines, at, discount=discount, utm=utm, currency=currency, is_live=make.chance(0.92))
    told = clickfunnels.Order(make.next() + 29000, at)
    make.sold(bought)
    _say_order(make, bought, told)
    _then_at_clickfunnels(make, bought, told)


def _say_order(make: Maker, bought: Purchase, told: clickfunnels.Order) -> None:
    """Send the order as paid: by itself, or pending and then by its invoice, or both."""
    way = make.any_of("order", "order", "invoice", "both")
    if way in ("invoice", "both") or make.chance(0.3):
        make.send(clickfunnels.order(bought, told, "pending", "order.created", told.at - timedelta(seconds=9)))
    if way in ("order", "both"):
        make.send(clickfunnels.order(bought, told, at=told.at + timedelta(seconds=2)))
    if way in ("invoice", "both"):
        make.send(clickfunnels.invoice(bought, told, make.next() + 47000, told.at))


def _then_at_clickfunnels(make: Maker, bought: Purchase, told: clickfunnels.Order) -> None:
    at = told.at + timedelta(days=make.dice.randint(1, 4))
    match make.any_of("", "", "", "refunded", "voided", "part", "part, amount told", "disputed"):
        case "refunded":
            make.send(clickfunnels.order(bought, told, "refunded", "one_time_order.refunded", at))
            _all_back(make, bought)
        case "voided":
            make.send(clickfunnels.order(bought, told, "voided", "order.updated", at))
            _all_back(make, bought)
        case "part":
            make.send(clickfunnels.order(bought, told, "partially-refunded", "order.updated", at))
        case "part, amount told":
            amount = make.part_of(bought.total)
            make.send(
                clickfunnels.order(bought, told, "partially-refunded", "order.updated", at),
                clickfunnels.transaction(bought, told, make.next() + 1800000, amount, at),
            )
            make.returned(bought, amount)
        case "disputed":
            make.send(clickfunnels.order(bought, told, "disputed", "order.updated", at))
            make.is_whole = False


def _all_back(make: Maker, bought: Purchase) -> None:
    if len(bought.lines) == 1:
        make.returned(bought, bought.total)
    else:
        make.is_whole = False


def never_paid(make: Maker, buyer: Person, at: datetime) -> None:
    """A card is refused, an order stays pending: nothing was bought."""
    bought = make.purchase(buyer, one_line(make), at)
    told = clickfunnels.Order(make.next() + 29000, at)
    match make.any_of("card", "order", "session"):
        case "card":
            make.send(*stripe.failed(bought, bought.payments[0]))
        case "order":
            make.send(clickfunnels.order(bought, told, "pending", "order.created"))
        case "session":
            make.send(stripe.session(bought, "unpaid"))


def by_likeness(make: Maker, buyer: Person, at: datetime) -> None:
    """Stripe and ClickFunnels 2.0 tell of one payment and share no id."""
    gap = make.any_of(2, 3, -2, 60, 1799, 1800, -1800, 1801, -1801, 5400)
    words = make.any_of("nothing", "order number", "metadata")
    lines = one_line(make, *HIGH, *SMALL) if words == "metadata" else _order_lines(make)
    told = clickfunnels.Order(make.next() + 29000, at + timedelta(seconds=gap), buyer.emails[-1], make.chance(0.2))
    utm = make.utm() if make.chance(0.3) else NO_UTM
    extra = {"order_number": f"#{told.id}"} if words == "order number" else {}
    bought = make.purchase(buyer, lines, at, words=words, utm=NO_UTM, customer=make.chance(0.5), extra=extra)
    email = make.any_of(buyer.emails[-1], buyer.emails[-1].upper()) if words != "metadata" else buyer.emails[-1]
    bought = replace(bought, email=email)
    make.send(clickfunnels.contact(buyer, buyer.emails[-1], at - timedelta(days=9), make.utm())) if (
        told.knows_contact_by_id
    ) else None
    _say_order(make, replace(bought, utm=utm), told)
    make.send(*of_stripe(make, bought))
    if abs(gap) > 1800:
        make.is_whole = False
    if make.chance(0.3):  # the same address buys the same again at once: it is the nearer that pairs
        again = make.purchase(buyer, lines, at + timedelta(seconds=make.any_of(700, 4000)), words="metadata")
        again = replace(again, email=email)
        make.send(stripe.session(again))
        make.is_whole = False
    make.sold(bought)
    afterwards(make, bought)


def by_other_text(make: Maker, buyer: Person, at: datetime) -> None:
    """Stripe names another kind at the same price: the two are two purchases."""
    one, other = Line(DAY, DAY.price), Line(BUNDLE, BUNDLE.price)
    first = make.purchase(buyer, [one], at)
    second = make.purchase(buyer, [other], at + timedelta(seconds=40))
    told = clickfunnels.Order(make.next() + 29000, second.at)
    make.send(stripe.session(first), clickfunnels.order(second, told))
    make.sold(first)
    make.sold(second)


def by_bank(make: Maker, buyer: Person, at: datetime) -> None:
    """A bank debit that succeeds days after it began, or never does."""
    began = at - timedelta(days=make.dice.randint(2, 5))
    bought = make.purchase(buyer, one_line(make, *HIGH, TICKET), at).paying(started_at=began)
    make.send(stripe.session(bought, "unpaid"))
    payment = bought.payments[0]
    if make.chance(0.2):
        failed = stripe.event("checkout.session.async_payment_failed", {"id": bought.session, "object": "x"}, at)
        make.send(replace(failed, body=failed.body.replace('"object": "x"', '"object": "checkout.session"')))
        return
    ways = [
        stripe.session(bought, "paid", "async_payment_succeeded"),
        stripe.intent(bought, payment),
        stripe.charge(bought, payment),
    ]
    make.send(*make.some_of(ways))
    make.sold(bought)
    afterwards(make, bought)


def for_nothing(make: Maker, buyer: Person, at: datetime) -> None:
    """A coupon for the whole price: a purchase at 0.00."""
    lines = one_line(make, MASTERMIND, TICKET)
    bought = make.purchase(buyer, lines, at, discount=lines[0].amount)
    if make.chance(0.6):
        make.send(stripe.session(bought, "no_payment_required"))
    else:
        make.send(clickfunnels.order(bought, clickfunnels.Order(make.next() + 29000, at)))
    make.truth["totals.high_ticket_sales"] += lines[0].product.kind == "high-ticket"
    make.truth["totals.net_sales"] += lines[0].product.kind == "high-ticket"


def twice(make: Maker, buyer: Person, at: datetime) -> None:
    """The provider took the money twice, or a couple bought two tickets: two payments."""
    lines = one_line(make, MASTERMIND, TICKET)
    first = make.purchase(buyer, lines, at)
    second = make.purchase(buyer, lines, at + timedelta(seconds=make.any_of(40, 900, 1800, 1801)))
    make.send(*of_stripe(make, first), *of_stripe(make, second))
    make.sold(first, 2)
    afterwards(make, make.any_of(first, second))


def by_plan(make: Maker, buyer: Person, at: datetime) -> None:
    """Instalments that Stripe bills: of a known number, or open; paid so far, cancelled, or first heard of late."""
    number = make.any_of(0, 3, 4)
    product = make.any_of(MASTERMIND, MASTERMIND, WORKBOOK)
    each = Decimal("666.00") if product is MASTERMIND else Decimal("19.00")
    bought = make.purchase(buyer, [Line(product, each)], at, instalments=number, words="invoice")
    bought = replace(bought, extra={"invoice": "yes"})
    dues = [due for due in (months_later(at, place) for place in range(number or 3)) if due < make.now]
    subscription, paid = f"sub_{make.next()}", make.dice.randint(1, len(dues))
    is_old = make.chance(0.3)
    bills = []
    for place, due in enumerate(dues[:paid]):
        payment = make.payment(each, due)
        bills.append(
            stripe.Invoice(f"in_{make.next()}", each, due, (payment,), subscription, place == 0, is_old=is_old)
        )
    if len(bills) > 1 and make.chance(0.15):
        bills = bills[1:]  # first heard of late
    for bill in bills:
        make.send(*_of_bill(make, bought, bill))
    money, contract = each * len(bills), each * number if number else each * len(bills)
    left = contract - money
    ended = make.chance(0.3)
    if ended:
        make.send(stripe.subscription_ended(bought, subscription, bills[-1].at + timedelta(hours=5)))
    _of_plan(make, product, contract, money, left if ended else Decimal(0))


def _of_plan(make: Maker, product: Product, contract: Decimal, money: Decimal, never: Decimal) -> None:
    is_high = product.kind == "high-ticket"
    make.truth["totals.high_ticket_revenue" if is_high else "totals.oto_revenue"] += contract  # type: ignore[assignment]
    make.truth["totals.net_revenue"] += contract - never  # type: ignore[assignment]
    make.truth["totals.collected"] += money  # type: ignore[assignment]
    make.truth["totals.high_ticket_sales"] += is_high
    make.truth["totals.net_sales"] += is_high


def _of_bill(make: Maker, bought: Purchase, bill: stripe.Invoice) -> list[Message]:
    payment = bill.payments[0]
    sent = [stripe.invoice(bought, bill)]
    if make.chance(0.6):
        sent += make.some_of([stripe.intent(bought, payment), stripe.charge(bought, payment)])
        if not bill.is_old:
            sent += [stripe.invoice_payment(bought, bill, payment)]
    return sent


def funnel_plan(make: Maker, buyer: Person, at: datetime) -> None:
    """A plan that ClickFunnels 2.0 tells: by the order's state, by invoices, or first heard of late; maybe cancelled."""
    number, each = 3, Decimal("666.00")
    bought = make.purchase(buyer, [Line(MASTERMIND, each)], at, instalments=number)
    told = clickfunnels.Order(make.next() + 29000, at)
    dues = [due for due in (months_later(at, place) for place in range(number)) if due < make.now]
    paid = make.dice.randint(1, len(dues))
    way = make.any_of("invoices", "state", "both")
    if way in ("invoices", "both"):
        make.send(clickfunnels.order(bought, told, kind="subscription.first_payment_received"))
        for place, due in enumerate(dues[:paid]):
            make.send(clickfunnels.invoice(bought, told, make.next() + 47000, due, is_first=place == 0))
    if way in ("state", "both"):
        state = make.any_of("paid", "past-due")
        at_last = dues[paid - 1] + timedelta(hours=3)
        make.send(clickfunnels.order(bought, told, state, "order.updated", at_last, paid - 1))
    never = Decimal(0)
    if make.chance(0.25):
        make.send(clickfunnels.order_ended(bought, told, dues[paid - 1] + timedelta(hours=5), paid - 1))
        never = each * (number - paid)
    _of_plan(make, MASTERMIND, each * number, each * paid, never)


def plan_by_two(make: Maker, buyer: Person, at: datetime) -> None:
    """A plan that ClickFunnels 2.0 tells, whose instalments Stripe charges without any shared id."""
    number, each = 3, Decimal("666.00")
    bought = make.purchase(
        buyer, [Line(MASTERMIND, each)], at, instalments=number, words="nothing", customer=make.chance(0.5)
    )
    told = clickfunnels.Order(make.next() + 29000, at + timedelta(seconds=make.any_of(3, -2, 60)))
    make.send(clickfunnels.order(bought, told, kind="subscription.first_payment_received"))
    dues = [due for due in (months_later(at, place) for place in range(number)) if due < make.now]
    for due in dues:
        make.send(stripe.charge(bought, make.payment(each, due)))
    _of_plan(make, MASTERMIND, each * number, each * len(dues), Decimal(0))


def in_parts(make: Maker, buyer: Person, at: datetime) -> None:
    """An invoice that is paid in two parts."""
    lines = [Line(MASTERMIND, MASTERMIND.price)]
    if make.chance(0.3):
        lines.append(Line(WORKBOOK, WORKBOOK.price))
    whole = make.purchase(buyer, lines, at, words="invoice")
    first = make.payment(Decimal("1000.00"), at)
    second = make.payment(whole.total - first.amount, at + timedelta(days=3))
    whole = replace(whole, payments=(first, second), extra={"invoice": "yes"})
    bill = stripe.Invoice(f"in_{make.next()}", whole.total, second.at, whole.payments)
    make.send(stripe.invoice(whole, bill))
    for payment in whole.payments:
        make.send(stripe.invoice_payment(whole, bill, payment))
        make.send(*make.some_of([stripe.intent(whole, payment), stripe.charge(whole, payment)]))
    make.sold(whole)
    if make.chance(0.4):
        afterwards(make, whole)


def by_invoice(make: Maker, buyer: Person, at: datetime) -> None:
    """An invoice of one or more lines, maybe with tax, paid at once; or paid outside of the provider."""
    lines = [Line(MASTERMIND, Decimal("2000.00"))]
    if make.chance(0.5):
        lines.append(make.any_of(Line(WORKBOOK, Decimal("50.00")), Line(GIFT, Decimal("20.00"))))
    tax = sum((line.amount for line in lines), Decimal(0)) / make.any_of(5, 10) if make.chance(0.4) else Decimal(0)
    bought = make.purchase(buyer, lines, at, tax=tax, words="invoice", extra={"invoice": "yes"})
    is_outside, is_old = make.chance(0.2), make.chance(0.4)
    bill = stripe.Invoice(
        f"in_{make.next()}",
        bought.total,
        at,
        () if is_outside else bought.payments,
        attempts=0 if is_outside else 1,
        is_outside=is_outside,
        is_old=is_old or is_outside,
    )
    if is_outside:
        make.send(stripe.invoice(bought, bill))
        make.sold(bought)
        return
    make.send(*_of_bill(make, bought, bill))
    make.sold(bought)


def with_receipt(make: Maker, buyer: Person, at: datetime) -> None:
    """A checkout after which Stripe writes an invoice that is a receipt alone."""
    number = f"in_{make.next()}"
    extra = {"receipt": number} if make.chance(0.5) else {}
    bought = make.purchase(buyer, one_line(make, *HIGH, *SMALL), at, extra=extra)
    bill = stripe.Invoice(number, bought.total, at + timedelta(seconds=5), (), attempts=0)
    make.send(*of_stripe(make, bought), stripe.invoice(bought, bill))
    make.sold(bought)


def with_tax(make: Maker, buyer: Person, at: datetime) -> None:
    """A checkout whose tax is told apart."""
    product = make.any_of(MASTERMIND, TICKET)
    price = Decimal("2000.00") if product is MASTERMIND else Decimal("50.00")
    bought = make.purchase(buyer, [Line(product, price)], at, tax=price / make.any_of(5, 10))
    make.send(stripe.session(bought), *([stripe.charge(bought, bought.payments[0])] if make.chance(0.5) else []))
    make.sold(bought)
    afterwards(make, bought)


def with_deposit(make: Maker, buyer: Person, at: datetime) -> None:
    """A deposit before the balance, or before a plan that has room for it; or a deposit alone."""
    part = make.any_of(RESERVATION, DEPOSIT)
    make.has_deposit = True
    before = at - timedelta(days=make.dice.randint(1, 6))
    deposit = make.purchase(buyer, [Line(part, part.price)], before)
    make.send(*of_stripe(make, deposit))
    if make.chance(0.2):
        make.truth["review.payments_without_purchase"] += 1
        return
    rest = MASTERMIND.price - part.price
    bought = make.purchase(buyer, [Line(MASTERMIND, rest)], at)
    make.send(*of_stripe(make, bought))
    make.sold(replace(bought, lines=(Line(MASTERMIND, MASTERMIND.price),)))
    if make.chance(0.3):
        afterwards(make, bought)
        make.is_whole = False


def by_file(make: Maker, buyer: Person, at: datetime) -> None:
    """A row of a template, alone or beside Stripe's message of the same purchase."""
    product = make.any_of(*HIGH, TICKET, WORKBOOK)
    number = make.next()
    refunded = make.any_of(None, None, None, product.price, Decimal("20.00"))
    bought = make.purchase(buyer, [Line(product, product.price)], at)
    if make.chance(0.4):
        make.send(*of_stripe(make, bought))
        refunded = None
    moment = at + timedelta(seconds=make.any_of(0, 5, 1800, -1800))
    if product.kind == "high-ticket":
        make.send(files.sale(buyer, product, f"S-{number}", moment, refunded=refunded))
    else:
        make.send(files.funnel_order(buyer, product, f"O-{number}", moment, refunded=refunded))
    make.sold(bought)
    if refunded:
        make.returned(bought, refunded)


def by_foreign_row(make: Maker, buyer: Person, at: datetime) -> None:
    """A row that another program wrote into the table of sales, alone or beside Stripe's message."""
    product = make.any_of(*HIGH)
    bought = make.purchase(buyer, [Line(product, product.price)], at)
    if make.chance(0.5):
        make.send(*of_stripe(make, bought))
        make.send(files.foreign(buyer, product, make.next(), at + timedelta(seconds=make.any_of(0, 7, 600))))
    else:
        make.send(files.foreign(buyer, product, make.next(), at, make.any_of(None, Decimal("12.34"))))
    make.sold(bought)


def by_export(make: Maker, buyer: Person, at: datetime) -> None:
    """A row of Stripe's export, alone or beside events of the same payment."""
    lines = one_line(make, *HIGH, *SMALL, GIFT)
    bought = make.purchase(buyer, lines, at, utm=make.utm() if make.chance(0.3) else NO_UTM)
    payment = bought.payments[0]
    if make.chance(0.3):
        payment, amount = make.refunded(payment)
        if any(one.failed_at for one in payment.refunds):
            payment, amount = bought.payments[0], Decimal(0)
        bought = replace(bought, payments=(payment,))
        make.returned(bought, amount) if amount else None
    make.send(stripe.export_row(bought, payment))
    if make.chance(0.4):
        make.send(*of_stripe(make, bought))
    make.sold(bought)


def by_day(make: Maker, buyer: Person, at: datetime) -> None:
    """A row that knows its day alone, by itself or beside Stripe's message of that day."""
    local = at.astimezone(make.zone)
    at = (local.replace(hour=make.dice.randint(2, 21)) if make.chance(0.9) else local).astimezone(UTC)
    bought = make.purchase(buyer, [Line(MASTERMIND, MASTERMIND.price)], at)
    if make.chance(0.5):
        make.send(*of_stripe(make, bought))
    start = at.astimezone(make.zone).replace(hour=0, minute=0, second=0)
    make.send(files.sale(buyer, MASTERMIND, f"S-{make.next()}", start, date_only=True))
    make.sold(bought)


def in_an_export(make: Maker, buyer: Person, at: datetime) -> None:
    """An export of ClickFunnels' orders, a row for each product; alone, or beside the webhook of the order."""
    lines = make.any_of((MASTERMIND,), (TICKET,), (WORKBOOK, MASTERMIND), (TICKET, WORKBOOK))
    bought = make.purchase(buyer, [Line(product, product.price) for product in lines], at)
    told = clickfunnels.Order(make.next() + 29000, at)
    make.send(*clickfunnels.export_rows(bought, told, make.zone))
    if make.chance(0.5):
        make.send(clickfunnels.order(bought, told))
        make.sold(bought)
    elif len(lines) == 1:
        make.sold(bought)
    else:
        make.is_whole = False


def in_two_steps(make: Maker, buyer: Person, at: datetime) -> None:
    """A charge that is authorised first and captured two days later."""
    authorised = at - timedelta(days=2)
    bought = make.purchase(buyer, one_line(make, *HIGH), at, words="description").paying(started_at=authorised)
    payment = bought.payments[0]
    make.send(stripe.captured(bought, payment, Decimal(0), authorised, is_last=False))
    make.send(stripe.captured(bought, payment, payment.amount, at, is_last=True))
    make.sold(bought)


def told_by_three(make: Maker, buyer: Person, at: datetime) -> None:
    """Stripe, ClickFunnels and a row of a file tell of one sale, without any shared id."""
    bought = make.purchase(buyer, [Line(MASTERMIND, MASTERMIND.price)], at, words=make.any_of("nothing", "metadata"))
    told = clickfunnels.Order(make.next() + 29000, at + timedelta(seconds=make.any_of(3, -3)))
    make.send(*of_stripe(make, bought), clickfunnels.order(bought, told))
    make.send(files.sale(buyer, MASTERMIND, f"S-{make.next()}", at + timedelta(seconds=make.any_of(30, 300))))
    make.sold(bought)


def on_file(make: Maker, buyer: Person, at: datetime) -> None:
    """A card on file is charged by customer id alone; an earlier purchase told the address."""
    first = make.purchase(buyer, [Line(TICKET, TICKET.price)], at - timedelta(days=2), email=buyer.emails[0])
    bought = make.purchase(
        buyer,
        [Line(MASTERMIND, MASTERMIND.price)],
        at,
        words="description",
        extra={"card on file": make.any_of("yes", "address in metadata")},
    )
    make.send(stripe.session(first), stripe.charge(bought, bought.payments[0]))
    make.sold(first)
    make.sold(bought)


def around_the_price(make: Maker, buyer: Person, at: datetime) -> None:
    """A product that no pattern knows, around the price from which it is high-ticket."""
    price = make.any_of(Decimal("999.99"), Decimal("1000.00"), Decimal("1000.01"))
    currency = make.any_of("USD", "USD", "EUR")
    bought = make.purchase(buyer, [Line(HOUR, price)], at, currency=currency)
    make.send(*of_stripe(make, bought))
    make.is_whole = False


def refund_alone(make: Maker, buyer: Person, at: datetime) -> None:
    """A refund of a payment that nobody told of."""
    bought = make.purchase(buyer, one_line(make), at)
    payment, _ = make.refunded(bought.payments[0])
    for one in payment.refunds:
        if not one.failed_at:
            make.send(stripe.refund(replace(bought, payments=(payment,)), payment, one))
            make.truth["review.refunds_without_purchase"] += 1


STORIES: tuple[tuple[Story, int], ...] = (
    (by_card, 8),
    (by_link, 1),
    (several_at_stripe, 2),
    (at_classic, 5),
    (classic_alone, 2),
    (at_clickfunnels, 6),
    (never_paid, 2),
    (by_likeness, 6),
    (by_other_text, 1),
    (by_bank, 2),
    (for_nothing, 1),
    (twice, 3),
    (by_plan, 4),
    (funnel_plan, 3),
    (plan_by_two, 2),
    (in_parts, 3),
    (by_invoice, 3),
    (with_receipt, 2),
    (with_tax, 2),
    (with_deposit, 3),
    (by_file, 3),
    (by_foreign_row, 2),
    (by_export, 3),
    (by_day, 2),
    (in_an_export, 2),
    (in_two_steps, 1),
    (told_by_three, 1),
    (on_file, 1),
    (around_the_price, 2),
    (refund_alone, 1),
)
