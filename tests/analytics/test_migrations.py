"""A database that holds rows comes up from an old revision with every row as it was, on both engines."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine

from analytics import migrations
from analytics.challenge import Challenge
from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import is_current, upgrade
from analytics.offers import Patterns
from analytics.reading import Lens, read
from analytics.records import Offer, Payment, order_of_one
from analytics.repairs import attribute
from analytics.schema import attendance, high_ticket_sales, inbox, metadata
from analytics.view3 import Totals
from connectors.drain import Drain

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
NOON = datetime(2026, 1, 5, 15, tzinfo=UTC)
FOREIGN = {"customer_name": "F", "customer_email": "f@x.com", "product_name": "P", "price": Decimal("9.99")}


def bring_to(engine: Engine, revision: str) -> None:
    """Bring a database to a revision, as the program of that time did."""
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def everything(connection: Connection) -> dict[str, list[str]]:
    there = [name for name in sa.inspect(connection).get_table_names() if name in metadata.tables]
    return {name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}"))) for name in there}


def assert_kept(engine: Engine) -> None:
    with reading(engine) as connection:
        before = everything(connection)
    assert any(before.values())
    assert upgrade(engine) is True
    with reading(engine) as connection:
        after = everything(connection)
        assert is_current(connection)
    assert {name: after[name] for name in before if name in after} == {n: r for n, r in before.items() if n in after}
    assert set(after) == set(metadata.tables)


def test_the_specification_s_rows_come_up_from_the_first_revision(bare_database_url: str) -> None:
    engine = open_engine(bare_database_url)
    bring_to(engine, "0001")
    with writing(engine) as connection:
        connection.execute(sa.insert(high_ticket_sales).values(**FOREIGN, purchase_date=NOON))
        day = {"date": date(2026, 1, 5), "challenge_day": 5, "platform": "zoom", "participant_count": 40}
        connection.execute(sa.insert(attendance).values(day))
    assert_kept(engine)
    with reading(engine) as connection:
        view = read(connection, Lens(CHALLENGE), NOON + timedelta(hours=1))
    assert (view.totals.high_ticket_revenue, view.cards.attendance_today) == (Decimal("9.99"), 40)
    engine.dispose()


OLD = """
INSERT INTO purchases (source, external_id, offer, offer_given, messenger, name, email, email_folded, email_key, customer_id,
  product, product_key, labels, price, currency, purchased_at, date_only, refunded, richness, as_of, counted_as, sale_id)
VALUES ('file', 'S-1', 'high_ticket', 1, 'file', 'Ana', 'ana@x.com', 'ana@x.com', 'ana@x.com', '', 'Club', 'club', 'Club',
  2000, 'USD', '2026-01-04 12:00:00', 0, 0, 0, NULL, 'high_ticket', 1);
INSERT INTO purchases (source, external_id, offer, offer_given, messenger, name, email, email_folded, email_key, customer_id,
  product, product_key, labels, price, currency, purchased_at, date_only, refunded, richness, as_of, counted_as, sale_id)
VALUES ('clickfunnels', '29100', 'oto', 0, 'funnel_tool', 'Bo', 'bo@x.com', 'bo@x.com', 'bo@x.com', '7',
  'Mastermind, Workbook', 'mastermind, workbook', 'Mastermind', 2024, 'USD', '2026-01-05 15:00:00', 0, 0, 0,
  '2026-01-05 15:00:05', 'oto', NULL);
INSERT INTO external_ids (shared_id, source, external_id) VALUES ('file:S-1', 'file', 'S-1'), ('pi_f', 'file', 'S-1'),
  ('clickfunnels:29100', 'clickfunnels', '29100');
INSERT INTO payments (source, external_id, shared_id, amount, refunded, currency, paid_at)
VALUES ('stripe', 'pi_f', 'pi_f', 2000, 500, 'USD', '2026-01-04 12:00:00');
INSERT INTO payment_ids (payment_id, source, external_id) VALUES ('pi_f', 'stripe', 'pi_f');
INSERT INTO high_ticket_sales (id, customer_name, customer_email, product_name, price, purchase_date)
VALUES (1, 'Ana', 'ana@x.com', 'Club', 2000, '2026-01-04 12:00:00');
INSERT INTO sale_facts (sale_id, source, external_id, currency, eligible_until, purchased_on, email_folded, email_key, product_key,
  collected, refunded) VALUES (1, 'stripe', 'pi_f', 'USD', '2026-01-04 12:00:00', '2026-01-04', 'ana@x.com', 'ana@x.com', 'club', 2000, 500);
