"""A database that holds rows comes up from an old revision with every row as it was, on both engines."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection, Engine

from analytics import migrations
from analytics.challenge import Challenge
from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import is_current, upgrade
from analytics.reading import Lens, read
from analytics.records import AdSpend, Lead, Offer, Utm, order_of_one
from analytics.schema import attendance, high_ticket_sales, metadata

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
NOON = datetime(2026, 1, 5, 15, tzinfo=UTC)
FOREIGN = {"customer_name": "F", "customer_email": "f@x.com", "product_name": "P", "price": Decimal("9.99")}
RECORDS = (
    Lead("crm", "1", "ana@x.com", NOON, utm=Utm(campaign="spring")),
    order_of_one("stripe", "1", "ana@x.com", "Ana", "Club", Decimal(2000), "USD", NOON, offer=Offer.HIGH_TICKET),
    order_of_one("stripe", "2", "ana@x.com", "Ana", "Seat", Decimal(47), "USD", NOON, offer=Offer.VIP),
    AdSpend(date(2026, 1, 5), "meta", Decimal("12.34"), "USD", "ads", "1", campaign="spring"),
)


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
    assert {name: after[name] for name in before} == before
    assert set(after) == set(metadata.tables)


def test_the_specification_s_rows_come_up_from_the_first_revision(database_url: str) -> None:
    engine = open_engine(database_url)
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


@pytest.mark.parametrize("revision", ["0008", "0009"])
def test_our_rows_come_up_from_later_revisions(database_url: str, revision: str) -> None:
    engine = open_engine(database_url)
    bring_to(engine, revision)
    with writing(engine) as connection:
        assert not accept(connection, Rules(CHALLENGE), RECORDS).refused
    assert_kept(engine)
    with reading(engine) as connection:
        view = read(connection, Lens(CHALLENGE), NOON + timedelta(hours=1))
    assert (view.totals.vip_revenue, view.totals.ad_spend) == (Decimal(47), Decimal("12.34"))
    assert set(view.checks.values()) == {True}
    engine.dispose()
