"""Who is let in, how often one may guess, and where the page refuses to stand open."""

import pytest

from analytics.dashboard.door import ALTOGETHER, PER_ADDRESS, Doorkeeper, Patience, _without_token, cookie_secret
from analytics.dashboard.serve import ServeError, Where


class Clock:
    def __init__(self) -> None:
        self.seconds = 30.0

    def __call__(self) -> float:
        return self.seconds


class TestPatience:
    def test_one_address_runs_out_and_the_next_minute_begins_anew(self):
        clock = Clock()
        patience = Patience(clock)
        for _ in range(PER_ADDRESS):
            assert not patience.is_over("10.0.0.1")
            patience.count("10.0.0.1")

        assert patience.is_over("10.0.0.1")
        assert not patience.is_over("10.0.0.2")
        clock.seconds += 60
        assert not patience.is_over("10.0.0.1")

    def test_many_addresses_together_run_out_too(self):
        patience = Patience(Clock())
        for number in range(ALTOGETHER):
            patience.count(f"10.0.{number // 5}.{number % 5}")

        assert patience.is_over("192.168.0.1")


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
