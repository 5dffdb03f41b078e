"""What both peers show, by plain SQL through pandas: an ordinary developer's reading of View 3's tables."""

import os
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import sqlalchemy as sa

ENGINE = sa.create_engine(os.environ["VIEW3_DATABASE_URL"])
ZONE = ZoneInfo(os.environ["VIEW3_TIMEZONE"])
STARTS_ON = date.fromisoformat(os.environ["VIEW3_CHALLENGE_START"])
FUNNEL_STARTS_ON = date.fromisoformat(os.environ["VIEW3_FUNNEL_START"])
LENGTH, ROWS = 31, 25
TITLES = {
    "sales-today": "High-ticket sales today",
    "cost-per-acquisition": "Cost per acquisition",
    "roas": "ROAS, full funnel",
    "attendance-today": "Attendance today",
}
COLUMNS = {
    "Customer Name": "s.customer_name",
    "HT Product": "s.product_name",
    "HT Price": "s.price",
    "Purchase Date": "s.purchase_date",
    "Original Campaign": "s.utm_campaign",
    "Original Ad Set": "s.utm_term",
    "Original Ad": "s.utm_content",
    "Days from Lead to HT Sale": "s.days_from_lead_to_sale",
}
MONEY = """
    SELECT (SELECT COUNT(*) FROM high_ticket_sales WHERE purchase_date >= :today AND purchase_date < :tomorrow) AS sold_today,
           (SELECT COUNT(*) FROM high_ticket_sales WHERE purchase_date >= :start AND purchase_date < :end) AS sales,
           (SELECT SUM(s.price) FROM high_ticket_sales s LEFT JOIN sale_facts f ON f.sale_id = s.id
            WHERE s.purchase_date >= :start AND s.purchase_date < :end AND COALESCE(f.currency, 'USD') = 'USD') AS revenue,
           (SELECT SUM(price) FROM funnel_orders
            WHERE ordered_at >= :start AND ordered_at < :end AND currency = 'USD') AS funnel,
           (SELECT SUM(spend) FROM ad_spend WHERE date >= :first AND date <= :last AND currency = 'USD') AS spend
"""
WATCHING = """
    SELECT a.platform, a.session_id, a.participants
    FROM attendance_samples a
    JOIN attendance_sessions t ON t.platform = a.platform AND t.session_id = a.session_id
    WHERE a.seen_at > :recently AND a.seen_at <= :now AND (t.ended_at IS NULL OR t.ended_at > :now)
    ORDER BY a.seen_at
"""
ATTENDANCE = """
    SELECT challenge_day, platform, participant_count FROM attendance
    WHERE date >= :first AND date <= :last ORDER BY challenge_day
"""
SALES = f"SELECT {', '.join(f'{column} AS `{title}`' for title, column in COLUMNS.items())} FROM high_ticket_sales s"
INSIDE = " WHERE s.purchase_date >= :start AND s.purchase_date < :end"


def now() -> datetime:
    """Return the present moment, or the frozen one."""
    frozen = os.environ.get("VIEW3_NOW")
    return datetime.fromisoformat(frozen) if frozen else datetime.now(UTC)


def cards(first_day: int, last_day: int) -> dict[str, str]:
    """Return the four cards' values as text."""
    numbers = query(MONEY, first_day, last_day).iloc[0].astype("float")
    revenue = numbers[["revenue", "funnel"]].sum()
    return {
        "sales-today": f"{numbers.sold_today:.0f}",
        "cost-per-acquisition": f"{numbers.spend / numbers.sales:,.2f}" if numbers.sales else "—",
        "roas": f"{revenue / numbers.spend:.2f}" if numbers.spend else "—",
        "attendance-today": attendance_today(),
    }


def attendance_today() -> str:
    """Return how many watch now, or today's attendance where no session is live."""
    watching = query(WATCHING).groupby(["platform", "session_id"]).last()
    seen = watching.participants if len(watching) else attendance(challenge_day(), challenge_day()).sum()
    return f"{seen.sum():.0f}"


def attendance(first_day: int, last_day: int) -> pd.DataFrame:
    """Return participants by challenge day (rows) and platform (columns)."""
    told = query(ATTENDANCE, first_day, last_day).query("challenge_day >= 1")
    days = told.pivot_table(index="challenge_day", columns="platform", values="participant_count")
    return days.reindex(index=range(first_day, min(last_day, challenge_day()) + 1), columns=["youtube", "zoom"])


def sales(first_day: int, last_day: int) -> pd.DataFrame:
    """Return every sale of the days, newest first."""
    return query(f"{SALES}{INSIDE} ORDER BY s.purchase_date DESC", first_day, last_day)


def sales_mark(first_day: int, last_day: int) -> tuple[int, ...]:
    """Return what tells cheaply whether there are other sales than before."""
    mark = f"SELECT COUNT(*) AS sales, COALESCE(MAX(s.id), 0) AS newest FROM high_ticket_sales s{INSIDE}"
    return tuple(query(mark, first_day, last_day).iloc[0])


def sales_page(first_day: int, last_day: int, page: int, sort_by: list[dict[str, str]]) -> tuple[pd.DataFrame, int]:
    """Return one page of sales, sorted by the database, and how many pages there are."""
    order = ", ".join(f"{COLUMNS[by['column_id']]} {by['direction']}" for by in sort_by) or "s.purchase_date DESC"
    rows = query(f"{SALES}{INSIDE} ORDER BY {order} LIMIT {ROWS} OFFSET {page * ROWS}", first_day, last_day)
    return rows, -(-sales_mark(first_day, last_day)[0] // ROWS)


def challenge_day() -> int:
    """Return which day of the challenge it is."""
    return (now().astimezone(ZONE).date() - STARTS_ON).days + 1


def query(sql: str, first_day: int = 1, last_day: int = LENGTH) -> pd.DataFrame:
    """Return what a question brings, with the days' dates and moments bound; all days begin where the funnel does."""
    today = now().astimezone(ZONE).date()
    first = FUNNEL_STARTS_ON if (first_day, last_day) == (1, LENGTH) else STARTS_ON + timedelta(first_day - 1)
    last = STARTS_ON + timedelta(last_day - 1)
    moments = {
        "start": midnight(first),
        "end": midnight(last + timedelta(1)),
        "today": midnight(today),
        "tomorrow": midnight(today + timedelta(1)),
        "now": now(),
        "recently": now() - timedelta(minutes=5),
    }
    told = {name: f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for name, moment in moments.items()}
    with ENGINE.connect() as connection:
        return pd.read_sql(sa.text(sql), connection, params={**told, "first": str(first), "last": str(last)})


def midnight(on: date) -> datetime:
    """Return the moment at which a date begins in the business zone."""
    return datetime.combine(on, time.min, ZONE)
