"""The command line, through the front door: what people type, what they read, and the exit codes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import view3
from analytics.database import DatabaseError, open_engine, writing
from analytics.migrate import upgrade
from connectors import inbox, look_ups

Run = Callable[..., Result]

LEADS = """lead_id,email,name,opted_in_at,utm_source,utm_medium,utm_campaign,utm_term,utm_content
L1,ana@example.com,Ana,2025-12-20T10:00:00-03:00,facebook,paid,FB_Jan,Broad,Video 1
L2,ana@example.com,Ana,2025-12-28T10:00:00-03:00,google,cpc,Brand,Exact,Text
L3,bo@example.com,Bo,2026-01-05T09:00:00-03:00,facebook,paid,fb_jan,Lookalike,Video 2
L4,cy@example.com,Cy,2026-01-09T09:00:00-03:00,,,,,
"""
SALES = """sale_id,customer_name,customer_email,product_name,price,currency,purchase_date,collected,refunded
S1,Ana Souza,ANA@example.com,Mastermind,4997.00,USD,2026-01-17T11:00:00-03:00,1000.00,
S2,Bo Lee,bo@example.com,Mastermind,4997.00,USD,2026-01-16T23:30:00-03:00,,497.10
S3,Cy Fox,cy@example.com,Coaching,2997.00,USD,2026-01-17T09:00:00-03:00,,
S4,Di Roe,di@example.com,Coaching,2997.00,USD,2026-01-10,,2997.00
S5,=cmd|' /C calc'!A0,eve@example.com,<img src=x onerror=alert(1)>,2997.00,EUR,2026-01-12T09:00:00-03:00,,
"""
ORDERS = """order_id,kind,email,name,product,price,currency,ordered_at,refunded
O1,vip,ana@example.com,Ana,VIP ticket,47.00,USD,2025-12-21T10:00:00-03:00,
O2,vip,bo@example.com,Bo,VIP ticket,47.00,USD,2026-01-05T10:00:00-03:00,47.00
O3,oto,bo@example.com,Bo,Workbook,97.00,USD,2026-01-05T10:05:00-03:00,
"""
SPEND = """date,platform,campaign,ad_set,ad,spend,currency
2025-12-20,meta,FB_Jan,Broad,Video 1,1200.10,USD
2026-01-05,meta,FB_Jan,Lookalike,Video 2,800.25,USD
2026-01-17,google,Brand,,,99.99,USD
"""
ATTENDANCE = """date,platform,participants,challenge_day
2026-01-01,youtube,512,1
2026-01-01,zoom,140,1
2026-01-02,zoom,131,2
2026-01-17,youtube,300,17
2026-01-17,zoom,90,17
"""


@pytest.fixture
def run(database_url: str) -> Run:
    """Runs a command on an empty database, on 17 January 2026 at 18:00 in São Paulo."""
    settings = {
        "VIEW3_DATABASE_URL": database_url,
        "VIEW3_CHALLENGE_START": "2026-01-01",
        "VIEW3_FUNNEL_START": "2025-12-01",
        "VIEW3_TIMEZONE": "America/Sao_Paulo",
        "VIEW3_CURRENCY": "USD",
        "VIEW3_NOW": "2026-01-17T18:00:00-03:00",
    }
    return lambda *words, **more: CliRunner().invoke(
        view3.main, [str(word) for word in words], env={**settings, **more}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file of each own template."""
    files = {"leads": LEADS, "sales": SALES, "orders": ORDERS, "spend": SPEND, "attendance": ATTENDANCE}
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def shown(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_own_exports_become_view_3_to_the_cent(run: Run, folder: Path) -> None:
    result = run("import", *sorted(folder.glob("*.csv")))
    assert result.exit_code == 0, result.output
    view = shown(run("show", "--json"))
    # By hand: 1200.10 + 800.25 + 99.99 spent; S1, S2, S3 and S4 are in USD, S5 counts but its money does not.
    assert view["as_of"] == "2026-01-17T18:00:00-03:00"
    assert view["period"] == {"from": "2025-12-01", "to": "2026-01-17"}
    assert view["challenge_day"] == 17
    assert view["cards"] == {
        "high_ticket_sales_today": 2,
        "high_ticket_sales_yesterday": 1,
        "cost_per_acquisition": "420.07",  # 2100.34 / 5
        "roas": "7.70",  # (94 + 97 + 15988) / 2100.34 = 7.7030
        "roas_net": "6.02",  # less 47 + 497.10 + 2997: 12637.90 / 2100.34 = 6.0171
        "roas_collected": "5.80",  # less the 3997 of S1 still to come: 12182 / 2100.34 = 5.8000
        "attendance_today": 390,
        "live": False,
    }
    assert view["totals"] == {
        "ad_spend": "2100.34",
        "vip_revenue": "94.00",
        "oto_revenue": "97.00",
        "high_ticket_revenue": "15988.00",
        "high_ticket_sales": 5,
        "net_revenue": "12637.90",
        "collected": "12182.00",
        "net_sales": 4,
        "at_risk": "0.00",
    }
    assert view["attendance"][0] == {"challenge_day": 1, "date": "2026-01-01", "youtube": 512, "zoom": 140}
    assert view["attendance"][1] == {"challenge_day": 2, "date": "2026-01-02", "youtube": None, "zoom": 131}
    assert [day["challenge_day"] for day in view["attendance"]] == list(range(1, 18))
    assert view["attribution"] == {
        "matched": 2,
        "unattributed": 3,
        "reasons": {"no UTM": 1, "no such person": 2},
        "by_order_utm": 0,
    }
    assert view["excluded"]["other_currency"] == 1
    assert view["checks"] == {
        "sales_add_up": True,
        "revenue_adds_up": True,
        "spend_adds_up": True,
        "money_is_conserved": True,
    }


def test_importing_again_changes_nothing(run: Run, folder: Path) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    before = shown(run("show", "--json"))
    again = run("import", *sorted(folder.glob("*.csv")))
    assert again.exit_code == 0
    told = [line for line in again.stdout.splitlines() if not line.startswith("  ")]
    assert len(told) == 5
    assert all(" 0 accepted, " in line and " 0 rejected" in line for line in told)
    assert shown(run("show", "--json")) == before


def test_a_dry_run_writes_nothing(run: Run, folder: Path) -> None:
    result = run("import", "--dry-run", folder / "sales.csv")
    assert "5 accepted" in result.stdout
    assert shown(run("show", "--json"))["totals"]["high_ticket_sales"] == 0


def test_bad_rows_go_to_a_file_of_their_own_and_take_nobody_with_them(run: Run, folder: Path) -> None:
    with (folder / "sales.csv").open("a") as file:
        file.write(
            "S6,Flo,flo@example.com,Coaching,-5.00,USD,2026-01-12,,\nS7,Gus,gus@example.com,Coaching,abc,USD,2026-01-12,,\n"
        )
    result = run("import", folder / "sales.csv")
    assert result.exit_code == view3.SOME_REJECTED
    assert "5 accepted, 0 already there, 2 rejected" in result.stdout
    rejects = (folder / "sales.csv.rejected.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rejects[0].startswith("line,reason,sale_id,")
    assert sorted(line.split(",")[0] for line in rejects[1:]) == ["7", "8"]
    assert any(line.startswith("7,a negative price (-5.00),S6,") for line in rejects)


def test_an_unusable_file_writes_nothing_and_says_what_to_export_instead(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("colour,size\nred,4\n")
    result = run("import", tmp_path / "x.csv", tmp_path / "missing.csv")
    assert result.exit_code == view3.UNUSABLE
    assert "x.csv" in result.stderr
    assert "missing.csv" in result.stderr


@pytest.mark.parametrize("kind", ["leads", "funnel-orders", "high-ticket-sales", "attendance", "ad-spend"])
def test_a_template_can_be_imported_as_it_is_printed(run: Run, tmp_path: Path, kind: str) -> None:
    printed = run("import", "--template", kind)
    assert printed.exit_code == 0
    path = tmp_path / f"{kind}.csv"
    path.write_text(printed.stdout, encoding="utf-8")
    result = run("import", path)
    assert result.exit_code == 0, result.output
    assert f": {kind}: 2 accepted" in result.stdout


def test_days_and_dates_name_the_same_period(run: Run, folder: Path) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    by_days = shown(run("show", "--json", "--days", "10-17"))
    by_dates = shown(run("show", "--json", "--from", "2026-01-10", "--to", "2026-01-17"))
    assert by_days == by_dates
    assert by_days["totals"]["high_ticket_sales"] == 5
    assert by_days["totals"]["vip_revenue"] == "0.00"
    assert by_days["totals"]["ad_spend"] == "99.99"


def test_the_sales_csv_holds_all_matching_rows_safely(run: Run, folder: Path) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    result = run("sales", "--csv", folder / "out.csv", "--sort", "customer")
    assert "Wrote 5 sales" in result.stdout
    raw = (folder / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfCustomer Name,HT Product,HT Price,Purchase Date,Original Campaign,")
    lines = raw.decode("utf-8-sig").split("\r\n")
    assert lines[1].startswith("'=cmd|' /C calc'!A0,<img src=x onerror=alert(1)>,2997.00,2026-01-12 09:00:00,,,,,")
    assert lines[2].startswith("Ana Souza,Mastermind,4997.00,2026-01-17 11:00:00,FB_Jan,Broad,Video 1,28,")
    assert lines[2].endswith(',USD,paid,matched,"same e-mail, typed differently",4997.00')


def test_the_sales_csv_counts_rows_and_not_line_ends(run: Run, tmp_path: Path) -> None:
    header, first, second, *_ = SALES.splitlines()
    sold = header, first, second.replace("Mastermind", '"Master\r\nmind"')
    (tmp_path / "sales.csv").write_text("\n".join(sold), encoding="utf-8", newline="")
    run("import", tmp_path / "sales.csv")
    assert run("sales", "--csv", tmp_path / "out.csv").stdout == f"Wrote 2 sales to {tmp_path / 'out.csv'}.\n"
    assert b'"Master\r\nmind"' in (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "customers"),
    [
        (["--campaign", "FB_JAN"], ["Ana Souza", "Bo Lee"]),
        (["--campaign", "(unattributed)"], ["Di Roe", "Cy Fox", "=cmd|"]),
        (["--product", "mastermind"], ["Ana Souza", "Bo Lee"]),
        (["--search", "LOOKALIKE"], ["Bo Lee"]),
        (["--search", "100%"], []),
        (["--days", "17"], ["Ana Souza", "Cy Fox"]),
    ],
)
def test_the_table_is_filtered(run: Run, folder: Path, words: list[str], customers: list[str]) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    listed = run("sales", *words).stdout.splitlines()[1:]
    assert len(listed) == len(customers)
    assert all(any(customer in line for line in listed) for customer in customers)


FOREIGN = (
    "INSERT INTO high_ticket_sales (customer_name, customer_email, product_name, price, purchase_date, utm_campaign)"
    " VALUES ('Plain SQL', 'plain@example.com', 'Mastermind', 1234.56, '2026-01-17 20:00:00', 'FB_Jan')"
)


@pytest.fixture
def written_by_others(run: Run, folder: Path, database_url: str) -> Run:
    """Runs a command on a database into which another program wrote a sale."""
    run("import", *sorted(folder.glob("*.csv")))
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(FOREIGN)
    engine.dispose()
    return run


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 6),
        (["--campaign", "fb_jan"], 3),
        (["--campaign", "(unattributed)"], 3),
        (["--product", "Mastermind"], 3),
        (["--search", "plain"], 1),
        (["--campaign", "fb_jan", "--product", "mastermind", "--search", "sql", "--sort", "days", "--days", "17"], 1),
    ],
)
def test_a_sale_of_another_program_is_in_every_table_and_file(
    written_by_others: Run, folder: Path, words: list[str], count: int
) -> None:
    listed = written_by_others("sales", *words)
    assert listed.exit_code == 0, listed.output
    assert len(listed.stdout.splitlines()) == 1 + count
    written = written_by_others("sales", *words, "--csv", folder / "out.csv")
    assert written.exit_code == 0, written.output
    assert len((folder / "out.csv").read_text("utf-8-sig").splitlines()) == 1 + count


