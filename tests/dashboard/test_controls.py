"""The controls as forms: each says what the address says, offers what there is, and hands on what is not its own."""

import re
from datetime import date
from html import unescape
from urllib.parse import parse_qsl, quote

import pytest

from analytics.challenge import Period
from analytics.dashboard import address as addresses
from analytics.dashboard import download
from analytics.dashboard.controls import Controls
from analytics.view3 import Choices, SalesPage
from tests.dashboard.fake_source import CHALLENGE, HOSTILE, a_row

TODAY = date(2026, 1, 17)
CHOICES = Choices((("fb_jan", "FB_Jan"), ("x" * 90, "X" * 90)), (("mastermind", "Mastermind"),))


def controls(query: str = "") -> Controls:
    return Controls(addresses.read(query, CHALLENGE).address, CHALLENGE)


def period(query: str = "") -> str:
    asked = controls(query)
    return asked.period(asked.asked.period(CHALLENGE, TODAY) or Period(date(2025, 12, 2), TODAY), TODAY)


def pressed(html: str) -> list[str]:
    return re.findall(r'aria-pressed="true">([^<]+)<', html)


def values(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="(?:range|date|search)" name="(\w+)".*?value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


@pytest.mark.parametrize(
    ("query", "scope", "days", "dates"),
    [
        ("", "Whole period", ("1", "31"), ("2026-01-01", "2026-01-17")),
        ("period=week", "This week", ("1", "31"), ("2026-01-01", "2026-01-17")),
        ("days=3-7", "By day", ("3", "7"), ("2026-01-01", "2026-01-17")),
        ("from=2025-12-24&to=2026-01-02", "By date", ("1", "31"), ("2025-12-24", "2026-01-02")),
    ],
)
def test_the_filter_shows_what_is_in_force(query, scope, days, dates):
    html = period(query)
    shown = values(html)

    assert pressed(html) == [scope]
    assert (shown["first"], shown["last"]) == days
    assert (shown["from"], shown["to"]) == dates
    assert ("view3-range view3-idle" in html) == (scope != "By day")


def test_the_end_that_has_room_to_move_lies_on_top():
    assert 'value="31" aria-label="First challenge day" style="z-index: 1"' in period("days=31-31")
    assert "z-index" not in period("days=1-1")


@pytest.mark.parametrize(
    ("query", "asks", "handed_on"),
    [
        ("days=3-7&search=ana&page=2", "search campaign product page", [("days", "3-7")]),
        ("days=3-7&search=ana&page=2", "bars", [("days", "3-7"), ("search", "ana"), ("page", "2")]),
        ("days=3-7", "period days first last from to page", []),
    ],
)
def test_a_form_hands_on_what_is_not_its_own(query, asks, handed_on):
    html = controls(query).form(asks, "")

    assert re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html) == handed_on


def test_every_offer_leads_to_its_own_address():
    html = period() + controls().arrangement()
    offered = {
        f"{name}={value}" for name, value in re.findall(r'name="(\w+)" value="([^"]*)" aria-pressed', html) if value
    }

    assert offered == {"period=challenge", "period=week", "period=today", "bars=side-by-side"}
    for query in offered:
        heard = addresses.read(query, CHALLENGE)
        assert heard.complaint == ""
        assert parse_qsl(addresses.write(heard.address, CHALLENGE)) == parse_qsl(query)


def test_what_was_chosen_stays_chosen_though_it_is_no_longer_offered():
    html = controls("campaign=gone&product=mastermind").rows(CHOICES)

    assert '<option value="gone" selected>gone</option>' in html
    assert '<option value="mastermind" selected>Mastermind</option>' in html


def test_a_long_label_is_shortened_and_its_key_is_not():
    assert f'<option value="{"x" * 90}">{"X" * 59}…</option>' in controls().rows(CHOICES)


def test_words_from_outside_stay_words():
    query = f"search={quote(HOSTILE)}&campaign={quote(chr(34) + HOSTILE)}"
    html = controls(query).rows(Choices(((HOSTILE, HOSTILE),), ())) + controls(query).form("", "")

    assert "<img" not in html
    assert values(html)["search"] == HOSTILE


@pytest.mark.parametrize(
    ("query", "total", "off"),
    [
        ("rows=10", 60, ["Previous"]),
        ("rows=10&page=2", 60, []),
        ("rows=10&page=6", 60, ["Next"]),
        ("", 0, ["Previous", "Next"]),
    ],
)
def test_there_is_no_way_beyond_the_first_and_the_last_page(query, total, off):
    asked = controls(query)
    rows = tuple(a_row(number) for number in range(min(asked.asked.rows, total)))
    html = asked.pages(SalesPage(rows, total))

    assert re.findall(r"disabled>(\w+)<", html) == off


def test_files_are_of_what_is_shown():
    html = controls("days=3-7&search=ana").files()

    assert html.count('name="days" value="3-7"') == 2
    assert re.findall(r'action="([^"]+)"', html) == [download.NOTEBOOK, download.ADDRESS]
