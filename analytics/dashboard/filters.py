"""The filter: whole period, challenge, this week, today, challenge days or calendar dates; every value is checked again here."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum

import ipywidgets as w

from analytics.challenge import Challenge, Period
from analytics.dashboard.elements import Region
from analytics.dashboard.wording import plain, span

_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)


class Scope(StrEnum):
    """What decides the period in force."""

    WHOLE = "Whole period"
    CHALLENGE = "Challenge"
    WEEK = "This week"
    TODAY = "Today"
    DAYS = "By day"
    DATES = "By date"


class PeriodFilter:
    """The controls of the period; touching the days or the dates puts them in force."""

    def __init__(self, challenge: Challenge, today: date, changed: Callable[[], None]) -> None:
        self._challenge, self._changed = challenge, changed
        self.scope = w.ToggleButtons(options=[(scope.value, scope.value) for scope in Scope], value=Scope.WHOLE.value)
        self.days = w.IntRangeSlider(
            value=(1, challenge.length),
            min=1,
            max=challenge.length,
            description="Challenge days",
            tooltip="From one challenge day to another, both included",
            continuous_update=False,
        )
        self.first = w.DatePicker(value=challenge.starts_on, description="Dates", tooltip="First date")
        self.last = w.DatePicker(value=max(today, challenge.starts_on), description="to", tooltip="Last date")
        self._said = Region()
        self.scope.observe(self._tell, "value")
        self.days.observe(lambda _: self._put_in_force(Scope.DAYS), "value")
        self.first.observe(lambda _: self._put_in_force(Scope.DATES), "value")
        self.last.observe(lambda _: self._put_in_force(Scope.DATES), "value")
        self.box = self._layout()

    def period(self, today: date) -> Period | None:
        """Return the period in force; None is the whole funnel until now."""
        challenge = self._challenge
        match self.scope.value:
            case Scope.CHALLENGE:
                return challenge.days(1, challenge.length)
            case Scope.WEEK:
                return Period(today - timedelta(days=today.weekday()), today)
            case Scope.TODAY:
                return Period(today, today)
            case Scope.DAYS:
                first, last = sorted(max(1, min(day, challenge.length)) for day in self.days.value)
                return challenge.days(first, last)
            case Scope.DATES:
                first, last = sorted(self._date(picker, today) for picker in (self.first, self.last))
                return Period(first, last)
        return None

    def show(self, period: Period) -> None:
        """Print the period in force."""
        self._said.html = f'<p class="view3-period" role="status">Showing <b>{plain(span(period))}</b></p>'

    def _date(self, picker: w.DatePicker, today: date) -> date:
        chosen: date = picker.value or today
        return max(_EARLIEST, min(chosen, _LATEST))

    def _put_in_force(self, scope: Scope) -> None:
        if self.scope.value == scope.value:
            self._changed()
        else:
            self.scope.value = scope.value

    def _tell(self, _change: object) -> None:
        scope = self.scope.value
        _mark(self.days, in_force=scope == Scope.DAYS)
        _mark(self.first, in_force=scope == Scope.DATES)
        _mark(self.last, in_force=scope == Scope.DATES)
        self._changed()

    def _layout(self) -> w.Box:
        self.scope.add_class("view3-segments")
        dates = w.HBox([self.first, self.last])
        dates.add_class("view3-dates")
        box = w.Box([self.scope, self._said, self.days, dates])
        box.add_class("view3-filter")
        for control in (self.days, self.first, self.last):
            _mark(control, in_force=False)
        return box


def _mark(control: w.Widget, *, in_force: bool) -> None:
    (control.remove_class if in_force else control.add_class)("view3-idle")
