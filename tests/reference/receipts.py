"""Every figure of View 3 worked out from a receipt's own statements: asked again of the bare driver, added up by hand."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pymysql  # type: ignore[import-untyped]
import sqlalchemy as sa

from analytics.receipts import Receipt
from analytics.view3 import View3

Rows = list[dict[str, Any]]
SCALES = {"amount": 2, "revenue": 2, "refunded": 2, "collected": 2, "at_risk": 2, "written_off": 2, "spend": 6}


@contextmanager
def driver(url: str) -> Iterator[Any]:
    """Give a connection of the database's own driver: no SQLAlchemy, no types, no session of ours."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True)) as connection:
            yield connection
    else:
        place = {"host": parsed.host, "port": parsed.port or 3306, "user": "root", "database": parsed.database}
        with closing(pymysql.connect(**place)) as connection:
            yield connection


def asked_again(connection: Any, receipt: Receipt) -> list[tuple[str, list[Any], Rows]]:
    """Return question, bare rows and named rows of each statement; sums in whole smallest units are money again."""
    answers = []
    for one in receipt.asked:
        is_lite = isinstance(connection, sqlite3.Connection)
        values: Any = tuple(value for _, value in one.values) if is_lite else dict(one.values)
        with closing(connection.cursor()) as cursor:
            cursor.execute(one.sql, values)
            bare = list(cursor.fetchall())
            names = [column[0] for column in cursor.description]
        answers.append((one.question, bare, [_named(names, row, is_lite) for row in bare]))
    return answers


def _named(names: list[str], row: Iterable[Any], is_lite: bool) -> dict[str, Any]:
    told = dict(zip(names, row, strict=True))
    for name, scale in SCALES.items():
        if told.get(name) is not None:
            told[name] = Decimal(told[name]).scaleb(-scale if is_lite else 0)
    return told


def worked_out(name: str, answers: list[tuple[str, list[Any], Rows]], view: View3) -> Any:
    """Return a figure from the rows that its receipt's statements brought."""
    return _FIGURES[name](_Told(answers, view))


class _Told:
    """The rows of each question, and the sums that the definitions speak of."""

    def __init__(self, answers: list[tuple[str, list[Any], Rows]], view: View3) -> None:
        self.answers, self.view = answers, view

    def rows(self, question: str) -> Rows:
        return [row for asked, _, rows in self.answers if asked == question for row in rows]

    def sum(self, question: str, column: str, **where: str) -> Any:
        rows = self.rows(question)
        return sum((row[column] for row in rows if all(row[key] == value for key, value in where.items())), Decimal(0))

    def one(self, question: str, column: str) -> Any:
        (row,) = self.rows(question)
        return row[column] or 0

    @property
    def spend(self) -> Decimal | None:
        return self.sum("ad_spend", "spend") if self.sum("ad_spend", "rows_here") else None

    def both(self, column: str) -> Decimal:
        return Decimal(self.sum("sales", column) + self.sum("funnel_orders", column))

    def per_spend(self, money: Decimal) -> Decimal | None:
        return _half_up(money / self.spend) if self.spend else None

    def attendance(self) -> dict[date, dict[str, int]]:
        days: dict[date, dict[str, int]] = {}
        for row in self.rows("attendance"):
            on = row["day"] if isinstance(row["day"], date) else date.fromisoformat(row["day"])
            days.setdefault(on, {})[row["platform"].lower()] = row["participant_count"]
        return days

    def watching(self) -> int | None:
        rooms: dict[tuple[str, str], int] = {}
        for row in self.rows("watching_now"):
            if "session_id" in row:
                rooms[row["platform"], row["session_id"]] = row["participants"]
        sampled = {platform for platform, _ in rooms}
        for row in self.rows("watching_now"):
            if "session_id" not in row and row["platform"] not in sampled:
                rooms[row["platform"], str(len(rooms))] = row["participants"]
        return sum(rooms.values()) if rooms else None


