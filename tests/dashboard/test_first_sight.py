"""What the server writes itself: the figures of the address, and the last good ones while the database is away."""

from datetime import timedelta

import pytest

from analytics.dashboard.first_sight import REMEMBERED, FirstSight
from tests.dashboard.fake_source import HOSTILE, FakeSource, a_row


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


def test_the_filter_of_the_address_is_in_force_at_once(source):
    html = FirstSight(source).html("days=3-7&search=bruno&rows=10&bars=side-by-side")

    assert "3 Jan 2026 – 7 Jan 2026" in html
    assert source.asked[-1][0].search == "bruno"
    assert source.asked[-1][2:] == (10, 0)
    assert 'data-drawn="group"' in html


def test_an_odd_address_is_told(source):
    assert "a period that does not exist here" in FirstSight(source).html("days=40-99")


def test_words_from_outside_stay_words(source):
    source.rows = [a_row(1, customer_name=HOSTILE, product=HOSTILE, campaign=HOSTILE, ad_set=HOSTILE, ad=HOSTILE)]

    assert "<img" not in FirstSight(source).html(f"search={HOSTILE}&campaign={HOSTILE}")


def test_without_a_database_the_last_good_figures_with_their_time(source):
    sight = FirstSight(source)
    good = sight.html("")
    source.broken, source.moment = True, source.moment + timedelta(minutes=2)
    html = sight.html("")

    assert "Could not read the database at 18:06; showing numbers of 18:04." in html
    assert html.split("view3-kpis")[1] == good.split("view3-kpis")[1]
    assert html.startswith('<div id="view3" class="view3-page view3-away"')  # whose LIVE badge the style sheet hides


def test_another_filter_has_no_last_good_figures(source):
    sight = FirstSight(source)
    sight.html("")
    source.broken = True

    assert "view3-kpi" not in sight.html("days=3-7")
    assert "trying again" in sight.html("days=3-7")


def test_a_long_life_remembers_only_so_many_addresses_and_no_parts(source):
    sight = FirstSight(source)
    for day in range(1, 32):
        sight.html(f"days={day}-31")
        sight.html(f"days=1-{day}")

    assert len(sight._good) == REMEMBERED
    assert len(sight._reader._parts._known) == 0  # asked without a mark, none of them could be used again
