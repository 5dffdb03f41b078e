"""The sample challenge: the same from the same seed, never ahead of its clock, and with every case it promises."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property
from itertools import islice
from typing import TypeVar

import pytest

from analytics.challenge import Challenge
from analytics.folding import email_keys, fold
from analytics.records import (
    AdSpend,
    Attendance,
    AttendanceSample,
    Lead,
    Messenger,
    Offer,
    Order,
    Payment,
    Platform,
    Record,
)
from analytics.sample import Size, records

SAO_PAULO = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
DAY_17 = datetime(2026, 1, 17, 15, 4, 5, 678_901, tzinfo=UTC)
MOMENTS = {
    "before the funnel": datetime(2025, 11, 20, 12, tzinfo=UTC),
    "while people opt in": datetime(2025, 12, 20, 12, tzinfo=UTC),
    "the evening before Day 1": datetime(2026, 1, 1, 1, tzinfo=UTC),
    "just after midnight of Day 1": datetime(2026, 1, 1, 3, 0, 20, tzinfo=UTC),
    "Day 17": DAY_17,
    "the last evening": datetime(2026, 1, 31, 23, tzinfo=UTC),
    "a month after": datetime(2026, 3, 5, tzinfo=UTC),
}
MOMENT_FIELDS = ("opted_in_at", "ordered_at", "paid_at", "started_at", "ended_at", "seen_at")

T = TypeVar("T", bound=Record)


@dataclass(frozen=True)
class Told:
    """All records of one sample, sorted into kinds."""

    all: tuple[Record, ...]

    def kind(self, kind: type[T]) -> list[T]:
        return [record for record in self.all if isinstance(record, kind)]

    @cached_property
    def leads(self) -> list[Lead]:
        return self.kind(Lead)

    @cached_property
    def purchases(self) -> list[Order]:
        return self.kind(Order)

    @cached_property
    def payments(self) -> list[Payment]:
        return self.kind(Payment)

    @cached_property
    def spend(self) -> list[AdSpend]:
        return self.kind(AdSpend)

    @cached_property
    def attendance(self) -> list[Attendance]:
        return self.kind(Attendance)

    @cached_property
    def samples(self) -> list[AttendanceSample]:
        return self.kind(AttendanceSample)

    @cached_property
    def opt_ins(self) -> dict[str, list[Lead]]:
        """The opt-ins of each mailbox."""
        people = defaultdict(list)
        for lead in self.leads:
            people[email_keys(lead.email).key].append(lead)
        return people

    @cached_property
    def contacts(self) -> dict[str, Lead]:
        return {lead.customer_id: lead for lead in self.leads}

    @cached_property
    def sales(self) -> list[Order]:
        """High-ticket sales, each once."""
        first: dict[str, Order] = {}
        for purchase in self.purchases:
            if offer(purchase) is Offer.HIGH_TICKET:
                first.setdefault(next(iter(purchase.ids), purchase.external_id), purchase)
        return list(first.values())

    def of_buyer(self, purchase: Order) -> list[Lead]:
        return self.opt_ins.get(email_keys(purchase.email).key, [])


def offer(order: Order) -> Offer | None:
    """Return what an order of one product is."""
    (line,) = order.lines
    return line.offer


def product(order: Order) -> str:
    """Return the product's name."""
    (line,) = order.lines
    return line.product


def price(order: Order) -> Decimal:
    """Return what the buyer pays, of a plan with its first payment."""
    return known(order.total)


def known(amount: Decimal | None) -> Decimal:
    """Return an amount that the sample has to tell."""
    assert amount is not None
    return amount


@cache
def told(now: datetime = DAY_17, leads: int = 3000, challenge: Challenge = SAO_PAULO) -> Told:
    return Told(tuple(records(challenge, now, leads=leads)))


# Promises that hold for every sample ----------------------------------------------------------------


def test_the_same_seed_tells_the_same_story() -> None:
    assert told().all == tuple(records(SAO_PAULO, DAY_17))


