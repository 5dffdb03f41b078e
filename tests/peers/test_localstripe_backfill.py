"""localstripe, a Stripe that others wrote, is asked for its past by Stripe's own library: the same sale as its webhooks told.

What it cannot: it has no Checkout sessions and no disputes, and does not know how to pick events by their types; those lists
are left out here. It tells oldest first, so the date at which a back-fill ends cannot be tried on it.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import upgrade
from analytics.offers import Patterns
from analytics.schema import high_ticket_sales, inbox, sale_facts
from connectors.contract import VendorError
from connectors.drain import Drain
from connectors.poller import Ended, Poller
from connectors.stripe.api import StripeLists
from connectors.stripe.backfill import KINDS, StripeBackfill
from tests.connectors.polled import CHALLENGE
from tests.peers.test_localstripe import PRICE, localstripe

KEY, SINCE = "sk_test_12345", date(2025, 1, 1)
RULES = Rules(CHALLENGE, patterns=Patterns(high_ticket=("*bloom*",)))
CARD = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2035", "card[cvc]": "123"}


def _post(peer: Any, path: str, data: dict[str, str]) -> dict[str, Any]:
    answer = peer.post(path, data=data)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _pay(peer: Any, name: str) -> dict[str, Any]:
    customer = _post(peer, "/v1/customers", {"email": f"{name}@example.com", "name": name})
    method = _post(peer, "/v1/payment_methods", {"type": "card", **CARD})
    _post(peer, f"/v1/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
    about = {"amount": str(PRICE), "currency": "usd", "customer": customer["id"], "payment_method": method["id"]}
    noted = {"metadata[product_name]": "Bloom Mastermind", "metadata[email]": f"{name}@example.com"}
    return _post(peer, "/v1/payment_intents", {**about, **noted, "confirm": "true"})


def test_its_past_is_read_page_by_page_into_the_same_sales(database_url: str, tmp_path: Path) -> None:
    engine = open_engine(database_url)
    upgrade(engine)
    with localstripe("live", tmp_path) as peer:
        intents = [_pay(peer, f"buyer-{number}") for number in range(3)]
        _post(peer, "/v1/refunds", {"payment_intent": intents[0]["id"], "amount": "50000"})
        charges = peer.get("/v1/charges").json()["data"]
        for number, charge in enumerate(
            charges
        ):  # what is noted on an intent it does not copy to the charge, as Stripe does
            noted = {"metadata[product_name]": "Bloom Mastermind", "metadata[email]": f"buyer-{number}@example.com"}
            _post(peer, f"/v1/charges/{charge['id']}", noted)
        lists = StripeLists.with_key(KEY, str(peer.base_url).rstrip("/"))
        source = StripeBackfill(SINCE, ("charge", "refund", "invoice"), lists)
        outcome = Poller(lambda: writing(engine), lambda: datetime.now(UTC)).once(source)
        assert (outcome.ended, outcome.new) == (Ended.WELL, 4), outcome
    take = lambda connection, records: accept(connection, RULES, records)  # noqa: E731 (handed on)
    Drain(lambda: writing(engine), take, lambda: datetime.now(UTC)).all()
    with reading(engine) as connection:
        prices = list(connection.scalars(sa.select(high_ticket_sales.c.price)))
        refunded = sorted(connection.scalars(sa.select(sale_facts.c.refunded)))
        states = set(connection.scalars(sa.select(inbox.c.state)))
    assert prices == [Decimal(1997)] * 3
    assert refunded == [0, 0, Decimal(500)]
    assert states == {"read"}
    engine.dispose()


def test_a_list_that_it_does_not_have_ends_in_a_sentence(tmp_path: Path) -> None:
    with localstripe("live", tmp_path) as peer:
        source = StripeBackfill(SINCE, KINDS, StripeLists.with_key(KEY, str(peer.base_url).rstrip("/")))
        with pytest.raises(VendorError, match=r"Stripe answered 404 to the list of checkout\.sessions\."):
            source.check(lambda: datetime.now(UTC))
