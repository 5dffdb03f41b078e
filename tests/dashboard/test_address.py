"""The page's address: what is written is read back, and what strangers write into it is either meant or harmless."""

from datetime import date, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.challenge import Period
from analytics.dashboard.address import EARLIEST, LATEST, PAGE_SIZES, Address, Arrangement, Scope, read, write
from analytics.view3 import Sort, SortColumn
from tests.dashboard.fake_source import CHALLENGE, HOSTILE

TODAY = date(2026, 1, 17)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(lambda text: text.replace("\0", "").strip())
days = st.tuples(st.integers(1, 31), st.integers(1, 31)).map(lambda pair: CHALLENGE.days(min(pair), max(pair)))
dates = st.tuples(st.dates(EARLIEST, LATEST), st.dates(EARLIEST, LATEST)).map(lambda pair: Period(min(pair), max(pair)))
periods = st.one_of(
    st.sampled_from([Scope.WHOLE, Scope.CHALLENGE, Scope.WEEK, Scope.TODAY]).map(lambda scope: (scope, None)),
    days.map(lambda period: (Scope.DAYS, period)),
    dates.map(lambda period: (Scope.DATES, period)),
)


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    scope, chosen = draw(periods)
    return Address(
        scope=scope,
        chosen=chosen,
        campaign=draw(texts.map(str.casefold).map(str.strip)),
        product=draw(texts.map(str.casefold).map(str.strip)),
        search=draw(texts),
        sort=Sort(draw(st.sampled_from(SortColumn)), descending=draw(st.booleans())),
        rows=draw(st.sampled_from(PAGE_SIZES)),
        page=draw(st.integers(1, 1000)),
        arrangement=draw(st.sampled_from(Arrangement)),
    )


@given(addresses())
def test_link_state_link(address: Address):
    query = write(address, CHALLENGE)
    heard = read(query, CHALLENGE)

    assert heard.address == address
    assert heard.complaint == ""
    assert write(heard.address, CHALLENGE) == query


@given(st.text())
def test_any_query_is_an_address(query: str):
    heard = read(query, CHALLENGE)

    assert read(write(heard.address, CHALLENGE), CHALLENGE).address == heard.address


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ("", None),
        ("period=challenge", Period(date(2026, 1, 1), date(2026, 1, 31))),
        ("period=week", Period(date(2026, 1, 12), TODAY)),
        ("period=today", Period(TODAY, TODAY)),
        ("days=3-7", Period(date(2026, 1, 3), date(2026, 1, 7))),
        ("from=2025-12-24&to=2026-01-02", Period(date(2025, 12, 24), date(2026, 1, 2))),
    ],
)
def test_every_period(query, period):
    heard = read(query, CHALLENGE)

    assert heard.address.period(CHALLENGE, TODAY) == period
    assert heard.complaint == ""
    assert write(heard.address, CHALLENGE) == query


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("days=0-7", "a period"),
        ("days=7-3", "a period"),
        ("days=40-99", "a period"),
        ("days=3", "a period"),
        ("days=<script>alert(1)</script>", "a period"),
        ("from=2026-01-09", "a period"),
        ("from=0001-01-01&to=9999-12-31", "a period"),
        ("period=forever", "a period"),
        ("sort=1;DROP TABLE leads", "an unknown order"),
        ("rows=1000000", "an unusual number of rows"),
        ("page=-1", "a page"),
        ("page=" + "9" * 5000, "a page"),
        ("bars=3d", "an unknown kind of bars"),
    ],
)
def test_what_does_not_exist_is_the_usual_with_a_sentence(query, said):
    heard = read(query, CHALLENGE)

    assert heard.address == Address()
    assert said in heard.complaint
    assert "<" not in heard.complaint


def test_a_hostile_text_is_a_text():
    heard = read(f"search={quote(HOSTILE)}%00&campaign={quote(HOSTILE)}&theme=x&token=s3cret", CHALLENGE)

    assert heard.address == Address(search=HOSTILE, campaign=HOSTILE)
    assert "s3cret" not in write(heard.address, CHALLENGE)


def test_a_relative_period_moves_on_with_the_day():
    today = read("period=today", CHALLENGE).address

    assert today.period(CHALLENGE, TODAY + timedelta(days=1)) == Period(date(2026, 1, 18), date(2026, 1, 18))


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("first=3&last=7", "days=3-7"),
        ("first=7&last=3", "days=3-7"),
        ("from=2026-01-09&to=2026-01-02", "from=2026-01-02&to=2026-01-09"),
    ],
)
def test_what_controls_send_becomes_a_link(query, written):
    heard = read(query, CHALLENGE)

    assert heard.complaint == ""
    assert write(heard.address, CHALLENGE) == written


@pytest.mark.parametrize(("text", "sale"), [("12", 12), ("", 0), ("-1", 0), ("1e9", 0), ("²", 0), ("9" * 19, 0)])
def test_the_row_that_explains_itself_is_no_part_of_a_link(text, sale):
    heard = read(f"sale={quote(text)}", CHALLENGE)

    assert heard.address.sale == sale
    assert write(heard.address, CHALLENGE) == ""
