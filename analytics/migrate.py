"""Brings a database to the newest tables; safe to run again, also after a run that was killed half way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from analytics.database import DatabaseError, address, named_lock, writing

PATIENCE = 60  # seconds


def upgrade(engine: Engine) -> bool:
    """Bring the database to the newest revision and return whether anything was done."""
    with _alone(engine), writing(engine) as connection:
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


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep other programs from migrating until all is committed; on SQLite the write transaction does."""
    if engine.dialect.name == "sqlite":
        yield
        return
    with named_lock(engine, "migrate", PATIENCE) as is_ours:
        if not is_ours:
            raise DatabaseError("Another program has been changing the tables for a minute; try again later.")
        yield
