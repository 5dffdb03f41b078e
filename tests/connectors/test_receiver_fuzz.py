"""The HTTP door under random fire: never a 5xx, and nothing is kept that was not signed."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.catalog import ROUTES
from tests.connectors.events import SECRET, signed
from tests.connectors.test_receiver import House

PATHS = [route.path if not route.setting.endswith("_token") else f"{route.path}/{SECRET}" for route in ROUTES]
VENDORS = dict(zip(("stripe", "clickfunnels", "clickfunnels_classic", "zoom"), PATHS, strict=True))
QUIET = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
header_names = st.sampled_from(
    [
        "Stripe-Signature",
        "x-zm-signature",
        "x-zm-request-timestamp",
        "Content-Type",
        "X-View3-Token",
        "Content-Encoding",
    ]
)
header_values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


@QUIET
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH"]),
    path=st.sampled_from(
        [*PATHS[:2], PATHS[3], "/webhooks/", "/webhooks/clickfunnels-classic/guess", "/%00", "/..;/x"]
    ),
    body=st.binary(max_size=400),
    headers=st.dictionaries(header_names, header_values, max_size=4),
)
def test_strangers_get_a_4xx_and_leave_nothing(method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    house = House()
    with house.client:
        answer = house.client.request(method, path, content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert (house.kept, house.parked) == ([], [])


@QUIET
@given(vendor=st.sampled_from(sorted(VENDORS)), payload=st.dictionaries(st.text(max_size=12), values, max_size=6))
def test_what_a_vendor_signed_is_kept_or_parked_or_refused_and_never_crashes(
    vendor: str, payload: dict[str, object]
) -> None:
    house, raw = House(), json.dumps(payload).encode()
    with house.client:
        answer = house.client.post(VENDORS[vendor], content=raw, headers=signed(vendor, raw))
    assert answer.status_code in {200, 400}
    if vendor != "clickfunnels_classic" and "plainToken" not in answer.text:
        assert len(house.kept) + len(house.parked) == 1
