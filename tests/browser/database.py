"""Writes as another program would: straight into the specification's two tables, by plain SQL."""

import sqlite3
from datetime import UTC, datetime

from tests.browser.conftest import Served

TEXTS = (
    "customer_name",
    "customer_email",
    "product_name",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
)


def execute(served: Served, statement: str, *rows: tuple[object, ...]) -> None:
    """Run a statement once per row, all in one commit."""
    connection = sqlite3.connect(served.folder / "view3.db", timeout=20)
    with connection:
        connection.executemany(statement, rows)
    connection.close()


def sell(served: Served, *rows: tuple[str, ...], at: datetime | None = None) -> None:
    """Insert sales of now; a row is what TEXTS names, empty where it is shorter."""
    moment = f"{at or datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    marks = ", ".join("?" * len(TEXTS))
    statement = (
        f"INSERT INTO high_ticket_sales ({', '.join(TEXTS)}, price, purchase_date) VALUES ({marks}, '1234.56', ?)"
    )
    execute(served, statement, *((*row, *[""] * (len(TEXTS) - len(row)), moment) for row in rows))
