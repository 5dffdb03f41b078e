"""Days from lead to sale: how they are spread, and what each day of opting in has led to so far."""

from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.analysis import waiting
from analytics.ingest import accept
from analytics.records import Lead, Offer, Order, Utm, order_of_one
from analytics.workbench import Workbench
from tests.analytics.analysis.conftest import Desk
from tests.analytics.test_view3_sums import LENS, RULES
from tests.reference.histories import CHALLENGE
from tests.tables import drawn

TOLD = """
    who | campaign | opted in         | bought           | product
    ----+----------+------------------+------------------+--------
    ana | spring   | 2025-12-05 23:50 | 2025-12-06 00:10 | One
    bo  | Spring   | 2025-12-05 10:00 | 2026-01-06 10:00 | Two
    cy  | summer   | 2025-12-20 10:00 | 2026-01-03 10:00 | One
    di  | summer   | 2025-12-20 11:00 |                  |
    ed  |          | 2026-01-02 11:00 | 2026-01-05 11:00 | One
"""
NOW = CHALLENGE.start_of(CHALLENGE.date_of(10))


def desk(connection: Connection) -> Workbench:
    told: list[Lead | Order] = []
    for row in drawn(TOLD):
        who, opted_in = row["who"], CHALLENGE.moment(datetime.fromisoformat(row["opted in"]))
        told.append(Lead("crm", who, f"{who}@x.com", opted_in, utm=Utm(campaign=row["campaign"])))
        if row["bought"]:
            at, price = CHALLENGE.moment(datetime.fromisoformat(row["bought"])), Decimal(9)
            bought = order_of_one(
                "stripe", who, f"{who}@x.com", "N", row["product"], price, "USD", at, offer=Offer.HIGH_TICKET
            )
            told.append(bought)
    assert not accept(connection, RULES, told).refused
    return Desk(connection, LENS, NOW).as_workbench()


def test_days_are_local_dates_between_first_touch_and_sale(connection: Connection) -> None:
    found = waiting.waits(desk(connection))
    assert found.to_numpy().tolist() == [
        ["Unattributed", "One", 3, 1],
        ["spring", "One", 1, 1],
        ["spring", "Two", 32, 1],
        ["summer", "One", 14, 1],
    ]


def test_a_young_day_is_marked_and_a_late_sale_is_not_counted_in(connection: Connection) -> None:
    found = waiting.cohorts(desk(connection)).set_index("opted_in_on")
    half = Decimal("50.00")
    names = ["leads", "sales", "rate", "age", "is_mature"]
    fifth, twentieth = (found.loc[[f"2025-12-{day}"], names].to_numpy().tolist() for day in ("05", "20"))
    assert fifth == [[2, 1, half, 36, True]]
    assert twentieth == [[2, 1, half, 21, False]]
    assert found.loc["2025-12-06", "rate"] is None
    assert (found["is_mature"] == (found["age"] > waiting.WITHIN)).all()


def test_the_first_mature_day_has_had_all_its_days(connection: Connection) -> None:
    found = waiting.cohorts(desk(connection))
    newest = found[found["is_mature"]].iloc[-1]
    # A sale on the last of its 30 days falls on a date that is over.
    assert newest["opted_in_on"].date() + timedelta(days=waiting.WITHIN) < CHALLENGE.local_date(NOW)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 90), st.integers(1, 5)), min_size=1, max_size=20))
def test_quarters_are_waits_that_so_many_sales_do_not_exceed(rows) -> None:
    found = pd.DataFrame(rows, columns=["campaign", "days", "sales"])
    desk = Desk(None, LENS, NOW).as_workbench()  # type: ignore[arg-type]
    for told in waiting.spread(desk, found).itertuples():
        listed = sorted(days for name, days, sales in rows if name == told.group for _ in range(sales))
        assert (told.sales, told.quickest, told.slowest) == (len(listed), listed[0], listed[-1])
        for part, value in ((1, told.quarter), (2, told.median), (3, told.most)):
            assert sum(days <= value for days in listed) * 4 >= len(listed) * part
            assert sum(days < value for days in listed) * 4 < len(listed) * part


def test_the_sample_s_sales_are_all_there(sample: Workbench) -> None:
    told = sample.view().attribution
    with_opt_in = told.matched - told.by_order_utm + told.reasons.get("no UTM", 0)  # the order's own UTMs have none
    assert waiting.waits(sample)["sales"].sum() == with_opt_in


def test_an_empty_database_has_days_without_anybody(empty: Workbench) -> None:
    assert waiting.waits(empty).empty
    assert waiting.cohorts(empty)["leads"].sum() == 0
