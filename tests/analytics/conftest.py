"""One migrated database per engine for the rule tests; each test, and each example, works in a transaction that is undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy.engine import Connection, Engine

from analytics.database import open_engine, writing
from analytics.migrate import upgrade


@dataclass(frozen=True)
class Store:
    """An empty database that stays empty."""

    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Tell which of the two engines this is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def fresh(self) -> Iterator[Connection]:
        """Give a writing connection to the empty database; nothing of what it does is kept."""
        with writing(self.engine) as connection:
            kept = connection.begin_nested()
            yield connection
            kept.rollback()


@pytest.fixture(scope="session", params=["sqlite", "mariadb"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An empty database with all tables, once per engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('rules')}/view3.db"
    else:
        url = request.getfixturevalue("mariadb").new_database()
    engine = open_engine(url)
    upgrade(engine)
    yield Store(engine)
    engine.dispose()


@pytest.fixture
def connection(store: Store) -> Iterator[Connection]:
    """A writing connection to an empty database; nothing is kept."""
    with store.fresh() as fresh:
        yield fresh
