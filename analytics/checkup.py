"""What `view3 doctor` finds: one sentence per subject, never a secret."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.database import DatabaseError, address, reading
from analytics.migrate import is_current
from analytics.project import RESOURCES, SOURCES, project
from analytics.queries.health import AdAccount, ad_accounts, product_names
from analytics.schema import attendance, high_ticket_sales
from analytics.settings import Settings, SettingsError
from analytics.terminal import plain
from analytics.workbench import Workbench

OK, NOTE, FAIL = "ok", "note", "FAIL"
NARROW = ("TABLE_SCHEMA", "TABLE_NAME", "CHARACTER_SET_NAME")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check-up."""

    subject: str
    mark: str
    sentence: str

    @property
    def is_failure(self) -> bool:
        """Tell whether this keeps View 3 from working."""
        return self.mark == FAIL


def findings() -> Iterator[Finding]:
    """Yield what is right and wrong with the project, settings, database, clock and browser."""
    yield from _places()
    try:
        settings = Settings.load()
    except SettingsError as error:
        yield Finding("settings", FAIL, str(error))
        return
    yield Finding("settings", OK, f"{len(settings.model_fields_set)} set, the others at their defaults")
    try:
        workbench = Workbench.open(settings)
        yield from _database(workbench)
    except DatabaseError as error:
        yield Finding("database", FAIL, str(error))
        return
    yield from _challenge(workbench)
    yield from _patterns(settings)
    yield from _clashes(workbench)
    yield from _ad_accounts(workbench)
    yield _browser()


def _places() -> Iterator[Finding]:
    """Tell which folder holds settings and data, and where the samples are that came with the program."""
    chosen = project()
    yield Finding("project", OK, f"{chosen.folder} ({chosen.reason}); reports are kept in {chosen.reports}")
    schedule = SOURCES / "reports" / "deploy"
    yield Finding("samples", OK, f"of settings and services in {RESOURCES}, of the report's schedule in {schedule}")


def _database(workbench: Workbench) -> Iterator[Finding]:
    with reading(workbench.engine) as connection:
        if is_current(connection):
            yield Finding("database", OK, f"{address(workbench.engine)} answers and has the newest tables")
        else:
            yield Finding("database", FAIL, f"{address(workbench.engine)} answers, but lacks the tables: view3 init")
        if connection.dialect.name != "sqlite":
            charset = connection.scalar(sa.select(sa.literal_column("@@character_set_database")))
            mark = OK if charset == "utf8mb4" else NOTE
            yield Finding("charset", mark, f"the database's character set is {charset}; ours are utf8mb4")
            yield from _narrow_tables(connection)


def _narrow_tables(connection: Connection) -> Iterator[Finding]:
    """Tell the tables, made by another program, that would refuse a sale for an emoji in a name."""
    columns = sa.table("COLUMNS", *(sa.column(name) for name in NARROW), schema="information_schema")
    query = (
        sa.select(columns.c.TABLE_NAME)
        .distinct()
        .where(
            sa.func.database() == columns.c.TABLE_SCHEMA,
            columns.c.TABLE_NAME.in_([attendance.name, high_ticket_sales.name]),
            columns.c.CHARACTER_SET_NAME != "utf8mb4",
        )
    )
    for table in connection.scalars(query):
        remedy = f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4"
        yield Finding(
            "charset", FAIL, f"{table} cannot keep every character, and refuses a name with an emoji: {remedy}"
        )


def _challenge(workbench: Workbench) -> Iterator[Finding]:
    challenge, now = workbench.challenge, workbench.now()
    frozen = " (frozen by VIEW3_NOW)" if workbench.settings.now else ""
    yield Finding("clock", OK, f"{challenge.local_time(now):%Y-%m-%d %H:%M:%S} in {challenge.zone.key}{frozen}")
    if workbench.settings.challenge_start or workbench.start:
        yield Finding("challenge", OK, f"Day 1 is {challenge.starts_on}, {challenge.length} days")
    else:
        yield Finding(
            "challenge", NOTE, f"VIEW3_CHALLENGE_START is not set; Day 1 is taken to be {challenge.starts_on}"
        )


def _patterns(settings: Settings) -> Iterator[Finding]:
    missing = [name for name in ("vip", "oto", "high_ticket") if not getattr(settings, name)]
    if missing and settings.high_ticket_from is None:
        names = ", ".join(f"VIEW3_{name.upper()}" for name in missing)
        yield Finding("offers", NOTE, f"{names} not set: purchases from Stripe stay unclassified (view3 inbox list)")
    else:
        yield Finding("offers", OK, "patterns tell VIP, OTO and high-ticket apart")


def _clashes(workbench: Workbench) -> Iterator[Finding]:
    """Tell the products that fit patterns of two kinds, with the pair: such a one counts as the higher."""
    with reading(workbench.engine) as connection:
        names = product_names(connection) if is_current(connection) else []
    for clash in workbench.settings.patterns().clashes(names):
        pair = " and ".join(f"“{pattern}” of VIEW3_{offer.upper()}" for offer, pattern in (clash.higher, clash.lower))
        kind = clash.higher[0].replace("_", "-")
        yield Finding("offers", NOTE, plain(f"“{clash.name}” fits {pair}: it counts as {kind}"))


def _ad_accounts(workbench: Workbench) -> Iterator[Finding]:
    with reading(workbench.engine) as connection:
        accounts = ad_accounts(connection) if is_current(connection) else []
    for account in accounts:
        yield _ad_account(account, workbench.challenge)


def _ad_account(account: AdAccount, challenge: Challenge) -> Finding:
    """Tell an account's zone, which decides what its days are, and how settled they are."""
    told = f"{account.platform} account {account.account_id} counts days in {account.zone}"
    elsewhere = account.zone != challenge.zone.key
    if elsewhere:
        told += f", the business in {challenge.zone.key}: spend around midnight falls on another day than its sales"
    if account.provisional_from:
        told += f"; provisional from {account.provisional_from} on"
    if account.restated_days:
        told += f"; {account.restated_days} days were restated"
    return Finding("ad spend", NOTE if elsewhere else OK, told)


def _browser() -> Finding:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return Finding("browser", OK if found else NOTE, f"{found}" if found else "no Chromium: the tests need one")
