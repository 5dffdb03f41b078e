"""A world sent through the product by its own commands, and every figure held against the reference."""

import csv
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from click.testing import CliRunner

import view3
from analytics import ingest, repairs
from analytics.breakdown import Breakdown
from analytics.conservation import Account, accounts, unbalanced
from analytics.database import open_engine, reading, writing
from analytics.figures import figures
from analytics.queries.stored_money import stored_money
from analytics.schema import metadata
from analytics.settings import Settings as ProductSettings
from analytics.view3 import SalesFilter
from analytics.workbench import Workbench
from connectors import csv_import, inbox
from connectors.contract import NoLookUp, Reading
from connectors.drain import Drain
from connectors.inbox import Event
from connectors.payload import parse
from tests.connectors.events import SOURCES
from tests.reference.facts import Message, UnclearError
from tests.reference.money import Answer
from tests.reference.names import fold
from tests.reference.offers import Settings
from tests.reference.worlds.world import World

VENDORS = dict(SOURCES.values())
BOM = "\ufeff"
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class ProductError(Exception):
    """A command of the product failed."""


def environment(settings: Settings, world: World, url: str) -> dict[str, str]:
    """Return the product's settings of a world."""
    told = {
        "DATABASE_URL": url,
        "CHALLENGE_START": "2026-01-01",
        "FUNNEL_START": settings.funnel_start.isoformat(),
        "TIMEZONE": str(settings.zone),
        "CURRENCY": settings.currency,
        "VIP": ",".join(settings.vip),
        "OTO": ",".join(settings.oto),
        "HIGH_TICKET": ",".join(settings.high_ticket),
        "HIGH_TICKET_FROM": "" if settings.high_ticket_from is None else str(settings.high_ticket_from),
        "PART_PAYMENT": ",".join(settings.part_payment),
        "STAFF": ",".join(settings.staff),
        "TAX": "included" if settings.counts_tax else "",
        "NOW": world.now.isoformat(),
        "UTM_AD_SET": UTM[settings.ad_set],
        "UTM_AD": UTM[settings.ad],
    }
    return {f"VIEW3_{name}": value for name, value in told.items()}


@contextmanager
def settled(values: dict[str, str]) -> Iterator[None]:
    """Set the product's settings, and those alone, for a while."""
    before = {name: value for name, value in os.environ.items() if name.startswith("VIEW3_")}
    for name in before:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            os.environ.pop(name, None)
        os.environ.update(before)