INSERT INTO funnel_orders (source, external_id, kind, name, email, email_folded, email_key, product, price, currency, ordered_at,
  collected, refunded) VALUES ('clickfunnels', '29100', 'oto', 'Bo', 'bo@x.com', 'bo@x.com', 'bo@x.com', 'Mastermind, Workbook',
  2024, 'USD', '2026-01-05 15:00:00', 2024, 0)
"""
ORDER = {
    "event_id": "00000000-0000-4000-8000-000000000001",
    "event_type": "one-time-order.completed",
    "created_at": "2026-01-05T15:00:05Z",
    "data": {
        "id": 29100,
        "contact_id": 7,
        "total_amount": "2024.00",
        "currency": "USD",
        "billing_status": "paid",
        "activated_at": "2026-01-05T15:00:00Z",
        "updated_at": "2026-01-05T15:00:05Z",
        "live_mode": True,
        "contact": {"id": 7, "email_address": "bo@x.com", "first_name": "Bo"},
        "line_items": [
            {"original_product": {"name": name}, "products_price": {"amount": amount}, "quantity": 1}
            for name, amount in (("Mastermind", "1997.0"), ("Workbook", "27.0"))
        ],
    },
}
PATTERNS = Patterns(oto=("*workbook*",), high_ticket=("*mastermind*",))


def _drained(engine: Engine, rules: Rules) -> None:
    Drain(partial(writing, engine), lambda connection, records: accept(connection, rules, records), lambda: NOON).all()
    with writing(engine) as connection:
        attribute(connection, rules)


def _figures(engine: Engine) -> tuple[object, ...]:
    with reading(engine) as connection:
        view = read(connection, Lens(CHALLENGE), NOON + timedelta(days=1))
    return view.totals, view.attribution, view.excluded, view.review, view.checks


def test_a_database_of_messages_and_one_filled_from_the_same_events_tell_the_same(
    bare_database_url: str, tmp_path: Path
) -> None:
    rules = Rules(CHALLENGE, patterns=PATTERNS)
    sale = order_of_one(
        "file",
        "S-1",
        "ana@x.com",
        "Ana",
        "Club",
        Decimal(2000),
        "USD",
        NOON - timedelta(days=1, hours=3),
        offer=Offer.HIGH_TICKET,
    )
    paid = Payment("stripe", "pi_f", Decimal(2000), "USD", sale.ordered_at, ids=("pi_f",), refunded=Decimal(500))
    engine, fresh = open_engine(bare_database_url), open_engine(f"sqlite:///{tmp_path}/fresh.db")
    bring_to(engine, "0010")
    upgrade(fresh)
    event = {
        "source": "clickfunnels",
        "event_id": "e1",
        "state": "read",
        "received_at": NOON,
        "body": json.dumps(ORDER).encode(),
    }
    with writing(engine) as connection:
        for statement in OLD.split(";"):
            connection.exec_driver_sql(statement)
        connection.execute(sa.insert(inbox).values(event))
    assert upgrade(engine) is True
    with writing(fresh) as connection:
        connection.execute(sa.insert(inbox).values({**event, "state": "unread"}))
        assert not accept(connection, rules, [replace(sale, ids=("pi_f",)), paid]).refused
    for one in (engine, fresh):
        _drained(one, rules)

    totals = _figures(engine)[0]
    assert isinstance(totals, Totals)
    assert (totals.high_ticket_revenue, totals.oto_revenue, totals.net_revenue) == (
        Decimal(3997),
        Decimal(27),
        Decimal(3524),
    )
    assert _figures(engine) == _figures(fresh)
    _assert_only_new_tables(engine)
    engine.dispose()
    fresh.dispose()


def _assert_only_new_tables(engine: Engine) -> None:
    with reading(engine) as connection:
        kept = connection.scalar(sa.select(high_ticket_sales.c.customer_name).where(high_ticket_sales.c.id == 1))
        names = set(sa.inspect(connection).get_table_names())
    assert kept == "Ana"  # a sale keeps its number
    assert not names & {"purchases", "external_ids", "payment_ids", "old_payments", "old_funnel_orders"}
