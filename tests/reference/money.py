"""Every figure of a world, from what its messages say: slow, plain, one order at a time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.reference.crediting import MATCHED, Credit, credit, leads_of
from tests.reference.facts import NO_UTM, ZERO, Fact, Spent, UnclearError
from tests.reference.lines import Line, deposit_into, described, priced_lines, settle
from tests.reference.mailboxes import folded, mailbox
from tests.reference.names import fold
from tests.reference.offers import HIGH_TICKET, OTO, VIP, Settings, is_part_payment
from tests.reference.orders import FUNNEL, Order, orders_of, orphans_of

INVOICED = "Payment for Invoice"  # Stripe's own text where an invoice is paid


@dataclass
class Purchase:
    """An order with its lines settled and its credit."""

    order: Order
    lines: list[Line]
    at: datetime
    credit: Credit
    place: str = ""  # why it counts nowhere: test_mode, staff, unclassified, waiting

    @property
    def currency(self) -> str:
        """Return the currency of its money."""
        return self.order.currency

    @property
    def counted(self) -> list[Line]:
        """Return the lines that are sales or funnel orders."""
        return [line for line in self.lines if line.kind]


@dataclass
class Answer:
    """What every surface must print; `open` names figures that the definitions leave open."""

    figures: dict[str, Any]
    sales: list[dict[str, Any]]
    campaigns: dict[str, dict[str, Any]]
    open: set[str] = field(default_factory=set)


def answer(facts: Iterable[Fact], settings: Settings, now: datetime) -> Answer:
    """Return the figures of the default period at a moment."""
    facts = list(facts)
    known = purchases_of(facts, settings, now)
    today = now.astimezone(settings.zone).date()
    inside = [one for one in known if one.at <= now and settings.funnel_start <= _day(one.at, settings) <= today]
    spent = [fact for fact in set(facts) if isinstance(fact, Spent)]
    spent = [one for one in spent if settings.funnel_start <= date.fromisoformat(one.day) <= today]
    figures: dict[str, Any] = {}
    counted = [one for one in inside if not one.place]
    spend = sum((one.amount for one in spent), ZERO)
    _totals(figures, counted, spend, settings)
    _cards(figures, counted, spend, today, settings)
    _attribution(figures, counted)
    left_open = _left_out(figures, known, inside, settings) | _orphans(figures, facts, settings, now)
    left_open |= _double_charges(figures, [one for one in known if not one.place and one.at <= now], counted, settings)
    return Answer(figures, _table(counted, settings), _campaigns(counted, spent, settings), left_open)


def purchases_of(facts: Iterable[Fact], settings: Settings, now: datetime) -> list[Purchase]:
    """Return every purchase, part payments with the order they belong to."""
    facts = list(facts)
    leads = leads_of(facts)
    found = []
    for order in _with_deposits(orders_of(facts, settings), settings):
        lines = priced_lines(order, settings)
        deposit_into(order, lines)
        settle(order, lines, now, settings)
        if not order.instalments and order.instalment is not None:  # an open plan is worth what was paid until now
            lines[0].price = lines[0].collected
        one = Purchase(order, lines, order.at, Credit(""))
        one.place = _place(one, settings)
        if not one.place:
            one.credit = credit(order, order.at, leads, settings)
        found.append(one)
    return found


def _day(at: datetime, settings: Settings) -> date:
    return at.astimezone(settings.zone).date()


def _place(one: Purchase, settings: Settings) -> str:
    """Return why a purchase counts nowhere."""
    if not one.order.bought:  # a payment of which nobody told what it pays
        return "waiting" if one.order.is_live else "test_mode"
    reasons = []
    if not one.order.is_live:
        reasons.append("test_mode")
    staff = {mailbox(address) for address in settings.staff}
    if one.order.addresses & staff:
        if not {folded(each.email) for each in one.order.bought} & {folded(each) for each in settings.staff}:
            raise UnclearError("staff by another address")
        reasons.append("staff")
    if not one.counted and not is_part_payment(settings, one.order.texts):
        reasons.append("unclassified")
    if is_part_payment(settings, one.order.texts) and not one.order.deposits:
        reasons.append("waiting")
    if len(reasons) > 1:
        raise UnclearError(f"a purchase left out for {' and '.join(reasons)}")
    return next(iter(reasons), "")


def _with_deposits(orders: list[Order], settings: Settings) -> list[Order]:
    """Return the orders, each part payment with the person's nearest high-ticket order of its currency."""
    parts = [one for one in orders if is_part_payment(settings, one.texts)]
    others = [one for one in orders if one not in parts]
    starts = {id(one): one.at for one in others}
    left = []
    for part in sorted(parts, key=lambda one: one.at):
        fits = [one for one in others if _takes(one, part, settings)]
        fits.sort(key=lambda one: abs(starts[id(one)] - part.at))
        if len(fits) > 1 and abs(starts[id(fits[0])] - part.at) == abs(starts[id(fits[1])] - part.at):
            raise UnclearError("a part payment between two orders")
        if not fits:
            left.append(part)
            continue
        fits[0].deposits.append(part)
        fits[0].refunds += part.refunds
        fits[0].disputes += part.disputes
    return others + left


