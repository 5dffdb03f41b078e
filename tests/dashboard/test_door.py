"""Who is let in, how often one may guess, and where the page refuses to stand open."""

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from analytics.dashboard.door import (
    PER_ADDRESS,
    Doorkeeper,
    RateLimiter,
    _forget_token,
    _without_token,
    cookie_secret,
    is_inside,
    site,
)
from analytics.dashboard.serve import ServeError, Where


class Clock:
    def __init__(self) -> None:
        self.seconds = 30.0

    def __call__(self) -> float:
        return self.seconds


class TestRateLimiter:
    def test_one_address_runs_out_and_the_next_minute_begins_anew(self):
        clock = Clock()
        limiter = RateLimiter(clock)

        assert [limiter.is_over("10.0.0.1") for _ in range(PER_ADDRESS + 2)] == [False] * PER_ADDRESS + [True] * 2
        assert not limiter.is_over("10.0.0.2")
        clock.seconds += 60
        assert not limiter.is_over("10.0.0.1")

    def test_many_addresses_do_not_run_out_for_another(self):
        limiter = RateLimiter(Clock())
        for number in range(1000):
            limiter.is_over(f"10.0.{number // 100}.1")

        assert not limiter.is_over("192.168.0.1")

    @pytest.mark.parametrize(
        ("address", "counts_as"),
        [
            ("10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("no address", "no address"),
        ],
    )
    def test_an_address_counts_as_what_its_owner_cannot_choose(self, address: str, counts_as: str):
        assert site(address) == counts_as


@pytest.mark.parametrize(
    ("url", "base_url", "inside"),
    [
        ("/", "/", True),
        ("/?search=M%C3%BCller&days=3-7", "/", True),
        ("/view3/?days=3-7", "/view3/", True),
        ("/other/", "/view3/", False),
        ("//evil.example/", "/", False),
        ("/\\evil.example/", "/", False),
        ("https://evil.example/", "/", False),
        ("http://[", "/", False),
        ("/\r\nSet-Cookie: x=y", "/", False),
        ("/\x00", "/", False),
        ("", "/", False),
    ],
)
def test_a_log_in_leads_to_this_page_and_nowhere_else(url: str, base_url: str, inside: bool):
    assert is_inside(url, base_url) is inside


@pytest.mark.parametrize(
    ("token", "typed", "is_known"),
    [
        ("right", "right", True),
        ("right", "wrong", False),
        ("right", "righ", False),
        ("right", "", False),
        ("schlüssel", "schlüssel", True),
        ("", "", False),
        ("", "anything", False),
    ],
)
def test_a_token_is_known_whole_or_not_at_all(token: str, typed: str, is_known: bool):
    assert Doorkeeper(token=token).knows(typed) is is_known


def test_log_ins_outlive_a_restart_and_end_with_the_token():
    assert cookie_secret("one") == cookie_secret("one")
    assert cookie_secret("one") != cookie_secret("another")


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("token=abc", "/"),
        ("days=3-7&token=abc", "/?days=3-7"),
        ("token=abc&search=M%C3%BCller+%26+S%C3%B6hne&token=b", "/?search=M%C3%BCller+%26+S%C3%B6hne"),
    ],
)
def test_the_token_leaves_the_address_and_the_rest_stays(query: str, address: str):
    assert _without_token("/", query) == address


def test_a_kernel_is_not_told_the_token_of_its_visitors_address():
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/?token=abc&days=3-7", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "view3.example.com"}),
    )
    _forget_token(request)

    assert (request.query, request.full_url()) == ("days=3-7", "http://view3.example.com/?days=3-7")


@pytest.mark.parametrize(
    ("where", "is_refused"),
    [
        (Where(), False),
        (Where(host="localhost"), False),
        (Where(host="::1"), False),
        (Where(host="0.0.0.0"), True),  # noqa: S104 (it is refused)
        (Where(host="192.168.1.5"), True),
        (Where(host="192.168.1.5", address="http://view3.example.com"), True),
        (Where(host="192.168.1.5", address="https://view3.example.com"), False),
        (Where(host="192.168.1.5", plain_http=True), False),
        (Where(address="https://view3.example.com"), False),
    ],
    ids=str,
)
def test_a_port_that_a_network_reaches_needs_encryption_or_a_word_for_it(where: Where, is_refused: bool):
    if is_refused:
        with pytest.raises(ServeError, match="VIEW3_ADDRESS"):
            where.refuse_if_open()
    else:
        where.refuse_if_open()