def command(*words: str, codes: Sequence[int] = (0,)) -> str:
    """Run a command of the product in this process; return what it printed."""
    done = CliRunner().invoke(view3.main, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    if done.exit_code not in codes:
        raise ProductError(f"`view3 {' '.join(words)}` ended with {done.exit_code}: {done.output.strip()[-400:]}")
    return done.stdout


def program(*words: str) -> str:
    """Run a command of the product as a program of its own; return what it printed."""
    view3_program = Path(sys.executable).with_name("view3")
    done = subprocess.run([str(view3_program), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProductError(f"`view3 {' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


@dataclass(frozen=True)
class Shown:
    """What the product prints: its figures, its table of sales, its campaigns."""

    figures: dict[str, Any]
    sales: list[dict[str, str]]
    campaigns: Breakdown


class Product:
    """The product on one database that is emptied between worlds, by the functions that its commands call."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        with settled({"VIEW3_DATABASE_URL": url, "VIEW3_CHALLENGE_START": "2026-01-01"}):
            self.opened = Workbench.open()
        self.opened.upgrade()
        self.kept = self._rows()

    def _rows(self) -> dict[str, list[Any]]:
        """Return what every table holds before the first world."""
        with reading(self.opened.engine) as connection:
            return {table.name: list(connection.execute(sa.select(table))) for table in metadata.sorted_tables}

    def shown(self, world: World) -> Shown:
        """Feed the product a world; return what it prints."""
        self._empty()
        workbench = self._set(world.first_settings or world.settings, world)
        self._feed(workbench, world)
        if world.first_settings or any(message.channel == "insert" for message in world.messages):
            self._set_right(world)
            workbench = self._set(world.settings, world)
        _update(workbench.engine, world)
        period = workbench.challenge.whole(workbench.now())
        text = "".join(workbench.export(SalesFilter(period))[1])
        return Shown(figures(workbench.view(now=world.shown_at)), _table(text), workbench.campaigns())

    def unbalanced(self) -> list[Account]:
        """Return what the last world's facts state otherwise than it is counted."""
        with reading(self.opened.engine) as connection:
            return unbalanced(accounts(stored_money(connection)))

    def _set_right(self, world: World) -> None:
        """Run the commands that take settings, and rows of other programs, into account."""
        address = self.opened.settings.database_url.get_secret_value()
        with settled(environment(world.settings, world, address)):
            if world.first_settings:
                command("inbox", "retry")
            command("attribute")

    def _set(self, settings: Settings, world: World) -> Workbench:
        """Return the workbench under the settings of a world."""
        address = self.opened.settings.database_url.get_secret_value()
        with settled(environment(settings, world, address)):
            return dataclasses.replace(self.opened, settings=ProductSettings.load())

    def _empty(self) -> None:
        with writing(self.opened.engine) as connection:
            for table in reversed(metadata.sorted_tables):
                if not self.kept[table.name]:
                    connection.execute(sa.delete(table))

    def _feed(self, workbench: Workbench, world: World) -> None:
        drain = Drain(
            transaction=lambda: writing(workbench.engine),
            accept=lambda connection, records: ingest.accept(connection, workbench.rules, records),
            clock=workbench.now,
            look_up=NoLookUp(),
        )
        for part in batches_of(world):
            for message in part:
                if message.channel not in VENDORS:
                    self._take(workbench, message, world)
            _keep(workbench.engine, [one for one in part if one.channel in VENDORS], world)
            drain.all()

    def _take(self, workbench: Workbench, message: Message, world: World) -> None:
        """Take in a row that another program writes, or the file in which a row is the first."""
        if message.channel == "insert":
            _insert(workbench.engine, json.loads(message.body))
        elif message is next(one for one in world.messages if one.channel == message.channel):
            path = write_rows(self.folder, message.channel, world)
            with writing(workbench.engine) as connection:
                report = csv_import.import_file(
                    path,
                    Reading(workbench.challenge, workbench.currency),
                    lambda records: ingest.accept(connection, workbench.rules, records),
                    kind=message.channel,
                    keep_rejects=False,
                )
                repairs.adopt(connection, workbench.rules)
            if report.rejected:
                raise ProductError(f"{report.rejected} rows of {message.channel} were rejected")


class FrontDoor:
    """The product on a fresh database, by its commands alone."""

    def __init__(self, url: str, folder: Path, run: Callable[..., str] = command) -> None:
        self.url, self.folder, self.run = url, folder, run

    def shown(self, world: World) -> Shown:
        """Feed the product a world; return what it prints."""
        with settled(environment(world.first_settings or world.settings, world, self.url)):
            self.run("init")
            self._feed(world)
        with settled(environment(world.settings, world, self.url)):
            if world.first_settings:
                self.run("inbox", "retry")
            if world.first_settings or any(message.channel == "insert" for message in world.messages):
                self.run("attribute")
            _update(open_engine(self.url), world)
            told = json.loads(
                self.run("show", "--json", *(("--now", world.shown_at.isoformat()) if world.shown_at else ()))
            )
            table = self.folder / "sales.csv"
            self.run("sales", "--csv", str(table))
            campaigns = Workbench.open().campaigns()
        return Shown(told, _table(table.read_text(encoding="utf-8")), campaigns)

    def _feed(self, world: World) -> None:
        engine = open_engine(self.url)
        imported = set[str]()
        for part in batches_of(world):
            for message in part:
                if message.channel in VENDORS:
                    _keep(engine, [message], world)
                elif message.channel == "insert":
                    _insert(engine, json.loads(message.body))
                elif message.channel not in imported:
                    imported.add(message.channel)
                    self.run("import", "--kind", message.channel, str(write_rows(self.folder, message.channel, world)))
            self.run("drain", "--once")
        engine.dispose()


def batches_of(world: World) -> list[Sequence[Message]]:
    """Return the messages as they are read: all at once, or the first half before the others."""
    half = len(world.messages) // 2 if world.seed % 2 else 0
    return [part for part in (world.messages[:half], world.messages[half:]) if part]


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.lstrip(BOM))))


def write_rows(folder: Path, kind: str, world: World) -> Path:
    """Write all rows of one kind as a file."""
    rows = [json.loads(one.body) for one in dict.fromkeys(world.messages) if one.channel == kind]
    path = folder / f"{kind}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _insert(engine: sa.Engine, row: dict[str, Any]) -> None:
    """Write a row as a program does that knows the specification's table alone."""
    columns = ("customer_name", "customer_email", "product_name", "price", "purchase_date")
    first = row | {"price": row["before"] or row["price"]}
    values = ", ".join(f"'{first[name]}'" for name in columns)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO high_ticket_sales ({', '.join(columns)}) VALUES ({values})")


def _update(engine: sa.Engine, world: World) -> None:
    """Change the prices that another program changes later."""
    for message in world.messages:
        row = json.loads(message.body) if message.channel == "insert" else {}
        if row.get("before"):
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    f"UPDATE high_ticket_sales SET price = {row['price']}"
                    f" WHERE customer_email = '{row['customer_email']}' AND price = {row['before']}"
                )