def _takes(order: Order, part: Order, settings: Settings) -> bool:
    is_one = order.addresses & part.addresses or order.customers & part.customers
    is_same = is_one and order.currency == part.currency and order.is_live is part.is_live
    return bool(is_same) and any(line.kind == HIGH_TICKET for line in priced_lines(order, settings))


def _money(counted: list[Purchase], settings: Settings) -> list[Line]:
    return [line for one in counted if one.currency == settings.currency for line in one.counted]


def _totals(figures: dict[str, Any], counted: list[Purchase], spend: Decimal, settings: Settings) -> None:
    lines = _money(counted, settings)
    sales = [line for one in counted for line in one.counted if line.kind == HIGH_TICKET]
    for kind, name in ((VIP, "vip_revenue"), (OTO, "oto_revenue"), (HIGH_TICKET, "high_ticket_revenue")):
        figures[f"totals.{name}"] = sum((line.price for line in lines if line.kind == kind), ZERO)
    figures["totals.ad_spend"] = spend or None
    figures["totals.high_ticket_sales"] = len(sales)
    figures["totals.net_sales"] = sum(line.is_net for line in sales)
    figures["totals.net_revenue"] = sum((line.net for line in lines), ZERO)
    figures["totals.collected"] = sum((line.collected for line in lines), ZERO)
    figures["totals.at_risk"] = sum((line.at_risk for line in lines), ZERO)


def _cards(figures: dict[str, Any], counted: list[Purchase], spend: Decimal, today: date, settings: Settings) -> None:
    def sold(day: date) -> int:
        return sum(line.kind == HIGH_TICKET for one in counted for line in one.counted if _day(one.at, settings) == day)

    revenue = sum((figures[f"totals.{name}"] for name in ("vip_revenue", "oto_revenue", "high_ticket_revenue")), ZERO)
    figures["cards.high_ticket_sales_today"] = sold(today)
    figures["cards.high_ticket_sales_yesterday"] = sold(today - timedelta(days=1))
    figures["cards.cost_per_acquisition"] = _ratio(spend, figures["totals.high_ticket_sales"]) if spend else None
    figures["cards.roas"] = _ratio(revenue, spend)
    figures["cards.roas_net"] = _ratio(figures["totals.net_revenue"], spend)
    figures["cards.roas_collected"] = _ratio(figures["totals.collected"], spend)


def _ratio(one: Decimal, other: Decimal | int) -> Decimal | None:
    return (one / other).quantize(Decimal("0.01"), ROUND_HALF_UP) if other else None


def _attribution(figures: dict[str, Any], counted: list[Purchase]) -> None:
    given = [one.credit for one in counted for line in one.counted if line.kind == HIGH_TICKET]
    reasons = Counter(each.reason for each in given if each.outcome != MATCHED)
    figures["attribution.matched"] = sum(each.outcome == MATCHED for each in given)
    figures["attribution.unattributed"] = sum(reasons.values())
    figures["attribution.by_order_utm"] = sum(each.by_order_utm for each in given)
    for reason in ("no such person", "opted in after buying", "conflict", "no UTM", "no campaign"):
        figures[f"attribution.reasons.{reason}"] = reasons[reason]


