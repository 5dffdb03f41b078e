"""Who gets what, what is recorded, and what a second run does, whatever the mail server or the notebook do."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from analytics.database import writing
from analytics.queries import costs
from analytics.schema import report_runs
from reports.daily import NOTICE, REPORT, Ending, Wish, reports
from reports.deliveries import BusyError, Deliveries, Delivery, State, alone
from reports.runner import RunError
from tests.reports.conftest import MORNING, OPERATOR, RECIPIENTS, SATURDAY, Bench, Post, at, sale, settings_for, tell

ANA, BO, CY = "ana@example.com", "bo@example.com", "cy@example.com"
EVERYONE = (ANA, BO, CY)


def recorded(bench: Bench, on: date = SATURDAY, report: str = REPORT) -> dict[str, State]:
    return {who: row.state for who, row in Deliveries(bench.workbench.engine, report).of(on).items()}


def counts(post: Post) -> list[int]:
    return [len(post.got(who)) for who in EVERYONE]


def test_everyone_gets_it_once_and_a_second_run_sends_nothing(bench: Bench, post: Post) -> None:
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]
    assert bench.runs == 1
    assert set(recorded(bench).values()) == {State.SENT}
    assert len({post.got(who)[0]["Message-ID"] for who in EVERYONE}) == 3
    assert [post.got(who)[0]["To"] for who in EVERYONE] == list(RECIPIENTS)
    assert bench.said[-1] == f"The report of {SATURDAY} was already sent; --again sends it once more."


def test_one_of_three_is_refused(bench: Bench, post: Post) -> None:
    post.at_recipient[BO] = ["550 no such mailbox"]
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.UNDELIVERED
    assert counts(post) == [1, 0, 1]
    assert recorded(bench) == {RECIPIENTS[0]: State.SENT, RECIPIENTS[1]: State.REFUSED, RECIPIENTS[2]: State.SENT}
    (notice,) = post.got(OPERATOR)
    assert "550: no such mailbox" in notice.get_content()
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT  # the mailbox is there by now
    assert counts(post) == [1, 1, 1]
    assert bench.runs == 1  # the same figures for everyone


def test_a_recipient_added_later_gets_the_same_mail(bench: Bench, post: Post) -> None:
    bench.settings = settings_for(post.url, report_to=RECIPIENTS[:1])
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    tell(bench.workbench, sale(7, "Late Buyer", "10.00", at(17, 13)))
    bench.settings = settings_for(post.url)
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]
    texts = {post.got(who)[0].get_body(("plain",)).get_content() for who in EVERYONE}  # type: ignore[union-attr]
    assert len(texts) == 1


def test_the_connection_drops_before_the_message_is_taken(bench: Bench, post: Post) -> None:
    post.at_data[BO] = ["DROP EARLY"]
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]


def test_the_connection_drops_after_the_message_was_taken(bench: Bench, post: Post) -> None:
    post.at_data[BO] = ["DROP"]
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 2, 1]  # nobody can know better, but both are one message to a mail program
    assert len({message["Message-ID"] for message in post.got(BO)}) == 1


def test_the_server_asks_to_come_again(bench: Bench, post: Post) -> None:
    post.at_recipient[CY] = ["451 greylisted", "451 greylisted"]
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]


def test_the_server_is_away(bench: Bench, post: Post) -> None:
    bench.settings = settings_for("smtp://127.0.0.1:1")
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.UNDELIVERED
    assert set(recorded(bench).values()) == {State.PENDING}
    assert any("did not answer" in sentence for sentence in bench.said)
    bench.settings = settings_for(post.url)
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]


def test_a_message_that_is_too_large_goes_without_its_files(bench: Bench, post: Post) -> None:
    post.at_data[ANA] = ["552 too large"]
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    (short,), (whole,) = post.got(ANA), post.got(BO)
    assert list(short.iter_attachments()) == []
    assert [part.get_filename() for part in whole.iter_attachments()] == [
        "view3-2026-01-17.html",
        "view3-2026-01-17.pdf",
        "view3-sales-2026-01-17.csv",
    ]
    assert "too large to be attached" in short.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_run_killed_between_recipients_goes_on_with_the_others(bench: Bench, post: Post) -> None:
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    first = post.got(BO)[0]["Message-ID"]
    deliveries = Deliveries(bench.workbench.engine, REPORT)
    rows = deliveries.of(SATURDAY)
    for who, state in ((RECIPIENTS[1], State.SENDING), (RECIPIENTS[2], State.PENDING)):  # as a kill leaves them
        deliveries.note(SATURDAY, [Delivery(who, state, rows[who].message_id, "")], MORNING)
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 2, 2]
    assert post.got(BO)[1]["Message-ID"] == first
    assert bench.runs == 1


def test_a_notebook_that_fails_mails_nothing_but_a_notice(bench: Bench, post: Post) -> None:
    def fail(notebook: Path, output: Path, parameters: Mapping[str, str], seconds: float) -> None:
        output.write_text('{"traceback": "smtp password: hunter2"}', encoding="utf-8")
        raise RunError("The notebook raised ValueError: no")

    secret = settings_for("smtp://view3:hunter2@127.0.0.1:1")
    daily = bench.daily(run=fail)
    assert daily.report(SATURDAY, Wish.SEND) is Ending.FAILED
    assert counts(post) == [0, 0, 0]
    (notice,) = post.got(OPERATOR)
    assert "ValueError: no" in notice.get_content()
    assert set(recorded(bench).values()) == {State.FAILED}
    assert daily.report(SATURDAY, Wish.SEND) is Ending.FAILED
    assert len(post.got(OPERATOR)) == 1  # the same trouble is told once
    bench.settings = secret
    assert bench.daily(run=fail).report(SATURDAY, Wish.FILES_ONLY) is Ending.FAILED
    evidence = (bench.out / str(SATURDAY) / "daily_snapshot.ipynb").read_text(encoding="utf-8")
    assert "•••" in evidence
    assert "hunter2" not in evidence
    bench.settings = settings_for(post.url)
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]


def test_a_full_disk_mails_nothing(bench: Bench, post: Post) -> None:
    folder = bench.out / str(SATURDAY)
    folder.mkdir(parents=True)
    (folder / f"view3-{SATURDAY}.html").symlink_to("/dev/full")
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.FAILED
    assert counts(post) == [0, 0, 0]
    assert "No space left on device" in post.got(OPERATOR)[0].get_content()
    (folder / f"view3-{SATURDAY}.html").unlink()
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT


def test_a_folder_that_cannot_be_written_is_one_sentence(bench: Bench) -> None:
    bench.out.write_text("in the way", encoding="utf-8")
    assert bench.daily().report(SATURDAY, Wish.FILES_ONLY) is Ending.FAILED
    assert "could not be written" in bench.said[0]


def test_a_failed_check_holds_the_mail_back_until_again(
    bench: Bench, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(costs, "spend_by_ad", lambda *_: Decimal(1))
        assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.HELD
        assert bench.daily().report(SATURDAY, Wish.SEND_AGAIN) is Ending.HELD
    assert counts(post) == [0, 0, 0]
    assert set(recorded(bench).values()) == {State.HELD}
    (notice,) = post.got(OPERATOR)
    assert "spend adds up" in notice.get_content()
    assert f"view3 report --date {SATURDAY} --again" in notice.get_content()
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.HELD  # nobody said that it was mended
    assert bench.daily().report(SATURDAY, Wish.SEND_AGAIN) is Ending.SENT
    assert counts(post) == [1, 1, 1]
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]


def test_again_sends_a_correction_under_a_new_id(bench: Bench, post: Post) -> None:
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    tell(bench.workbench, sale(8, "Late Buyer", "10.00", at(17, 13)))
    assert bench.daily().report(SATURDAY, Wish.SEND_AGAIN) is Ending.SENT
    first, second = post.got(ANA)
    assert (first["Subject"], second["Subject"]) == (
        "2026-01-17, Day 17: 2 high-ticket sales",
        "2026-01-17, Day 17: 3 high-ticket sales",
    )
    assert first["Message-ID"] != second["Message-ID"]


def test_figures_that_change_while_the_notebook_runs_are_read_again(bench: Bench, post: Post) -> None:
    def run(notebook: Path, output: Path, parameters: Mapping[str, str], seconds: float) -> None:
        bench.run(notebook, output, parameters, seconds)
        if bench.runs == 1:
            tell(bench.workbench, sale(8, "Late Buyer", "10.00", at(17, 13)))

    assert bench.daily(run=run).report(SATURDAY, Wish.SEND) is Ending.SENT
    assert bench.runs == 2
    assert post.got(ANA)[0]["Subject"].endswith("3 high-ticket sales")


def test_files_only_records_and_sends_nothing(bench: Bench, post: Post) -> None:
    assert bench.daily().report(SATURDAY, Wish.FILES_ONLY) is Ending.SENT
    assert (counts(post), recorded(bench)) == ([0, 0, 0], {})
    names = {file.name for file in (bench.out / str(SATURDAY)).iterdir()}
    assert names >= {"attendance.png", "daily_snapshot.ipynb", "figures.json", "mail.eml", "view3-sales-2026-01-17.csv"}


def test_days_that_were_missed_are_made_up_for_in_order(bench: Bench, post: Post) -> None:
    assert bench.daily().due() == [SATURDAY]  # nothing was ever sent: no flood on the first day
    assert reports(bench.daily(), [SATURDAY], Wish.SEND) is Ending.SENT
    bench.moment = MORNING + timedelta(days=3)
    days = [SATURDAY + timedelta(days=number) for number in (1, 2, 3)]
    assert bench.daily().due() == days
    assert reports(bench.daily(), days, Wish.SEND) is Ending.SENT
    assert [message["Subject"][:10] for message in post.got(ANA)] == [str(SATURDAY), *map(str, days)]
    bench.moment = MORNING + timedelta(days=40)
    assert len(bench.daily().due()) == 7


def test_the_worst_ending_counts_and_keeps_no_other_day_back(bench: Bench, post: Post) -> None:
    post.at_recipient[BO] = ["550 no"]
    friday = SATURDAY - timedelta(days=1)
    assert reports(bench.daily(), [friday, SATURDAY], Wish.SEND) is Ending.UNDELIVERED
    assert counts(post) == [2, 1, 2]


def test_old_folders_are_deleted(bench: Bench, post: Post) -> None:
    for name in ("2024-01-01", "2026-01-10", "notes"):
        (bench.out / name).mkdir(parents=True)
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert sorted(folder.name for folder in bench.out.iterdir()) == ["2026-01-10", "2026-01-17", "notes"]


def test_two_runs_at_once_are_one(bench: Bench) -> None:
    engine = bench.workbench.engine
    with alone(engine, REPORT), pytest.raises(BusyError), alone(engine, REPORT):
        raise AssertionError("two at once")
    with alone(engine, REPORT), alone(engine, NOTICE):
        pass  # another name is another lock, and the first was given back


def test_a_notice_that_could_not_be_sent_is_sent_later(bench: Bench, post: Post) -> None:
    def fail(*_: object) -> None:
        raise RunError("no")

    post.at_recipient[OPERATOR] = ["550 not today"]
    assert bench.daily(run=fail).report(SATURDAY, Wish.SEND) is Ending.FAILED
    assert recorded(bench, report=NOTICE) == {OPERATOR: State.PENDING}
    assert bench.daily(run=fail).report(SATURDAY, Wish.SEND) is Ending.FAILED
    assert len(post.got(OPERATOR)) == 1


def test_a_long_reason_fits_its_column(bench: Bench) -> None:
    Deliveries(bench.workbench.engine, REPORT).note(SATURDAY, [Delivery(ANA, State.FAILED, "", "é" * 900)], MORNING)
    with writing(bench.workbench.engine) as connection:
        assert len(connection.scalar(sa.select(report_runs.c.reason)) or "") == 500


def test_a_correction_that_fails_leaves_on_record_who_has_had_the_first(bench: Bench, post: Post) -> None:
    def fail(*_: object) -> None:
        raise RunError("no")

    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert bench.daily(run=fail).report(SATURDAY, Wish.SEND_AGAIN) is Ending.FAILED
    assert set(recorded(bench).values()) == {State.SENT}
    assert bench.daily().report(SATURDAY, Wish.SEND) is Ending.SENT
    assert counts(post) == [1, 1, 1]
