"""Every payload in tests/payloads stands beside the records it must become."""

import json
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from analytics.records import Line, Record, Utm
from connectors.clickfunnels import webhooks as clickfunnels
from connectors.clickfunnels_classic import webhooks as clickfunnels_classic
from connectors.contract import NoLookUp, Webhook
from connectors.payload import parse
from connectors.stripe import webhooks as stripe
from connectors.zoom import webhooks as zoom

FOLDER = Path(__file__).parents[1] / "payloads"
VENDORS = {module.__name__.split(".")[1]: module for module in (clickfunnels, clickfunnels_classic, stripe, zoom)}
CASES = sorted(path for path in FOLDER.glob("*/*.json") if not path.name.endswith(".records.json"))


def vendor_of(path: Path) -> Webhook:
    return VENDORS[path.parent.name]


def plain(value: object) -> object:
    """A value of a record as JSON writes it; what a record leaves at its default is left out."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Utm):
        return {part.name: getattr(value, part.name) for part in fields(value) if getattr(value, part.name)}
    if isinstance(value, Line):
        parts = {part.name: (getattr(value, part.name), part.default) for part in fields(value)}
        return {name: plain(one) for name, (one, default) in parts.items() if one != default}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


def told(record: Record) -> dict[str, object]:
    said = {part.name: getattr(record, part.name) for part in fields(record)}
    left_out = {part.name for part in fields(record) if said[part.name] in (part.default, Utm())}
    values = {name: plain(value) for name, value in said.items() if name not in left_out}
    return {"record": type(record).__name__, **values}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_payload_becomes_the_records_beside_it(path: Path) -> None:
    vendor, payload = vendor_of(path), parse(path.read_bytes())
    expected = json.loads(path.with_suffix(".records.json").read_text(encoding="utf-8"))
    assert [told(record) for record in vendor.normalise(payload, NoLookUp())] == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_kept_of_a_payload_means_the_same(path: Path) -> None:
    vendor, body = vendor_of(path), path.read_bytes()
    payload = parse(body)
    kept = vendor.keep(payload, body)
    assert list(vendor.normalise(parse(kept), NoLookUp())) == list(vendor.normalise(payload, NoLookUp()))
    assert vendor.keep(parse(kept), kept) == kept
    assert vendor.event_id(parse(kept), kept, {}) == vendor.event_id(payload, body, {}) or vendor is zoom


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_event_has_a_plain_id_and_kind(path: Path) -> None:
    vendor, body = vendor_of(path), path.read_bytes()
    payload = parse(body)
    for name, longest in ((vendor.event_id(payload, body, {}), 191), (vendor.kind(payload), 64)):
        assert 0 < len(name) <= longest
        assert name.isascii()
        assert name.isprintable()


def test_every_expectation_has_its_payload() -> None:
    expectations = {path.name.removesuffix(".records.json") for path in FOLDER.glob("*/*.records.json")}
    assert expectations == {path.stem for path in CASES}


@pytest.mark.parametrize("module", VENDORS.values(), ids=VENDORS)
def test_a_vendor_has_the_one_face(module: ModuleType) -> None:
    assert all(callable(getattr(module, name)) for name in ("verify", "event_id", "kind", "keep", "normalise"))
    assert isinstance(module.SOURCE, str)