def _keep(engine: sa.Engine, messages: list[Message], world: World) -> None:
    events = []
    for place, message in enumerate(messages):
        vendor, raw = VENDORS[message.channel], message.body.encode()
        payload = parse(raw)
        event_id, kept = vendor.event_id(payload, raw, {}), vendor.keep(payload, raw)
        received = world.now + timedelta(milliseconds=place)
        events.append(Event(message.channel, event_id, vendor.kind(payload), kept, received))
    if not events:
        return
    with writing(engine) as connection:
        inbox.keep(connection, events)


def differences(world: World, product: Product | FrontDoor) -> list[str]:
    """Return each figure in which the product differs from the reference."""
    wanted = world.answer()
    shown = product.shown(world)
    if world.shown_at:
        return _figures(wanted, shown.figures)
    return [
        *_figures(wanted, shown.figures),
        *_sales(wanted, shown.sales),
        *_campaigns(wanted, shown.campaigns),
    ]


def _figures(wanted: Answer, told: dict[str, Any]) -> list[str]:
    wrong = [f"checks.{name} is {holds}" for name, holds in told["checks"].items() if holds is not True]
    for name, value in wanted.figures.items():
        came = reached(told, name)
        if name not in wanted.open and not is_equal(came, value):
            wrong.append(f"{name} is {came}, should be {value}")
    return wrong


def reached(figures: Any, name: str) -> Any:
    """Return the figure at a dotted name; a reason that does not occur is 0."""
    for part in name.split(".", 2 if name.count(".") > 1 else 1):
        if not isinstance(figures, dict):
            return None
        figures = figures.get(part, 0 if name.startswith("attribution.reasons.") and part != "reasons" else None)
    return figures


def is_equal(came: object, wanted: object) -> bool:
    """Tell whether two values are equal, as decimals where both are numbers."""
    if came is None or wanted is None:
        return came is wanted
    try:
        return Decimal(str(came)) == Decimal(str(wanted))
    except InvalidOperation:
        return str(came).strip() == str(wanted).strip()


def _sales(wanted: Answer, rows: list[dict[str, str]]) -> list[str]:
    left, missing = list(rows), []
    for row in wanted.sales:
        fits = [one for one in left if all(_fits(name, one.get(name, ""), value) for name, value in row.items())]
        if fits:
            left.remove(fits[0])
        else:
            missing.append({name: str(value) for name, value in row.items() if value is not None})
    if not left and not missing:
        return []
    names = list(wanted.sales[0]) if wanted.sales else ["Customer Name", "HT Product", "HT Price", "Purchase Date"]
    return [f"sales has {[{name: one[name] for name in names} for one in left]}, lacks {missing}"]


def _campaigns(wanted: Answer, shown: Breakdown) -> list[str]:
    """Return each campaign whose spend, sales or full-funnel revenue differs."""
    names = ("spend", "sales", "revenue", "net")
    came: dict[str, dict[str, Any]] = {}
    for row in shown.rows:
        place = came.setdefault("" if row.is_unattributed else fold(row.campaign), dict.fromkeys(names, Decimal(0)))
        values = (row.ad_spend or 0, row.high_ticket_sales, row.revenue, row.net_revenue)
        for name, value in zip(names, values, strict=True):
            place[name] += value
    nothing = dict.fromkeys(names, Decimal(0))
    return [
        f"campaigns.{campaign or '(unattributed)'}.{name} is {came.get(campaign, nothing)[name]}, should be {value}"
        for campaign, value_of in {**dict.fromkeys(came, nothing), **wanted.campaigns}.items()
        for name, value in value_of.items()
        if came.get(campaign, nothing)[name] != value
    ]


def _fits(name: str, came: str, value: object) -> bool:
    if name == "HT Product" and isinstance(value, str):
        return value in came  # an invoice says more than the product's name
    if isinstance(value, str) and len(value) == len("2026-01-18") and came.startswith(value):
        return True  # a row that knows its day alone
    return value is None or is_equal(came or "", value)


def smallest(world: World, differs: Callable[[World], bool]) -> World:
    """Return a world of as few messages as still differ."""
    size = max(1, len(world.messages) // 2)
    while True:
        place = 0
        while place < len(world.messages):
            less = world.with_messages([*world.messages[:place], *world.messages[place + size :]])
            if _still(less, differs):
                world = less
            else:
                place += size
        if size == 1:
            return world
        size = max(1, size // 2)


def _still(world: World, differs: Callable[[World], bool]) -> bool:
    try:
        return differs(world)
    except UnclearError:
        return False
