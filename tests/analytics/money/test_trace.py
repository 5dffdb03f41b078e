"""Why a purchase is what it is, told by the rules that concluded it: for each drawn story the rules that it must name."""

import random
from decimal import Decimal

import pytest

from analytics.money.pairing import INSTALMENT, INVOICE, LIKENESS
from analytics.money.resolution import resolve
from analytics.money.trace import PART_PAYMENT, SHARED_ID, MoneyTrace, Rule, trace, traced
from analytics.money_words import as_json, sections
from tests.analytics.money.test_resolution import STORIES, TERMS, _facts
from tests.tables import drawn_apart, each

NAMED: dict[str, set[str]] = {
    "a bump is revenue of its own": {Rule.LINE_BY_LINE},
    "a discount and a part refund are shared to the cent": {Rule.LINE_BY_LINE, SHARED_ID},
    "several products and one total are the highest product": {Rule.HIGHEST_PRODUCT},
    "likeness pairs the nearest, exactly at the window's edge too": {LIKENESS},
    "a plan counts at its contract price; what will never be paid leaves": {Rule.PLAN, Rule.ENDED_PLAN},
    "an open plan counts at what has been paid": {Rule.OPEN_PLAN},
    "a funnel tool's plan takes the provider's later payments at its rhythm": {INSTALMENT},
    "a deposit is a payment of the sale, and the price is the sum where it exceeds it": {Rule.DEPOSIT, PART_PAYMENT},
    "an invoice that names no payment takes those of its customer that add up to it": {INVOICE},
    "from a price on a text that no pattern knows is high-ticket, in the reporting currency": {Rule.BY_PRICE},
}


def told(story: str) -> list[MoneyTrace]:
    facts = _facts(drawn_apart(story), random.Random(1))
    return [found for one in resolve(facts, TERMS).purchases if (found := trace(facts, TERMS, one.key)) is not None]


def words(one: MoneyTrace) -> str:
    return "\n".join(text for section in sections(one, lambda at: at) for text in section.sentences)


@pytest.mark.parametrize("name", NAMED)
def test_a_story_names_its_rules(name: str) -> None:
    found = told(STORIES[name])
    used = {str(reason.rule) for one in found for reason in one.reasons}
    used |= {joined.rule for one in found for joined in one.joins}
    assert used >= NAMED[name]


@each(STORIES)
def test_each_payment_and_refund_is_named_once_and_its_parts_add_up(story: str) -> None:
    facts = _facts(drawn_apart(story), random.Random(1))
    for purchase in resolve(facts, TERMS).purchases:
        found = traced(purchase)
        payments = [one for one in found.facts if one.kind == "payment"]
        assert {one.key for one in payments} == purchase.ids
        assert {one.key for one in found.facts if one.kind == "order"} == purchase.orders
        for share in found.shares:
            assert share.amount == sum(amount for _, amount in (*share.parts, *share.rest))
        shared = {one.key: one.amount for one in found.shares if one.kind == "payment"}
        assert all(shared.get(one.key, one.amount) == one.amount for one in payments)
        assert len(found.joins) >= len({one.key for one in found.facts if one.kind in {"order", "payment"}}) - 1


def test_likeness_tells_its_distance_its_amount_and_how_the_products_agree() -> None:
    story = STORIES["likeness pairs the nearest, exactly at the window's edge too"]
    alike = [(found, one) for found in told(story) for one in found.joins if one.rule == LIKENESS]
    assert alike
    for found, one in alike:
        assert one.amount is not None
        assert f"{one.amount:,.2f} USD, {one.seconds // 60} minutes apart" in words(found)
        assert "product" in words(found)


def test_a_discount_and_a_refund_are_shared_in_words_to_the_cent() -> None:
    (found,) = told(STORIES["a discount and a part refund are shared to the cent"])
    kinds = {one.kind for one in found.shares if len(one.parts) > 1}
    assert kinds >= {"payment", "refund"}
    assert "in proportion to the lines" in words(found)


def test_json_has_decimal_texts_and_every_fact() -> None:
    (found,) = told(STORIES["a deposit is a payment of the sale, and the price is the sum where it exceeds it"])
    shown = as_json(found, lambda at: at)
    assert [one["kind"] for one in shown["facts"]] == [one.kind for one in found.facts]
    assert all(Decimal(line["price"]) == line_.price for line, line_ in zip(shown["lines"], found.lines, strict=True))
