"""Brings a database to the newest tables; safe to run again, also after a run that was killed half way."""

from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select
from sqlalchemy.engine import Connection, Engine

from analytics.database import DatabaseError, address, writing

LOCK = "view3.migrate"
LOCK_SECONDS = 60


def upgrade(engine: Engine) -> bool:
    """Bring the database to the newest revision and return whether anything was done."""
    with writing(engine) as connection, _alone(connection):
        if (revision := _revision(connection)) == _newest():
            return False
        if not _is_known(revision):
            raise DatabaseError(
                f"The tables in {address(engine)} are of a newer View 3 (revision {revision}): install that one."
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return True


def is_current(connection: Connection) -> bool:
    """Tell whether the database has the newest tables."""
    return _revision(connection) == _newest()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _is_known(revision: str | None) -> bool:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    return revision is None or revision in known


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


class _alone:  # noqa: N801 (reads as a word)
    """Holds a named lock on MariaDB while migrating; on SQLite the write transaction is the lock."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.locks = connection.dialect.name != "sqlite"

    def __enter__(self) -> None:
        if self.locks and not self.connection.scalar(select(func.get_lock(LOCK, LOCK_SECONDS))):
            raise DatabaseError("Another program has been changing the tables for a minute; try again later.")

    def __exit__(self, *_: object) -> None:
        if self.locks:
            with suppress(Exception):  # a lost connection has already released it
                self.connection.scalar(select(func.release_lock(LOCK)))
