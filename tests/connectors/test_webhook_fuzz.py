"""Whatever arrives, a vendor module says no with one of two errors, and nothing else ever escapes."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels_classic import webhooks as clickfunnels_classic
from connectors.contract import BadSignatureError, NoLookUp, UnreadablePayloadError, Webhook
from connectors.payload import parse
from connectors.stripe import webhooks as stripe
from connectors.zoom import webhooks as zoom

NOW = datetime(2026, 1, 11, 17, tzinfo=UTC)
FOLDER = Path(__file__).parents[1] / "payloads"
VENDORS: dict[str, Webhook] = {
    "clickfunnels": clickfunnels,
    "clickfunnels_classic": clickfunnels_classic,
    "stripe": stripe,
    "zoom": zoom,
}
CASES = sorted(path for path in FOLDER.glob("*/*.json") if not path.name.endswith(".records.json"))
HEADERS = (
    "stripe-signature",
    "x-webhook-clickfunnels-signature",
    "x-webhook-clickfunnels-timestamp",
    "x-zm-signature",
    "x-zm-request-timestamp",
    clickfunnels_classic.PATH_TOKEN,
    clickfunnels_classic.DELIVERY_ID,
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(st.characters(codec=None), max_size=40)
    | st.sampled_from(
        ["", "0", "-1", "1e9", "NaN", "9" * 400, "2026-01-11T17:00:00Z", "+9999-12-31", "[{u'a': 1}]", "٣"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "data", "email", "amount"]), inner, max_size=3)
    ),
    max_leaves=6,
)
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def use(vendor: Webhook, payload: Any, body: bytes, headers: dict[str, str]) -> None:
    """Do everything that is done with an event; each step may say no."""
    steps = [
        lambda: vendor.event_id(payload, body, headers),
        lambda: vendor.kind(payload),
        lambda: vendor.keep(payload, body),
        lambda: list(vendor.normalise(payload, NoLookUp())),
        lambda: zoom.validation_answer(payload, "secret"),
    ]
    for step in steps:
        try:
            told = step()
        except UnreadablePayloadError:
            continue
        assert not isinstance(told, str) or (told.isascii() and told.isprintable() and len(told) <= 191)


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
@often
@given(
    headers=st.dictionaries(
        st.sampled_from(HEADERS), st.text(st.characters(codec=None)) | st.from_regex(r"(t|v[01])=[0-9a-f,=vt]*")
    ),
    body=st.binary(max_size=60),
    secrets=st.lists(st.text(st.characters(codec=None), max_size=8), max_size=3),
)
def test_no_request_is_believed_and_none_crashes(vendor, headers, body, secrets) -> None:
    if headers.get(clickfunnels_classic.PATH_TOKEN) in secrets:
        headers = {}
    with pytest.raises(BadSignatureError):
        vendor.verify(headers, body, secrets, NOW)


@often
@given(st.binary() | st.text().map(str.encode) | st.from_regex(r'[\[{}\]:,"a0-9eE.\-+\\u]{0,40}').map(str.encode))
def test_a_body_is_read_or_refused(body) -> None:
    try:
        payload = parse(body)
    except UnreadablePayloadError:
        return
    for vendor in VENDORS.values():
        use(vendor, payload, body, {})


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for name, part in inner for one in places(part, (*path, name)))][0 if path else 1 :]


@pytest.mark.parametrize("vendor", VENDORS)
@often
@given(data=st.data())
def test_a_payload_with_fields_replaced_is_read_or_refused(vendor, data) -> None:
    path = data.draw(st.sampled_from([path for path in CASES if path.parent.name == vendor]))
    payload = copy.deepcopy(parse(path.read_bytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        found = places(payload)
        if not found:
            return
        *way, last = data.draw(st.sampled_from(found))
        holder: Any = payload
        for step in way:
            holder = holder[step]
        holder[last] = data.draw(values)
    body = json.dumps(payload, default=str).encode()
    use(VENDORS[vendor], payload, body, {clickfunnels_classic.DELIVERY_ID: data.draw(st.text(max_size=5))})


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_event_of_one_vendor_at_another_address_is_read_or_refused(path: Path) -> None:
    body = path.read_bytes()
    for vendor in VENDORS.values():
        use(vendor, parse(body), body, {})
