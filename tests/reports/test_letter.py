"""The mail, taken apart again: its figures are those of `view3 show --json`, and strangers' texts stay texts."""

import csv
import io
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from analytics.figures import figures
from analytics.records import AdSpend, Dispute, DisputeState, Lead, Record, Utm
from analytics.sales_csv import sales_csv
from analytics.workbench import Workbench
from reports import changes
from reports.letter import Enclosure, Envelope, addressed, compose, edition_of, message_id, notice, subject
from reports.settings import ReportSettings
from reports.snapshot import Snapshot, read_snapshot
from tests.reports.conftest import ACCENTS, HOSTILE, MORNING, PIXEL, SATURDAY, at, sale, settings_for, tell

ENVELOPE = Envelope("View 3 <view3@example.com>", MORNING)
NOTHING = Enclosure(PIXEL, ())


def snapshot_of(workbench: Workbench, on: date = SATURDAY, settings: ReportSettings | None = None) -> Snapshot:
    return read_snapshot(workbench, settings or settings_for(), on, workbench.now())


def received(snapshot: Snapshot, enclosure: Enclosure = NOTHING) -> EmailMessage:
    sent = addressed(compose(snapshot, ENVELOPE, enclosure).as_bytes(), "Ana <ana@example.com>", "<1.1.1@example.com>")
    message: EmailMessage = message_from_bytes(sent, policy=policy.default)
    return message


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> BeautifulSoup:
    body = message.get_body(("html",))
    assert body is not None
    return BeautifulSoup(body.get_content(), "html.parser")


def words(soup: BeautifulSoup) -> str:
    """Return what a reader reads, thousands joined as they are."""
    for span in soup.select("span"):
        span.unwrap()
    soup.smooth()
    return " ".join(soup.get_text(" ").split())


def cells(soup: BeautifulSoup, heading: str) -> list[list[str]]:
    """Return the rows of the table under a heading."""
    table = soup.find("h2", string=heading).find_next("table")  # type: ignore[union-attr]
    return [["".join(cell.get_text().split("\n")).strip() for cell in row.select("td")] for row in table.select("tr")]  # type: ignore[union-attr]


def test_the_figures_are_those_of_the_page_digit_for_digit(workbench: Workbench) -> None:
    snapshot = snapshot_of(workbench)
    view = workbench.view(now=workbench.challenge.last_second_of(SATURDAY))
    told, message = figures(view), received(snapshot)
    text, soup = text_of(message), html_of(message)
    assert snapshot.view == view
    labels = ("High-ticket sales", "Cost per acquisition", "ROAS (full funnel)", "Attendance")
    names = ("high_ticket_sales_today", "cost_per_acquisition", "roas", "attendance_today")
    expected = {label: str(told["cards"][name]) for label, name in zip(labels, names, strict=True)}
    assert expected == {
        "High-ticket sales": "2",
        "Cost per acquisition": "433.36",
        "ROAS (full funnel)": "10.03",
        "Attendance": "420",
    }
    for label, value in expected.items():
        assert re.search(rf"^{re.escape(label)}: {re.escape(value)}\b", text, re.MULTILINE)
        card = soup.find("p", string=label).find_next("p")  # type: ignore[union-attr]
        assert re.sub(r"[^\d.]", "", card.get_text()) == value  # type: ignore[union-attr]
    money = dict(row for row in cells(soup, "Money of the period") if len(row) == 2)
    for label, name in (
        ("Ad spend", "ad_spend"),
        ("VIP revenue", "vip_revenue"),
        ("Net of refunds", "net_revenue"),
        ("Collected", "collected"),
    ):
        assert money[label] == told["totals"][name]
        assert f"{label}: {told['totals'][name]}\n" in text
    for day in told["attendance"]:
        rooms = " / ".join("?" if day[room] is None else str(day[room]) for room in ("youtube", "zoom"))
        assert f"Day {day['challenge_day']}, {day['date']}: {rooms}\n" in text
    assert message["Subject"] == "2026-01-17, Day 17: 2 high-ticket sales"


