"""localstripe, a Stripe that others wrote, tells of a payment and a refund: over HTTP, signed, into the tables.

What it cannot: it knows test mode alone, and its intents lack the amount received, which Stripe's never do (both are given
to it here, and left out in tests of their own); and it sends no event of a refund: its own refunded charge is then sent as
Stripe would, in an event that Stripe's library signs.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
import stripe

from analytics.database import open_engine, reading
from analytics.schema import high_ticket_sales, inbox, review_items, sale_facts
from tests.receiver import stage
from tests.receiver.stage import SECRET, Door

# Its own command listens on every address of the machine and pickles its store into /tmp.
PEER = """
import sys
from aiohttp import web
from localstripe import resources, server
resources.Store.dump_to_disk = lambda self: None
begin = resources.StripeObject.__init__
def born(self, id=None):
    begin(self, id)
    if hasattr(self, "livemode"):
        self.livemode = sys.argv[2] == "live"
resources.StripeObject.__init__ = born
if sys.argv[2] != "bare":
    resources.PaymentIntent.amount_received = property(lambda self: self.amount)
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
CARD = {"card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2035", "card[cvc]": "123"}
PRICE, RETURNED = 199_700, 50_000


@contextmanager
def localstripe(mode: str, folder: Path) -> Iterator[httpx2.Client]:
    """A running localstripe, and a client of it."""
    if importlib.util.find_spec("localstripe") is None:
        pytest.fail("localstripe is missing: make test installs it, or VIEW3_TEST_WITHOUT=peers leaves its tests out")
    port, log = stage.free_port(), folder / "localstripe.log"
    with log.open("wb") as output:
        peer = subprocess.Popen([sys.executable, "-c", PEER, str(port), mode], stdout=output, stderr=output)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", auth=("sk_test_12345", ""), timeout=10) as client:
        try:
            stage.wait_for(lambda: _is_up(client), 30, log.read_text)
            yield client
        finally:
            peer.terminate()
            peer.wait(10)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/view3.db"


def test_a_payment_and_its_refund_become_a_sale_and_less_of_it(url: str, tmp_path: Path) -> None:
    with Door(url, tmp_path, now=None) as door, localstripe("live", tmp_path) as peer:
        intent = _pay(peer, door)
        stage.wait_for(lambda: _is_any(url, high_ticket_sales), 30, door.log.read_text)
        (sale,) = _rows(url, high_ticket_sales)
        assert (sale["price"], sale["customer_name"]) == (Decimal("1997.00"), "Rosa Lima")
        _post(peer, "/v1/refunds", {"payment_intent": intent["id"], "amount": str(RETURNED)})
        charge = peer.get(f"/v1/charges/{_charge_of(intent)}").json()
        assert charge["amount_refunded"] == RETURNED
        _tell(door, "charge.refunded", charge)
        stage.wait_for(lambda: _is_any(url, sale_facts, "refunded"), 30, door.log.read_text)
    (facts,) = _rows(url, sale_facts)
    assert facts["refunded"] == Decimal("500.00")
    kinds = {row["kind"]: row["state"] for row in _rows(url, inbox)}
    assert kinds.pop("payment_intent.succeeded") == kinds.pop("charge.refunded") == "read"
    assert kinds == {
        "customer.created": "read"
    }  # a customer's address is kept, for orders that state the customer alone


def test_a_payment_in_test_mode_is_kept_and_counts_nowhere(url: str, tmp_path: Path) -> None:
    with Door(url, tmp_path, now=None) as door, localstripe("test", tmp_path) as peer:
        _pay(peer, door)
        stage.wait_for(lambda: _is_any(url, review_items), 30, door.log.read_text)
    assert [row["kind"] for row in _rows(url, review_items)] == ["test_mode"]
    assert _rows(url, high_ticket_sales) == []


def test_an_intent_without_the_amount_received_is_set_aside_with_its_reason(url: str, tmp_path: Path) -> None:
    with Door(url, tmp_path, now=None) as door, localstripe("bare", tmp_path) as peer:
        _pay(peer, door)
        stage.wait_for(lambda: _is_any(url, inbox, "reason"), 30, door.log.read_text)
    (aside,) = [row for row in _rows(url, inbox) if row["state"] == "set aside"]
    assert (aside["kind"], aside["reason"]) == (
        "payment_intent.succeeded",
        "'data.object.amount_received' is missing",
    )


def test_without_the_right_secret_nothing_of_it_is_kept(url: str, tmp_path: Path) -> None:
    with Door(url, tmp_path, now=None) as door, localstripe("live", tmp_path) as peer:
        _pay(peer, door, "whsec_wrong")
        stage.wait_for(lambda: "the signature does not fit" in door.log.read_text(), 30, door.log.read_text)
    assert _rows(url, inbox) == []


def _pay(peer: httpx2.Client, door: Door, secret: str = SECRET) -> dict[str, Any]:
    """Pay by card; the receiver hears of it."""
    _post(peer, "/_config/webhooks/view3", {"url": f"http://127.0.0.1:{door.port}{stage.PATH}", "secret": secret})
    customer = _post(peer, "/v1/customers", {"email": "rosa.lima@example.com", "name": "Rosa Lima"})
    method = _post(peer, "/v1/payment_methods", {"type": "card", **CARD})
    _post(peer, f"/v1/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
    about = {"amount": str(PRICE), "currency": "usd", "customer": customer["id"], "payment_method": method["id"]}
    noted = {"metadata[product_name]": "Bloom Mastermind", "metadata[email]": "rosa.lima@example.com"}
    noted["metadata[customer_name]"] = "Rosa Lima"
    return _post(peer, "/v1/payment_intents", {**about, **noted, "confirm": "true"})


def _charge_of(intent: dict[str, Any]) -> str:
    charge = intent.get("latest_charge") or intent["charges"]["data"][0]
    return str(charge["id"] if isinstance(charge, dict) else charge)


def _tell(door: Door, kind: str, about: dict[str, Any]) -> None:
    event = {"id": "evt_refunded", "object": "event", "api_version": "2017-08-15", "created": int(time.time())}
    raw = json.dumps({**event, "livemode": True, "type": kind, "data": {"object": about}})
    header = stripe.WebhookSignature.generate_signature_header(raw, SECRET)
    answer = httpx2.post(
        f"http://127.0.0.1:{door.port}{stage.PATH}", content=raw, headers={"Stripe-Signature": header}, timeout=10
    )
    assert answer.status_code == 200, answer.text


def _post(peer: httpx2.Client, path: str, data: dict[str, str]) -> dict[str, Any]:
    answer = peer.post(path, data=data)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json() if answer.content else {}
    return told


def _is_up(peer: httpx2.Client) -> bool:
    try:
        return peer.get("/v1/customers").status_code == 200
    except httpx2.TransportError:
        return False


def _is_any(url: str, table: sa.Table, column: str = "") -> bool:
    """Tell whether there is a row, or one with something in a column."""
    return any(row[column] if column else True for row in _rows(url, table))


def _rows(url: str, table: sa.Table) -> list[dict[str, Any]]:
    engine = open_engine(url)
    with reading(engine) as connection:
        rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
    engine.dispose()
    return rows