def _half_up(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _cost(told: _Told) -> Decimal | None:
    sales = told.sum("sales", "sales")
    return _half_up(told.spend / sales) if told.spend is not None and sales else None


def _attendance_today(told: _Told) -> int | None:
    today = told.attendance().get(told.view.today)
    live = told.watching()
    return live if live is not None else sum(today.values()) if today else None


def _by_day(told: _Told) -> list[tuple[date, int | None, int | None]]:
    days = told.attendance()
    seen = [(day.date, days.get(day.date, {})) for day in told.view.attendance]
    return [(on, rooms.get("youtube"), rooms.get("zoom")) for on, rooms in seen]


def _newest(told: _Told) -> dict[str, datetime]:
    moments = {row["source"]: row["newest_at"] for row in told.rows("freshness")}
    return {
        source: (at if isinstance(at, datetime) else datetime.fromisoformat(at)).replace(tzinfo=UTC)
        for source, at in moments.items()
    }


def _left_out(why: str) -> Callable[[_Told], int]:
    return lambda told: int(told.sum("left_out", "purchases", why=why))


_FIGURES: dict[str, Callable[[_Told], Any]] = {
    "high_ticket_sales_today": lambda told: told.one("sales_today", "sales"),
    "high_ticket_sales_yesterday": lambda told: told.one("sales_yesterday", "sales"),
    "cost_per_acquisition": _cost,
    "roas": lambda told: told.per_spend(told.both("revenue")),
    "roas_net": lambda told: told.per_spend(told.both("revenue") - told.both("refunded") - told.both("written_off")),
    "roas_collected": lambda told: told.per_spend(told.both("collected")),
    "attendance_today": _attendance_today,
    "ad_spend": lambda told: told.spend,
    "vip_revenue": lambda told: told.sum("funnel_orders", "revenue", kind="vip"),
    "oto_revenue": lambda told: told.sum("funnel_orders", "revenue", kind="oto"),
    "high_ticket_revenue": lambda told: told.sum("sales", "revenue"),
    "revenue": lambda told: told.both("revenue"),
    "net_revenue": lambda told: told.both("revenue") - told.both("refunded") - told.both("written_off"),
    "collected": lambda told: told.both("collected"),
    "high_ticket_sales": lambda told: told.sum("sales", "sales"),
    "net_sales": lambda told: told.sum("sales", "net_sales"),
    "at_risk": lambda told: told.both("at_risk"),
    "matched": lambda told: told.sum("sales", "sales", outcome="matched"),
    "by_order_utm": lambda told: told.sum("sales", "sales", outcome="matched", reason="the order's own UTMs"),
    "unattributed": lambda told: told.sum("sales", "sales", outcome="unattributed"),
    "test_mode": _left_out("test_mode"),
    "staff": _left_out("staff"),
    "unclassified": _left_out("unclassified"),
    "possible_double_charges": _left_out("possible_double_charges"),
    "joined_by_likeness": _left_out("joined_by_likeness"),
    "refunds_without_purchase": _left_out("refunds_without_purchase"),
    "payments_without_purchase": _left_out("payments_without_purchase"),
    "disputes_without_purchase": _left_out("disputes_without_purchase"),
    "unclassified_lines": _left_out("unclassified_lines"),
    "other_currency": lambda told: told.both("other_currency"),
    "ad_spend_other_currency": lambda told: told.sum("ad_spend", "other_currency"),
    "attendance": _by_day,
    "freshness": _newest,
    "sales_add_up": lambda told: told.one("all_sales", "sales") == told.sum("sales", "sales"),
    "revenue_adds_up": lambda told: (
        told.one("all_sales", "amount") == told.sum("sales", "amount")
        and told.sum("funnel_orders", "amount") == told.sum("orders_by_campaign", "amount")
    ),
    "money_is_conserved": lambda told: not told.rows("money_differences"),
    "spend_adds_up": lambda told: (
        told.sum("spend_by_ad", "spend") == (told.spend or 0)
        and all((row["by_ads"] or 0) == row["told"] for row in told.rows("platform_totals"))
    ),
}
