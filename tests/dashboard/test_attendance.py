"""The bars' numbers as a table."""

import re
from dataclasses import replace

from analytics.dashboard.attendance import attendance_table_html
from tests.dashboard.fake_source import CHALLENGE, FakeSource


def test_the_table_has_the_same_numbers():
    html = attendance_table_html(FakeSource().view(CHALLENGE.days(5, 18)))

    assert 'data-day="5"' in html
    assert "unknown" in html
    assert "to come" in html


def test_the_table_shows_peak_and_unique_of_each_room():
    view = FakeSource().view(CHALLENGE.days(1, 1))
    day = replace(view.attendance[0], youtube=400, zoom=90, youtube_peak=400, zoom_peak=70, zoom_unique=90)
    html = attendance_table_html(replace(view, attendance=(day,)))
    names = re.findall(r"<th scope=col>([^<]+)", html)[2:]
    counts = re.findall(r"<td class=[^>]*>([^<]+)", html)

    assert dict(zip(names, counts, strict=True)) == {
        "YouTube": "400",
        "Zoom": "90",
        "YouTube peak": "400",
        "Zoom peak": "70",
        "YouTube unique": "unknown",
        "Zoom unique": "90",
    }