def test_our_own_sales_table_says_what_it_is_and_counts_nothing_twice(written_by_others: Run, folder: Path) -> None:
    written_by_others("sales", "--csv", folder / "out.csv")
    before = shown(written_by_others("show", "--json"))
    told = written_by_others("import", folder / "out.csv")
    assert told.exit_code == 0, told.output
    assert "high-ticket-sales: 0 accepted, 0 already there, 0 rejected" in told.stdout
    assert "left out: 6 sales that this database has already" in told.stdout
    assert "This is the sales table that View 3 exports" in told.stdout
    assert shown(written_by_others("show", "--json"))["totals"] == before["totals"]


class TestAFileThatWasThere:
    OLD = "of yesterday"

    @pytest.fixture
    def old(self, run: Run, folder: Path) -> Path:
        run("import", *sorted(folder.glob("*.csv")))
        path = folder / "kept" / "out.csv"
        path.parent.mkdir()
        path.write_text(self.OLD)
        return path

    def test_it_stays_where_the_sales_cannot_be_read_to_the_end(self, run: Run, old: Path, monkeypatch) -> None:
        def breaking(rows: Iterable[object]) -> Iterator[str]:
            yield "the first lines"
            raise DatabaseError("The database went away.")

        monkeypatch.setattr("analytics.workbench.sales_csv", breaking)
        result = run("sales", "--csv", old)
        assert (result.exit_code, result.stderr) == (view3.FAILED, "Error: The database went away.\n")
        assert old.read_text() == self.OLD
        assert list(old.parent.iterdir()) == [old]

    def test_a_full_disk_is_a_sentence(self, run: Run, old: Path) -> None:
        full = old.with_name("full.csv")
        full.symlink_to("/dev/full")
        result = run("sales", "--csv", full)
        assert (result.exit_code, result.stderr) == (
            view3.FAILED,
            f"Error: Could not write {full}: No space left on device.\n",
        )
        assert full.is_symlink()

    def test_it_is_replaced_once_the_new_one_is_whole_and_a_link_to_it_stays(self, run: Run, old: Path) -> None:
        link = old.with_name("link.csv")
        link.symlink_to(old)
        assert run("sales", "--csv", link).exit_code == 0
        assert old.read_text("utf-8-sig").startswith("Customer Name,")
        assert link.is_symlink()
        assert sorted(old.parent.iterdir()) == [link, old]

    def test_a_folder_that_cannot_be_written_to_is_a_sentence(self, run: Run, old: Path) -> None:
        result = run("sales", "--csv", old / "below.csv")
        assert result.exit_code == view3.FAILED
        assert "Could not write" in result.stderr


