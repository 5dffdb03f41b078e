"""Suggestions for unknown buyers, what a confirmation would change, and how often they are right where that is known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from analytics.analysis import matching
from analytics.crediting import linking
from analytics.crediting.linking import Author, LinkError
from analytics.crediting.suggesting import suggest
from analytics.database import reading, writing
from analytics.ingest import accept
from analytics.queries import strangers
from analytics.records import Lead, Offer, Utm, order_of_one
from analytics.workbench import Workbench
from tests.analytics.test_view3_sums import RULES, WHOLE
from tests.reference.histories import CHALLENGE
from tests.tables import drawn

NOON = CHALLENGE.start_of(WHOLE.first) + timedelta(hours=12)
LEADS = """
    id | name      | email             | hours
    ---+-----------+-------------------+------
    1  | Ana Núñez | ana.nunez@x.com   | 0
    2  | Ana Núñez | Ana.Nunez@X.com   | 5
    3  | Bo Lee    | bo@x.com          | 0
    4  | Bo Lee    | bo.lee@y.com      | 0
    5  | Cy Fox    | cyrus.fox@z.com   | 0
    6  | Di Late   | di.late@x.com     | 90
"""
SALES = """
    name      | email              | suggested | evidence
    ----------+--------------------+-----------+-------------------------------------------
    Ana Nunez | ana.nunes@x.com    | 1         | address differs by one letter; same name
    Bo Lee    | office@lee.com     |           |
    C. Fox    | cyrus.fox@mail.com | 5         | same mailbox name at another domain; similar name
    Max Power | cyrus.fox@home.com |           |
    Cy Fox    | shop@fox.com       | 5         | same name
    Di Late   | di@late.com        |           |
    Ed Nobody | ed@nobody.com      |           |
"""


def tell(connection: Connection) -> None:
    leads = [
        Lead("crm", row["id"], row["email"], NOON + timedelta(hours=int(row["hours"])), row["name"], utm=Utm(campaign="spring"))
        for row in drawn(LEADS)
    ]  # fmt: skip
    sales = [
        order_of_one(
            "stripe", f"pi_{place}", row["email"], row["name"], "Mastermind", Decimal(100), "USD", NOON + timedelta(days=2),
            offer=Offer.HIGH_TICKET,
        )
        for place, row in enumerate(drawn(SALES))
    ]  # fmt: skip
    assert not accept(connection, RULES, [*leads, *sales]).refused


def test_who_is_suggested_and_why(connection: Connection) -> None:
    tell(connection)
    buyers = strangers.strangers(connection, CHALLENGE.bounds(WHOLE), 100)
    found = suggest(connection, buyers)
    expected = {(row["name"], row["email"]): row for row in drawn(SALES)}
    assert len(buyers) == len(expected)
    for buyer in buyers:
        row = expected[buyer.name, buyer.email]
        told = [(one.person.external_id, "; ".join(one.evidence)) for one in found[buyer.sale_id]]
        assert told == ([(row["suggested"], row["evidence"])] if row["suggested"] else []), row


def test_nobody_is_suggested_who_was_hidden(connection: Connection) -> None:
    tell(connection)
    buyers = [one for one in strangers.strangers(connection, CHALLENGE.bounds(WHOLE), 100) if one.name == "Ana Nunez"]
    hidden = {buyers[0].sale_id: "ana.nunez@x.com"}
    assert suggest(connection, buyers, hidden) == {buyers[0].sale_id: []}


def test_the_sample_s_hidden_buyer_is_found_and_nobody_else(sample: Workbench) -> None:
    told = matching.suggestions(sample)
    named = told[told["lead"] != ""]
    assert named[["buyer", "name", "evidence"]].to_numpy().tolist() == [["Robert Hughes", "Robert Hughes", "same name"]]
    assert len(told) == told["sale_id"].nunique() > len(named)


def test_precision_and_recall_where_the_truth_is_known(sample: Workbench) -> None:
    told = matching.trust(sample).set_index("what")
    own = told.loc["the sample's own unrecognised buyers"]
    assert (own["suggested"], own["right"], own["precision"], own["recall"]) == (1, 1, 1, 1)
    whole = told.loc["trial: all of them"]
    assert whole["sales"] == sum(told["sales"]) - whole["sales"] - own["sales"] > 10
    assert whole["precision"] >= Decimal("0.9")
    assert whole["recall"] >= Decimal("0.8")
    assert told.loc["trial: never opted in", "recall"] is None


def test_a_preview_shows_what_a_link_would_do_and_does_not_do_it(sample: Workbench) -> None:
    before, page = matching.history(sample), sample.view()
    effect = matching.effect_of_best(sample, matching.suggestions(sample)).set_index("figure")
    changed: Any = effect[effect["changes"]]
    assert changed.loc["matched"].tolist()[:2] == [str(page.attribution.matched), str(page.attribution.matched + 1)]
    assert changed.loc["unattributed: conflict"].tolist()[:2] == ["1", "0"]
    assert {"roas", "cost_per_acquisition", "attendance_today", "high_ticket_sales_today"} <= set(effect.index)
    assert sample.view() == page
    assert matching.history(sample).equals(before)


def test_what_the_preview_showed_is_what_a_confirmation_does(sample: Workbench) -> None:
    best: Any = matching.suggestions(sample).sort_values("points", ascending=False).iloc[0]
    expected = matching.preview(sample, int(best["sale_id"]), best["lead"]).set_index("figure")["after"]
    author, sale_id = Author("Ana", sample.now()), int(best["sale_id"])
    with writing(sample.engine) as connection:
        linking.confirm(connection, sale_id, linking.parted(best["lead"]), author)
    try:
        view = sample.view()
        assert (str(view.attribution.matched), str(view.cards.roas)) == (expected["matched"], expected["roas"])
        assert view.checks == dict.fromkeys(view.checks, True)
    finally:
        with writing(sample.engine) as connection:
            linking.undo(connection, sale_id, author)
    with reading(sample.reader) as connection:
        assert [one.action for one in linking.history(connection)][-2:] == ["confirmed", "undone"]


def test_a_lead_that_does_not_exist_is_a_sentence(sample: Workbench) -> None:
    sale_id = int(matching.suggestions(sample)["sale_id"].iloc[0])
    with pytest.raises(LinkError, match="There is no lead crm:nobody"):
        matching.preview(sample, sale_id, "crm:nobody")


def test_an_empty_database_suggests_nothing(empty: Workbench) -> None:
    told = matching.suggestions(empty)
    assert told.empty
    assert matching.trust(empty).empty
    assert matching.effect_of_best(empty, told).empty
