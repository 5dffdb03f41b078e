"""The two engines: the specification's tables as printed, connections that see new commits, upgrades that can be repeated."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import Connection

from analytics import checkup
from analytics.challenge import Challenge
from analytics.database import DatabaseError, address, open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import is_current, upgrade
from analytics.records import Lead, Line, Offer, Order, Utm, order_of_one
from analytics.repairs import attribute
from analytics.schema import high_ticket_sales, leads, metadata
from analytics.settings import Settings
from analytics.workbench import Workbench
from tests.conftest import MariaDB

CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo")
RULES = Rules(CHALLENGE)
AT = datetime(2026, 1, 10, 12, 30, tzinfo=UTC)
LEAD = Lead("cf", "1", "ana@x.com", datetime(2026, 1, 2, tzinfo=UTC), utm=Utm(campaign="fb_jan"))
SALE = order_of_one("cf", "1", "ana@x.com", "Ana", "Club", Decimal(2000), "USD", AT, offer=Offer.HIGH_TICKET)

# The specification's text, to the letter.
SPECIFICATION = {
    "attendance": """
        CREATE TABLE attendance (
          id INT AUTO_INCREMENT PRIMARY KEY,
          date DATE NOT NULL,
          challenge_day INT NOT NULL, -- 1-31
          platform VARCHAR(20) NOT NULL, -- 'youtube' or 'zoom'
          participant_count INT NOT NULL DEFAULT 0,
          created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
          updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          UNIQUE KEY unique_attendance (date, platform)
        );
    """,
    "high_ticket_sales": """
        CREATE TABLE high_ticket_sales (
          id INT AUTO_INCREMENT PRIMARY KEY,
          customer_name VARCHAR(255) NOT NULL,
          customer_email VARCHAR(320) NOT NULL,
          product_name VARCHAR(255) NOT NULL,
          price DECIMAL(10, 2) NOT NULL,
          purchase_date TIMESTAMP NOT NULL,
          lead_id INT, -- Foreign key to lead table
          utm_source VARCHAR(255),
          utm_medium VARCHAR(255),
          utm_campaign VARCHAR(255),
          utm_term VARCHAR(255),
          utm_content VARCHAR(255),
          days_from_lead_to_sale INT,
          created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
          updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
          INDEX idx_purchase_date (purchase_date),
          INDEX idx_lead_id (lead_id)
        );
    """,
}
COLUMNS = "column_name, ordinal_position, column_type, is_nullable, column_default, extra"
KEYS = "index_name, seq_in_index, column_name, non_unique, sub_part, index_type"


def run(url: str, statement: str) -> None:
    engine = open_engine(url)
    with writing(engine) as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def asked(url: str, question: str) -> list[tuple[Any, ...]]:
    engine = open_engine(url)
    with reading(engine) as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(question)]
    engine.dispose()
    return rows


def described(url: str, table: str) -> tuple[dict[str, Any], list[Any]]:
    """Return a table's columns by name, and its keys."""
    here = f"WHERE table_schema = DATABASE() AND table_name = '{table}'"
    columns = asked(url, f"SELECT {COLUMNS} FROM information_schema.columns {here} ORDER BY ordinal_position")
    keys = asked(url, f"SELECT {KEYS} FROM information_schema.statistics {here} ORDER BY index_name, seq_in_index")
    return {column[0]: column[1:] for column in columns}, keys


