"""The engine: one way to open SQLite or MariaDB so that reads are consistent, fresh and in UTC."""

import fcntl
import hashlib
import os
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Dialect, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError

from analytics.project import project

STRICT = "STRICT_TRANS_TABLES"
LAST_PORT = 65535
LOCKED = 5  # seconds that SQLite waits for another writer
SILENCE = 30  # seconds; sorting a million rows for an export takes ten


class DatabaseError(RuntimeError):
    """The database cannot be used; the message says which and why, without its password."""


def open_engine(url: str) -> Engine:
    """Return an engine for a SQLAlchemy URL; a relative SQLite path counts from the project's folder."""
    return _open(url, writes=True, silence=None)


def open_service(url: str) -> Engine:
    """Return an engine for a process that never ends: a server that fell silent is given up and connected to anew.

    Without that, one connection that a network lost in the middle would keep it waiting for hours.
    """
    return _open(url, writes=True, silence=SILENCE)


def open_reader(url: str) -> Engine:
    """Return an engine whose sessions cannot write, whatever the account may: for pages and notebooks."""
    return _open(url, writes=False, silence=SILENCE)


def _open(url: str, *, writes: bool, silence: int | None) -> Engine:
    try:
        parsed = sa.make_url(url)
        port = parsed.port
    except (ArgumentError, ValueError):
        raise DatabaseError("VIEW3_DATABASE_URL is not a database address such as mysql://user@host/name.") from None
    if port is not None and not 0 < port <= LAST_PORT:
        raise DatabaseError(f"VIEW3_DATABASE_URL: {port} is not a port; ports go from 1 to {LAST_PORT}.")
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, writes=writes)
    if parsed.get_backend_name() in {"mysql", "mariadb"}:
        return _open_mariadb(parsed, writes=writes, silence=silence)
    raise DatabaseError(f"View 3 runs on SQLite, MariaDB and MySQL, not on {parsed.get_backend_name()}.")


def _open_sqlite(url: URL, *, writes: bool) -> Engine:
    if url.database and url.database != ":memory:" and not url.database.startswith("file:"):
        _refuse_options(url, known={"timeout"})
        url = url.set(database=_in_project(url.database))
    engine = _engine(url.set(drivername="sqlite"), connect_args={"timeout": LOCKED})

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows ASCII alone
        connection.isolation_level = None  # the begin event below decides when a transaction starts
        _switch_to_wal(connection)
        for pragma in (
            "synchronous=FULL",
            "foreign_keys=ON",
            f"query_only={not writes}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: a transaction that reads first and upgrades later fails under another writer.
        if not connection.get_execution_options().get("view3_writes", False):
            connection.exec_driver_sql("BEGIN")
            return
        with _turn(url.database):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _in_project(path: str) -> str:
    """Return a path that may be relative from the project's folder, which is made on first use."""
    if Path(path).is_absolute():
        return path
    folder = project().folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"The folder {folder} for the database cannot be made: {error.strerror}.") from error
    return str(folder / path)


def _engine(url: URL, **options: Any) -> Engine:
    """Return an engine that puts options of the address which the driver does not take into a sentence."""
    with _options_in_words():
        engine = sa.create_engine(url, **options)

    @sa.event.listens_for(engine, "do_connect")
    def _connect(dialect: Dialect, _record: Any, args: Any, kwargs: Any) -> Any:
        with _options_in_words():
            return dialect.connect(*args, **kwargs)

    @sa.event.listens_for(engine, "handle_error")
    def _give_up(context: sa.engine.ExceptionContext) -> None:
        # A file that was opened while nothing could be written stays so for this connection, whatever the disk does.
        code = getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}:
            context.is_disconnect = True

    return engine


@contextmanager
def _options_in_words() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError, OSError) as error:
        raise DatabaseError(f"VIEW3_DATABASE_URL has an option that cannot be used: {error}.") from None


def _refuse_options(url: URL, known: Collection[str]) -> None:
    """Refuse what SQLite's driver would pass over in silence."""
    unknown = sorted(set(url.query) - set(known))
    if unknown:
        raise DatabaseError(f"VIEW3_DATABASE_URL has an option that cannot be used: '{unknown[0]}'.")


