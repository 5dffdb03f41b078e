"""Stripe's own library and ours say the same of every signature, but for the few where ours is stricter on purpose."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.contract import BadSignatureError
from connectors.stripe import webhooks as ours
from tests.connectors.events import body, signed

SECRET, OLD = "whsec_new", "whsec_old"
PAID = body("stripe", "session-paid")
HEX = "0" * 64


def by_stripe(raw: bytes, secret: str, at: datetime) -> str:
    """The header with which Stripe's library signs."""
    return str(stripe.WebhookSignature.generate_signature_header(raw.decode(), secret, timestamp=int(at.timestamp())))


def now() -> datetime:
    return datetime.fromtimestamp(int(time.time()), UTC)  # Stripe's library reads the clock itself


def we_accept(header: str, raw: bytes, *secrets: str) -> bool:
    try:
        ours.verify({"stripe-signature": header}, raw, secrets or (SECRET,), now())
    except BadSignatureError:
        return False
    return True


def stripe_accepts(header: str, raw: bytes, secret: str = SECRET) -> bool:
    try:
        stripe.WebhookSignature.verify_header(raw, header, secret, 300)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


@given(st.text(max_size=300), st.text(alphabet=st.characters(codec="ascii"), min_size=1).filter(str.strip))
@example('{"name": "Zoë 🌸", "x": "\u2028"}', "whsec_é")
def test_what_stripes_library_signs_we_accept(text: str, secret: str) -> None:
    raw = text.encode()
    assert we_accept(by_stripe(raw, secret, now()), raw, secret)


@pytest.mark.parametrize("path", ["session-paid", "charge-succeeded", "refund-created", "invoice-single"])
def test_what_we_sign_in_tests_stripes_library_constructs(path: str) -> None:
    raw = body("stripe", path)
    header = signed("stripe", raw, now(), SECRET)["Stripe-Signature"]
    event = stripe.Webhook.construct_event(raw, header, SECRET)
    assert (event.id, event.type) == (json.loads(raw)["id"], json.loads(raw)["type"])


def test_while_a_secret_is_rolled_both_headers_and_both_secrets_fit() -> None:
    new, old = by_stripe(PAID, SECRET, now()), by_stripe(PAID, OLD, now())
    both = f"{new},{old.partition(',')[2]}"  # one digest per living secret, as Stripe sends for up to 24 hours
    for secret in (SECRET, OLD):
        assert stripe_accepts(both, PAID, secret)
        assert we_accept(both, PAID, secret)
    assert we_accept(new, PAID, OLD, SECRET)
    assert we_accept(old, PAID, OLD, SECRET)
    assert not we_accept(old, PAID, SECRET)
    assert not stripe_accepts(old, PAID, SECRET)


@pytest.mark.parametrize("fault", ["body", "secret", "old", "v0", "nothing", "no digest", "no time", "order", "spare"])
def test_both_judge_alike(fault: str) -> None:
    stamp, digest = by_stripe(PAID, SECRET, now()).split(",")
    cases = {
        "body": by_stripe(PAID + b" ", SECRET, now()),
        "secret": by_stripe(PAID, "another", now()),
        "old": by_stripe(PAID, SECRET, now() - timedelta(seconds=310)),
        "v0": f"{stamp},{digest.replace('v1', 'v0')}",
        "nothing": "",
        "no digest": stamp,
        "no time": digest,
        "order": f"{digest},{stamp}",
        "spare": f"{stamp},v1={HEX},{digest},v0={HEX}",
    }
    accepted = stripe_accepts(cases[fault], PAID)
    assert we_accept(cases[fault], PAID) is accepted
    assert accepted is (fault in {"order", "spare"})


@pytest.mark.parametrize("stricter", ["future", "two times"])
def test_where_we_are_stricter_than_stripes_library(stricter: str) -> None:
    good = by_stripe(PAID, SECRET, now())
    header = by_stripe(PAID, SECRET, now() + timedelta(seconds=310)) if stricter == "future" else f"{good},t=1"
    assert stripe_accepts(header, PAID)
    assert not we_accept(header, PAID)
