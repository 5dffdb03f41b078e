"""Databases for the tests: every store and query test runs on SQLite and on a private MariaDB server."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

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
        """Return the URL of an empty database."""
        self.databases += 1
        name = f"view3_{self.databases}"
        engine = sa.create_engine(f"mysql+pymysql://root@127.0.0.1:{self.port}/", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        engine.dispose()
        return f"mysql://root@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A running private MariaDB server."""
    if "mariadb" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=mariadb")
    server = MariaDB(tmp_path_factory.mktemp("mariadb"))
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once per engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/view3.db"
    server: MariaDB = request.getfixturevalue("mariadb")
    return server.new_database()