@contextmanager
def _turn(database: str | None) -> Iterator[None]:
    """Queue for the write lock of a SQLite file until it is taken.

    SQLite hands its lock to the first that asks, so a process that writes batch after batch, and asks again at once,
    keeps the others out. The place in the queue is a lock on a file beside the database, held while waiting: who has
    just written has to wait for it. Where that file cannot be made, writers compete as SQLite lets them.
    """
    with ExitStack() as stack:
        if database and database != ":memory:" and not database.startswith("file:"):
            with suppress(OSError):
                _queue(stack.enter_context(Path(f"{database}.turn").open("ab")))
        yield


def _queue(file: BinaryIO) -> None:
    """Lock a file; after as long as SQLite waits for its own lock, go on without."""
    until = time.monotonic() + LOCKED
    while time.monotonic() < until:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.002)
        else:
            return


def _switch_to_wal(connection: Any) -> None:
    """Have readers and a writer go side by side; where several open a new file at once, SQLite refuses some without waiting."""
    until = time.monotonic() + LOCKED
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _lower(text: str | None) -> str | None:
    return None if text is None else str(text).lower()


def _open_mariadb(url: URL, *, writes: bool, silence: int | None) -> Engine:
    url = url.set(drivername="mysql+pymysql").update_query_dict({"charset": "utf8mb4"})
    for name in ("ssl_ca", "ssl_cert", "ssl_key"):
        if name in url.query and not Path(str(url.query[name])).is_file():
            raise DatabaseError(f"VIEW3_DATABASE_URL: {name} names {url.query[name]}, and there is no such file.")
    engine = _engine(
        url,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": 5,
            # Who looks or serves waits no longer than this for a server that fell silent; an import lets it finish.
            "read_timeout": silence,
            "init_command": "SET time_zone = '+00:00'",
        },
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION TRANSACTION READ {'WRITE' if writes else 'ONLY'}")
            cursor.execute("SELECT @@SESSION.sql_mode")
            if STRICT not in cursor.fetchone()[0]:
                # Without it the server cuts a long name and rounds an amount in silence.
                cursor.execute(f"SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',{STRICT}')")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose reads all see one moment of the database, and the newest one."""
    with in_words(engine), engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose writes are kept together or not at all."""
    options: dict[str, Any] = {"view3_writes": True}
    if engine.dialect.name != "sqlite":
        # Whoever waited for another writer must then see what that one wrote, which a repeatable read would hide.
        options["isolation_level"] = "READ COMMITTED"
    with in_words(engine), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def free_room(engine: Engine) -> int | None:
    """Return the free bytes of the disk that holds a SQLite file; None for a server or a database in memory."""
    if engine.dialect.name != "sqlite" or not engine.url.database or not Path(engine.url.database).is_absolute():
        return None
    disk = os.statvfs(Path(engine.url.database).parent)
    return disk.f_bavail * disk.f_frsize


@contextmanager
def named_lock(engine: Engine, name: str, patience: int) -> Iterator[bool]:
    """Hold one of MariaDB's named locks, and tell whether it came free within so many seconds.

    A connection of its own holds it, so it outlives the commit of what it guards, and ends with its process.
    """
    # The server's names are shared by all its databases, and at most 64 letters long.
    key = hashlib.blake2b(f"view3 {engine.url.database} {name}".encode(), digest_size=16).hexdigest()
    with connect(engine) as connection:
        with in_words(engine):
            is_ours = bool(connection.scalar(sa.select(sa.func.get_lock(key, patience))))
        try:
            yield is_ours
        finally:
            if is_ours:
                with suppress(DBAPIError):  # a lost connection has already released it
                    connection.scalar(sa.select(sa.func.release_lock(key)))


def address(engine: Engine) -> str:
    """Return the database's address without its password."""
    return engine.url.render_as_string(hide_password=True)


def connect(engine: Engine) -> Connection:
    """Return a connection that the caller keeps."""
    with in_words(engine):
        return engine.connect()


@contextmanager
def in_words(engine: Engine) -> Iterator[None]:
    """Turn a database that does not answer into a DatabaseError with a sentence."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.ProgrammingError):
            raise DatabaseError(f"The database {address(engine)} did not answer: {error.orig}") from error
        if isinstance(error, sa.exc.DataError):
            raise DatabaseError(f"The database {address(engine)} refused a value: {error.orig}") from error
        if type(error) is sa.exc.DatabaseError:  # none of its kinds: how SQLite says that a file is not sound
            raise DatabaseError(
                f"{address(engine)} is damaged or no database ({error.orig}): put your last backup in its place."
            ) from error
        raise
