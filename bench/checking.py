"""Proof that the crowd of the benchmarks is what the door makes of the same records."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analytics import ingest, reading
from analytics.database import open_engine, writing
from analytics.database import reading as reading_from
from analytics.figures import figures
from analytics.migrate import upgrade
from analytics.records import AdSpend, Lead, Messenger, Offer, Order, Payment, Record, Utm, order_of_one
from analytics.schema import UTM_COLUMNS, ad_spend, leads, orders, payments
from bench import crowd
from bench.server import Server
from bench.showing import filled
from bench.stage import LENS, NOW, RULES


def check(sales: int) -> None:
    """Take the crowd's leads, purchases and spend through the door into another database, and compare all figures."""
    with TemporaryDirectory() as folder, Server(Path(folder)) as server:
        _, client, url = filled(server, sales)
        client.close()
        compare(server, url)
        print(f"check: {sales:,} sales filled in bulk have the figures of the same records taken in through the door.")


def compare(server: Server, url: str) -> None:
    """Take what a filled database holds through the door into another one, and compare all figures."""
    crowded, walked = open_engine(url), open_engine(server.new_database("walked"))
    upgrade(walked)
    with reading_from(crowded) as source, writing(walked) as target:
        ingest.accept(target, RULES, _records(source))
    ours, theirs = _figures(crowded), _figures(walked)
    crowded.dispose()
    walked.dispose()
    assert ours == theirs, [(name, ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]]


def _figures(engine: Engine) -> dict[str, Any]:
    with reading_from(engine) as connection:
        period = LENS.challenge.whole(NOW)
        bounds = LENS.challenge.bounds(period)
        whole = reading.money.whole_sales(connection, bounds)
        by_campaign = reading.money.sales_by_campaign(connection, period, bounds, "USD", whole)
        return {**figures(reading.read(connection, LENS, NOW)), "by_campaign": sorted(map(str, by_campaign))}


def _records(connection: Connection) -> Iterator[Record]:
    yield from crowd.sessions()
    yield from map(_lead, connection.execute(sa.select(leads)).mappings().all())
    yield from map(_order, connection.execute(sa.select(orders)).mappings().all())
    yield from map(_payment, connection.execute(sa.select(payments)).mappings().all())
    yield from map(_spend, connection.execute(sa.select(ad_spend)).mappings().all())


def _lead(row: Any) -> Lead:
    utm = Utm(*(row[name] or "" for name in UTM_COLUMNS))
    told = {name: row[name] for name in ("source", "external_id", "email", "opted_in_at", "name", "customer_id")}
    return Lead(**told, utm=utm)


def _order(row: Any) -> Order:
    ((product, _, _, offer, _),) = json.loads(row["line_items"])
    same = ("source", "external_id", "email", "name", "currency", "ordered_at", "customer_id", "collected", "refunded")
    return order_of_one(
        **{name: row[name] for name in same},
        product=product,
        price=row["total"],
        messenger=Messenger(row["messenger"]),
        offer=Offer(offer),
    )


def _payment(row: Any) -> Payment:
    same = (
        "source",
        "external_id",
        "amount",
        "currency",
        "paid_at",
        "refunded",
        "product",
        "name",
        "email",
        "customer_id",
    )
    return Payment(**{name: row[name] for name in same})


def _spend(row: Any) -> AdSpend:
    fields = [name for name in AdSpend.__dataclass_fields__ if name in row]
    return AdSpend(**{name: row[name] for name in fields})
