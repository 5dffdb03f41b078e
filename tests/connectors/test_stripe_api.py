"""The look-up against Stripe's own library, with answers in place of the network."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk

from analytics.records import Order
from connectors.contract import LookUpFailedError
from connectors.payload import parse
from connectors.stripe import webhooks as stripe
from connectors.stripe.api import StripeLookUp

SESSION = Path(__file__).parents[1] / "payloads" / "stripe" / "session-paid.json"
ITEM = {
    "id": "li_1",
    "object": "item",
    "amount_total": 199700,
    "description": "Bloom Live",
    "price": {"id": "price_1", "object": "price", "product": "prod_1", "unit_amount_decimal": "199700"},
}


class Answer(sdk.HTTPClient):
    name = "answer"

    def __init__(self, status: int, body: object) -> None:
        super().__init__()
        self.status, self.body, self.asked = status, body, []

    def request(self, method: str, url: str, *_: Any, **__: Any) -> tuple[str, int, dict[str, str]]:
        self.asked.append((method, url))
        if isinstance(self.body, Exception):
            raise self.body
        return json.dumps(self.body), self.status, {}


def look_up(status: int, body: object) -> tuple[StripeLookUp, Answer]:
    answer = Answer(status, body)
    return StripeLookUp(sdk.StripeClient("sk_test_1", http_client=answer, max_network_retries=0)), answer


def test_line_items_name_what_was_bought() -> None:
    shop, answer = look_up(200, {"object": "list", "data": [ITEM], "has_more": False, "url": "/v1/x"})
    items = shop.line_items("cs_live_bloom1")
    assert answer.asked == [("get", "https://api.stripe.com/v1/checkout/sessions/cs_live_bloom1/line_items?limit=100")]
    assert items is not None
    assert (items[0]["description"], Decimal(items[0]["price"]["unit_amount_decimal"])) == (
        "Bloom Live",
        Decimal(199700),
    )
    purchase = next(stripe.normalise(parse(SESSION.read_bytes()), shop))
    assert isinstance(purchase, Order)
    assert (purchase.lines[0].product, purchase.lines[0].labels[:2]) == ("Bloom Live", ("price_1", "prod_1"))


@pytest.mark.parametrize("status", [400, 402, 404])
def test_what_asking_again_does_not_mend_leaves_the_event_as_it_is(status: int) -> None:
    shop, _ = look_up(status, {"error": {"message": "No such checkout session", "type": "invalid_request_error"}})
    assert shop.line_items("cs_other") is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {}}),
        (403, {"error": {}}),
        (429, {"error": {}}),
        (500, {"error": {}}),
        (200, sdk.APIConnectionError("away")),
    ],
)
def test_a_stripe_that_is_away_is_asked_again_later(status: int, body: object) -> None:
    shop, _ = look_up(status, body)
    with pytest.raises(LookUpFailedError, match="could not be asked"):
        shop.line_items("cs_live_bloom1")


def test_a_key_makes_a_patient_client() -> None:
    assert isinstance(StripeLookUp.with_key("sk_test_1").client, sdk.StripeClient)