def test_explain_tells_every_opt_in_and_its_verdict(run: Run, folder: Path) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    told = shown(run("explain", "5", "--json"))
    assert told["campaign"] == "FB_Jan"
    assert told["days_from_lead_to_sale"] == 28
    assert [(one["id"], one["verdict"]) for one in told["candidates"]] == [
        ("L1", "first touch"),
        ("L2", "a later opt-in than the first touch"),
    ]
    assert "Credited to campaign FB_Jan" in run("explain", "5").stdout


def test_attribute_says_how_many_changed(run: Run, folder: Path) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    assert run("attribute").stdout == "0 sales changed.\n"


def test_a_purchase_that_no_pattern_names_waits_and_is_counted_once_one_does(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "payments.csv"
    path.write_text(
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Status,Description,Customer Email\n"
        'ch_1,2026-01-15 20:38:34,"4,997.00",0.00,usd,true,Paid,Inner Circle Mastermind,ana@example.com\n'
        "ch_2,2026-01-15 20:39:34,97.00,0.00,usd,true,Failed,Inner Circle Mastermind,bo@example.com\n"
    )
    result = run("import", path)
    assert result.exit_code == 0, result.output
    assert "1 accepted" in result.stdout
    assert "1 match no pattern" in result.stdout
    assert shown(run("show", "--json"))["excluded"]["unclassified"] == 1
    assert "Inner Circle Mastermind  4997.00 USD" in run("inbox", "list").stdout
    assert "1 purchases were classified" in run("inbox", "retry", VIEW3_HIGH_TICKET="*mastermind*").stdout
    view = shown(run("show", "--json"))
    assert view["totals"]["high_ticket_revenue"] == "4997.00"
    assert view["excluded"]["unclassified"] == 0


def test_the_demo_makes_today_day_17_and_never_touches_real_rows(run: Run, folder: Path) -> None:
    assert "today is Day 17 of 31" in run("demo", VIEW3_CHALLENGE_START="").stdout
    assert run("demo", VIEW3_CHALLENGE_START="").exit_code == 0
    view = shown(run("show", "--json", VIEW3_CHALLENGE_START=""))
    assert view["challenge_day"] == 17
    assert view["cards"]["live"] is True
    assert all(view["checks"].values())
    run("import", folder / "leads.csv", VIEW3_CHALLENGE_START="")
    refused = run("demo", VIEW3_CHALLENGE_START="")
    assert refused.exit_code == view3.FAILED
    assert "holds real rows" in refused.stderr


def test_the_demo_fills_a_database_that_was_just_made(bare_database_url: str) -> None:
    settings = {"VIEW3_DATABASE_URL": bare_database_url, "VIEW3_CHALLENGE_START": ""}
    for command in ("init", "demo"):
        done = CliRunner().invoke(view3.main, [command], env=settings)
        assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "--days", "0-3"], "There is no Day 0"),
        (["show", "--days", "5-3"], "cannot end"),
        (["show", "--days", "x"], "not a range of days"),
        (["show", "--days", "1-3", "--from", "2026-01-01"], "not both"),
        (["show", "--from", "2026-31-01"], "not a date"),
        (["show", "--now", "soon"], "not a moment"),
        (["sales", "--sort", "colour"], "no column to sort by"),
        (["explain", "999"], "no high-ticket sale 999"),
        (["import"], "at least one file"),
        (["import", "--template", "cakes"], "cakes"),
    ],
)
def test_a_users_error_is_a_sentence_and_never_a_traceback(run: Run, words: list[str], sentence: str) -> None:
    run("init")
    result = run(*words)
    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("VIEW3_TIMEZONE", "Brasilia", "is not a time zone"),
        ("VIEW3_CHALLENGE_START", "soon", "VIEW3_CHALLENGE_START"),
        ("VIEW3_DATABASE_URL", "postgresql://user:secret@host/x", "not on postgresql"),
        ("VIEW3_DATABASE_URL", "mysql://user:secret@127.0.0.1:1/x", "did not answer"),
    ],
)
def test_a_bad_setting_is_told_without_its_secret(run: Run, setting: str, value: str, sentence: str) -> None:
    result = run("show", **{setting: value})
    assert result.exit_code == view3.FAILED
    assert sentence in result.stderr
    assert "secret" not in result.output + result.stderr


