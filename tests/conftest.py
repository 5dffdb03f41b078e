"""Databases for the tests: every store and query test runs on SQLite and on a private MariaDB server."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from analytics.database import open_engine
from analytics.migrate import upgrade
from view3 import main

MEMORY, ROOM = Path("/dev/shm"), 2 * 2**30  # noqa: S108 (where Linux keeps files in memory), bytes

pytest_plugins = ["tests.failures", "tests.processor_time", "tests.quick"]
LEFT_OUT = frozenset(filter(None, os.environ.get("VIEW3_TEST_WITHOUT", "").split(",")))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class MariaDB:
    """A private server in its own folder on its own port; it dies with the test session."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.databases = 0
        self._statements: list[str] = []
        self.tmpdir = folder / "tmp"
        self.tmpdir.mkdir()
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={folder}/data",
                f"--tmpdir={self.tmpdir}",  # in a shared one, a server that starts deletes the others' temporary tables
                "--auth-root-authentication-method=normal",
            ]
            + ["--skip-test-db", "--user=root"] * (os.geteuid() == 0),
            check=True,
            capture_output=True,
        )
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [
                shutil.which("mariadbd") or "/usr/sbin/mariadbd",
                "--no-defaults",
                f"--datadir={self.folder}/data",
                f"--socket={self.folder}/socket",
                f"--tmpdir={self.tmpdir}",
                f"--pid-file={self.folder}/pid",
                f"--port={self.port}",
                "--bind-address=127.0.0.1",
                "--user=root",
                "--innodb-flush-log-at-trx-commit=0",  # the tests' own speed; crash tests start their own server
                "--innodb-log-file-size=32M",  # it is made at the start
            ],
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        log.close()
        engine = sa.create_engine(f"mysql+pymysql://root@127.0.0.1:{self.port}/")
        for _ in range(600):  # a busy machine takes its time
            try:
                engine.connect().close()
            except sa.exc.OperationalError:
                time.sleep(0.1)
            else:
                engine.dispose()
                return
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop the server."""
        self.process.terminate()
        self.process.wait(30)

    def new_database(self) -> str:
        """Return the URL of a database without tables."""
        self.databases += 1
        name = f"view3_{self.databases}"
        self._run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql://root@127.0.0.1:{self.port}/{name}"

    def new_copy(self) -> str:
        """Return the URL of a database with all tables and no rows; only the first is made by the migrations."""
        self._statements = self._statements or self._migrated()
        url = self.new_database()
        self._run("SET foreign_key_checks = 0", *self._statements, database=url.rpartition("/")[2])
        return url

    def _migrated(self) -> list[str]:
        """Migrate a database and return the statements that make its like."""
        engine = open_engine(self.new_database())
        upgrade(engine)
        with engine.connect() as connection:
            tables = connection.exec_driver_sql("SHOW TABLES").scalars().all()
            statements = [connection.exec_driver_sql(f"SHOW CREATE TABLE {table}").one()[1] for table in tables]
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        engine.dispose()
        return [*statements, f"INSERT INTO alembic_version VALUES ('{revision}')"]

    def _run(self, *statements: str, database: str = "") -> None:
        url = f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}"
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()


@contextmanager
def in_memory(otherwise: Path) -> Iterator[Path]:
    """Give a folder whose files live in memory, where there is room for them: a table made on a disk waits for it."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        yield otherwise
        return
    with tempfile.TemporaryDirectory(dir=MEMORY, prefix="view3-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A running private MariaDB server."""
    if "mariadb" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=mariadb")
    with in_memory(tmp_path_factory.mktemp("mariadb")) as folder:
        running = MariaDB(folder)
        yield running
        running.stop()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with all tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "view3.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def sample_file(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of SQLite with the sample challenge as `view3 demo` loads it, to be copied."""
    file = tmp_path_factory.mktemp("sample") / "view3.db"
    shutil.copyfile(migrated, file)
    loaded = CliRunner().invoke(main, ["demo"], env={"VIEW3_DATABASE_URL": f"sqlite:///{file}"})
    assert loaded.exit_code == 0, loaded.output
    return file


@pytest.fixture(params=["sqlite", "mariadb"])
def server(request: pytest.FixtureRequest) -> MariaDB | None:
    """The server of the test's databases, once per engine: none is SQLite."""
    return None if request.param == "sqlite" else request.getfixturevalue("mariadb")


@pytest.fixture
def database_url(server: MariaDB | None, migrated: Path, tmp_path: Path) -> str:
    """The URL of a database with all tables and no rows, once per engine."""
    if server is not None:
        return server.new_copy()
    shutil.copyfile(migrated, tmp_path / "view3.db")
    return f"sqlite:///{tmp_path}/view3.db"


@pytest.fixture
def bare_database_url(server: MariaDB | None, tmp_path: Path) -> str:
    """The URL of a database without tables, once per engine."""
    return server.new_database() if server is not None else f"sqlite:///{tmp_path}/bare.db"