@contextmanager
def server_set(mariadb: MariaDB, name: str, value: str) -> Iterator[None]:
    """Set a global variable of the server for a while."""
    url = f"mysql://root@127.0.0.1:{mariadb.port}/mysql"
    before = asked(url, f"SELECT @@GLOBAL.{name}")[0][0]
    run(url, f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        run(url, f"SET GLOBAL {name} = {before if isinstance(before, int) else repr(before)}")


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine over a database with all tables."""
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


# The specification's tables --------------------------------------------------------------------------


@pytest.mark.parametrize("table", SPECIFICATION)
def test_the_specifications_tables_are_as_printed(mariadb: MariaDB, table: str) -> None:
    ours, printed = mariadb.new_database(), mariadb.new_database()
    engine = open_engine(ours)
    upgrade(engine)
    engine.dispose()
    run(printed, SPECIFICATION[table])
    columns, keys = described(ours, table)
    printed_columns, printed_keys = described(printed, table)
    if table == "high_ticket_sales":
        position, kind, nullable, default, extra = columns.pop("purchase_date")
        assert (position, kind, nullable, None, extra) == printed_columns.pop("purchase_date")
        assert default == "current_timestamp()"  # the one deliberate guard
    assert columns == printed_columns
    assert keys == printed_keys


@pytest.mark.parametrize("table", SPECIFICATION)
def test_a_table_that_another_program_made_is_used_as_it_is(mariadb: MariaDB, table: str) -> None:
    url = mariadb.new_database()
    run(url, SPECIFICATION[table])
    before = described(url, table)
    engine = open_engine(url)
    upgrade(engine)
    with writing(engine) as connection:
        accept(connection, RULES, [LEAD, SALE])
    engine.dispose()
    assert described(url, table) == before


def test_on_a_server_that_adds_on_update_crediting_does_not_move_a_sale(mariadb: MariaDB) -> None:
    with server_set(mariadb, "explicit_defaults_for_timestamp", "0"):
        printed, ours = mariadb.new_database(), mariadb.new_database()
        run(printed, SPECIFICATION["high_ticket_sales"])
        assert "on update" in described(printed, "high_ticket_sales")[0]["purchase_date"][-1]
        engine = open_engine(ours)
        upgrade(engine)
        assert described(ours, "high_ticket_sales")[0]["purchase_date"][-1] == ""
        with writing(engine) as connection:
            accept(connection, RULES, [SALE])
        with writing(engine) as connection:
            accept(connection, RULES, [LEAD])
            connection.execute(sa.update(high_ticket_sales).values(utm_campaign=None))
            assert attribute(connection, RULES) == 1
        with reading(engine) as connection:
            sale = connection.execute(sa.select(high_ticket_sales)).one()
        engine.dispose()
    assert (sale.purchase_date, sale.utm_campaign) == (AT, "fb_jan")


def test_an_update_is_stamped(engine: sa.Engine) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    with writing(engine) as connection:
        accept(connection, RULES, [SALE])
        connection.execute(sa.update(high_ticket_sales).values(created_at=long_ago, updated_at=long_ago))
    with writing(engine) as connection:
        accept(connection, RULES, [LEAD])
    with reading(engine) as connection:
        sale = connection.execute(sa.select(high_ticket_sales)).one()
    assert sale.created_at == long_ago
    assert sale.updated_at > long_ago
    assert sale.purchase_date == AT


# Connections -----------------------------------------------------------------------------------------


def test_every_reading_sees_what_was_committed_before_it(engine: sa.Engine) -> None:
    count = sa.select(sa.func.count()).select_from(leads)
    for number in range(3):
        with reading(engine) as connection:
            assert connection.scalar(count) == number
            with writing(engine) as other:
                accept(other, RULES, [Lead("cf", str(number), "ana@x.com", AT)])
            assert connection.scalar(count) == number  # one reading sees one moment


def test_what_fails_half_way_is_not_kept(engine: sa.Engine) -> None:
    def cut_short() -> None:
        with writing(engine) as connection:
            accept(connection, RULES, [LEAD, SALE])
            raise KilledError

    with pytest.raises(KilledError):
        cut_short()
    with reading(engine) as connection:
        for table in (leads, high_ticket_sales):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_moments_are_utc_whatever_the_servers_zone(mariadb: MariaDB) -> None:
    with server_set(mariadb, "time_zone", "'+05:00'"):
        url = mariadb.new_database()
        engine = open_engine(url)
        upgrade(engine)
        with writing(engine) as connection:
            accept(connection, RULES, [LEAD, SALE])
        assert asked(url, "SELECT @@SESSION.time_zone") == [("+00:00",)]
        assert asked(url, "SELECT UNIX_TIMESTAMP(purchase_date) FROM high_ticket_sales") == [(int(AT.timestamp()),)]
        engine.dispose()


def test_a_lax_server_is_made_strict(mariadb: MariaDB) -> None:
    with server_set(mariadb, "sql_mode", "''"):
        engine = open_engine(mariadb.new_database())
        upgrade(engine)
        for statement in (
            f"INSERT INTO attendance (date, challenge_day, platform) VALUES ('2026-01-01', 1, '{'z' * 21}')",
            "INSERT INTO attendance (date, challenge_day, platform, participant_count) VALUES ('2026-01-01', 1, 'z', 3e10)",
        ):
            with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
                connection.exec_driver_sql(statement)
        engine.dispose()


def test_text_of_every_script_comes_back(engine: sa.Engine) -> None:
    name = "Zoë 🚀 שלום ｆｕｌｌ '; DROP TABLE leads; --"
    with writing(engine) as connection:
        accept(connection, RULES, [Lead("cf", "1", "ana@x.com", AT, name=name)])
    with reading(engine) as connection:
        assert connection.scalar(sa.select(leads.c.name)) == name


def test_ids_that_differ_in_case_or_a_blank_are_two(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        accept(connection, RULES, [Lead("cf", one, "ana@x.com", AT) for one in ("a", "A", "á")])
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(leads)) == 3


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("no address", "VIEW3_DATABASE_URL is not a database address such as mysql://user@host/name."),
        ("postgresql://localhost/view3", "View 3 runs on SQLite, MariaDB and MySQL, not on postgresql."),
        ("mysql://a@h:abc/x", "VIEW3_DATABASE_URL is not a database address such as mysql://user@host/name."),
        ("mysql://a@h:99999/x", "VIEW3_DATABASE_URL: 99999 is not a port; ports go from 1 to 65535."),
        ("mysql://a@h/x?ssl_ca=/no", "VIEW3_DATABASE_URL: ssl_ca names /no, and there is no such file."),
        ("sqlite:///x.db?mode=ro", "VIEW3_DATABASE_URL has an option that cannot be used: 'mode'."),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_in_words(url: str, sentence: str) -> None:
    with pytest.raises(DatabaseError) as refusal:
        open_engine(url)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mysql://root:swordfish@127.0.0.1:1/x?colour=red", "colour"),
        ("mysql://root:swordfish@127.0.0.1:1/x?connect_timeout=soon", "soon"),
        (f"mysql://root:swordfish@127.0.0.1:1/x?ssl_ca={__file__}", "certificate"),
        ("sqlite:////tmp/view3-never.db?timeout=soon", "soon"),
    ],
)
def test_an_option_that_the_driver_does_not_take_is_a_sentence(url: str, named: str) -> None:
    with pytest.raises(DatabaseError, match=named) as refusal, reading(open_engine(url)):
        pass
    assert str(refusal.value).startswith("VIEW3_DATABASE_URL has an option that cannot be used: ")
    assert "swordfish" not in str(refusal.value)


def test_a_connection_that_cannot_write_is_given_up_so_that_a_mended_disk_heals(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/view3.db")
    upgrade(engine)
    with (
        engine.connect() as connection
    ):  # as one that was opened while the disk was read-only, and went back to the pool
        connection.exec_driver_sql("PRAGMA query_only=ON")
    with pytest.raises(DatabaseError, match="readonly"), writing(engine) as connection:
        accept(connection, RULES, [LEAD])
    with writing(engine) as connection:
        accept(connection, RULES, [LEAD])
    engine.dispose()


def test_a_database_that_is_away_is_told_without_its_password() -> None:
    engine = open_engine("mysql://root:swordfish@127.0.0.1:1/view3")
    with pytest.raises(DatabaseError, match="did not answer") as refusal, reading(engine):
        pass
    assert "swordfish" not in str(refusal.value) + address(engine)


def test_a_table_too_narrow_for_an_emoji_is_found_and_mended_as_told(mariadb: MariaDB) -> None:
    url = mariadb.new_database()
    engine = open_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql(SPECIFICATION["high_ticket_sales"].strip().rstrip(";") + " CHARACTER SET utf8mb3")
    upgrade(engine)
    sale = replace(SALE, name="Zoë 🚀")
    with pytest.raises(DatabaseError, match="refused a value"), writing(engine) as connection:
        accept(connection, RULES, [sale])
    (failure,) = _failures(url)
    assert failure.startswith("high_ticket_sales cannot keep every character")
    with engine.connect() as connection:
        connection.exec_driver_sql(failure.rpartition(": ")[2])
    assert _failures(url) == []
    with writing(engine) as connection:
        accept(connection, RULES, [sale])
        assert connection.scalar(sa.select(high_ticket_sales.c.customer_name)) == "Zoë 🚀"
    engine.dispose()


def _failures(url: str) -> list[str]:
    bench = Workbench.open(Settings(database_url=SecretStr(url)))
    found = [one.sentence for one in checkup._database(bench) if one.is_failure]
    bench.engine.dispose()
    bench.reader.dispose()
    return found


@pytest.mark.parametrize("damage", ["a page in the middle", "no database at all"])
def test_a_damaged_file_is_a_sentence_that_names_the_way_out(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "view3.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with writing(engine) as connection:
        accept(connection, RULES, [LEAD, SALE])
    engine.dispose()
    noise = bytes(range(256)) * 16  # the size of a page
    first, *rest = (path.read_bytes()[start : start + 4096] for start in range(0, path.stat().st_size, 4096))
    path.write_bytes(noise if damage == "no database at all" else first + noise * len(rest))
    with (
        pytest.raises(DatabaseError, match=r"view3\.db is damaged or no database .*backup"),
        reading(engine) as connection,
    ):
        connection.execute(sa.select(leads)).all()
    engine.dispose()


# Upgrades --------------------------------------------------------------------------------------------


def tables_of(engine: sa.Engine) -> dict[str, Any]:
    inspector = sa.inspect(engine)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)],
            sorted(str(index["column_names"]) for index in inspector.get_indexes(name)),
            inspector.get_pk_constraint(name)["constrained_columns"],
        )
        for name in inspector.get_table_names()
    }


def test_tables_of_a_newer_version_are_left_alone_and_told(database_url: str) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'r9999'")
    with pytest.raises(DatabaseError, match=r"of a newer View 3 \(revision r9999\): install that one\."):
        upgrade(engine)
    engine.dispose()


def test_an_upgrade_is_done_once(bare_database_url: str) -> None:
    engine = open_engine(bare_database_url)
    with reading(engine) as connection:
        assert not is_current(connection)
    assert upgrade(engine) is True
    before = tables_of(engine)
    assert upgrade(engine) is False
    assert tables_of(engine) == before
    assert set(before) == {*metadata.tables, "alembic_version"}
    with reading(engine) as connection:
        assert is_current(connection)
    engine.dispose()


def test_the_copy_that_tests_begin_with_is_what_an_upgrade_makes(database_url: str, bare_database_url: str) -> None:
    copy, made = open_engine(database_url), open_engine(bare_database_url)
    with reading(copy) as connection:
        assert is_current(connection)
    assert upgrade(made) is True
    assert tables_of(copy) == tables_of(made)
    copy.dispose()
    made.dispose()


def test_the_tables_have_the_columns_that_the_program_knows(engine: sa.Engine) -> None:
    made = tables_of(engine)
    for name, table in metadata.tables.items():
        assert {column.name for column in table.columns} == {column[0] for column in made[name][0]}, name
        assert {str([column.name for column in index.columns]) for index in table.indexes} <= set(made[name][1]), name


class KilledError(Exception):
    """Stands for a power cut."""


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13, 21, 34])
def test_an_upgrade_that_was_killed_half_way_can_be_repeated(bare_database_url: str, steps: int) -> None:
    engine, left = open_engine(bare_database_url), [steps]

    def kill(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("CREATE", "ALTER")):
            left[0] -= 1
            if not left[0]:
                raise KilledError

    sa.event.listen(engine, "before_cursor_execute", kill)
    with pytest.raises(KilledError):
        upgrade(engine)
    sa.event.remove(engine, "before_cursor_execute", kill)
    assert upgrade(engine) is True
    assert set(tables_of(engine)) == {*metadata.tables, "alembic_version"}
    for name, table in metadata.tables.items():
        made = tables_of(engine)[name]
        assert {column.name for column in table.columns} == {column[0] for column in made[0]}, name
    with writing(engine) as connection:
        accept(connection, RULES, [LEAD, SALE])
        assert connection.scalar(sa.select(high_ticket_sales.c.utm_campaign)) == "fb_jan"
    engine.dispose()


def test_of_two_that_upgrade_at_once_one_does(bare_database_url: str) -> None:
    done: list[bool] = []

    def go() -> None:
        engine = open_engine(bare_database_url)
        done.append(upgrade(engine))
        engine.dispose()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == [False, True]


def test_who_upgrades_second_waits_until_the_first_has_kept_everything(bare_database_url: str) -> None:
    first, second = open_engine(bare_database_url), open_engine(bare_database_url)
    done: list[bool] = []
    other = threading.Thread(target=lambda: done.append(upgrade(second)))

    @sa.event.listens_for(first, "commit")
    def _meanwhile(_connection: Connection) -> None:
        other.start()
        other.join(0.5)

    assert upgrade(first)
    other.join(60)
    assert done == [False]
    first.dispose()
    second.dispose()


def test_many_that_open_a_new_file_at_once_all_can(tmp_path: Path) -> None:
    opened: list[str] = []

    def go(url: str, start: threading.Barrier) -> None:
        engine = open_engine(url)
        start.wait()
        with reading(engine) as connection:
            opened.append(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())
        engine.dispose()

    for number in range(40):
        start = threading.Barrier(6)
        threads = [threading.Thread(target=go, args=(f"sqlite:///{tmp_path}/{number}.db", start)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert opened == ["wal"] * 240


def test_messengers_that_speak_at_once_of_one_purchase_make_one_sale(engine: sa.Engine) -> None:
    told = [
        replace(
            SALE,
            source=source,
            external_id=f"{source}{number}",
            lines=(Line(f"Club {number}", offer=Offer.HIGH_TICKET),),
            ids=(f"pi_{number}",),
        )
        for number in range(4)
        for source in ("stripe", "cf")
    ]
    failures: list[BaseException] = []

    def take(purchase: Order) -> None:
        try:
            with writing(engine) as connection:
                accept(connection, RULES, [purchase])
        except BaseException as error:  # noqa: BLE001 (a thread's failure is told by the test)
            failures.append(error)

    threads = [threading.Thread(target=take, args=(purchase,)) for purchase in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    with reading(engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(high_ticket_sales)) == 4
