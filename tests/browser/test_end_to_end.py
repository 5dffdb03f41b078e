"""From export files to pixels, on both engines: what the page says equals the terminal and a calculation by hand."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Serve, Served, Visit, shown

FRESH = 5_000  # milliseconds, the promise
IMAGE, FORMULA, EMOJI, LONG = "<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "😀" * 255, "x" * 255

SETTINGS = {
    "VIEW3_NOW": "2026-01-17T23:50:00",  # in the business zone: in UTC it is the 18th already
    "VIEW3_TIMEZONE": "America/Sao_Paulo",
    "VIEW3_CHALLENGE_START": "2026-01-01",
    "VIEW3_HIGH_TICKET": "*mastermind*",
    "VIEW3_VIP": "vip*",
    "VIEW3_OTO": "oto*",
}

STRIPE = """\
id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Mode,PaymentIntent ID,Status,Description,Customer ID,Customer Email,Card Name
ch_1,2026-01-17 17:00:00,"3,000.00",0.00,usd,true,Live,pi_1,Paid,Mastermind,cus_1,Ana@Example.com,Ana Souza
ch_2,2026-01-18 02:30:00,"2,500.00",0.00,usd,true,Live,pi_2,Paid,Mastermind,cus_2,dora@example.com,<b>Dora</b>
ch_3,2026-01-07 02:30:00,"1,997.00",0.00,usd,true,Live,pi_3,Paid,Mastermind,cus_3,bob@example.com,Bob Stone
ch_4,2026-01-04 15:00:00,47.00,0.00,usd,true,Live,pi_4,Paid,VIP ticket,cus_4,carla@example.com,Carla Dias
"""

META = """\
Reporting starts,Reporting ends,Account ID,Campaign name,Campaign ID,Ad set name,Ad set ID,Ad name,Ad ID,Day,Amount spent (USD),Impressions
2026-01-05,2026-01-17,77,Launch,120211,Broad,120311,Video 1,120411,2026-01-05,"1,010.00",3100
2026-01-05,2026-01-17,77,Launch,120211,Broad,120311,Video 2,120412,2026-01-06,12.50,3400
2026-01-05,2026-01-17,77,Launch,120211,Broad,120311,Video 2,120412,2026-01-17,200.25,900
"""

ZOOM = """\
Attendee Report,,,,,,,,,,
Report Generated:,"Jan 17, 2026 11:26 PM",,,,,,,,,
Topic,Webinar ID,Actual Start Time,Actual Duration (minutes),# Registered,# Cancelled,Unique Viewers,Total Users,Max Concurrent Views,Enable Registration,
Day 17,847 5984 1045,"Jan 17, 2026 7:13 PM",120,5,0,3,4,3,Yes,
Attendee Details,,,,,,,,,,
Attended,User Name (Original Name),Email,Registration Time,Approval Status,Join Time,Leave Time,Time in Session (minutes),Is Guest,Country/Region Name,
Yes,Ana,ana@example.com,"Jan 15, 2026 11:24:57",approved,"Jan 17, 2026 19:52:01","Jan 17, 2026 20:52:39",60,Yes,Brazil,
Yes,Ana again,ANA@example.com,"Jan 15, 2026 11:24:57",approved,"Jan 17, 2026 20:53:01","Jan 17, 2026 20:59:39",6,Yes,Brazil,
Yes,Bob,bob@example.com,"Jan 15, 2026 11:27:19",approved,"Jan 17, 2026 20:00:00","Jan 17, 2026 21:00:00",60,Yes,Brazil,
Yes,Carla,carla@example.com,"Jan 15, 2026 11:27:19",approved,"Jan 17, 2026 20:00:00","Jan 17, 2026 21:00:00",60,Yes,Brazil,
No,Eve,eve@example.com,"Jan 15, 2026 11:27:19",approved,--,--,--,--,,
"""

CONTACTS = """\
id,email,first_name,last_name,phone,created_at,contact_profile_id,additional_info
501,ana@example.com,Ana,Souza,+5511999,2026-01-05 22:30:00 UTC,9001,"{""utm_source""=>""fb"", ""utm_campaign""=>""Launch"", ""utm_term""=>""Broad"", ""utm_content""=>""Video 1""}"
"""

LEADS = [
    ("lead_id", "email", "name", "opted_in_at", "utm_campaign", "utm_term", "utm_content"),
    ("L-1", "image@example.com", IMAGE, "2026-01-02T10:00:00-03:00", IMAGE, IMAGE, IMAGE),
    ("L-2", "formula@example.com", FORMULA, "2026-01-02T10:00:00-03:00", FORMULA, FORMULA, FORMULA),
    ("L-3", "emoji@example.com", "E", "2026-01-02T10:00:00-03:00", EMOJI, EMOJI, EMOJI),
    ("L-4", "long@example.com", "L", "2026-01-02T10:00:00-03:00", LONG, LONG, LONG),
]

ORDERS = [
    ("order_id", "kind", "email", "name", "product", "price", "currency", "ordered_at"),
    ("O-1", "vip", "ana@example.com", "Ana Souza", "VIP ticket", "47.00", "USD", "2026-01-05T19:35:00-03:00"),
    ("O-2", "oto", "bob@example.com", "Bob Stone", "OTO bundle", "97.00", "USD", "2026-01-06T19:35:00-03:00"),
]

SALES = [
    ("sale_id", "customer_name", "customer_email", "product_name", "price", "currency", "purchase_date"),
    ("S-1", IMAGE, "image@example.com", "Mastermind", "1000.01", "USD", "2026-01-03T10:00:00-03:00"),
    ("S-2", FORMULA, "formula@example.com", "Mastermind", "1000.02", "USD", "2026-01-04T10:00:00-03:00"),
    ("S-3", EMOJI, "emoji@example.com", "Mastermind", "1000.03", "USD", "2026-01-07T23:59:00-03:00"),
    ("S-4", LONG, "long@example.com", "Mastermind", "1000.04", "USD", "2026-01-08T00:00:00-03:00"),
]

ATTENDANCE = [
    ("date", "platform", "participants"),
    ("2026-01-05", "youtube", "812"),
    ("2026-01-05", "zoom", "143"),
    ("2026-01-17", "youtube", "300"),
]

LATER = [
    SALES[0],
    ("S-5", "Late Customer", "late@example.com", "Mastermind", "500.00", "USD", "2026-01-17T21:00:00-03:00"),
]

# By hand ---------------------------------------------------------------------------------------------
# Ad spend                 1,010.00 + 12.50 + 200.25                             =  1,222.75
# VIP                      47 (Carla, through Stripe) + 47 (Ana)                 =     94.00
# OTO                      97 (Bob)                                              =     97.00
# High-ticket, 7 sales     3,000 + 2,500 + 1,997 + 4 × 1,000 + 0.10              = 11,497.10
# Sales today              Ana 14:00; Dora 23:30, which is the 18th in UTC       =          2
# Cost per acquisition     1,222.75 / 7 = 174.6785…                              =    174.68
# ROAS                     (94 + 97 + 11,497.10) / 1,222.75 = 9.5588…            =      9.56
# Attendance today         300 on YouTube + 3 people on Zoom (Ana came twice)    =        303
CARDS = ["2", "174.68", "9.56", "303"]
# Days 3–7: spend 1,022.50; sales on days 3, 4, 6 (Bob at 23:30; in UTC it is day 7) and 7 (23:59)
# Cost per acquisition     1,022.50 / 4 = 255.625                                =    255.63
# ROAS                     (94 + 97 + 1,997 + 3,000.06) / 1,022.50 = 5.0739…     =      5.07
CARDS_OF_DAYS_3_TO_7 = ["2", "255.63", "5.07", "303"]
# With S-5 (500.00 today) and a row written by plain SQL (1,234.56 today) there are 9 sales
# Cost per acquisition     1,222.75 / 9 = 135.8611…                              =    135.86
# ROAS                     (191 + 11,497.10 + 500 + 1,234.56) / 1,222.75 = 10.977… =   10.98
CARDS_LATER = ["4", "135.86", "10.98", "303"]

NEWEST_FIRST = [
    ("<b>Dora</b>", "2500.00", "2026-01-17 23:30"),
    ("Ana Souza", "3000.00", "2026-01-17 14:00"),
    (LONG, "1000.04", "2026-01-08 00:00"),
    (EMOJI, "1000.03", "2026-01-07 23:59"),
    ("Bob Stone", "1997.00", "2026-01-06 23:30"),
    (FORMULA, "1000.02", "2026-01-04 10:00"),
    (IMAGE, "1000.01", "2026-01-03 10:00"),
]


def table(rows: Sequence[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


FILES = {
    "stripe.csv": STRIPE,
    "meta.csv": META,
    "zoom.csv": ZOOM,
    "contacts.csv": CONTACTS,
    "leads.csv": table(LEADS),
    "orders.csv": table(ORDERS),
    "sales.csv": table(SALES),
    "attendance.csv": table(ATTENDANCE),
}


def printed(served: Served, *arguments: str) -> list[str]:
    cards = json.loads(served.view3("show", "--json", *arguments))["cards"]
    names = ("high_ticket_sales_today", "cost_per_acquisition", "roas", "attendance_today")
    return [str(cards[name]) for name in names]


def rows(page: Page) -> list[tuple[str, str, str]]:
    cells = [row.locator("td").all_text_contents() for row in page.locator(".view3-sales tbody tr").all()]
    return [(name.strip(), price.strip().replace(",", ""), when.strip()) for name, _, price, when, *_ in cells]


def wait_for_rows(page: Page, count: int) -> None:
    expect(page.locator(".view3-count")).to_contain_text(f"of {count}")
    expect(page.locator(".view3-sales tbody tr")).to_have_count(count)


def drawn(page: Page) -> dict[str, dict[int, int]]:
    """Return the counts that the bars' heights stand for, by room and day, as the axes tell them."""
    board = page.locator(".view3-board").last
    days = [int(name.removeprefix("Day ")) for name in board.locator(".view3-names text").all_text_contents()]
    top = int((board.locator(".view3-scale text").last.text_content() or "").replace(",", ""))

    def counts(room: str) -> dict[int, int]:
        bars = board.locator(f"rect.view3-in-{room.lower()}").all()
        places = [[float((bar.get_attribute(name) or "").rstrip("%")) for name in ("x", "height")] for bar in bars]
        return {days[int(x * len(days) / 100)]: round(height * top / 100) for x, height in places if height}

    return {room: counts(room) for room in ("YouTube", "Zoom")}


