"""The alarm mail to the operator: one per incident, which begins when something is overdue and ends when it is settled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.engine import Engine

from analytics.backlog import Backlog
from reports import letter
from reports.deliveries import BusyError, Deliveries, Delivery, State, alone
from reports.letter import Envelope
from reports.mailer import Fate, Patience
from reports.posting import post
from reports.settings import ReportSettings

ALARM = "backlog-alarm"
KINDS = tuple(Backlog().pending())
REMEDY = "What waits, and why: view3 inbox list. The state of the whole: view3 doctor. No second mail is sent while this lasts."


@dataclass(frozen=True, slots=True)
class Alarm:
    """Mails the operator; `now` is the business zone's clock, `log` takes the sentence of a mail that cannot be sent."""

    engine: Engine
    settings: ReportSettings
    now: Callable[[], datetime]
    log: Callable[[str], None]
    patience: Patience = field(default_factory=Patience)

    def check(self, overdue: Mapping[str, str]) -> None:
        """Begin and end incidents by what is overdue now, a sentence for each kind; several processes may check."""
        settings = self.settings
        if not (settings.report_operator and settings.smtp_url and settings.report_from):
            return
        try:
            with alone(self.engine, ALARM):
                for kind in KINDS:
                    self._check(kind, overdue.get(kind, ""))
        except BusyError:  # another process checks at this moment
            return

    def _check(self, kind: str, sentence: str) -> None:
        incidents, operator = Deliveries(self.engine, f"{ALARM}-{kind}"), self.settings.report_operator
        newest = incidents.newest()
        known = incidents.of(newest).get(operator) if newest else None
        is_open = known is not None and known.state is not State.ENDED
        if not sentence:
            if newest is not None and known is not None and is_open:
                ended = Delivery(operator, State.ENDED, known.message_id, known.reason)
                incidents.note(newest, [ended], self.now())
        elif newest is not None and known is not None and is_open:
            if known.state is State.PENDING:  # the mail server was away
                self._tell(incidents, newest, known.message_id, sentence)
        else:
            today = self.now().date()
            before = incidents.of(today).get(operator)
            edition = letter.edition_of(before.message_id) + 1 if before else 1
            about = f"alarm-{kind.replace('_', '-')}-{today}"
            self._tell(incidents, today, letter.message_id(self._envelope, about, operator, edition), sentence)

    @property
    def _envelope(self) -> Envelope:
        return Envelope(self.settings.report_from, self.now())

    def _tell(self, incidents: Deliveries, on: date, message_id: str, sentence: str) -> None:
        operator = self.settings.report_operator
        message = letter.notice(self._envelope, operator, message_id, f"View 3: {sentence}", [f"{sentence}.", REMEDY])
        answer = post(self.settings, operator, message, self.patience)
        state = State.PENDING if answer.fate is Fate.LATER else State.SENT
        incidents.note(on, [Delivery(operator, state, message_id, answer.reason or sentence)], self.now())
        if answer.reason:
            self.log(f"The operator could not be reached: {answer.reason}")