def test_another_seed_tells_another() -> None:
    assert told().all != tuple(records(SAO_PAULO, DAY_17, seed=32))


@pytest.mark.parametrize("now", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("leads", [0, 50, 3000])
def test_nothing_is_told_before_it_happened(now: datetime, leads: int) -> None:
    sample = told(now, leads)
    for record in sample.all:
        for moment in filter(None, (getattr(record, name, None) for name in MOMENT_FIELDS)):
            assert moment.tzinfo is UTC
            assert moment.microsecond == 0
            assert moment <= now
        if isinstance(record, AdSpend | Attendance):
            assert record.date <= SAO_PAULO.local_date(now)


@pytest.mark.parametrize("now", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("leads", [0, 50, 3000])
def test_numbers_are_possible(now: datetime, leads: int) -> None:
    sample = told(now, leads)
    assert all(one.participants >= 0 for one in sample.attendance)
    assert all(one.participants >= 0 for one in sample.samples)
    amounts = [row.spend for row in sample.spend]
    amounts += [
        amount for one in sample.purchases for amount in (price(one), known(one.refunded), one.collected or Decimal(0))
    ]
    amounts += [line.amount for one in sample.purchases for line in one.lines if line.amount is not None]
    amounts += [amount for one in sample.payments for amount in (one.amount, known(one.refunded))]
    assert all(amount >= 0 and amount == amount.quantize(Decimal("0.01")) for amount in amounts)
    assert all(known(one.refunded) <= one.amount for one in sample.payments)
    assert all(one.started_at < one.ended_at for one in sample.attendance if one.started_at and one.ended_at)
    assert all(SAO_PAULO.day_of(one.date) == one.challenge_day for one in sample.attendance)


@pytest.mark.parametrize("now", MOMENTS.values(), ids=MOMENTS)
def test_every_id_is_used_once(now: datetime) -> None:
    sample = told(now)
    for kind in (sample.leads, sample.purchases, sample.payments):
        assert max(Counter((one.source, one.external_id) for one in kind).values(), default=1) == 1
    rooms = Counter((one.platform, one.date) for one in sample.attendance)
    assert max(rooms.values(), default=1) == 1
    spend = Counter((row.date, row.platform, row.campaign_id, row.ad_set_id, row.ad_id) for row in sample.spend)
    assert max(spend.values(), default=1) == 1


def test_a_payment_belongs_to_a_purchase() -> None:
    mentioned = {shared for purchase in told().purchases for shared in purchase.ids}
    assert all(payment.order_ids for payment in told().payments)
    assert {shared for payment in told().payments for shared in payment.order_ids} <= mentioned


def test_an_earlier_sample_is_the_beginning_of_a_later_one() -> None:
    assert set(told(MOMENTS["while people opt in"]).leads) < set(told().leads)
    assert set(told(MOMENTS["Day 17"]).leads) < set(told(MOMENTS["a month after"]).leads)


def test_nothing_has_happened_before_the_funnel_opens() -> None:
    assert told(MOMENTS["before the funnel"]).all == ()


def test_before_day_1_there_are_opt_ins_and_spend_but_no_session_and_no_high_ticket_sale() -> None:
    sample = told(MOMENTS["while people opt in"])
    assert sample.leads
    assert sample.spend
    assert not sample.attendance
    assert not sample.sales


def test_after_the_end_every_session_is_over_and_every_lead_has_come() -> None:
    sample = told(MOMENTS["a month after"])
    assert not sample.samples
    assert all(one.ended_at for one in sample.attendance)
    ordinary = [lead for lead in sample.leads if not lead.external_id.startswith("optin-c")]
    assert len(ordinary) == 3000


def test_a_short_challenge_with_no_lead_time_works() -> None:
    short = Challenge.starting(date(2026, 3, 1), "Europe/Berlin", length=7, funnel_starts_on=date(2026, 3, 1))
    sample = told(datetime(2026, 3, 7, 18, tzinfo=UTC), 2000, short)
    assert min(short.local_date(lead.opted_in_at) for lead in sample.leads) == date(2026, 3, 1)
    assert {one.challenge_day for one in sample.attendance} == set(range(1, 8))


def test_the_clock_change_moves_sessions_with_the_wall() -> None:
    spring = Challenge.starting(date(2026, 3, 15), "Europe/Berlin")
    sample = told(datetime(2026, 4, 2, 12, tzinfo=UTC), 50, spring)
    starts = {
        one.date: spring.local_time(one.started_at) for one in sample.attendance if one.started_at and one.ended_at
    }
    assert {start.hour for start in starts.values()} == {19}
    assert all(start.date() == on for on, start in starts.items())


def test_a_sample_of_fewer_than_no_leads_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 leads"):
        Size.of(-1)


def test_millions_are_streamed() -> None:
    """The first records of a huge sample come at once; a list of them would not fit."""
    huge = records(SAO_PAULO, MOMENTS["a month after"], leads=10**12)
    assert sum(isinstance(record, Lead) for record in islice(huge, 20_000)) > 10_000


@pytest.mark.parametrize("currency", ["EUR", "BRL"])
def test_the_currency_is_an_argument(currency: str) -> None:
    sample = Told(tuple(records(SAO_PAULO, DAY_17, currency=currency)))
    assert {row.currency for row in sample.spend} == {currency}
    assert Counter(sale.currency for sale in sample.sales).most_common(1)[0][0] == currency
    assert len({sale.currency for sale in sample.sales}) == 2


# The default sample on Day 17 -----------------------------------------------------------------------


def utm_campaigns(sample: Told) -> set[str]:
    return {lead.utm.campaign for lead in sample.leads}


def emails(sample: Told) -> list[str]:
    return [lead.email for lead in sample.leads]


def reported_by_both(sample: Told) -> set[str]:
    stripe = {shared for one in sample.purchases if one.source == "stripe" for shared in one.ids}
    tool = {shared for one in sample.purchases if one.messenger is Messenger.FUNNEL_TOOL for shared in one.ids}
    return stripe & tool


def paid_in_instalments(sample: Told) -> list[str]:
    return [
        shared
        for shared, number in Counter(shared for one in sample.payments for shared in one.order_ids).items()
        if number > 1
    ]


def unknown_days(sample: Told, platform: Platform) -> set[int]:
    known = {one.challenge_day for one in sample.attendance if one.platform is platform}
    return set(range(1, 18)) - known


def possible_double_charges(sample: Told) -> list[tuple[Order, Order]]:
    return [
        (one, other)
        for one in sample.sales
        for other in sample.sales
        if (one.email, product(one), price(one)) == (other.email, product(other), price(other))
        and timedelta(0) < other.ordered_at - one.ordered_at <= timedelta(minutes=4)
    ]


def never_opted_in(sample: Told) -> list[Order]:
    return [sale for sale in sample.sales if not sample.of_buyer(sale) and sale.customer_id not in sample.contacts]


def known_by_contact_alone(sample: Told) -> list[Order]:
    return [one for one in sample.purchases if one.customer_id in sample.contacts and not sample.of_buyer(one)]


def in_conflict(sample: Told) -> list[Order]:
    return [
        one
        for one in sample.purchases
        if one.customer_id in sample.contacts
        and sample.of_buyer(one)
        and sample.contacts[one.customer_id] not in sample.of_buyer(one)
    ]


def opted_in_after_buying(sample: Told) -> list[Order]:
    return [
        sale
        for sale in sample.sales
        if sample.of_buyer(sale) and all(lead.opted_in_at > sale.ordered_at for lead in sample.of_buyer(sale))
    ]


def without_utm(sample: Told) -> list[Order]:
    return [
        sale
        for sale in sample.sales
        if sample.of_buyer(sale) and not min(sample.of_buyer(sale), key=lambda lead: lead.opted_in_at).utm
    ]


def full_refunds(sample: Told) -> list[Payment]:
    return [one for one in sample.payments if one.refunded == one.amount]


def part_refunds(sample: Told) -> list[Payment]:
    return [one for one in sample.payments if 0 < known(one.refunded) < one.amount]


def campaigns_without_a_sale(sample: Told) -> set[str]:
    first = [min(leads, key=lambda lead: lead.opted_in_at) for sale in sample.sales if (leads := sample.of_buyer(sale))]
    credited = {fold(lead.utm.campaign) for lead in first}
    return {row.campaign for row in sample.spend} - {
        row.campaign for row in sample.spend if {fold(row.campaign), row.campaign_id} & credited
    }


INGREDIENTS: dict[str, Callable[[Told], object]] = {
    "case twins of a campaign": lambda one: {"FB_Jan", "fb_jan "} <= utm_campaigns(one),
    "blanks as + and as %20": lambda one: {"Lookalike+Buyers", "Lookalike%20Buyers"} <= utm_campaigns(one),
    "an unreplaced placeholder": lambda one: "{{campaign.name}}" in utm_campaigns(one),
    "ids instead of names from Google": lambda one: (
        {row.campaign_id for row in one.spend if row.platform == "google"} <= utm_campaigns(one)
    ),
    "opt-ins without UTMs": lambda one: any(not lead.utm for lead in one.leads),
    "ad sets in utm_term, ads in utm_content": lambda one: (
        {(row.ad_set, row.ad) for row in one.spend if row.campaign == "FB_Jan"}
        <= {(lead.utm.term, lead.utm.content) for lead in one.leads}
    ),
    "organic opt-ins": lambda one: "newsletter" in {lead.utm.source for lead in one.leads},
    "names with accents": lambda one: any("ã" in lead.name for lead in one.leads),
    "a name with an apostrophe": lambda one: any("'" in lead.name for lead in one.leads),
    "one name with an emoji": lambda one: sum("✨" in lead.name for lead in one.leads) == 1,
    "an address in capitals": lambda one: any(email.isupper() for email in emails(one)),
    "an address with a blank behind": lambda one: any(email != email.strip() for email in emails(one)),
    "a Gmail tag": lambda one: any("+challenge@gmail.com" in email for email in emails(one)),
    "googlemail.com": lambda one: any(email.endswith("@googlemail.com") for email in emails(one)),
    "Gmail dots": lambda one: any(email[1] == "." and email.endswith("@gmail.com") for email in emails(one)),
    "sales told by both messengers": reported_by_both,
    "sales told by Stripe alone": lambda one: len({sale.source for sale in one.sales}) == 2,
    "sales told by ClickFunnels alone": lambda one: any(not sale.ids for sale in one.sales),
    "instalments": paid_in_instalments,
    "a full refund": full_refunds,
    "part refunds": lambda one: len(part_refunds(one)) == 2,
    "a possible double charge": lambda one: len(possible_double_charges(one)) == 1,
    "buyers who never opted in": lambda one: len(never_opted_in(one)) >= 2,
    "buyers with another address": lambda one: len(known_by_contact_alone(one)) >= 2,
    "a conflict of contact and address": lambda one: len(in_conflict(one)) == 1,
    "a buyer who opted in after buying": lambda one: len(opted_in_after_buying(one)) == 1,
    "a buyer without UTMs": without_utm,
    "a buyer with another dress of the mailbox": lambda one: any("+Inner@" in sale.email for sale in one.sales),
    "a test-mode purchase": lambda one: sum(purchase.test for purchase in one.purchases) == 1,
    "a purchase in another currency": lambda one: {sale.currency for sale in one.sales} == {"USD", "EUR"},
    "an unclassified purchase": lambda one: sum(offer(purchase) is None for purchase in one.purchases) == 1,
    "a campaign that never sells": lambda one: "Reels Broad Test" in campaigns_without_a_sale(one),
    "Performance Max by campaign alone": lambda one: (
        {(row.ad_set, row.ad, row.ad_id) for row in one.spend if row.campaign == "PMax Challenge"} == {("", "", "")}
    ),
    "a day YouTube is unknown": lambda one: unknown_days(one, Platform.YOUTUBE) == {9},
    "a day Zoom is unknown": lambda one: unknown_days(one, Platform.ZOOM) == {13},
}


@pytest.mark.parametrize("is_there", INGREDIENTS.values(), ids=INGREDIENTS)
def test_the_default_sample_has(is_there: Callable[[Told], object]) -> None:
    assert is_there(told())


@pytest.mark.parametrize("platform", Platform)
def test_todays_session_is_live(platform: Platform) -> None:
    now = DAY_17.replace(microsecond=0)
    (live,) = [one for one in told().attendance if one.platform is platform and one.ended_at is None]
    samples = [one for one in told().samples if one.session_id == live.session_id]
    assert (live.date, live.started_at, live.source) == (date(2026, 1, 17), now - timedelta(minutes=45), platform)
    assert [one.seen_at for one in samples] == [now - timedelta(minutes=minute) for minute in range(45, -1, -1)]
    assert live.peak == max(one.participants for one in samples) > 0


def test_a_session_just_after_midnight_began_today() -> None:
    sample = told(MOMENTS["just after midnight of Day 1"])
    assert {one.started_at for one in sample.attendance} == {SAO_PAULO.start_of(date(2026, 1, 1))}


@pytest.mark.parametrize("hour", [3, 9, 15, 23])
def test_some_bought_today_and_yesterday_at_any_hour(hour: int) -> None:
    now = datetime(2026, 1, 17, hour, 30, tzinfo=UTC)
    bought = Counter(SAO_PAULO.local_date(sale.ordered_at) for sale in told(now).sales)
    assert bought[date(2026, 1, 17)] >= 3
    assert bought[date(2026, 1, 16)] >= 2


def test_a_few_are_sold_on_every_late_day() -> None:
    bought = Counter(SAO_PAULO.local_date(sale.ordered_at) for sale in told(MOMENTS["a month after"]).sales)
    assert all(bought[SAO_PAULO.date_of(day)] for day in range(6, 32))


def test_proportions_are_believable() -> None:
    sample = told()
    leads, orders = len(sample.leads), Counter(offer(one) for one in sample.purchases)
    several = sum(len(opt_ins) > 1 for opt_ins in sample.opt_ins.values()) / len(sample.opt_ins)
    assert 2900 < leads < 3050
    assert 0.09 < several < 0.15
    assert 0.05 < orders[Offer.VIP] / leads < 0.07
    assert 0.17 < orders[Offer.OTO] / orders[Offer.VIP] < 0.33
    assert 30 <= len(sample.sales) <= 60


def test_ads_earn_more_than_they_cost_but_not_a_fortune() -> None:
    orders = [one for one in told().purchases if offer(one) in {Offer.VIP, Offer.OTO}]
    earned = sum((price(one) for one in (*orders, *told().sales)), Decimal(0))
    assert 3 < earned / sum(row.spend for row in told().spend) < 9


def test_a_large_sample_sells_to_one_lead_in_125() -> None:
    sample = told(MOMENTS["a month after"], 60_000)
    assert 0.006 < len(sample.sales) / len(sample.leads) < 0.01


def test_rooms_empty_slowly_and_at_weekends() -> None:
    counts = {one.challenge_day: one.participants for one in told(MOMENTS["a month after"]).attendance}
    assert counts[1] > counts[8] > counts[29]
    assert counts[10] < counts[8]  # a Saturday after a Thursday


def test_spending_peaks_just_before_day_1() -> None:
    by_date: defaultdict[date, Decimal] = defaultdict(Decimal)
    for row in told().spend:
        by_date[row.date] += row.spend
    assert max(by_date, key=lambda on: by_date[on]) in {date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1)}
    assert min(by_date) == SAO_PAULO.funnel_starts_on