def twin(page: Page) -> dict[str, dict[int, int]]:
    """Return the same numbers from the table behind the chart."""
    told: dict[str, dict[int, int]] = {"YouTube": {}, "Zoom": {}}
    for row in page.locator(".view3-twin tbody tr").all():
        for platform in told:
            count = row.locator(f".view3-{platform.lower()}").get_attribute("data-count")
            if count:
                told[platform][int(row.get_attribute("data-day") or 0)] = int(count)
    return told


@pytest.fixture
def served(serve: Serve, database_url: str, browser: Browser) -> Served:
    """A dashboard over the files above, taken in by `view3 import`."""
    served = serve(**SETTINGS, VIEW3_DATABASE_URL=database_url)
    for name, text in FILES.items():
        (served.folder / name).write_text(text)
    served.view3("init")
    served.view3("import", *FILES)
    served.start()
    return served


def test_from_export_files_to_the_page(served: Served, visit: Visit, tmp_path: Path):
    page = visit(served)

    assert shown(page) == printed(served) == CARDS
    assert twin(page) == drawn(page) == {"YouTube": {5: 812, 17: 300}, "Zoom": {5: 143, 17: 3}}
    assert rows(page) == NEWEST_FIRST
    credited = page.locator(".view3-sales tbody tr", has_text="Ana Souza").locator("td").all_text_contents()
    assert [text.strip() for text in credited[4:8]] == ["Launch", "Broad", "Video 1", "12"]
    hostile = page.locator(".view3-sales tbody tr").last.locator("td").all_text_contents()
    assert [text.strip() for text in hostile[4:7]] == [IMAGE] * 3

    sort_search_and_filter(page, served)
    download(page, served, tmp_path)
    new_data_appears(page, served)