def _left_out(figures: dict[str, Any], known: list[Purchase], inside: list[Purchase], settings: Settings) -> set[str]:
    """Count what is left out and what wants a look; return the figures that are open."""
    places = Counter(one.place for one in inside)
    for place in ("test_mode", "staff", "unclassified"):
        figures[f"excluded.{place}"] = places[place]
    counted = [one for one in inside if not one.place]
    figures["excluded.other_currency"] = sum(one.currency != settings.currency for one in counted)
    joined = [one for one in counted if one.order.joins]
    waiting = [one for one in inside if one.place == "waiting"]
    loose = [(one, line) for one in counted for line in one.lines if not line.kind]
    figures["review.joined_by_likeness"] = len(joined)
    figures["review.payments_without_purchase"] = len(waiting)
    figures["review.unclassified_lines"] = len(loose)
    figures["review.unclassified_lines_amount"] = sum((line.price for _, line in loose), ZERO)
    figures["review.payments_without_purchase_amount"] = sum((one.order.total for one in waiting), ZERO)
    figures["review.joined_by_likeness_amount"] = sum((one.order.total for one in joined), ZERO)
    return _open_places(known, inside, settings) | _open_joins(joined, settings)


def _open_places(known: list[Purchase], inside: list[Purchase], settings: Settings) -> set[str]:
    """Return the figures of what counts nowhere that may mean several things."""
    names = set()
    untied = [one for one in inside if not one.order.kind(settings) and _may_be_tied(one, known)]
    invoiced = [one for one in inside if one.order.texts == {INVOICED}]
    if any(one.counted for one in untied + invoiced) or any(_is_of_a_plan(one, known) for one in invoiced):
        raise UnclearError("a payment may be that of an invoice or plan")
    if untied or invoiced:
        names.add("excluded.unclassified")
        names |= {"review.payments_without_purchase", "review.payments_without_purchase_amount"}
    others = [one for one in inside if one.currency != settings.currency]
    if any(one.place == "waiting" for one in others):
        names.add("review.payments_without_purchase_amount")
    if any(not line.kind for one in others for line in one.lines if not one.place):
        names.add("review.unclassified_lines_amount")
    return names


def _open_joins(joined: list[Purchase], settings: Settings) -> set[str]:
    """Return the figures of sales by likeness that may mean several things."""
    if any(one.order.joins > 1 or one.order.deposits for one in joined):
        return {"review.joined_by_likeness", "review.joined_by_likeness_amount"}
    return {"review.joined_by_likeness_amount"} if any(_is_not_plain(one, settings) for one in joined) else set()


def _is_of_a_plan(one: Purchase, known: list[Purchase]) -> bool:
    """Tell whether the buyer of a payment of an unknown invoice has a plan that it may pay."""
    return any(
        other.order.instalment is not None
        and (other.order.addresses & one.order.addresses or other.order.customers & one.order.customers)
        for other in known
    )


def _may_be_tied(one: Purchase, known: list[Purchase]) -> bool:
    """Tell whether a payment may be that of an invoice of its buyer, to which no message ties it."""
    return any(
        other is not one
        and other.order.untied
        and (other.order.addresses & one.order.addresses or other.order.customers & one.order.customers)
        for other in known
    )


def _is_not_plain(one: Purchase, settings: Settings) -> bool:
    """Tell whether "its money" may mean several amounts."""
    is_split = len(one.lines) > 1 or any(each.tax for each in one.order.bought)
    return is_split or one.currency != settings.currency or one.order.instalment is not None


def _double_charges(
    figures: dict[str, Any], every: list[Purchase], counted: list[Purchase], settings: Settings
) -> set[str]:
    """Count payments beyond the first of one person, kind, amount and currency at one provider within the window."""
    paid = [Charge(one, payment.amount, payment.at) for one in every for payment in one.order.paid]
    twice = [each for each in paid if any(_is_again(each, other, settings) for other in paid)]
    twice = [each for each in twice if each.purchase in counted]
    figures["review.possible_double_charges"] = len(twice)
    figures["review.possible_double_charges_amount"] = sum((each.amount for each in twice), ZERO)
    orders = [Charge(one, one.order.total, one.at) for one in every if one.order.messengers & {*FUNNEL}]
    by_funnel = any(_is_again(each, other, settings) for each in orders for other in orders)
    crowds = [sum(_is_alike(each, other, settings) for other in paid) for each in paid]
    left_open = set()
    if by_funnel or max(crowds, default=0) > 1:
        left_open |= {"review.possible_double_charges", "review.possible_double_charges_amount"}
    if any(_is_not_plain(each.purchase, settings) for each in twice):
        left_open.add("review.possible_double_charges_amount")
    return left_open


