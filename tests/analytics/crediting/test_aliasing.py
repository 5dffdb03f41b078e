"""Campaign names that people say to stand for another: counted at once, undone to the byte, and all of it on record."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from analytics.breakdown import Level
from analytics.breaking_down import read_breakdown
from analytics.crediting import aliasing
from analytics.crediting.aliasing import AliasError
from analytics.crediting.linking import Author
from analytics.folding import fold
from analytics.ingest import accept
from analytics.queries.campaigns import aliases
from analytics.records import AdSpend, Lead, Utm
from analytics.schema import metadata
from tests.analytics.conftest import Store
from tests.analytics.test_view3_sums import LENS, RULES, WHOLE
from tests.reference.histories import CHALLENGE

NOON = CHALLENGE.start_of(WHOLE.first) + timedelta(hours=12)
ANA = Author("Ana Lee", datetime(2026, 1, 20, 9, 30, tzinfo=UTC))
BO = Author("Bo", datetime(2026, 1, 21, 9, 30, tzinfo=UTC))
KEPT = {"campaign_alias_history", "locks"}  # the record of what was done, and a row that only serves as a lock
NAMES = ("January", "january ", "FB Jan", "fb+jan", "Spring", "Brand", "Ünïcode")


def everything(connection: Connection) -> dict[str, list[str]]:
    """Return every row of every table as the database has it."""
    return {
        name: sorted(map(repr, connection.exec_driver_sql(f"SELECT * FROM {name}")))
        for name in metadata.tables
        if name not in KEPT
    }


def tell(connection: Connection) -> None:
    """Tell what January cost, and of two opt-ins: one by its name, one by another."""
    opt_in = Lead("crm", "1", "ana@x.com", NOON, utm=Utm(campaign="January"))
    other = replace(opt_in, external_id="2", email="bo@x.com", utm=Utm(campaign="FB_Jan"))
    spend = AdSpend(date(2026, 1, 8), "meta", Decimal(50), "USD", "ads", "1", campaign="January", ad_set="", ad="")
    assert not accept(connection, RULES, [opt_in, other, spend]).refused


def leads_by_campaign(connection: Connection) -> dict[str, int]:
    rows = read_breakdown(connection, LENS, WHOLE, Level.CAMPAIGN).rows
    return {row.campaign: row.leads for row in rows if not row.is_unattributed}


def test_an_alias_counts_at_once_and_until_it_is_undone(connection: Connection) -> None:
    tell(connection)
    before = everything(connection)
    assert leads_by_campaign(connection) == {"January": 1, "FB_Jan": 1}
    aliasing.confirm(connection, "fb_jan", "January", ANA)
    assert leads_by_campaign(connection) == {"January": 2}

    aliasing.undo(connection, "FB_JAN ", BO)
    assert leads_by_campaign(connection) == {"January": 1, "FB_Jan": 1}
    assert everything(connection) == before


def test_any_aliases_undone_in_any_order_leave_no_trace(store: Store) -> None:
    @settings(
        max_examples=30 if store.is_sqlite else 8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=6), st.randoms())
    def hold(pairs: list[tuple[str, str]], dice) -> None:
        with store.fresh() as connection:
            before, made = everything(connection), dict[str, str]()
            for alias, campaign in pairs:
                key, other = fold(alias), fold(campaign)
                if key == other or key in made or other in made or key in made.values():
                    with pytest.raises(AliasError):
                        aliasing.confirm(connection, alias, campaign, ANA)
                else:
                    aliasing.confirm(connection, alias, campaign, ANA)
                    made[key] = other
                assert aliases(connection) == made
            for key in dice.sample(sorted(made), len(made)):
                aliasing.undo(connection, key, BO)
            assert everything(connection) == before
            assert len(aliasing.history(connection)) == 2 * len(made)

    hold()


def test_the_history_tells_who_did_what_when(connection: Connection) -> None:
    aliasing.confirm(connection, "FB Jan", "January", ANA)
    aliasing.undo(connection, "fb jan", BO)
    aliasing.confirm(connection, "fb jan", "Spring", BO)
    told = [(one.alias, one.campaign, one.action, one.author, one.done_at) for one in aliasing.history(connection)]
    assert told == [
        ("FB Jan", "January", "confirmed", "Ana Lee", ANA.at),
        ("fb jan", "january", "undone", "Bo", BO.at),
        ("fb jan", "Spring", "confirmed", "Bo", BO.at),
    ]


@pytest.mark.parametrize(
    ("alias", "campaign", "by", "sentence"),
    [
        ("fb jan", "January", Author(" ", ANA.at), "Say who decides"),
        ("January", "january ", ANA, "two different campaigns"),
        (" ", "January", ANA, "two different campaigns"),
        ("x" * 256, "January", ANA, "at most 255"),
        ("Brand", "Spring", ANA, "“Brand” stands for “january” already"),
        ("other", "Brand", ANA, "“Brand” itself stands for “january”"),
        ("January", "Spring", ANA, "Other names stand for “January”"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(connection: Connection, alias, campaign, by, sentence) -> None:
    aliasing.confirm(connection, "Brand", "January", ANA)
    with pytest.raises(AliasError, match=sentence):
        aliasing.confirm(connection, alias, campaign, by)
    assert aliases(connection) == {"brand": "january"}


def test_what_is_no_alias_is_not_undone(connection: Connection) -> None:
    with pytest.raises(AliasError, match="stands for no other"):
        aliasing.undo(connection, "January", ANA)