def sort_search_and_filter(page: Page, served: Served) -> None:
    page.locator(".view3-sales th", has_text="HT Price").click()
    expect(page.locator(".view3-sales tbody tr").first).to_contain_text("1,000.01")
    assert [price for _, price, _ in rows(page)] == sorted((row[1] for row in NEWEST_FIRST), key=float)
    page.locator(".view3-sales th", has_text="Purchase Date").click()
    page.locator(".view3-sales th", has_text="Purchase Date").click()
    expect(page.locator(".view3-sales tbody tr").first).to_contain_text("Dora")

    page.get_by_label("Search").fill(IMAGE)
    wait_for_rows(page, 1)
    assert rows(page) == NEWEST_FIRST[-1:]
    page.get_by_label("Search").fill("")
    wait_for_rows(page, 7)
    for word in (IMAGE, FORMULA):
        page.get_by_label("Campaign").select_option(word)
        wait_for_rows(page, 1)
    page.get_by_label("Campaign").select_option("All campaigns")
    wait_for_rows(page, 7)

    first, last = page.locator(".view3-filter [type=range]").all()
    first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    last.focus()
    for _ in range(24):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".view3-twin tbody tr")).to_have_count(5)
    wait_for_rows(page, 4)
    assert shown(page) == printed(served, "--days", "3-7") == CARDS_OF_DAYS_3_TO_7
    assert rows(page) == NEWEST_FIRST[3:]
    assert twin(page) == {"YouTube": {5: 812}, "Zoom": {5: 143}}


