"""Whom we believe: signatures over raw bytes, from each vendor's own recipe."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
import stripe as sdk

from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels_classic import webhooks as clickfunnels_classic
from connectors.contract import BadSignatureError
from connectors.stripe import webhooks as stripe
from connectors.zoom import webhooks as zoom

NOW = datetime(2026, 1, 11, 17, tzinfo=UTC)
STAMP = 1768150800
BODY = '{"id":"evt_1","object":"event","name":"Zoë"}'.encode()
SECRETS = ("first-secret", "second-secret")


def stripe_headers(body: bytes = BODY, secret: str = SECRETS[0], at: int = STAMP) -> dict[str, str]:
    header = sdk.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=at)
    return {"stripe-signature": header}


def clickfunnels_headers(body: bytes = BODY, secret: str = SECRETS[0], at: int = STAMP) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"x-webhook-clickfunnels-signature": digest, "x-webhook-clickfunnels-timestamp": str(at)}


def zoom_headers(body: bytes = BODY, secret: str = SECRETS[0], at: int = STAMP) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-zm-signature": f"v0={digest}", "x-zm-request-timestamp": str(at)}


VENDORS = [
    pytest.param(stripe, stripe_headers, 300, id="stripe"),
    pytest.param(clickfunnels, clickfunnels_headers, 600, id="clickfunnels"),
    pytest.param(zoom, zoom_headers, 300, id="zoom"),
]


def refusal(vendor, headers, body=BODY, secrets=SECRETS, now=NOW) -> BadSignatureError:
    with pytest.raises(BadSignatureError) as caught:
        vendor.verify(headers, body, secrets, now)
    return caught.value


@pytest.mark.parametrize(("vendor", "sign", "tolerance"), VENDORS)
@pytest.mark.parametrize("secret", SECRETS)
def test_either_of_two_secrets_fits(vendor, sign, tolerance, secret) -> None:
    vendor.verify(sign(secret=secret), BODY, SECRETS, NOW)
    vendor.verify(sign(secret=secret), BODY, tuple(reversed(SECRETS)), NOW)


@pytest.mark.parametrize(("vendor", "sign", "tolerance"), VENDORS)
def test_a_wrong_or_an_empty_secret_fits_nothing(vendor, sign, tolerance) -> None:
    assert not refusal(vendor, sign(secret="another")).stale
    assert not refusal(vendor, sign(), secrets=()).stale
    assert not refusal(vendor, sign(secret="another"), secrets=("",)).stale
    digest = hmac.new(b"", f"{STAMP}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert not refusal(stripe, {"stripe-signature": f"t={STAMP},v1={digest}"}, secrets=("",)).stale


@pytest.mark.parametrize(("vendor", "sign", "tolerance"), VENDORS)
def test_a_body_changed_in_one_byte_is_refused(vendor, sign, tolerance) -> None:
    headers = sign()
    for position in range(len(BODY)):
        changed = bytearray(BODY)
        changed[position] ^= 1
        assert not refusal(vendor, headers, bytes(changed)).stale
    assert not refusal(vendor, headers, BODY + b" ").stale


@pytest.mark.parametrize(("vendor", "sign", "tolerance"), VENDORS)
@pytest.mark.parametrize("direction", [1, -1], ids=["old", "future"])
def test_a_good_signature_of_another_time_is_stale(vendor, sign, tolerance, direction) -> None:
    edge = timedelta(seconds=tolerance) * direction
    vendor.verify(sign(), BODY, SECRETS, NOW + edge)
    assert refusal(vendor, sign(), now=NOW + edge + timedelta(seconds=direction)).stale
    assert refusal(vendor, sign(at=10**11)).stale
    assert not refusal(vendor, sign(secret="another"), now=NOW + edge * 2).stale


@pytest.mark.parametrize(("vendor", "sign", "tolerance"), VENDORS)
def test_another_time_than_the_signed_one_is_refused(vendor, sign, tolerance) -> None:
    headers = {name: value.replace(str(STAMP), str(STAMP + 1)) for name, value in sign().items()}
    assert not refusal(vendor, headers).stale


@pytest.mark.parametrize(("vendor", "sign", "tolerance"), VENDORS)
@pytest.mark.parametrize(
    "garbled",
    [
        "",
        " ",
        "," * 1000,
        "t=,v1=",
        "v1",
        "=",
        "v0=",
        "t=1,t=2",
        "\x00",
        "é" * 64,
        "ÿ=1",
        "t=٣,v1=٣",
        "t=-1",
        "t=1e3",
        "9" * 5000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_garbled_headers_are_refused(vendor, sign, tolerance, garbled) -> None:
    assert not refusal(vendor, {}).stale
    for name in sign():
        assert not refusal(vendor, {**sign(), name: garbled}).stale
        assert not refusal(vendor, {one: value for one, value in sign().items() if one != name}).stale


def test_stripe_is_believed_by_one_of_several_signatures_of_scheme_one_only() -> None:
    ours = stripe_headers()["stripe-signature"].partition("v1=")[2]
    theirs = "0" * 64
    for header in (f"t={STAMP},v1={theirs},v1={ours},v0={theirs}", f"v1={ours},t={STAMP}", f"t={STAMP},v1=x,v1={ours}"):
        stripe.verify({"stripe-signature": header}, BODY, SECRETS, NOW)
    for header in (f"t={STAMP},v0={ours}", f"t={STAMP},t={STAMP},v1={ours}", f"t={STAMP}" + f",v1={ours}" * 1000):
        refusal(stripe, {"stripe-signature": header})


def test_zoom_signs_with_version_zero() -> None:
    digest = zoom_headers()["x-zm-signature"].removeprefix("v0=")
    for signature in (digest, f"v1={digest}", f"v0:{digest}", f"v0={digest.upper()}"):
        refusal(zoom, {**zoom_headers(), "x-zm-signature": signature})


def test_clickfunnels_classic_is_believed_by_the_token_in_its_address() -> None:
    name = clickfunnels_classic.PATH_TOKEN
    clickfunnels_classic.verify({name: SECRETS[1]}, BODY, SECRETS, NOW)
    for headers in ({}, {name: ""}, {name: "first-secre"}, {name: "é\ud800"}):
        assert not refusal(clickfunnels_classic, headers).stale
    refusal(clickfunnels_classic, {name: ""}, secrets=("",))
    refusal(clickfunnels_classic, {name: ""}, secrets=())
