"""The bars' numbers as a table."""

from analytics.dashboard.attendance import attendance_table_html
from tests.dashboard.fake_source import CHALLENGE, FakeSource


def test_the_table_has_the_same_numbers():
    html = attendance_table_html(FakeSource().view(CHALLENGE.days(5, 18)))

    assert 'data-day="5"' in html
    assert "unknown" in html
    assert "to come" in html