@pytest.mark.parametrize("number", range(1, 7))
def test_the_mail_holds_as_many_cards_as_there_are_two_in_a_row(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    labels = [f"Figure {one}" for one in range(number)]
    figures = tuple(replace(changes.FIGURES[0], label=label) for label in labels)
    monkeypatch.setattr(changes, "FIGURES", figures)
    message = received(snapshot_of(workbench))
    rows = [row.select("td") for row in html_of(message).select("table.cards tr")]
    assert [str(cell.select_one(".label").string) for row in rows for cell in row] == labels  # type: ignore[union-attr]
    assert {sum(int(str(cell.get("colspan", "1"))) for cell in row) for row in rows} == {2}
    assert re.findall(r"^(Figure \d): 2$", text_of(message), re.MULTILINE) == labels


def test_campaigns_stand_in_both_twins_with_the_unattributed_row(workbench: Workbench) -> None:
    tell(workbench, sale(77, "Nobody's", "100.00", at(17, 15)))
    message = received(snapshot_of(workbench))
    rows = {row[0]: row[1:] for row in cells(html_of(message), "Campaigns") if row}
    assert rows["FB_Jan"] == ["1200.10", "2", "600.05", "9994.00", "8.33"]
    assert rows["Brand"] == ["99.99", "0", "—", "0.00", "0.00"]
    assert rows["Unattributed"] == ["—", "1", "—", "147.00", "—"]
    assert rows["Total"] == ["1300.09", "4", "325.02", "13138.10", "10.11"]
    text = text_of(message)
    assert "FB_Jan: spend 1200.10, sales 2, per sale 600.05, revenue 9994.00, ROAS 8.33×" in text
    assert "Unattributed: spend —, sales 1, per sale —, revenue 147.00, ROAS —" in text


def test_only_campaigns_that_brought_opt_ins_are_said_to_have_brought_them(workbench: Workbench) -> None:
    came: list[Record] = [
        Lead("cf", "L70", "q@x.com", at(6, 9), utm=Utm(campaign="Quiet")),
        Lead("cf", "L71", "r@x.com", at(6, 9)),  # by no campaign
        AdSpend(SATURDAY, "google", Decimal(55), "EUR", "google_ads", campaign="Elsewhere"),
    ]
    assert "brought opt-ins" not in text_of(received(snapshot_of(workbench)))
    tell(workbench, *came)
    message = received(snapshot_of(workbench))
    assert "1 more campaign brought opt-ins, but no spend and no sale." in text_of(message)
    assert "1 more campaign brought opt-ins" in words(html_of(message))


def test_money_in_open_disputes_is_told_where_there_is_any(workbench: Workbench) -> None:
    assert "At risk" not in text_of(received(snapshot_of(workbench)))
    opened = Dispute("stripe", "du_1", "stripe:s1", Decimal("4997.00"), "USD", DisputeState.OPEN, at(17, 20))
    tell(workbench, opened)
    message = received(snapshot_of(workbench))
    assert "At risk in disputes: 4997.00\n" in text_of(message)
    assert ["At risk in disputes", "4997.00"] in cells(html_of(message), "Money of the period")


def test_changes_against_the_day_before_and_the_previous_challenge(workbench: Workbench) -> None:
    text = text_of(received(snapshot_of(workbench)))
    assert "High-ticket sales: 2\n  +1 from 1 the day before\n  +1 from 1 on Day 17 of the previous challenge" in text
    assert "  −180 from 600 the day before\n  not comparable with Day 17 of the previous challenge" in text
    assert "  −766.74 from 1200.10 the day before\n  −66.64 from 500.00 on Day 17 of the previous challenge" in text
    assert "What stands out: ROAS (full funnel) rose by 139 % against the day before, from 4.20 to 10.03." in text


def test_without_a_previous_challenge_nothing_is_said_of_it(workbench: Workbench) -> None:
    workbench.settings = workbench.settings.model_copy(update={"previous_start": None})
    assert "previous challenge" not in text_of(received(snapshot_of(workbench)))
    workbench.settings = workbench.settings.model_copy(update={"previous_start": date(2024, 1, 1)})
    assert snapshot_of(workbench).previous is None  # nothing is known of it


def test_the_csv_equals_the_query_and_the_attachment(workbench: Workbench, tmp_path: Path) -> None:
    snapshot = snapshot_of(workbench)
    file = tmp_path / "sales.csv"
    file.write_text("".join(sales_csv(snapshot.sales)), encoding="utf-8", newline="")
    message = received(snapshot, Enclosure(PIXEL, (file,)))
    (attached,) = message.iter_attachments()
    assert attached.get_payload(decode=True) == file.read_bytes()
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [(row["Customer Name"], row["HT Price"]) for row in rows] == [(HOSTILE, "2997.10"), (ACCENTS, "4997.00")]


def test_names_stay_text_and_accents_survive(workbench: Workbench) -> None:
    message = received(snapshot_of(workbench))
    soup = html_of(message)
    assert [image["src"] for image in soup.select("img")] == ["cid:attendance@view3"]
    assert soup.select("script, link, iframe, [onerror]") == []
    for told in (text_of(message), words(soup)):
        assert ACCENTS in told
        assert HOSTILE in told
    assert re.findall(r"(?:src|href|url)[=(]\W?https?:", str(soup)) == []


def test_a_campaign_cannot_write_headers(workbench: Workbench) -> None:
    message = received(snapshot_of(workbench))
    assert message["Bcc"] is None
    assert f"Evil Bcc: thief@example.com{HOSTILE}"[:59] in text_of(message)
    assert sorted(message.keys()) == [
        "Auto-Submitted", "Content-Type", "Date", "From", "List-Id", "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert message["To"] == "Ana <ana@example.com>"
    assert message["List-Id"] == "View 3 daily snapshot <daily-snapshot.view3.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("recipient", ["a@x.com\r\nBcc: b@x.com", "a@x.com\nBcc: b@x.com"])
def test_a_recipient_cannot_write_headers(workbench: Workbench, recipient: str) -> None:
    whole = compose(snapshot_of(workbench), ENVELOPE, NOTHING).as_bytes()
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        addressed(whole, recipient, "<1@x>")
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        notice(ENVELOPE, "ops@x.com", "<1@x>", "Failed\r\nBcc: b@x.com", ["no"])


def test_names_are_masked_everywhere(workbench: Workbench) -> None:
    snapshot = snapshot_of(workbench, settings=settings_for(report_mask_names=True))
    assert [row.customer_name for row in snapshot.sales] == ["<. s. o.", "Z. M."]
    message = received(snapshot)
    for told in (text_of(message), str(html_of(message)), "".join(sales_csv(snapshot.sales))):
        assert "Müller" not in told
        assert "Zoë" not in told


def test_a_stale_source_is_the_first_line(workbench: Workbench) -> None:
    settings = settings_for(report_stale_hours={"": 0, "meta_ads": 48})
    snapshot = snapshot_of(workbench, settings=settings)
    warning = "Incomplete: nothing recent from meta_ads (newest: 2026-01-05 23:59)."
    message = received(snapshot)
    assert text_of(message).splitlines()[0] == warning
    body = html_of(message).body
    assert body is not None
    assert next(body.stripped_strings) == warning
    assert snapshot_of(workbench, settings=settings_for()).warning == ""


def test_a_day_before_anything_happened_says_so(quick_workbench: Workbench) -> None:
    empty = replace(snapshot_of(quick_workbench, date(2025, 6, 1)), sources=(), sales=())
    text = text_of(received(empty))
    assert text.startswith("Incomplete: no source has told anything yet.")
    assert "Cost per acquisition: — (no ad spend data)" in text
    assert "No high-ticket sale on this day." in text
    assert "Nothing that can be compared changed against the day before." in text


def test_files_are_left_out_largest_first(tmp_path: Path) -> None:
    files = []
    for name, size in (("small.csv", 10), ("large.pdf", 900_000), ("middle.html", 300_000)):
        (tmp_path / name).write_bytes(b"x" * size)
        files.append(tmp_path / name)
    kept = Enclosure(PIXEL, tuple(files)).within(0.5)
    assert [file.name for file in kept.files] == ["small.csv", "middle.html"]
    assert kept.missing == ("large.pdf is too large to be attached; it is kept where the report runs",)
    assert kept.within(0.5) == kept
    assert kept.short().files == ()


def test_many_sales_are_cut_and_counted(quick_workbench: Workbench) -> None:
    snapshot = snapshot_of(quick_workbench)
    many = replace(snapshot, sales=snapshot.sales * 25)
    for told in (text_of(received(many)), words(html_of(received(many)))):
        assert "10 more sales stand in the attached CSV." in told


def test_the_same_figures_make_the_same_message(workbench: Workbench) -> None:
    first, second = (compose(snapshot_of(workbench), ENVELOPE, NOTHING).as_bytes() for _ in range(2))
    assert first == second


def test_later_facts_do_not_change_an_earlier_day_unless_they_are_about_it(workbench: Workbench) -> None:
    before = snapshot_of(workbench)
    tell(workbench, Lead("cf", "x", "later@x.com", at(18, 6), utm=Utm(campaign="FB_Jan")))
    tell(workbench, sale(80, "Sunday Buyer", "10.00", at(18, 6)))
    after = snapshot_of(workbench)
    assert (before.identity, subject(before)) == (after.identity, subject(after))
    tell(workbench, sale(81, "Saturday Buyer", "10.00", at(17, 6)))
    assert snapshot_of(workbench).identity != before.identity


def test_today_is_told_up_to_now(workbench: Workbench) -> None:
    sunday = SATURDAY + timedelta(days=1)
    assert snapshot_of(workbench, sunday).view.as_of == workbench.challenge.local_time(MORNING)


def test_every_message_has_an_id_of_its_own() -> None:
    ids = {message_id(ENVELOPE, what, who, edition) for what in "ab" for who in ("x@x", "y@y") for edition in (1, 2)}
    assert len(ids) == 8
    assert {edition_of(one) for one in ids} == {1, 2}
    assert edition_of("") == 0


def test_phone_and_desk_see_styles_without_a_style_sheet(workbench: Workbench) -> None:
    soup = html_of(received(snapshot_of(workbench)))
    assert all("style" in cell.attrs for cell in soup.select(".card, .rows td, h1, h2"))
    assert "prefers-color-scheme: dark" in "".join(style.get_text() for style in soup.select("style"))


def test_a_buyer_who_costs_less_is_good_and_an_emptier_room_is_not(quick_workbench: Workbench) -> None:
    soup = html_of(received(snapshot_of(quick_workbench)))
    marks = {text: span["class"] for span in soup.select(".good, .bad") if "−" in (text := span.get_text())}
    assert marks == {"▼\xa0−766.74": ["good"], "▼\xa0−66.64": ["good"], "▼\xa0−180": ["bad"]}