def download(page: Page, served: Served, tmp_path: Path) -> None:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export CSV").click()
    saved, asked = tmp_path / "saved.csv", tmp_path / "asked.csv"
    waiting.value.save_as(saved)
    served.view3("sales", "--days", "3-7", "--csv", str(asked))
    told = list(csv.DictReader(io.StringIO(saved.read_text("utf-8-sig"))))

    assert saved.read_bytes() == asked.read_bytes()
    assert [row["HT Price"] for row in told] == [price for _, price, _ in NEWEST_FIRST[3:]]
    assert [row["Customer Name"] for row in told] == [EMOJI, "Bob Stone", f"'{FORMULA}", IMAGE]


def new_data_appears(page: Page, served: Served) -> None:
    page.get_by_role("button", name="Whole period").click()
    wait_for_rows(page, 7)
    today = page.locator('.view3-kpi[data-kpi="high-ticket-sales-today"] .view3-kpi-value')
    (served.folder / "later.csv").write_text(table(LATER))
    served.view3("import", "later.csv")
    expect(today).to_have_text("3", timeout=FRESH)
    expect(page.locator(".view3-sales tbody")).to_contain_text("Late Customer", timeout=FRESH)

    engine = sa.create_engine(served.environment["VIEW3_DATABASE_URL"].replace("mysql://", "mysql+pymysql://"))
    with engine.begin() as connection:  # as another program would, straight into the specification's table
        connection.exec_driver_sql(
            "INSERT INTO high_ticket_sales (customer_name, customer_email, product_name, price, purchase_date)"
            " VALUES ('Plain SQL', 'plain@example.com', 'Mastermind', 1234.56, '2026-01-17 20:00:00')"
        )
    engine.dispose()
    expect(today).to_have_text("4", timeout=FRESH)
    expect(page.locator(".view3-sales tbody")).to_contain_text("Plain SQL", timeout=FRESH)
    assert shown(page) == printed(served) == CARDS_LATER
