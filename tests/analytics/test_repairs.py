"""What is set right afterwards: settings that changed, and sales that another program corrected."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.breaking_down import read_campaigns
from analytics.challenge import Challenge
from analytics.frames import Frames
from analytics.ingest import Rules, accept
from analytics.offers import Patterns
from analytics.reading import Lens, read, stream_sales
from analytics.records import AttendanceSample, Lead, Messenger, Offer, Order, Payment, Platform, Utm, order_of_one
from analytics.repairs import adopt, attribute, reclassify
from analytics.schema import attendance, high_ticket_sales
from analytics.view3 import SaleRow, SalesFilter, Sort

CHALLENGE = Challenge.starting(date(2026, 3, 1), "America/New_York")
RULES = Rules(CHALLENGE, patterns=Patterns(high_ticket=("mastermind",)))
LENS = Lens(CHALLENGE)
NOON = datetime(2026, 3, 8, 16, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 8, 5, tzinfo=UTC)  # in New York


def _lead(name: str, at: datetime, campaign: str = "spring", *, date_only: bool = False) -> Lead:
    return Lead("crm", name, f"{name}@x.com", at, utm=Utm(campaign=campaign), date_only=date_only)


def _sale(name: str, at: datetime, offer: Offer | None = Offer.HIGH_TICKET) -> Order:
    return order_of_one("stripe", name, f"{name}@x.com", name, "Mastermind", Decimal(1000), "USD", at, offer=offer)


def _recorded(connection: Connection, **values: object) -> None:
    told = {"customer_name": "F", "customer_email": "ana@x.com", "product_name": "P", "price": Decimal(500)}
    connection.execute(sa.insert(high_ticket_sales).values({**told, "purchase_date": NOON, **values}))


def _rows(connection: Connection, lens: Lens = LENS, **wanted: str) -> dict[str, SaleRow]:
    asked = SalesFilter(lens.challenge.whole(NOON), **wanted)
    return {row.customer_name: row for row in stream_sales(connection, lens, asked, Sort())}


def test_a_sale_that_another_program_corrects_is_read_as_it_is_recorded_now(connection: Connection) -> None:
    _recorded(connection, utm_campaign="Old")
    adopt(connection, RULES)
    corrected = {"price": Decimal(400), "utm_campaign": "New", "product_name": "Q", "purchase_date": MIDNIGHT}
    connection.execute(sa.update(high_ticket_sales).values({**corrected, "customer_email": "ben@x.com"}))
    attribute(connection, RULES)

    totals = read(connection, LENS, NOON).totals
    assert (totals.high_ticket_revenue, totals.net_revenue, totals.collected) == (Decimal(400),) * 3
    assert list(_rows(connection, campaign="new", product="q")) == ["F"]
    assert not _rows(connection, campaign="old")
    assert attribute(connection, RULES) == 0


def test_a_correction_by_another_program_outlives_what_arrives_about_the_buyer(connection: Connection) -> None:
    _recorded(connection)
    adopt(connection, RULES)
    connection.execute(sa.update(high_ticket_sales).values(price=Decimal(700), product_name="Q"))
    accept(connection, RULES, [_lead("ana", NOON - timedelta(days=3)), replace(_sale("ana", NOON), lines=())])

    view = read(connection, LENS, NOON)
    assert (view.totals.high_ticket_revenue, view.totals.collected) == (Decimal(700), Decimal(700))
    assert [(row.product, row.price, row.campaign) for row in _rows(connection).values()] == [
        ("Q", Decimal(700), "spring")
    ]
    assert set(view.checks.values()) == {True}


def test_a_sale_whose_buyer_another_program_corrects_is_credited_to_that_buyer(connection: Connection) -> None:
    accept(connection, RULES, [_lead("ben", NOON - timedelta(days=3))])
    _recorded(connection)
    adopt(connection, RULES)
    connection.execute(sa.update(high_ticket_sales).values(customer_email="Ben@x.com"))

    assert attribute(connection, RULES) == 1
    assert (_rows(connection)["F"].campaign, _rows(connection)["F"].days_from_lead) == ("spring", 3)


@pytest.mark.parametrize("who_changes", ["the lead", "the sale"])
def test_a_campaign_that_was_never_recorded_goes_with_the_lead_that_brought_it(
    connection: Connection, who_changes: str
) -> None:
    accept(connection, RULES, [_lead("ana", NOON - timedelta(days=3))])
    _recorded(connection)
    attribute(connection, RULES)
    assert _rows(connection)["F"].campaign == "spring"
    if who_changes == "the lead":
        accept(connection, RULES, [_lead("ana", NOON + timedelta(days=3))])
    else:
        connection.execute(sa.update(high_ticket_sales).values(customer_email="other2@x.com"))
        attribute(connection, RULES)

    row = _rows(connection)["F"]
    why = "opted in after buying" if who_changes == "the lead" else "no such person"
    assert (row.campaign, row.reason, row.days_from_lead) == ("", why, None)
    assert attribute(connection, RULES) == 0


def test_sales_of_another_program_that_are_credited_for_the_first_time_are_told_as_changed(
    connection: Connection,
) -> None:
    accept(connection, RULES, [_lead("ana", NOON - timedelta(days=3))])
    _recorded(connection, customer_name="ours")
    _recorded(connection, customer_name="theirs", customer_email="x@x.com", utm_campaign="own")
    _recorded(connection, customer_name="nobody's", customer_email="x@x.com")

    assert attribute(connection, RULES) == 2
    rows = _rows(connection)
    assert [rows[name].campaign for name in ("ours", "theirs", "nobody's")] == ["spring", "own", ""]
    assert [rows[name].reason for name in ("ours", "theirs", "nobody's")] == [
        "same e-mail",
        "as recorded",
        "no such person",
    ]
    before = read(connection, LENS, NOON)
    assert (adopt(connection, RULES), attribute(connection, RULES)) == (0, 0)
    assert read(connection, LENS, NOON) == before


@pytest.mark.parametrize(
    ("zone", "days"), [("UTC", {"a": 0, "b": 1, "c": 2}), ("America/Los_Angeles", {"a": 0, "b": 0, "c": 1})]
)
def test_days_are_those_of_a_zone_that_is_set_later(connection: Connection, zone: str, days: dict[str, int]) -> None:
    before, second = MIDNIGHT - timedelta(days=1), timedelta(seconds=1)
    told = {
        "a": (MIDNIGHT - second, MIDNIGHT),  # 23:59:59 and 0:00 in New York
        "b": (MIDNIGHT - timedelta(hours=6), MIDNIGHT),  # 18:00 and 0:00; 23:00 and 5:00 in UTC
        "c": (before - timedelta(hours=6), MIDNIGHT),
    }
    for name, (came, bought) in told.items():
        accept(connection, RULES, [_lead(name, came), _sale(name, bought)])
    assert {name: row.days_from_lead for name, row in _rows(connection).items()} == {"a": 1, "b": 1, "c": 2}

    moved = Challenge.starting(date(2026, 3, 1), zone)
    attribute(connection, replace(RULES, challenge=moved))
    assert {name: row.days_from_lead for name, row in _rows(connection, Lens(moved)).items()} == days
    again = accept(connection, replace(RULES, challenge=moved), [_lead(name, came) for name, (came, _) in told.items()])
    assert again.same == len(told)


def test_a_date_that_was_told_stays_in_every_zone(connection: Connection) -> None:
    came, bought = MIDNIGHT - timedelta(days=4), MIDNIGHT
    accept(connection, RULES, [_lead("a", came, date_only=True), replace(_sale("a", bought), date_only=True)])
    moved = Challenge.starting(date(2026, 3, 1), "America/Los_Angeles")

    assert attribute(connection, replace(RULES, challenge=moved)) == 0
    assert _rows(connection, Lens(moved))["a"].days_from_lead == 4


def test_who_is_listed_as_staff_later_counts_no_more_and_counts_again_when_taken_off(connection: Connection) -> None:
    accept(connection, RULES, [_sale("boss", NOON), _sale("ana", NOON), replace(_sale("try", NOON), test=True)])
    listed = replace(RULES, staff=("Boss@x.com", "try@x.com"))

    assert reclassify(connection, listed) == 1
    view = read(connection, LENS, NOON)
    assert (view.totals.high_ticket_sales, view.excluded["staff"], view.excluded["test_mode"]) == (1, 1, 1)
    assert reclassify(connection, RULES) == 1
    view = read(connection, LENS, NOON)
    assert (view.totals.high_ticket_sales, view.excluded["staff"], view.excluded["test_mode"]) == (2, 0, 1)


def test_a_purchase_may_be_named_and_listed_as_staff_at_once(connection: Connection) -> None:
    accept(connection, replace(RULES, patterns=Patterns()), [_sale("boss", NOON, offer=None)])

    assert reclassify(connection, replace(RULES, staff=("boss@x.com",))) == 1
    assert read(connection, LENS, NOON).excluded["staff"] == 1
    assert reclassify(connection, RULES) == 1
    assert read(connection, LENS, NOON).totals.high_ticket_sales == 1


@pytest.mark.parametrize(("window", "doubles"), [(10, 0), (20, 1), (79, 1), (80, 2)])
@pytest.mark.parametrize("before", [1, 200])
def test_charges_are_possibly_double_by_the_window_that_is_set_later(
    connection: Connection, before: int, window: int, doubles: int
) -> None:
    charge = Payment(
        *("stripe", "ch_0", Decimal(1000), "USD", NOON), product="Club", email="ana@x.com", name="Ana", ids=("ch_0",)
    )
    told = [
        replace(charge, external_id=f"ch_{m}", ids=(f"ch_{m}",), paid_at=NOON + timedelta(minutes=m))
        for m in (0, 20, 100)
    ]
    others = [
        replace(charge, email="ben@x.com", external_id="b", ids=("b",)),
        replace(charge, amount=Decimal(90), external_id="c", ids=("c",)),
    ]
    clubs = replace(RULES, patterns=Patterns(high_ticket=("club",)))
    accept(connection, replace(clubs, duplicate_window=timedelta(minutes=before)), [*told, *others])
    later = replace(clubs, duplicate_window=timedelta(minutes=window))
    reclassify(connection, later)

    view = read(connection, LENS, NOON + timedelta(days=1))
    assert (view.totals.high_ticket_sales, view.totals.high_ticket_revenue) == (5, Decimal(4090))
    tally = view.review["possible_double_charges"]
    assert (tally.count, tally.amount) == (doubles, Decimal(1000 * doubles))
    assert reclassify(connection, later) == 0


def _watched(session: str, at: datetime, people: int) -> AttendanceSample:
    return AttendanceSample(Platform.YOUTUBE, session, at, people, "youtube")


def _seen(connection: Connection, challenge: Challenge) -> dict[date, int | None]:
    view = read(connection, Lens(challenge), NOON)
    return {day.date: day.youtube for day in view.attendance if day.youtube is not None}


def test_a_session_before_the_challenge_counts_once_the_challenge_is_set_to_hold_it(connection: Connection) -> None:
    later = Challenge.starting(date(2026, 3, 9), "America/New_York")
    accept(connection, replace(RULES, challenge=later), [_watched("a", NOON, 70)])
    assert not _seen(connection, CHALLENGE)
    attribute(connection, RULES)

    assert _seen(connection, CHALLENGE) == {date(2026, 3, 8): 70}


def test_a_session_counts_on_the_date_of_a_zone_that_is_set_later(connection: Connection) -> None:
    accept(connection, RULES, [_watched("a", MIDNIGHT - timedelta(hours=1), 70), _watched("b", NOON, 60)])
    assert _seen(connection, CHALLENGE) == {date(2026, 3, 7): 70, date(2026, 3, 8): 60}
    moved = Challenge.starting(date(2026, 3, 1), "UTC")
    attribute(connection, replace(RULES, challenge=moved))

    assert _seen(connection, moved) == {date(2026, 3, 8): 70}


@pytest.mark.parametrize(("before", "after", "people"), [("max", "sum", 130), ("sum", "max", 70)])
def test_two_sessions_of_a_day_count_by_the_rule_that_is_set_later(
    connection: Connection, before: str, after: str, people: int
) -> None:
    evening = _watched("b", NOON + timedelta(hours=8), 60)
    accept(connection, replace(RULES, sessions_per_day=before), [_watched("a", NOON, 70), evening])
    attribute(connection, replace(RULES, sessions_per_day=after))

    assert _seen(connection, CHALLENGE) == {date(2026, 3, 8): people}


def test_days_are_numbered_anew_once_the_challenge_begins_on_another_date(connection: Connection) -> None:
    accept(connection, RULES, [_watched("a", NOON, 70)])
    attribute(connection, replace(RULES, challenge=Challenge.starting(date(2026, 3, 7), "America/New_York")))

    assert connection.execute(sa.select(attendance.c.challenge_day)).scalars().all() == [2]


@pytest.mark.parametrize("sessions", [1, 2])
def test_a_day_that_another_program_corrects_stays_as_it_is(connection: Connection, sessions: int) -> None:
    told = [_watched("a", NOON, 70), _watched("b", NOON + timedelta(hours=8), 60)]
    accept(connection, RULES, told[:sessions])
    connection.execute(sa.update(attendance).values(participant_count=75))
    attribute(connection, RULES)

    assert _seen(connection, CHALLENGE) == {date(2026, 3, 8): 75}


def _seen_of(connection: Connection) -> tuple[int, int, Decimal, Decimal, int, int, list[str], int]:
    """Return what cards, totals, breakdown, table and funnel say of sales, and how many are excluded as staff."""
    view = read(connection, LENS, NOON)
    campaigns = read_campaigns(connection, LENS, view)
    assert all(view.checks.values())
    assert all(campaigns.checks.values())
    funnel = Frames(LENS, NOON, lambda: nullcontext(connection)).funnel()
    today, total = view.cards.high_ticket_sales_today, view.totals
    in_all = campaigns.total.high_ticket_sales, int(funnel["high_ticket_sales"].sum())
    money = total.high_ticket_revenue, total.collected
    return today, total.high_ticket_sales, *money, *in_all, sorted(_rows(connection)), view.excluded["staff"]


@pytest.mark.parametrize("is_adopted_first", [False, True])
def test_a_row_of_staff_that_another_program_wrote_is_in_no_figure(
    connection: Connection, *, is_adopted_first: bool
) -> None:
    price, listed = Decimal(500), replace(RULES, staff=("Boss@x.com",))
    _recorded(connection)
    _recorded(connection, customer_name="Boss", customer_email="boss@X.com ", utm_campaign="Own")
    counted = (2, 2, 2 * price, 2 * price, 2, 2, ["Boss", "F"], 0)
    assert _seen_of(connection) == counted
    if is_adopted_first:
        adopt(connection, RULES)
        assert _seen_of(connection) == counted

    for _ in range(2):
        attribute(connection, listed)
        assert _seen_of(connection) == (1, 1, price, price, 1, 1, ["F"], 1)
    assert adopt(connection, listed) == 0
    kept = connection.scalars(sa.select(high_ticket_sales.c.customer_name).order_by(high_ticket_sales.c.id))
    assert list(kept) == ["F", "Boss"]
    assert reclassify(connection, RULES) == 1
    assert _seen_of(connection) == counted
    assert list(_rows(connection, campaign="own")) == ["Boss"]


def test_a_row_of_staff_counts_once_its_address_is_corrected(connection: Connection) -> None:
    listed, sale = replace(RULES, staff=("boss@x.com",)), high_ticket_sales
    _recorded(connection, customer_name="Boss", customer_email="boss@x.com")
    adopt(connection, listed)
    assert _seen_of(connection)[0] == 0

    connection.execute(sa.update(sale).values(customer_email="ana@x.com"))
    attribute(connection, listed)
    assert _seen_of(connection) == (1, 1, Decimal(500), Decimal(500), 1, 1, ["Boss"], 0)


def test_a_webhook_of_a_row_of_staff_brings_no_sale(connection: Connection) -> None:
    listed = replace(RULES, staff=("boss@x.com",))
    _recorded(connection, customer_name="Boss", customer_email="boss@x.com", price=Decimal(1000))
    accept(connection, listed, [replace(_sale("boss", NOON), messenger=Messenger.PAYMENT_PROVIDER)])
    assert _seen_of(connection) == (0, 0, Decimal(0), Decimal(0), 0, 0, [], 1)
