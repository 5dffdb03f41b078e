"""The attendance panel: its heading, and the bars' numbers as a table."""

from datetime import date
from typing import Final

from analytics.dashboard.wording import plain, short_day
from analytics.view3 import AttendanceDay, View3

HEADING: Final = (
    '<div class="view3-heading"><h2>Daily attendance</h2>'
    '<p>Participants per challenge day; <span class="view3-hatch"></span> hatched is unknown, not zero</p></div>'
)


def attendance_table_html(view: View3) -> str:
    """Return the chart's numbers as a table, for screen readers and for everyone who wants exact counts."""
    rows = "".join(_row_html(day, view.today) for day in view.attendance)
    return (
        f"{_hint_html(view)}"
        '<details class="view3-twin"><summary>Exact numbers per day</summary><div class="view3-scroll"><table>'
        "<caption>Participants per challenge day</caption><thead><tr><th scope=col>Day</th><th scope=col>Date</th>"
        "<th scope=col>YouTube</th><th scope=col>Zoom</th><th scope=col>YouTube peak</th><th scope=col>Zoom peak</th>"
        "<th scope=col>YouTube unique</th><th scope=col>Zoom unique</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _hint_html(view: View3) -> str:
    """Return what to do where no day of the period has a number."""
    if any(day.youtube is not None or day.zoom is not None for day in view.attendance):
        return ""
    return (
        '<p class="view3-hint">No attendance is known in this period. Load Zoom and YouTube exports with '
        "<code>view3 import FILE…</code>, or let Zoom tell by itself: <code>view3 receive</code> listens at "
        "<code>/webhooks/zoom</code>.</p>"
    )


def _row_html(day: AttendanceDay, today: date) -> str:
    rooms = (("youtube", day.youtube, day.youtube_statistic), ("zoom", day.zoom, day.zoom_statistic))
    cells = "".join(
        f'<td class="view3-{room}" data-count="{"" if count is None else count}" title="{plain(what)}">{_said(count, day, today)}</td>'
        for room, count, what in rooms
    )
    alike = (
        ("youtube-peak", day.youtube_peak),
        ("zoom-peak", day.zoom_peak),
        ("youtube-unique", day.youtube_unique),
        ("zoom-unique", day.zoom_unique),
    )
    cells += "".join(f'<td class="view3-{name}">{_said(count, day, today)}</td>' for name, count in alike)
    return f'<tr data-day="{day.challenge_day}"><th scope=row>Day {day.challenge_day}</th><td>{short_day(day.date)}</td>{cells}</tr>'


def _said(count: int | None, day: AttendanceDay, today: date) -> str:
    if count is not None:
        return f"{count:,}"
    return "to come" if day.date > today else "unknown"
