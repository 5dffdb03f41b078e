"""The whole way: the command, the real notebook, Chromium, a real mail server; also killed half-way."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from analytics.workbench import Workbench
from reports.daily import REPORT, Ending
from reports.deliveries import Deliveries, State
from tests.reports.conftest import MORNING, RECIPIENTS, SATURDAY, ZONE, Post, Serve
from tests.reports.test_letter import cells, html_of, text_of
from view3 import main

VIEW3 = Path(sys.executable).with_name("view3")
SECRET = "hunter2-very-secret"
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def environment(workbench: Workbench, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIEW3_")}
    return kept | {
        "VIEW3_DATABASE_URL": workbench.settings.database_url.get_secret_value(),
        "VIEW3_CHALLENGE_START": "2026-01-01",
        "VIEW3_FUNNEL_START": "2025-12-01",
        "VIEW3_PREVIOUS_START": "2025-08-01",
        "VIEW3_TIMEZONE": ZONE,
        "VIEW3_NOW": MORNING.isoformat(),
        "VIEW3_REPORT_FROM": "View 3 <view3@example.com>",
        "VIEW3_REPORT_TO": ",".join(RECIPIENTS),
        **more,
    }


def view3(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([VIEW3, *words], env=environment, capture_output=True, text=True, timeout=240, check=False)


def within(environment: dict[str, str], *words: str) -> Result:
    """Run the command line in this process, where no process is what is tried."""
    return CliRunner().invoke(main, words, env={**dict.fromkeys(os.environ, None), **environment})


def first_of(post: Post, address: str) -> EmailMessage:
    (message,) = post.got(address)
    return message


def test_the_snapshot_arrives_and_says_what_the_page_says(workbench: Workbench, serve: Serve, tmp_path: Path) -> None:
    post = serve(login=SECRET)
    given = environment(workbench, VIEW3_SMTP_URL=f"smtp://view3:{SECRET}@127.0.0.1:{post.port}")
    out = tmp_path / "out"
    sent = view3(given, "report", "--out", str(out))
    assert (sent.returncode, sent.stderr) == (0, f"The report of {SATURDAY} was sent to 3 of 3 recipients.\n")
    again = view3(given, "report", "--out", str(out))
    assert (again.returncode, len(post.taken)) == (0, 3)
    message, folder = first_of(post, "ana@example.com"), out / str(SATURDAY)
    _equals_the_page(given, message)
    _has_its_files(given, message, folder)
    _shows_bars((folder / "attendance.png").read_bytes())
    for file in folder.iterdir():
        assert SECRET not in file.read_bytes().decode("utf-8", "ignore"), file
    notebook = nbformat.read(folder / "daily_snapshot.ipynb", as_version=4)
    assert notebook.metadata.papermill.parameters == {"date": str(SATURDAY), "as_of": MORNING.isoformat()}


def _equals_the_page(given: dict[str, str], message: EmailMessage) -> None:
    shown = json.loads(view3(given, "show", "--json", "--now", f"{SATURDAY}T23:59:59").stdout)
    text, soup = text_of(message), html_of(message)
    assert f"Cost per acquisition: {shown['cards']['cost_per_acquisition']} USD" in text
    assert f"ROAS (full funnel): {shown['cards']['roas']}×" in text
    money = dict(row for row in cells(soup, "Money of the period") if len(row) == 2)
    assert money["Ad spend"] == shown["totals"]["ad_spend"]
    assert money["High-ticket revenue"] == shown["totals"]["high_ticket_revenue"]


def _has_its_files(given: dict[str, str], message: EmailMessage, folder: Path) -> None:
    attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    csv = folder / "query.csv"
    view3(given, "sales", "--from", str(SATURDAY), "--to", str(SATURDAY), "--csv", str(csv))
    assert attached[f"view3-sales-{SATURDAY}.csv"] == csv.read_bytes()
    page = attached[f"view3-{SATURDAY}.html"]
    assert isinstance(page, bytes)
    assert b"<script" not in page
    assert b"http://" not in page
    assert b"https://" not in page
    assert b"page.cards()" not in page
    for name, content in attached.items():
        assert (folder / str(name)).read_bytes() == content
    if "browser" not in os.environ.get("VIEW3_TEST_WITHOUT", ""):
        pdf = attached[f"view3-{SATURDAY}.pdf"]
        assert isinstance(pdf, bytes)
        assert pdf.startswith(b"%PDF")


def _shows_bars(png: bytes) -> None:
    """Find a blue and a violet bar at the left for Day 1, and nothing between Day 2 and Day 15."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    width, height = picture.size
    box = picture.crop((width // 14, height // 4, width, height))
    blue, violet = (59, 130, 246), (147, 51, 234)
    rows = range(0, box.height, 3)
    columns = {  # a bar fills most of a column below its top; a hatch does not
        colour: [x for x in range(box.width) if sum(box.getpixel((x, y)) == colour for y in rows) > len(rows) // 8]
        for colour in (blue, violet)
    }
    assert columns[blue]
    assert columns[violet]
    gaps = [later - earlier for earlier, later in zip(columns[blue], columns[blue][1:], strict=False)]
    assert max(gaps) > box.width // 4  # fourteen unknown days


def test_a_run_killed_between_two_recipients_goes_on(workbench: Workbench, post: Post, tmp_path: Path) -> None:
    given = environment(workbench, VIEW3_SMTP_URL=post.url)
    post.at_recipient["bo@example.com"] = ["451 wait"] * 4
    command = [str(VIEW3), "report", "--out", str(tmp_path / "out")]
    with subprocess.Popen(command, env=given, stderr=subprocess.PIPE) as running:
        _until(lambda: bool(post.taken) and len(post.at_recipient["bo@example.com"]) < 4)
        assert view3(given, "report", "--out", str(tmp_path / "out")).returncode == Ending.BUSY
        running.send_signal(signal.SIGKILL)
    rows = Deliveries(workbench.engine, REPORT).of(SATURDAY)
    assert [rows[who].state for who in RECIPIENTS] == [State.SENT, State.SENDING, State.PENDING]
    post.at_recipient.clear()
    assert view3(given, "report", "--out", str(tmp_path / "out")).returncode == 0
    assert sorted(whom for whom, _ in post.taken) == ["ana@example.com", "bo@example.com", "cy@example.com"]
    assert first_of(post, "bo@example.com")["Message-ID"] == rows[RECIPIENTS[1]].message_id


def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(1200):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize(
    ("words", "more", "code", "sentence"),
    [
        ([], {"VIEW3_SMTP_URL": ""}, 2, "VIEW3_SMTP_URL must be set before anything can be sent"),
        ([], {"VIEW3_SMTP_URL": "http://x"}, 2, "VIEW3_SMTP_URL: Value error, write smtp://"),
        ([], {"VIEW3_REPORT_TO": "ana@x.com\r\nBcc: b@x.com"}, 2, "is not a mail address"),
        (["--date", "yesterday"], {}, 2, "'yesterday' is not a date such as 2026-01-03."),
        (["--date", "2026-01-19"], {}, 2, "2026-01-19 has not begun yet."),
        (["--no-send", "--again"], {}, 2, "Choose --no-send or --again, not both."),
        (["--now", "soon"], {}, 2, "'soon' is not a moment"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(
    quick_workbench: Workbench, words: list[str], more: dict[str, str], code: int, sentence: str
) -> None:
    given = environment(quick_workbench, **{"VIEW3_SMTP_URL": "smtp://127.0.0.1:1", **more})
    result = within(given, "report", *words)
    assert result.exit_code == code, result.stderr
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_doctor_greets_the_mail_server_and_mails_nothing(quick_workbench: Workbench, post: Post) -> None:
    def mail_line(url: str) -> str:
        told = within(environment(quick_workbench, VIEW3_SMTP_URL=url), "doctor")
        return next(line for line in told.stdout.splitlines() if "  mail " in line)

    assert (
        mail_line(post.url)
        == f"ok    mail        127.0.0.1:{post.port} answers; the daily snapshot goes to 3 recipients"
    )
    assert mail_line("") == "note  mail        VIEW3_SMTP_URL not set: the daily snapshot is not sent"
    away = mail_line(f"smtp://view3:{SECRET}@127.0.0.1:1")
    assert away.startswith("FAIL  mail        127.0.0.1:1 did not answer")
    assert SECRET not in away
    assert post.taken == []
