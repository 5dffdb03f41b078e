"""Under which key the same address, campaign or product is recognised, however it was typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.folding import email_keys, fold
from tests.reference.mailboxes import folded, gmail, mailbox
from tests.reference.purchases import fold as slow_fold
from tests.tables import drawn

ADDRESSES = """
    address                   | folded                  | key                | tag
    --------------------------|-------------------------|--------------------|-------
    ana@x.com                 | ana@x.com               | ana@x.com          |
    " Ana@X.COM "             | ana@x.com               | ana@x.com          |
    ａｎａ@x.com               | ana@x.com               | ana@x.com          |
    a.na@x.com                | a.na@x.com              | a.na@x.com         |
    ana+vip@x.com             | ana+vip@x.com           | ana+vip@x.com      |
    a.n.a@gmail.com           | a.n.a@gmail.com         | ana@gmail.com      |
    A.Na+Vip@GoogleMail.com   | a.na+vip@googlemail.com | ana@gmail.com      | vip
    ana+a+b@gmail.com         | ana+a+b@gmail.com       | ana@gmail.com      | a+b
    ana@gmail.com.br          | ana@gmail.com.br        | ana@gmail.com.br   |
    ana@mail.gmail.com        | ana@mail.gmail.com      | ana@mail.gmail.com |
    "a@b"@gmail.com           | "a@b"@gmail.com         | "a@b"@gmail.com    |
    gmail.com                 | gmail.com               | gmail.com          |
    ""                        |                         |                    |
    "   "                     |                         |                    |
"""


@pytest.mark.parametrize("row", drawn(ADDRESSES), ids=lambda row: row["address"])
def test_an_address_has_these_keys(row: dict[str, str]) -> None:
    keys = email_keys(row["address"])
    assert (keys.folded, keys.key, keys.tag) == (row["folded"], row["key"], row["tag"])


NAMES = """
    value                | key
    ---------------------|-------------
    FB_Jan               | fb_jan
    " fb_jan "           | fb_jan
    fb%20jan             | fb jan
    fb+jan               | fb jan
    FB%5FJAN             | fb_jan
    ｆｂ_jan              | fb_jan
    STRASSE              | strasse
    Straße               | strasse
    Ofício               | ofício
    100%                 | 100%
    %                    | %
    %20                  |
    {{campaign.name}}    | {{campaign.name}}
    ""                   |
"""


@pytest.mark.parametrize("row", drawn(NAMES), ids=lambda row: row["value"])
def test_a_name_has_this_key(row: dict[str, str]) -> None:
    assert fold(row["value"]) == row["key"]


tried = settings(max_examples=500, deadline=None, derandomize=True, database=None)
letters = st.text(st.sampled_from("aAbBİıß.+@ %20éＡ_-"), max_size=20)
locals_ = st.text(st.sampled_from("aAbB.+"), max_size=8)
domains = st.sampled_from(("gmail.com", "GMAIL.com", "googlemail.com", "x.com", "gmail.com.br", ""))
addresses = st.builds("{}@{}".format, locals_, domains) | letters


@tried
@given(addresses)
def test_the_keys_equal_the_reference(address: str) -> None:
    keys = email_keys(address)
    assert (keys.folded, keys.key) == (folded(address), mailbox(address))
    if keys.tag:
        assert gmail(keys.folded, keep_tag=True) == keys.key.replace("@", f"+{keys.tag}@")


@tried
@given(addresses)
def test_a_key_is_its_own_key(address: str) -> None:
    key = email_keys(address).key
    assert email_keys(key).key == key


@tried
@given(letters | st.text())
def test_a_name_is_folded_as_the_reference_folds_it(name: str) -> None:
    assert fold(name) == slow_fold(name)
    assert fold(f" {name.upper()} ") == fold(name.upper())
