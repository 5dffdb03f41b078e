from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import RowError
from connectors.exports.amounts import (
    COMMA,
    POINT,
    AmountEvidence,
    Amounts,
    from_minor_units,
    whole_number,
)
from connectors.exports.currencies import currency_code


def reader(*seen, habit=""):
    evidence = AmountEvidence()
    for text in seen:
        evidence.see(text)
    return evidence.conclude(habit)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.56", "1234.56"),
        ("1234.56", "1234.56"),
        ("$1,234.50", "1234.50"),
        ("€1.50", "1.50"),
        ("1.50 USD", "1.50"),
        ("R$ 10.00", "10.00"),
        ("-12.50", "-12.50"),
        ("(12.50)", "-12.50"),
        ("−3", "-3"),
        ("28,65,622.15", "2865622.15"),
        ("1'234.50", "1234.50"),
        ("1\u00a0234.50", "1234.50"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("007", "7"),
    ],
)
def test_point_style(text, value):
    assert Amounts(POINT).read(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56 €", "1234.56"),
        ("12,5", "12.5"),
        ("1.234", "1234"),
        ("1234", "1234"),
    ],
)
def test_comma_style(text, value):
    assert Amounts(COMMA).read(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "1e5", "1_000", "abc", "1.2.3", "1,23,4", "12abc", "--", "1,", "(5", "EUR 5 USD", "٣", "9" * 30]
)  # fmt: skip
def test_what_is_no_number_is_never_guessed(text):
    with pytest.raises(RowError):
        Amounts(POINT).read(text)


@pytest.mark.parametrize(
    ("seen", "mark", "sure"),
    [
        (["1,234.56", "1,234"], POINT, True),
        (["1,50", "1.234"], COMMA, True),
        (["0,500"], COMMA, True),
        (["1234.567"], POINT, True),
        (["1,234", "1.234", "12"], "", False),
        (["1.50"] * 40 + ["1,50"], POINT, True),
        (["1.50", "2.50", "1,50"], POINT, False),
    ],
)
def test_the_style_is_proven_by_all_rows(seen, mark, sure):
    assert reader(*seen) == Amounts(mark, sure=sure)


def test_rows_in_another_style_than_the_file_are_refused():
    amounts = reader("1,234.56", "2.50", "1.234,56")
    assert amounts.read("1,234.56") == Decimal("1234.56")
    for text in ("1.234,56", "1,50", "1,234", "1.234"):
        with pytest.raises(RowError):
            amounts.read(text)


def test_without_proof_only_what_has_one_meaning_is_read():
    amounts = reader("12", "1,234")
    assert amounts.read("12") == Decimal(12)
    with pytest.raises(RowError, match="can be read in two ways"):
        amounts.read("1,234")


def test_the_habit_of_a_source_decides_where_no_row_does():
    assert reader("1,234", habit=POINT).read("1,234") == Decimal(1234)


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([",", " ", "\u202f", "'", ""]))
def test_written_with_a_point_is_read_back(value, group):
    text = f"{value:,}".replace(",", group)
    assert Amounts(POINT).read(text) == value


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([".", "\u00a0", "’", ""]))
def test_written_with_a_comma_is_read_back(value, group):
    text = f"{value:,}".replace(",", "g").replace(".", ",").replace("g", group)
    assert reader(text, "0,50").read(text) == value


@settings(deadline=None)
@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_row_error(text):
    for mark in (POINT, COMMA, ""):
        try:
            assert Amounts(mark, sure=bool(mark)).read(text).is_finite()
        except RowError:
            continue


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("1,234", 1234), ("1.234", 1234), ("1 234", 1234), ("-3", -3)])
def test_whole_numbers_however_grouped(text, value):
    assert whole_number(text) == value


@pytest.mark.parametrize("text", ["12.5", "1,23", "", "many"])
def test_what_is_no_whole_number(text):
    with pytest.raises(RowError):
        whole_number(text)


@pytest.mark.parametrize(("currency", "value"), [("USD", "97.00"), ("JPY", "9700"), ("KWD", "9.700")])
def test_minor_units(currency, value):
    assert from_minor_units("9700", currency) == Decimal(value)


def test_currency_codes():
    assert (currency_code("usd", ""), currency_code("", "EUR")) == ("USD", "EUR")
    with pytest.raises(RowError, match="'dollars' is not a currency code"):
        currency_code("dollars", "")


@pytest.mark.parametrize(
    ("text", "stated", "default", "currency"),
    [
        ("1.50", "", "USD", "USD"),
        ("1.50", "EUR", "USD", "EUR"),
        ("€1.50", "", "USD", "EUR"),
        ("1.50 EUR", "", "USD", "EUR"),
        ("$1.50", "", "CAD", "CAD"),
        ("$1.50", "USD", "EUR", "USD"),
        ("$1.50 USD", "", "EUR", "USD"),
    ],
)
def test_a_price_takes_the_currency_written_beside_it(text, stated, default, currency):
    assert Amounts(POINT).price(text, stated, default) == (Decimal("1.50"), currency)


@pytest.mark.parametrize(
    ("text", "stated", "default", "reason"),
    [
        ("€1.50", "USD", "USD", "is not in USD, the currency of its row"),
        ("$1.50", "", "EUR", "can mean several currencies; add a column"),
        ("€1.50 USD", "", "USD", "names two currencies"),
        ("1.50 €$", "", "USD", "'€\\$' is not a currency"),
    ],
)
def test_a_currency_is_never_guessed(text, stated, default, reason):
    with pytest.raises(RowError, match=reason):
        Amounts(POINT).price(text, stated, default)
