"""What is asked for afterwards and what webhooks told meet in the same tables, in any order and however often.

Asked for are the vendor's objects as they stand now, made here of the last webhook about each.
"""

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from analytics.challenge import Challenge
from analytics.database import open_engine, writing
from analytics.ingest import Rules, accept
from analytics.offers import Patterns
from analytics.records import Record
from analytics.schema import funnel_orders, high_ticket_sales, leads, sale_facts
from connectors.catalog import INBOX_SOURCES
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.contract import NoLookUp, Payload
from connectors.payload import parse
from connectors.stripe import webhooks as stripe

FOLDER = Path(__file__).parents[1] / "payloads"
RULES = Rules(
    Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"),
    patterns=Patterns(vip=("*vip*",), high_ticket=("*bloom*",)),
)
ASKED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKED_FOR = {"checkout.session", "charge", "refund", "invoice", "dispute"}
Ending = tuple[dict[str, list[Any]], list[datetime]]  # what the figures are made of, and when sales were made
WEBHOOKS = {"stripe": stripe, "clickfunnels": clickfunnels}

LEAD = ["clickfunnels/contact-created"]
ONE_SALE = [*LEAD, "stripe/session-paid", "stripe/intent-bare", "stripe/charge-succeeded"]
REFUNDED = [*ONE_SALE, "stripe/charge-refunded-in-part", "stripe/refund-created"]
REFUND_FAILED = [*REFUNDED, "stripe/refund-failed"]
DISPUTED = [*ONE_SALE, "stripe/dispute-created", "stripe/dispute-funds-withdrawn"]
LOST = [*DISPUTED, "stripe/dispute-lost"]
WON = [*DISPUTED, "stripe/dispute-won", "stripe/dispute-funds-reinstated"]
PLAN = [
    *LEAD,
    *("stripe/session-of-a-plan", "stripe/instalment-first-since-basil", "stripe/instalment-first-twin-event"),
    *("stripe/intent-of-an-instalment-since-basil", "stripe/instalment-names-its-intent"),
    *("stripe/instalment-second-since-basil", "stripe/intent-of-an-instalment-known-by-description"),
]
ORDER = [*LEAD, "clickfunnels/order-pending", "clickfunnels/order-completed", "clickfunnels/invoice-paid"]
REFUNDED_ORDER = [*ORDER, "clickfunnels/order-refunded-with-underscores", "clickfunnels/invoice-refunded"]
# The moments at which a version was true, and the numbers the database gave out, differ and mean nothing to people.
OURS = {"id", "sale_id", "lead_id", "created_at", "updated_at", "as_of", "utm_as_of", "source", "external_id"}
MOMENTS = {"purchase_date", "eligible_until", "ordered_at"}

STORIES = {
    "one sale": ONE_SALE,
    "refunded in part": REFUNDED,
    "refund failed": REFUND_FAILED,
    "disputed": DISPUTED,
    "lost": LOST,
    "won": WON,
    "plan": PLAN,
    "order": ORDER,
    "refunded order": REFUNDED_ORDER,
}


def webhook(case: str) -> list[Record]:
    """The records of a webhook."""
    vendor, payload = case.partition("/")[0], parse((FOLDER / f"{case}.json").read_bytes())
    return list(WEBHOOKS[vendor].normalise(payload, NoLookUp()))


def asked(source: str, kind: str, told: Payload, at: datetime = ASKED_AT) -> list[Record]:
    """The records of an object that was asked for, as the inbox kept it."""
    kept = json.dumps({"asked_at": at.isoformat(), "kind": kind, "told": told}, default=str, sort_keys=True)
    return list(INBOX_SOURCES[source].normalise(parse(kept.encode()), NoLookUp()))


def answers(cases: Sequence[str]) -> list[list[Record]]:
    """The records of every object that the webhooks were about, as it stands after the last of them."""
    objects: dict[tuple[str, str], dict[str, Any]] = {}
    for case in cases:
        vendor, payload = case.partition("/")[0], json.loads((FOLDER / f"{case}.json").read_text())
        about = payload["data"]["object"] if vendor == "stripe" else payload["data"]
        kind = about["object"] if vendor == "stripe" else _kind(case)
        objects[f"{vendor}-history", f"{kind}/{about['id']}"] = about
    for about in objects.values():
        _stand_now(about, objects)
    return [
        asked(source, key.partition("/")[0], about)
        for (source, key), about in objects.items()
        if key.partition("/")[0] in ASKED_FOR | {"order", "contact"}
    ]


def _kind(case: str) -> str:
    return case.partition("/")[2].partition("-")[0]