@dataclass(frozen=True)
class Charge:
    """A payment of a purchase, or an order of a funnel tool."""

    purchase: Purchase
    amount: Decimal
    at: datetime


def _is_again(one: Charge, other: Charge, settings: Settings) -> bool:
    """Tell whether a payment comes after one that is like it."""
    return (other.at, id(other)) < (one.at, id(one)) and _is_alike(one, other, settings)


def _is_alike(one: Charge, other: Charge, settings: Settings) -> bool:
    if one.purchase is other.purchase or one.amount != other.amount:
        return False
    here, there = one.purchase, other.purchase
    is_one = here.order.addresses & there.order.addresses or here.order.customers & there.order.customers
    is_one_person = here.currency == there.currency and bool(is_one)
    kinds = [{line.kind for line in each.counted} for each in (here, there)]
    return is_one_person and bool(kinds[0] & kinds[1]) and abs(one.at - other.at) <= settings.window


def _orphans(figures: dict[str, Any], facts: list[Fact], settings: Settings, now: datetime) -> set[str]:
    refunds, disputes = orphans_of(facts)
    failed = {one.id for one in refunds if one.state == "failed"}
    known = {one.id: one for one in refunds if one.id not in failed}
    held = [one for one in known.values() if one.at is None or one.at <= now]
    held = [one for one in held if one.at is None or _day(one.at, settings) >= settings.funnel_start]
    figures["review.refunds_without_purchase"] = len(held)
    figures["review.refunds_without_purchase_amount"] = sum((one.amount or ZERO for one in held), ZERO)
    names = {"review.refunds_without_purchase", "review.refunds_without_purchase_amount"}
    return names if failed or disputes else set()


def _table(counted: list[Purchase], settings: Settings) -> list[dict[str, Any]]:
    return [_row(one, line, settings) for one in counted for line in one.counted if line.kind == HIGH_TICKET]


def _row(one: Purchase, line: Line, settings: Settings) -> dict[str, Any]:
    is_matched = one.credit.outcome == MATCHED
    utm = one.credit.utm if is_matched else NO_UTM
    return {
        "Customer Name": described(one.order).name or None,
        "HT Product": line.name or None,
        "HT Price": line.price,
        "Purchase Date": f"{one.at.astimezone(settings.zone):{'%Y-%m-%d' if one.order.date_only else '%Y-%m-%d %H:%M:%S'}}",
        "Original Campaign": utm[2],
        "Original Ad Set": utm[settings.ad_set] if is_matched else None,
        "Original Ad": utm[settings.ad] if is_matched else None,
        "Days from Lead to HT Sale": None if one.credit.days is None else one.credit.days,
        "Currency": one.currency,
        "Attribution": one.credit.outcome,
        "Reason": one.credit.reason if not is_matched else None,
    }


def _campaigns(counted: list[Purchase], spent: list[Spent], settings: Settings) -> dict[str, dict[str, Any]]:
    """Return spend, sales and full-funnel revenue by folded campaign; `` is the unattributed row."""
    rows: dict[str, dict[str, Any]] = {}

    def row(name: str) -> dict[str, Any]:
        return rows.setdefault(fold(name), {"spend": ZERO, "sales": 0, "revenue": ZERO, "net": ZERO})

    for each in spent:
        row(each.campaign)["spend"] += each.amount
    for one in counted:
        place = row(one.credit.utm[2] if one.credit.outcome == MATCHED else "")
        for line in one.counted:
            place["sales"] += line.kind == HIGH_TICKET
            if one.currency == settings.currency:
                place["revenue"] += line.price
                place["net"] += line.net
    return rows
