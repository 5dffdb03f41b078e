"""Stripe's and ClickFunnels' past: what is asked, how far, where a broken-off run goes on, and what it leaves behind."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.engine import Engine

from analytics.database import open_engine, reading, writing
from analytics.ingest import Rules, accept
from analytics.migrate import upgrade
from analytics.offers import Patterns
from analytics.schema import high_ticket_sales, inbox, leads, sale_facts
from connectors import inbox as events
from connectors.clickfunnels import backfill as clickfunnels_api
from connectors.clickfunnels.backfill import ClickFunnelsBackfill
from connectors.contract import Source, VendorError
from connectors.drain import Drain
from connectors.poller import Ended, Outcome, Poller
from connectors.settings import ConnectorSettings
from connectors.stripe import backfill as stripe_backfill
from connectors.stripe import webhooks as stripe
from connectors.stripe.api import StripeLists
from connectors.stripe.backfill import KINDS, StripeBackfill
from connectors.wanted import PAST_ONLY, Off, Wanted
from tests.connectors.fake_lists import KEY, FakeClickFunnels, FakeStripe, Objects, seconds
from tests.connectors.polled import CHALLENGE
from tests.connectors.vendor_server import HASTY, Fault, VendorServer

FOLDER = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SINCE = date(2025, 12, 1)
RULES = Rules(CHALLENGE, patterns=Patterns(high_ticket=("*bloom*",)))
SET: dict[str, Any] = {
    "stripe_api_key": SecretStr(KEY),
    "clickfunnels_api_host": "bloom.myclickfunnels.com",
    "clickfunnels_api_workspace": "42",
    "clickfunnels_api_token": SecretStr(KEY),
}


def payload(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{case}.json").read_text())
    return found


def about(case: str) -> dict[str, Any]:
    found: dict[str, Any] = payload(case)["data"]["object"]
    return found


def old(kind: str) -> dict[str, Any]:
    """A charge or an order from before the back-fill begins."""
    if kind == "charge":
        return {**about("stripe/charge-succeeded"), "id": "ch_old", "created": seconds("2025-11-30")}
    return {**payload("clickfunnels/order-completed")["data"], "id": 1, "created_at": "2025-11-30T00:00:00Z"}


LONG_AGO = {"created": seconds("2025-10-01"), "created_at": "2025-10-01T00:00:00Z"}
OLDER = [{"id": f"{number}", **LONG_AGO} for number in range(100, 110)]  # on pages that nobody needs to ask for


def stripe_objects() -> Objects:
    charge = about("stripe/charge-refunded-in-part")
    intent = {"id": "pi_bloom1", "latest_charge": {**charge, "created": 1768150800}}
    items = {"object": "list", "data": [{"id": "li_1", "description": "Bloom Mastermind"}], "has_more": False}
    session = {**about("stripe/session-paid"), "payment_intent": intent, "line_items": items}
    failed = {**charge, "id": "ch_failed", "status": "failed", "payment_intent": "pi_failed", "paid": False}
    return {
        "/v1/checkout/sessions": [session],
        "/v1/charges": [failed, charge, {**failed, "id": "ch_failed2"}, old("charge"), *OLDER],
        "/v1/refunds": [about("stripe/refund-created")],
        "/v1/events": [payload(f"stripe/{name}") for name in ("charge-succeeded", "intent-bare", "session-paid")],
    }


def clickfunnels_objects() -> Objects:
    contact = payload("clickfunnels/contact-created")["data"]
    completed = payload("clickfunnels/order-completed")["data"]
    sent = [payload(f"clickfunnels/{name}") for name in ("order-completed", "contact-created")]
    log = [
        {**{name: value for name, value in event.items() if name not in {"event_id", "event_type"}}, "id": number}
        | {"uuid": event["event_id"], "event_type_id": event["event_type"]}
        for number, event in enumerate(sent)
    ]
    pending = {**payload("clickfunnels/order-pending")["data"], "id": 77}
    return {
        "contacts": [contact],
        "orders": [pending, completed, {**pending, "id": 76}, old("order"), *OLDER],
        "webhooks/outgoing/events": log,
    }


def stripe_source(server: VendorServer, since: date = SINCE) -> StripeBackfill:
    return StripeBackfill(since, KINDS, StripeLists.with_key(KEY, server.url))


def clickfunnels_source(server: VendorServer, monkeypatch: pytest.MonkeyPatch, **told: Any) -> ClickFunnelsBackfill:
    monkeypatch.setattr(clickfunnels_api, "ADDRESS", server.url)
    settings = ConnectorSettings(_env_file=None, **{**SET, **told})
    found = clickfunnels_api.source(Wanted(settings, lambda: NOW, SINCE, HASTY))
    assert isinstance(found, ClickFunnelsBackfill), found
    return found


@pytest.fixture
def engine(database_url: str) -> Any:
    engine = open_engine(database_url)
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def embedded(tmp_path: Path) -> Any:
    engine = open_engine(f"sqlite:///{tmp_path}/view3.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def poll(engine: Engine, source: Source, told: list[str] | None = None) -> Outcome:
    said = [] if told is None else told
    outcome = Poller(lambda: writing(engine), lambda: NOW, progress=lambda _name, words: said.append(words)).once(
        source
    )
    Drain(lambda: writing(engine), lambda connection, records: accept(connection, RULES, records), lambda: NOW).all()
    return outcome


def rows(engine: Engine, table: sa.Table) -> list[Any]:
    with reading(engine) as connection:
        return list(connection.execute(sa.select(table)).mappings())


def states(engine: Engine) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows(engine, inbox):
        found.setdefault(row["source"], set()).add(row["state"])
    return found


def test_stripes_past_becomes_one_sale(engine: Engine) -> None:
    told: list[str] = []
    with VendorServer(FakeStripe(stripe_objects())) as server:
        outcome = poll(engine, stripe_source(server), told)
        assert (outcome.ended, outcome.pause) == (Ended.WELL, None)
        events_asked = next(asked for asked in server.asked if asked.path == "/v1/events")
        assert {value for name, value in events_asked.params.items() if name.startswith("types[")} == set(
            stripe.READERS
        )
    (sale,), (facts,) = rows(engine, high_ticket_sales), rows(engine, sale_facts)
    assert (sale["price"], sale["product_name"]) == (Decimal(1997), "Bloom Mastermind")
    assert (facts["collected"], facts["refunded"]) == (Decimal(1997), Decimal(500))
    assert states(engine) == {"stripe": {"read"}, "stripe-history": {"read"}}
    assert told[1] == "charges: page 2, 3 objects, back to 2026-01-11"
    assert outcome.sentence == "8 new; 8 objects on 8 pages since 2025-12-01"
    assert not [row for row in rows(engine, inbox) if "ch_old" in row["event_id"] or KEY.encode() in row["body"]]


def test_a_webhook_that_came_before_is_not_taken_again(embedded: Engine) -> None:
    body = json.dumps(payload("stripe/charge-succeeded"), indent=1).encode()
    with writing(embedded) as connection:
        events.keep(connection, [events.Event("stripe", "evt_charge_succeeded", "charge.succeeded", body, NOW)])
    with VendorServer(FakeStripe(stripe_objects())) as server:
        assert poll(embedded, stripe_source(server)).new == 7
    assert states(embedded)["stripe"] == {"read"}
    assert len(rows(embedded, high_ticket_sales)) == 1


def test_a_broken_off_run_goes_on_and_a_finished_one_starts_over(embedded: Engine) -> None:
    fake = FakeStripe(stripe_objects(), closed=frozenset({"/v1/refunds"}))
    with VendorServer(fake) as server:
        outcome = poll(embedded, stripe_source(server))
        assert outcome.sentence == (
            "Stripe's key may not read refunds: give the restricted key read access to them (VIEW3_STRIPE_API_KEY)."
        )
        fake.closed, fake.asked = frozenset(), []
        assert poll(embedded, stripe_source(server)).ended is Ended.WELL
        assert [asked.path for asked in fake.asked][:2] == ["/v1/charges", "/v1/refunds"]
        fake.asked = []
        assert poll(embedded, stripe_source(server)).new == 0
        assert fake.asked[0].path == "/v1/checkout/sessions"
        fake.asked = []
        poll(embedded, stripe_source(server, date(2025, 11, 1)))
        assert fake.asked[0].path == "/v1/checkout/sessions"
    assert [row for row in rows(embedded, inbox) if "ch_old" in row["event_id"]]


BAD_DAYS = [
    (Fault.TOO_MANY, Fault.BROKEN, Fault.DROPPED, Fault.NONE, Fault.TOO_MANY, Fault.NONE, Fault.BROKEN),
    (Fault.NONE, Fault.NONE, Fault.UNAUTHORISED, Fault.NONE, Fault.NONE, Fault.UNAUTHORISED),
    (Fault.NONE, Fault.NOT_JSON, Fault.NONE, *[Fault.DROPPED] * 6),
]


@pytest.mark.parametrize("faults", BAD_DAYS, ids=["busy", "unauthorised", "away"])
@pytest.mark.parametrize("vendor", ["stripe", "clickfunnels"])
def test_a_bad_day_ends_like_a_calm_one(
    faults: tuple[Fault, ...], vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for number, spoiled in enumerate(((), faults)):
        engine = open_engine(f"sqlite:///{tmp_path}/{number}.db")
        upgrade(engine)
        fake = FakeStripe(stripe_objects()) if vendor == "stripe" else FakeClickFunnels(clickfunnels_objects())
        with VendorServer(fake, spoiled) as server:
            source = stripe_source(server) if vendor == "stripe" else clickfunnels_source(server, monkeypatch)
            outcomes = [poll(engine, source)]
            while outcomes[-1].ended is not Ended.WELL:
                outcomes.append(poll(engine, source))
                assert len(outcomes) < 10, outcomes
        assert all(outcome.sentence.endswith(".") for outcome in outcomes[:-1])
        ends.append(
            [
                sorted(map(repr, _without_numbers(rows(engine, table))))
                for table in (high_ticket_sales, sale_facts, leads)
            ]
        )
        engine.dispose()
    assert ends[0] == ends[1]
    assert ends[0][0]


def _without_numbers(found: list[Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in {"created_at", "updated_at"}} for row in found]


def test_a_repeated_page_ends_in_a_sentence(embedded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeStripe(stripe_objects(), repeats=True)) as server:
        assert poll(embedded, stripe_source(server)).sentence == "Stripe repeats a page of its list of charges."
    objects = {"contacts": [{"id": number, "created_at": "2026-01-01T00:00:00Z"} for number in range(9)]}
    with VendorServer(FakeClickFunnels(objects, repeats=True)) as server:
        sentence = poll(embedded, clickfunnels_source(server, monkeypatch)).sentence
    assert sentence == "ClickFunnels repeats a page of its list of contacts."


def test_clickfunnels_past_becomes_one_credited_sale(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with VendorServer(FakeClickFunnels(clickfunnels_objects())) as server:
        outcome = poll(engine, clickfunnels_source(server, monkeypatch), told)
    assert (outcome.ended, outcome.pause) == (Ended.WELL, None)
    (sale,), (lead,) = rows(engine, high_ticket_sales), rows(engine, leads)
    assert (sale["price"], sale["lead_id"]) == (Decimal(1997), lead["id"])
    assert states(engine) == {"clickfunnels": {"read"}, "clickfunnels-history": {"read"}}
    assert told[0].startswith("contacts: page 1, 1 objects, back to 2026-01-")
    assert outcome.sentence == "6 new; 6 objects on 4 pages since 2025-12-01"
    assert not [row for row in rows(engine, inbox) if row["event_id"].startswith("order/1@")]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (403, "ClickFunnels does not let the token read contacts: VIEW3_CLICKFUNNELS_API_TOKEN."),
        (
            404,
            "ClickFunnels knows no such workspace: VIEW3_CLICKFUNNELS_API_HOST, VIEW3_CLICKFUNNELS_API_WORKSPACE.",
        ),
        (418, "ClickFunnels answered 418 to the list of contacts."),
    ],
)
def test_what_clickfunnels_refuses_is_said(status: int, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeClickFunnels({}, refuses=lambda _asked: status)) as server:
        source = clickfunnels_source(server, monkeypatch)
        with pytest.raises(VendorError) as failed:
            source.check(lambda: NOW)
    assert str(failed.value) == sentence


def test_a_wrong_clickfunnels_token_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeClickFunnels({})) as server:
        source = clickfunnels_source(server, monkeypatch, clickfunnels_api_token=SecretStr("old"))
        with pytest.raises(VendorError, match="does not accept the token: VIEW3_CLICKFUNNELS_API_TOKEN"):
            source.check(lambda: NOW)


def test_credentials_that_serve_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with VendorServer(FakeClickFunnels({})) as server:
        told = clickfunnels_source(server, monkeypatch).check(lambda: NOW)
        assert (told, len(server.asked)) == ("workspace 42 answers: contacts, orders, events", 3)
    with VendorServer(FakeStripe({})) as server:
        told = stripe_source(server).check(lambda: NOW)
        assert (told, len(server.asked)) == (f"the key reads {', '.join(f'{kind}s' for kind in KINDS)}", 6)


def test_a_stripe_key_that_may_read_less_is_told_and_no_failure() -> None:
    with VendorServer(FakeStripe({}, closed=frozenset({"/v1/refunds", "/v1/events"}))) as server:
        told = stripe_source(server).check(lambda: NOW)
    assert told == "the key may not read refunds, events, which the past would need"


def test_a_wrong_stripe_key_is_said() -> None:
    with VendorServer(FakeStripe({})) as server:
        source = StripeBackfill(SINCE, KINDS, StripeLists.with_key("rk_old", server.url))
        with pytest.raises(VendorError, match=r"Stripe does not accept the key: VIEW3_STRIPE_API_KEY\."):
            source.check(lambda: NOW)


@pytest.mark.parametrize("module", [stripe_backfill, clickfunnels_api], ids=["stripe", "clickfunnels"])
def test_without_settings_or_a_date_a_past_is_off(module: Any) -> None:
    bare, full = (ConnectorSettings(_env_file=None, **told) for told in ({}, SET))
    assert "not set" in module.source(Wanted(bare, lambda: NOW, SINCE)).sentence
    assert module.source(Wanted(full, lambda: NOW)) == Off(PAST_ONLY)
    assert module.source(Wanted(full, lambda: NOW, SINCE)).since == SINCE


SENT = ["checkout.session.completed", "charge.refunded", "refund.created", "refund.updated", "refund.failed"]


@pytest.mark.parametrize(
    ("endpoints", "sentence"),
    [
        ([{"enabled_events": [*SENT, "charge.dispute.created", "charge.dispute.closed"]}], "invoice_payment.paid:"),
        ([{"enabled_events": SENT}], "invoice_payment.paid, charge.dispute.created, charge.dispute.closed:"),
        ([{"enabled_events": ["*"]}], ""),
        ([{"enabled_events": SENT, "status": "disabled"}, {"enabled_events": ["*"]}], ""),
        ([], ""),
    ],
)
def test_events_that_the_webhook_endpoint_does_not_send_are_named(
    endpoints: list[dict[str, Any]], sentence: str
) -> None:
    held = [{"id": f"we_{number}", "status": "enabled", **one} for number, one in enumerate(endpoints)]
    with VendorServer(FakeStripe({"/v1/webhook_endpoints": held})) as server:
        told = list(stripe_source(server).unsent_events())
    assert len(told) == bool(sentence)
    assert all(f"does not send {sentence}" in one for one in told)


def test_a_key_that_may_not_read_webhook_endpoints_is_said() -> None:
    with VendorServer(FakeStripe({}, closed=frozenset({"/v1/webhook_endpoints"}))) as server:
        assert "may not read Webhook Endpoints" in next(stripe_source(server).unsent_events())