def _stand_now(about: dict[str, Any], objects: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Make an object what the API shows of it, which may be more than a webhook does."""
    if about.get("object") == "checkout.session" and about["payment_intent"]:
        charge = objects["stripe-history", "charge/ch_bloom1"]
        about["payment_intent"] = {"id": about["payment_intent"], "latest_charge": charge}
        about["line_items"] = {"data": [{"description": "Bloom Mastermind"}], "has_more": False}
    if about.get("object") == "charge" and any(one.get("status") == "failed" for one in objects.values()):
        about["amount_refunded"] = 0  # the money of a refund that failed came home


@dataclass
class Endings:
    """Databases that are filled in some way, each of them new."""

    migrated: Path
    folder: Path
    count: int = 0

    def __call__(self, parts: Sequence[Sequence[Record]]) -> Ending:
        self.count += 1
        path = shutil.copy(self.migrated, self.folder / f"{self.count}.db")
        return ending(f"sqlite:///{path}", parts)


@pytest.fixture
def end(migrated: Path, tmp_path: Path) -> Endings:
    return Endings(migrated, tmp_path)


def take(engine: sa.Engine, parts: Sequence[Sequence[Record]]) -> None:
    for records in parts:
        with writing(engine) as connection:
            assert not accept(connection, RULES, records).refused


def concluded(engine: sa.Engine) -> dict[str, list[Any]]:
    """What the figures are made of."""
    with engine.connect() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in OURS | MOMENTS}
                for row in connection.execute(sa.select(table)).mappings()
            ]
            for table in (high_ticket_sales, sale_facts, funnel_orders, leads)
        }


def moments(engine: sa.Engine) -> list[datetime]:
    with engine.connect() as connection:
        return [*connection.scalars(sa.select(high_ticket_sales.c.purchase_date).order_by("purchase_date"))]


def ending(url: str, parts: Sequence[Sequence[Record]]) -> Ending:
    """What stands when everything was taken in."""
    engine = open_engine(url)
    take(engine, parts)
    told = concluded(engine), moments(engine)
    engine.dispose()
    return told


@pytest.mark.parametrize("cases", STORIES.values(), ids=STORIES)
def test_webhooks_and_backfill_in_any_order_end_in_the_same_tables(cases: list[str], end: Endings) -> None:
    chance, told, asked_for = random.Random(5), [webhook(case) for case in cases], answers(cases)
    webhooks_only, sold_at = end(told)
    assert webhooks_only["high_ticket_sales"]
    backfill_only, about_then = end(asked_for)
    assert backfill_only == webhooks_only
    # The past knows when the card was charged, the webhook when the session was through.
    assert all(abs(one - other) < timedelta(minutes=1) for one, other in zip(sold_at, about_then, strict=True))
    for _ in range(4):
        both = chance.sample([*told, *asked_for], len(told) + len(asked_for))
        assert end([*both, *chance.sample(both, 2)]) == (webhooks_only, sold_at)


@pytest.mark.parametrize("cases", [REFUNDED, PLAN, REFUNDED_ORDER], ids=["refunded in part", "plan", "refunded order"])
def test_they_end_the_same_on_both_engines(cases: list[str], database_url: str, end: Endings) -> None:
    told, asked_for = [webhook(case) for case in cases], answers(cases)
    assert ending(database_url, [*reversed(asked_for), *told]) == end(told)


def test_a_plan_asked_for_in_an_older_version_ends_like_its_newer_webhooks(end: Endings) -> None:
    told = [webhook(case) for case in PLAN]
    expected, _ = end(told)
    older = [asked("stripe-history", one["object"], one) for one in map(_before_basil, (1, 2))]
    charges = [asked("stripe-history", "charge", _charge_before_basil(number)) for number in (1, 2)]
    lead = answers([*LEAD, "stripe/session-of-a-plan"])  # it alone states the address as the lead does
    for parts in ([*lead, *older, *charges], [*charges, *older, *lead, *told], [*told, *charges, *older]):
        assert end(parts)[0] == expected
    (sale,) = expected["sale_facts"]
    assert (sale["collected"], sale["refunded"]) == (Decimal(1332), 0)


def _before_basil(number: int) -> dict[str, Any]:
    """An invoice of the plan as versions before 2025-03-31 tell it: with its subscription and what paid it."""
    name = {1: "first", 2: "second"}[number]
    about = json.loads((FOLDER / f"stripe/instalment-{name}-since-basil.json").read_text())["data"]["object"]
    details = about.pop("parent")["subscription_details"]
    lines = [{**line, "subscription": "sub_bloom"} for line in about["lines"]["data"]]
    for line in lines:
        del line["parent"], line["pricing"]
        line["price"] = {"id": "price_bloom3", "product": "prod_bloom"}
    old = {"subscription": "sub_bloom", "charge": f"ch_inst{number}", "payment_intent": f"pi_inst{number}"}
    return {**about, **old, "subscription_details": {"metadata": details["metadata"]}, "lines": {"data": lines}}


def _charge_before_basil(number: int) -> dict[str, Any]:
    about = json.loads((FOLDER / "stripe/charge-succeeded.json").read_text())["data"]["object"]
    ids = {"id": f"ch_inst{number}", "payment_intent": f"pi_inst{number}", "invoice": f"in_inst{number}"}
    return {**about, **ids, "amount": 66600, "amount_captured": 66600}
