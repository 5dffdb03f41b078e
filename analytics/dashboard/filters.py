"""The filter: whole period, challenge, this week, today, challenge days or calendar dates; every value is checked again here."""

from collections.abc import Callable
from datetime import date

import ipywidgets as w

from analytics.challenge import Challenge, Period
from analytics.dashboard.address import EARLIEST, LATEST, Address, Scope
from analytics.dashboard.elements import Region
from analytics.dashboard.wording import plain, span


class PeriodFilter:
    """The controls of the period; touching the days or the dates puts them in force."""

    def __init__(self, challenge: Challenge, today: date, changed: Callable[[], None], address: Address) -> None:
        self._challenge, self._changed = challenge, changed
        scope, chosen = address.scope, address.chosen
        days, dates = (1, challenge.length), (challenge.starts_on, max(today, challenge.starts_on))
        if scope is Scope.DAYS and chosen:
            days = (challenge.day_of(chosen.first) or 1, challenge.day_of(chosen.last) or challenge.length)
        if scope is Scope.DATES and chosen:
            dates = (chosen.first, chosen.last)
        self.scope = w.ToggleButtons(options=[(scope.value, scope.value) for scope in Scope], value=scope.value)
        self.days = w.IntRangeSlider(
            value=days,
            min=1,
            max=challenge.length,
            description="Challenge days",
            tooltip="From one challenge day to another, both included",
            continuous_update=False,
        )
        self.first = w.DatePicker(value=dates[0], description="Dates", tooltip="First date")
        self.last = w.DatePicker(value=dates[1], description="to", tooltip="Last date")
        self._said = Region()
        self.scope.observe(self._tell, "value")
        self.days.observe(lambda _: self._put_in_force(Scope.DAYS), "value")
        self.first.observe(lambda _: self._put_in_force(Scope.DATES), "value")
        self.last.observe(lambda _: self._put_in_force(Scope.DATES), "value")
        self.box = self._layout()
        self._mark_idle()

    def chosen(self, today: date) -> tuple[Scope, Period | None]:
        """Return what decides the period, and the period itself where it was picked by day or by date."""
        scope = Scope(self.scope.value)
        if scope is Scope.DAYS:
            first, last = sorted(max(1, min(day, self._challenge.length)) for day in self.days.value)
            return scope, self._challenge.days(first, last)
        if scope is Scope.DATES:
            first_date, last_date = sorted(self._date(picker, today) for picker in (self.first, self.last))
            return scope, Period(first_date, last_date)
        return scope, None

    def show(self, period: Period) -> None:
        """Print the period in force."""
        self._said.html = period_html(period)

    def _date(self, picker: w.DatePicker, today: date) -> date:
        chosen: date = picker.value or today
        return max(EARLIEST, min(chosen, LATEST))

    def _put_in_force(self, scope: Scope) -> None:
        if self.scope.value == scope.value:
            self._changed()
        else:
            self.scope.value = scope.value

    def _tell(self, _change: object) -> None:
        self._mark_idle()
        self._changed()

    def _mark_idle(self) -> None:
        scope = self.scope.value
        _mark(self.days, in_force=scope == Scope.DAYS)
        _mark(self.first, in_force=scope == Scope.DATES)
        _mark(self.last, in_force=scope == Scope.DATES)

    def _layout(self) -> w.Box:
        self.scope.add_class("view3-segments")
        dates = w.HBox([self.first, self.last])
        dates.add_class("view3-dates")
        box = w.Box([self.scope, self._said, self.days, dates])
        box.add_class("view3-filter")
        return box


def period_html(period: Period) -> str:
    """Return the period in force, in words."""
    return f'<p class="view3-period" role="status">Showing <b>{plain(span(period))}</b></p>'


def _mark(control: w.Widget, *, in_force: bool) -> None:
    (control.remove_class if in_force else control.add_class)("view3-idle")