def test_tables_that_are_missing_are_named_with_the_command_that_makes_them(run: Run, bare_database_url: str) -> None:
    result = run("show", VIEW3_DATABASE_URL=bare_database_url)
    assert result.exit_code == view3.FAILED
    assert "view3 init" in result.stderr


def test_doctor_fails_without_tables_and_passes_with_them(run: Run, bare_database_url: str) -> None:
    bare = {"VIEW3_DATABASE_URL": bare_database_url}
    assert run("doctor", **bare).exit_code == view3.FAILED
    run("init", **bare)
    healthy = run("doctor", **bare)
    assert healthy.exit_code == 0, healthy.output
    assert "2026-01-17 18:00:00 in America/Sao_Paulo (frozen by VIEW3_NOW)" in healthy.stdout


def test_show_for_people_prints_the_same_figures(run: Run, folder: Path) -> None:
    run("import", *sorted(folder.glob("*.csv")))
    text = run("show").stdout
    for figure in (
        "420.07 USD",
        "7.70×",
        "6.02×",
        "5.80×",
        "15,988.00 USD",
        "2 of 5 sales",
        "Left out, other currency: 1",
    ):
        assert figure in text


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, view3; print(sorted({'pandas', 'sqlalchemy', 'plotly', 'pydantic', 'voila'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [("show",), ("doctor",), ("drain", "--once"), ("inbox", "list")])
def test_output_that_cannot_be_written_is_a_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        found = subprocess.run(
            [sys.executable, "-c", "import view3; view3.main()", *command],
            env={**os.environ, "VIEW3_DATABASE_URL": f"sqlite:///{_upgraded(tmp_path)}"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (found.returncode, found.stderr) == (1, "Error: The output cannot be used: No space left on device.\n")


def _upgraded(folder: Path) -> Path:
    engine = open_engine(f"sqlite:///{folder}/view3.db")
    upgrade(engine)
    engine.dispose()
    return folder / "view3.db"


@pytest.mark.parametrize("command", ["receive", "serve"])
@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_cannot_be_is_refused(run: Run, command: str, port: str) -> None:
    refused = run(command, "--port", port)
    assert refused.exit_code == 2
    assert "is not in the range 1<=x<=65535" in refused.stderr


def arrive(url: str, age: timedelta, state: inbox.State) -> None:
    """Put an event into the inbox, and a look-up that fails."""
    engine, now = open_engine(url), datetime(2026, 1, 17, 21, tzinfo=UTC)
    upgrade(engine)
    event = inbox.Event("stripe", f"evt_{state}", "x", b"{}", now - age)
    with writing(engine) as connection:
        inbox.keep(connection, [event])
        inbox.mark(connection, {event.key: (state, "data.object is missing")}, now)
        look_ups.claim(connection, ("stripe", "cs_1"), now - age)
        failed = look_ups.Result(("stripe", "cs_1"), look_ups.State.WAITING, error="Stripe refuses the key")
        look_ups.record(connection, [failed], now - age)
    engine.dispose()


def test_what_waits_stands_in_every_place_that_people_look_at(run: Run, database_url: str) -> None:
    arrive(database_url, timedelta(hours=2), inbox.State.SET_ASIDE)
    told = run("inbox", "list").stdout
    assert "stripe:cs_1  product not known yet  since 2026-01-17 19:00  waiting after 1 tries" in told
    assert "Stripe refuses the key" in told
    aside = "1 event set aside, because they cannot be read, the oldest since 2026-01-17 16:00"
    product = "1 purchase whose product is not known yet, the oldest since 2026-01-17 16:00"
    assert f"{aside}.\n{product}." in told
    checked = run("doctor")
    assert f"FAIL  inbox       {aside}" in checked.stdout
    assert f"FAIL  inbox       {product}" in checked.stdout
    assert f"OVERDUE: {aside}" in run("show").stdout
    figures = shown(run("show", "--json"))["backlog"]
    assert figures["set_aside"] == {"count": 1, "oldest": "2026-01-17T19:00:00+00:00"}
    assert run("inbox", "dismiss", "stripe:evt_set aside", "--by", "Ana").exit_code == 0
    assert "dismissed by Ana" in run("inbox", "show", "stripe:evt_set aside").stdout
    assert run("inbox", "dismiss", "stripe:evt_set aside").exit_code == 1
    assert aside not in run("inbox", "list").stdout


def test_nothing_waits_and_the_doctor_says_so(run: Run, database_url: str) -> None:
    run("init")
    assert "ok    inbox       everything that arrived is settled" in run("doctor").stdout


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "note  webhook     /webhooks/events is off: VIEW3_EVENTS_TOKEN is not set"),
        ({"VIEW3_EVENTS_TOKEN": "a-long-word"}, "ok    webhook     /webhooks/events is on\n"),
        (
            {"VIEW3_EVENTS_TOKEN": "a-long-word", "VIEW3_EVENTS_SECRET": "between-us"},
            "ok    webhook     /webhooks/events is on, signed requests only\n",
        ),
    ],
)
def test_doctor_tells_whether_other_tools_can_send_events(run: Run, settings: dict[str, str], words: str) -> None:
    run("init")
    told = run("doctor", **settings).stdout
    assert words in told
    assert "a-long-word" not in told
    assert "between-us" not in told


def test_events_of_a_file_are_figures(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(run("import", "--template", "events").stdout + '{"type": "sale"}\n')
    first, again = run("import", path), run("import", path)
    assert "events: 2 accepted, 0 already there, 1 rejected" in first.stdout
    assert "events: 0 accepted, 2 already there, 1 rejected" in again.stdout
    assert first.exit_code == 3
    assert shown(run("show", "--now", "2026-01-18T12:00", "--json"))["totals"]["high_ticket_revenue"] == "3000.00"
