"""Why a sale is credited, in words that a marketer reads without a manual."""

import re
from html import unescape

import pytest

from analytics.attribution import Outcome, Reason, Rule
from analytics.dashboard.explained import explained_html
from tests.dashboard.fake_source import CHALLENGE, HOSTILE, a_row, an_explanation


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_a_credited_sale_names_its_ad_its_rule_and_its_opt_in():
    row = a_row(1)
    said = re.sub(r"\s+", " ", words(explained_html(row, an_explanation(row), CHALLENGE)))

    assert f"Credited to {row.campaign} › {row.ad_set} › {row.ad}" in said
    assert "1 day before the sale" in said
    assert "Recognised by: same e-mail" in said
    assert "The ad set is read from utm_term, the ad from utm_content." in said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.NO_SUCH_PERSON, "Nobody with the buyer’s customer id"),
        (Reason.OPTED_IN_LATER, "opted in only after buying"),
        (Reason.CONFLICT, "neither is guessed"),
        (Reason.NO_UTM, "carried no UTM"),
        (Reason.NO_CAMPAIGN, "but no utm_campaign"),
    ],
)
def test_every_reason_has_its_sentence(reason, said):
    row = a_row(7)
    told = an_explanation(row, outcome=Outcome.UNATTRIBUTED, reason=reason)

    assert said in words(explained_html(row, told, CHALLENGE))


def test_a_sale_by_the_utms_of_its_order_says_that_no_opt_in_is_known():
    row = a_row(1)
    told = an_explanation(row, reason=Rule.ORDER_UTM, candidates=())
    said = words(explained_html(row, told, CHALLENGE))

    assert f"Credited to {row.campaign}" in said
    assert "by the UTMs that the order itself carries" in said


def test_every_address_of_the_order_and_the_person_of_each_opt_in_are_named():
    row = a_row(1)
    said = words(explained_html(row, an_explanation(row, also=("work@x.com",)), CHALLENGE))

    assert "ana@example.com / work@x.com bought" in re.sub(r"\s+", " ", said)
    assert "Ana · ana@example.com" in said


def test_a_sale_as_another_program_recorded_it():
    row = a_row(1)
    told = an_explanation(row, reason=Rule.AS_RECORDED, campaign="", ad_set="", ad="", candidates=())
    said = words(explained_html(row, told, CHALLENGE))

    assert row.campaign in said
    assert "as the program recorded it" in said


def test_words_from_outside_stay_words():
    row = a_row(1, customer_name=HOSTILE, product=HOSTILE, campaign=HOSTILE, ad_set=HOSTILE, ad=HOSTILE)
    html = explained_html(row, an_explanation(row, email=HOSTILE), CHALLENGE)

    assert "<img" not in html
    assert HOSTILE in words(html)
