"""One daily snapshot from beginning to end: run, check, compose, send, and remember who has had it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, IntEnum
from pathlib import Path
from shutil import rmtree

from analytics.figures import figures
from analytics.project import project
from analytics.repairs import check_money
from analytics.sales_csv import sales_csv
from analytics.workbench import Workbench
from reports import letter, publishing
from reports.deliveries import Deliveries, Delivery, State
from reports.letter import Enclosure, Envelope
from reports.mailer import Answer, Fate, Patience
from reports.pdf import print_pdf
from reports.posting import post
from reports.runner import RunError, run
from reports.settings import ReportSettings, browser
from reports.snapshot import Snapshot, read_snapshot, yesterday

REPORT, NOTICE = "daily-snapshot", "daily-snapshot-notice"
NOTEBOOK = Path(__file__).with_name("daily_snapshot.ipynb")
CATCH_UP = 7  # days that a machine may have been off
TRIES = 2
MAIL, SHORT_MAIL = "mail.eml", "mail-short.eml"


class Ending(IntEnum):
    """How a report ended, as exit codes; of several, the greatest counts."""

    SENT = 0
    FAILED = 1
    UNUSABLE = 2
    UNDELIVERED = 3
    HELD = 4
    BUSY = 5


class Wish(Enum):
    """What is wanted of a report."""

    SEND = "send"
    SEND_AGAIN = "send again"
    FILES_ONLY = "files only"


@dataclass(frozen=True, slots=True)
class Daily:
    """Everything a report needs; `tell` is given its sentences, `now` tells the moment."""

    workbench: Workbench
    settings: ReportSettings
    now: Callable[[], datetime]
    tell: Callable[[str], None]
    out: Path = field(default_factory=lambda: project().reports)
    run: Callable[[Path, Path, Mapping[str, str], float], None] = run
    print_pdf: Callable[[str | None, Path, Path], str] = print_pdf
    patience: Patience = field(default_factory=Patience)

    def due(self) -> list[date]:
        """Return the dates to report: yesterday, and after a pause those before it that nobody got, oldest first."""
        last = yesterday(self.workbench, self.now())
        newest = self._deliveries.newest()
        before = [last - timedelta(days=ago) for ago in range(CATCH_UP - 1, 0, -1)]
        return [*(on for on in before if self._is_owed(on, newest)), last]

    def report(self, on: date, wish: Wish) -> Ending:
        """Make the report of a date and send it to whom it is still owed."""
        held = self._stays_away(on) if wish is Wish.SEND else None
        if held is not None:
            return held
        folder = self.out / on.isoformat()
        if wish is not Wish.SEND or not self._is_unfinished(on, folder):
            try:
                check_money(self.workbench.reader, self.workbench.engine)
                snapshot = self._make(on, folder)
            except (RunError, OSError) as error:
                return self._give_up(on, wish, _sentence(error))
            self._prune(on)
            if snapshot.failed_checks:
                return self._hold(on, wish, snapshot.failed_checks)
        if wish is Wish.FILES_ONLY:
            self.tell(f"The report of {on} is in {folder}; nothing was sent.")
            return Ending.SENT
        return self._send(on, folder, wish)

    @property
    def _deliveries(self) -> Deliveries:
        return Deliveries(self.workbench.engine, REPORT)

    @property
    def _envelope(self) -> Envelope:
        return Envelope(self.settings.report_from, self.workbench.challenge.local_time(self.now()))

    def _is_owed(self, on: date, newest: date | None) -> bool:
        """Tell whether a date before yesterday is to be made up for; what is held back or refused waits for people."""
        rows = self._deliveries.of(on).values()
        if not rows:
            return newest is not None and on > newest
        return any(row.state in {State.PENDING, State.SENDING, State.FAILED} for row in rows)

    def _stays_away(self, on: date) -> Ending | None:
        rows = self._deliveries.of(on)
        if rows and all(who in rows and rows[who].state is State.SENT for who in self.settings.report_to):
            self.tell(f"The report of {on} was already sent; --again sends it once more.")
            return Ending.SENT
        held = next((row for row in rows.values() if row.state is State.HELD), None)
        if held is not None:
            self.tell(f"The report of {on} is held back: {held.reason} After the fix: view3 report --date {on} --again")
            return Ending.HELD
        return None

    def _is_unfinished(self, on: date, folder: Path) -> bool:
        """Tell whether some have had the mail and others wait: all are to get the same one."""
        states = {row.state for row in self._deliveries.of(on).values()}
        return bool(states & {State.SENT, State.SENDING}) and (folder / MAIL).is_file()

    def _make(self, on: date, folder: Path) -> Snapshot:
        """Make every file of the report; raises RunError or OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MAIL).unlink(missing_ok=True)  # written last: what has it is whole
        executed, now = folder / "daily_snapshot.ipynb", self.now()
        snapshot = self._run(on, executed, now)
        title = f"Daily snapshot {on}"
        page, pdf, csv = folder / f"view3-{on}.html", folder / f"view3-{on}.pdf", folder / f"view3-sales-{on}.csv"
        page.write_text(publishing.page(executed, title), encoding="utf-8")
        csv.write_text("".join(sales_csv(snapshot.sales)), encoding="utf-8", newline="")
        chart = publishing.picture(executed)
        (folder / "attendance.png").write_bytes(chart)
        (folder / "figures.json").write_text(
            json.dumps(figures(snapshot.view), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        why = self.print_pdf(browser(), page, pdf)
        files = (page, csv) if why else (page, pdf, csv)
        missing = (f"No PDF: {why}",) if why else ()
        whole = Enclosure(chart, files, missing).within(self.settings.report_attachments_mb)
        if self.settings.report_from:
            for name, enclosure in ((SHORT_MAIL, whole.short()), (MAIL, whole)):
                message = letter.compose(snapshot, self._envelope, enclosure)
                (folder / name).write_bytes(message.as_bytes())
        return snapshot

    def _run(self, on: date, executed: Path, now: datetime) -> Snapshot:
        """Run the notebook and return what it shows, read once more: both have to be the same."""
        executed.unlink(missing_ok=True)
        parameters = {"date": on.isoformat(), "as_of": now.isoformat()}
        for _ in range(TRIES):
            try:
                self.run(NOTEBOOK, executed, parameters, self.settings.report_seconds)
            finally:
                publishing.without(executed, self._secrets)
            snapshot = read_snapshot(self.workbench, self.settings, on, now)
            if publishing.identity(executed) == snapshot.identity:
                return snapshot
        raise RunError("The figures changed while the report was made.")

    @property
    def _secrets(self) -> tuple[str, ...]:
        password = self.workbench.engine.url.password
        return (*self.settings.secrets, *([str(password)] if password else []))

    def _give_up(self, on: date, wish: Wish, why: str) -> Ending:
        self.tell(f"The report of {on} failed: {why}")
        if wish is not Wish.FILES_ONLY:
            self._mark(on, State.FAILED, why)
            self._notify(on, "failed", why, f"Nothing was sent. What there is lies in {self.out / on.isoformat()}.")
        return Ending.FAILED

    def _hold(self, on: date, wish: Wish, checks: Sequence[str]) -> Ending:
        why = f"a check failed ({', '.join(checks)})."
        self.tell(f"The report of {on} is held back: {why}")
        if wish is not Wish.FILES_ONLY:
            self._mark(on, State.HELD, why)
            self._notify(on, "is held back", why, f"Nothing was sent. After the fix: view3 report --date {on} --again")
        return Ending.HELD

    def _mark(self, on: date, state: State, why: str) -> None:
        """Keep a state for everyone who has not had the mail."""
        rows = self._deliveries.of(on)
        waiting = [who for who in self.settings.report_to if who not in rows or rows[who].state is not State.SENT]
        told = {who: rows[who].message_id if who in rows else "" for who in waiting}
        self._deliveries.note(on, [Delivery(who, state, told[who], why) for who in waiting], self.now())

    def _send(self, on: date, folder: Path, wish: Wish) -> Ending:
        rows = dict(self._deliveries.of(on))
        again = wish is Wish.SEND_AGAIN
        edition = max((letter.edition_of(row.message_id) for row in rows.values()), default=0)
        had_it = any(row.state in {State.SENT, State.SENDING} for row in rows.values())
        edition = edition + 1 if again and had_it else max(edition, 1)
        waiting = [
            Delivery(who, State.PENDING, letter.message_id(self._envelope, on.isoformat(), who, edition), "")
            for who in self.settings.report_to
            if again or who not in rows or rows[who].state is not State.SENT
        ]
        self._deliveries.note(on, waiting, self.now())
        answers = {one.recipient: self._deliver(on, one, folder) for one in waiting}
        failed = {who: answer for who, answer in answers.items() if answer.fate is not Fate.SENT}
        self.tell(f"The report of {on} was sent to {len(answers) - len(failed)} of {len(answers)} recipients.")
        if failed:
            told = [f"{who}: {answer.reason}" for who, answer in failed.items()]
            self._notify(on, "did not reach everyone", *told)
        return Ending.UNDELIVERED if failed else Ending.SENT

    def _deliver(self, on: date, one: Delivery, folder: Path) -> Answer:
        """Send to one recipient; what may have gone is on record before it goes, and what went right after."""
        self._deliveries.note(on, [Delivery(one.recipient, State.SENDING, one.message_id, "")], self.now())
        answer = self._hand_over(one, folder / MAIL)
        if answer.fate is Fate.TOO_LARGE:
            answer = self._hand_over(one, folder / SHORT_MAIL)
        state = {Fate.SENT: State.SENT, Fate.LATER: State.PENDING}.get(answer.fate, State.REFUSED)
        self._deliveries.note(on, [Delivery(one.recipient, state, one.message_id, answer.reason)], self.now())
        if answer.reason:
            self.tell(f"{one.recipient}: {answer.reason}")
        return answer

    def _hand_over(self, one: Delivery, mail: Path) -> Answer:
        message = letter.addressed(mail.read_bytes(), one.recipient, one.message_id)
        return post(self.settings, one.recipient, message, self.patience)

    def _notify(self, on: date, what: str, *sentences: str) -> None:
        """Tell the operator, once for the same reason."""
        operator, notices = self.settings.report_operator, Deliveries(self.workbench.engine, NOTICE)
        if not operator:
            return
        before = notices.of(on).get(operator)
        why = " ".join((what, *sentences))[:500]
        if before is not None and before.state is State.SENT and before.reason == why:
            return
        edition = letter.edition_of(before.message_id) + 1 if before else 1
        told = letter.message_id(self._envelope, f"notice-{on}", operator, edition)
        title = f"View 3: the report of {on} {what}"
        message = letter.notice(self._envelope, operator, told, title, [f"{title}.", *sentences])
        answer = post(self.settings, operator, message, self.patience)
        state = State.SENT if answer.fate is Fate.SENT else State.PENDING
        notices.note(on, [Delivery(operator, state, told, why)], self.now())
        if answer.reason:
            self.tell(f"The operator could not be told: {answer.reason}")

    def _prune(self, on: date) -> None:
        """Delete the folders of dates that are older than the setting keeps."""
        oldest = on - timedelta(days=self.settings.report_keep_days)
        for folder in self.out.iterdir():
            if (day := _date_of(folder.name)) and day < oldest:
                rmtree(folder, ignore_errors=True)


def reports(daily: Daily, dates: Sequence[date], wish: Wish) -> Ending:
    """Make the reports of several dates in order and return the worst ending; none of them keeps the next one back."""
    return max((daily.report(on, wish) for on in dates), default=Ending.SENT)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return f"a file could not be written{where}: {error.strerror or type(error).__name__}."
    return str(error)


def _date_of(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None
