"""Events of other tools through the real door: by webhook or file, in any order and split, they end in the same tables."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from analytics import ingest
from analytics.database import open_engine, reading, writing
from analytics.migrate import upgrade
from analytics.schema import (
    ad_spend,
    attendance,
    attendance_samples,
    disputes,
    funnel_orders,
    high_ticket_sales,
    inbox,
    leads,
    orders,
    payments,
    refunds,
    sale_facts,
)
from connectors.contract import Reading
from connectors.csv_import import ImportReport, import_file
from connectors.events.webhook import items_of
from connectors.inbox import Event, keep
from tests.connectors.events import NOW
from tests.connectors.test_drain import RULES, drain_of, dump, empty
from tests.receiver import stage

BUYER = {"id": "C-1", "email": "ana@example.com", "name": "Ana <b>Souza</b>"}
BOUGHT = "2026-01-17T20:15:00-03:00"


def told(kind: str, id_: str, at: str = BOUGHT, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "source": "kajabi", "id": id_, "occurred_at": at, **fields}


def order(id_: str, *lines: tuple[str, str, str], **fields: Any) -> dict[str, Any]:
    sold = [{"product": product, "amount": amount, "offer": offer} for product, amount, offer in lines]
    return told("order", id_, **{"currency": "USD", "customer": BUYER, "lines": sold, **fields})


TWO = order("1", ("Mastermind", "3000.00", "high_ticket"), ("Workbook", "60.00", "oto"))
UTM = {"source": "facebook", "campaign": "January"}
STORY = [
    told("lead", "1", "2026-01-05T10:00:00Z", customer=BUYER, utm=UTM),
    told("lead", "2", "2026-01-06T10:00:00Z", customer={"email": "bob@example.com"}),
    TWO,
    told("payment", "1", currency="USD", amount="3060.00", order_id="1"),
    told("refund", "1", "2026-01-18T09:00:00Z", currency="USD", amount="306.00", payment_id="1"),
    order("2", ("VIP", "97.00", "vip"), customer={"email": "bob@example.com"}, status="pending"),
    order("2", ("VIP", "97.00", "vip"), customer={"email": "bob@example.com"}, updated_at="2026-01-18T10:00:00Z"),
    told("refund", "2", "2026-01-19T09:00:00Z", currency="USD", amount="97.00", order_id="2"),
    order("3", ("Mastermind", "2500.00", "high_ticket"), customer={"email": "eva@example.com"}),
    told("dispute", "3", currency="USD", amount="2500.00", order_id="3", status="open"),
    told("dispute", "3", currency="USD", amount="2500.00", order_id="3", status="lost", updated_at="2026-01-19T00:00:00Z"),
    order("4", ("Mastermind", "9000.00", "high_ticket"), currency="BRL", customer={"email": "rio@example.com"}),
    order("5", ("Mastermind", "1.00", "high_ticket"), test=True, customer={"email": "me@example.com"}),
    told("attendance", "1", "2026-01-17T20:00:00Z", platform="zoom", session_id="day-17", participants=140),
    told("attendance", "2", "2026-01-17T20:05:00Z", platform="zoom", session_id="day-17", participants="155"),
    told("ad_spend", "1", date="2026-01-17", platform="tiktok", account_id="77", currency="USD", lines=[
        {"campaign": "January", "amount": "100.00"}, {"campaign": "Retarget", "amount": "20.50"}]),
    told("ad_spend", "1", date="2026-01-17", platform="tiktok", account_id="77", currency="USD",
         updated_at="2026-01-19T08:00:00Z", lines=[{"campaign": "January", "amount": "111.10"}]),
]  # fmt: skip


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


def send(engine: Engine, events: Sequence[dict[str, Any]]) -> None:
    """Keep events as a request with all of them does; none may be refused."""
    items = items_of({"events": list(events)}, NOW)
    assert [item.reason for item in items if not item.event] == []
    with writing(engine) as connection:
        keep(connection, [item.event for item in items if item.event])


def load(engine: Engine, path: Path, events: Sequence[dict[str, Any]]) -> ImportReport:
    path.write_text("".join(json.dumps(one) + "\n" for one in events))
    with writing(engine) as connection:
        where = Reading(RULES.challenge, "USD", now=NOW)
        return import_file(path, where, partial(ingest.accept, connection, RULES))


def everything(engine: Engine) -> dict[str, list[str]]:
    with reading(engine) as connection:
        rooms = {
            table.name: sorted(map(str, connection.execute(sa.select(*table.c))))
            for table in (attendance_samples, ad_spend)
        }
    return {**dump(engine), **rooms}


def test_every_kind_of_event_becomes_its_records(engine: Engine) -> None:
    send(engine, STORY)
    assert drain_of(engine).all() == len(STORY)
    with reading(engine) as connection:
        assert set(connection.scalars(sa.select(inbox.c.state))) == {"read"}
        sold = sa.select(
            high_ticket_sales.c.customer_email, high_ticket_sales.c.price, sale_facts.c.collected, sale_facts.c.refunded
        )
        rows = connection.execute(sold.join(sale_facts, sale_facts.c.sale_id == high_ticket_sales.c.id)).all()
        sales = {email: tuple(amounts) for email, *amounts in rows}
        side = {row.kind: row.price for row in connection.execute(sa.select(funnel_orders))}
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(one))
            for one in (leads, payments, refunds, disputes)
        ]
        (day,) = connection.execute(sa.select(attendance.c.date, attendance.c.platform, attendance.c.participant_count))
        spend = connection.execute(sa.select(ad_spend.c.platform, ad_spend.c.campaign, ad_spend.c.spend)).all()
        credited = sa.select(high_ticket_sales.c.customer_email, leads.c.external_id)
        first_touch = credited.join(leads, leads.c.id == high_ticket_sales.c.lead_id)
        whose = {row.customer_email: row.external_id for row in connection.execute(first_touch)}
        told_of = set(connection.scalars(sa.select(orders.c.messenger)))
    assert sales["ana@example.com"] == (Decimal(3000), Decimal(3000), Decimal(300))
    assert sales["eva@example.com"] == (Decimal(2500), Decimal(2500), Decimal(2500))  # the dispute was lost
    assert side == {"oto": Decimal(60), "vip": Decimal(97)}
    assert whose == {"ana@example.com": "1"}
    assert counts == [2, 1, 2, 1]
    assert tuple(day) == (date(2026, 1, 17), "zoom", 155)
    assert [tuple(row) for row in spend] == [("tiktok", "January", Decimal("111.10"))]
    assert told_of == {"file"}


def test_any_order_repetition_and_split_by_webhook_or_file_ends_in_the_same_tables(
    engine: Engine, tmp_path: Path
) -> None:
    send(engine, STORY)
    drain_of(engine).all()
    expected = everything(engine)
    assert all(expected[name] for name in ("sales", "leads", "payments", "refunds", "disputes", "ad_spend"))
    for seed in range(10 if engine.dialect.name == "sqlite" else 4):
        empty(engine)
        dice = random.Random(seed)
        arriving = dice.sample([*STORY, *dice.sample(STORY, 8)], len(STORY) + 8)
        while arriving:
            size = dice.choice((1, 2, 5, 30))
            now, arriving = arriving[:size], arriving[size:]
            if dice.random() < 0.5:
                assert load(engine, tmp_path / "events.jsonl", now).rejected == 0
            else:
                send(engine, now)
                drain_of(engine).once(limit=dice.choice((1, 3, 100)))
        drain_of(engine).all()
        assert everything(engine) == expected, f"seed {seed}"


def test_a_file_that_is_imported_again_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    load(engine, tmp_path / "events.jsonl", STORY)
    before = everything(engine)
    again = load(engine, tmp_path / "events.jsonl", STORY)
    assert everything(engine) == before
    assert (again.new, again.changed) == (0, 0)


def test_the_same_id_of_two_sources_and_of_two_types_is_several_things(engine: Engine) -> None:
    other = {**TWO, "source": "hotmart", "customer": {"email": "zoe@example.com"}}
    refund = told("refund", "1", currency="USD", amount="3060.00", order_id="1")
    send(engine, [TWO, other, told("payment", "1", currency="USD", amount="3060.00", order_id="1"), refund])
    drain_of(engine).all()
    with reading(engine) as connection:
        query = sa.select(high_ticket_sales.c.customer_email, sale_facts.c.refunded)
        rows = connection.execute(query.join(sale_facts, sale_facts.c.sale_id == high_ticket_sales.c.id)).all()
    assert sorted(map(tuple, rows)) == [("ana@example.com", Decimal(3000)), ("zoe@example.com", Decimal(0))]


def test_an_order_that_names_a_provider_s_payment_is_one_sale_with_what_the_provider_told(engine: Engine) -> None:
    charge = stage.sale(7, 300_000)
    send(engine, [order("9", ("Workshop", "3000.00", "high_ticket"), customer={}, payment_ids=["pi_0000007"])])
    with writing(engine) as connection:
        keep(connection, [Event("stripe", charge.event_id, "charge.succeeded", charge.body, NOW)])
    drain_of(engine).all()
    with reading(engine) as connection:
        sold = sa.select(high_ticket_sales.c.product_name, sale_facts.c.collected)
        rows = connection.execute(sold.join(sale_facts, sale_facts.c.sale_id == high_ticket_sales.c.id)).all()
    assert list(map(tuple, rows)) == [("Workshop", Decimal(3000))]


def test_a_later_statement_stands_whatever_arrives_last(engine: Engine) -> None:
    first = order("1", ("Mastermind", "3000.00", "high_ticket"))
    later = order("1", ("Mastermind", "2000.00", "high_ticket"), updated_at="2026-01-18T00:00:00Z")
    for arriving in ([first, later], [later, first]):
        empty(engine)
        for one in arriving:
            send(engine, [one])
            drain_of(engine).all()
        with reading(engine) as connection:
            assert connection.scalars(sa.select(high_ticket_sales.c.price)).all() == [Decimal(2000)]


def test_moments_are_the_same_whatever_offset_they_are_written_with(engine: Engine) -> None:
    send(engine, [TWO, {**TWO, "occurred_at": "2026-01-17T23:15:00.250Z"}, {**TWO, "currency": "usd"}])
    drain_of(engine).all()
    with reading(engine) as connection:
        assert connection.scalars(sa.select(orders.c.ordered_at)).all() == [datetime(2026, 1, 17, 23, 15, tzinfo=UTC)]
        assert connection.scalar(sa.select(sa.func.count()).select_from(inbox)) == 1
