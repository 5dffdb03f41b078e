"""Reports of the same days, one after the other: nothing is counted twice, and nothing that was told is lost."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.challenge import Challenge
from analytics.ingest import Rules, accept
from analytics.records import AdSpend, Statement, UndecidedError
from analytics.schema import ad_spend
from tests.tables import drawn_apart, each

RULES = Rules(Challenge.starting(date(2026, 1, 1), "America/Sao_Paulo"))
DAY = date(2026, 1, 5)


def report(text: str, statement: str = Statement.DAYS) -> list[AdSpend]:
    """A report as `account:campaign#id/ad#id=spend currency`, one row a word; a `+` puts the row a day later."""
    rows = []
    for word in text.split():
        about, _, told = word.partition("=")
        account, _, names = about.lstrip("+").rpartition(":")
        campaign, _, ad = names.partition("/")
        amount, currency = (told[:-3], told[-3:]) if told[-3:].isalpha() else (told, "USD")
        (name, _, id_), (ad_name, _, ad_id) = campaign.partition("#"), ad.partition("#")
        on = DAY + timedelta(days=about.startswith("+"))
        rows.append(
            AdSpend(
                on, "meta", Decimal(amount), currency, "meta", account, name, id_,
                ad=ad_name, ad_id=ad_id, statement=statement,
            )
        )  # fmt: skip
    return rows


STORIES = {
    "a campaign and then fewer ads: the rest is a row of the campaign": """
        report
        ---------------
        c=100
        c/a=60 c/b=30

        stands
        ------------------------
        c=10 c/a=60 c/b=30
    """,
    "ads and then their campaign": """
        report
        ---------------
        c/a=60 c/b=30
        c=100

        stands
        ------------------------
        c=10 c/a=60 c/b=30
    """,
    "a campaign told as less than its ads adds nothing": """
        report
        ---------------
        c/a=60 c/b=30
        c=80

        stands
        ------------------------
        c/a=60 c/b=30
    """,
    "an ad that is no longer listed stays": """
        report
        ---------------
        c/a=60 c/b=30
        c/a=60

        stands
        ------------------------
        c/a=60 c/b=30
    """,
    "an ad renamed": """
        report
        ---------------
        c/a=60 c/b=30
        c/x=60 c/b=30

        stands
        ------------------------
        c/b=30 c/x=60
    """,
    "an ad renamed and another one gone: the rest is the campaign's": """
        report
        ---------------
        c/a=60 c/b=30
        c/x=60

        stands
        ------------------------
        c=30 c/x=60
    """,
    "a campaign renamed beside one that tells the account": """
        report
        ---------------
        old=60 z=10
        new=60 z=10

        stands
        ------------------------
        new=60 z=10
    """,
    "a campaign renamed in a known account": """
        report
        ---------------
        1:old=60
        1:new=60

        stands
        ------------------------
        1:new=60
    """,
    "renamed, and less: the rest is the account's": """
        report
        ---------------
        1:old=60 1:gone=30
        1:new=60

        stands
        ------------------------
        1:=30 1:new=60
    """,
    "renamed with ids": """
        report
        ---------------
        old#7/a#8=60
        new#7/a#8=60

        stands
        ------------------------
        new#7/a#8=60
    """,
    "other ids are other campaigns": """
        report
        ---------------
        c#7=60
        c#9=55

        stands
        ------------------------
        c#7=60 c#9=55
    """,
    "names and then ids": """
        report
        ---------------
        c/a=60
        c#7/a#8=60

        stands
        ------------------------
        c#7/a#8=60
    """,
    "ids and then names": """
        report
        ---------------
        c#7/a#8=60
        c/a=61

        stands
        ------------------------
        c#7/a#8=61
    """,
    "two accounts with one campaign name": """
        report
        ---------------
        1:c=100
        2:c=55

        stands
        ------------------------
        1:c=100 2:c=55
    """,
    "two currencies are two accounts": """
        report
        ------------------
        c=100 c=500BRL
        c=55EUR

        stands
        -----------------------------
        c=100 c=500BRL c=55EUR
    """,
    "a name that is known for one account tells the account": """
        report
        ---------------
        1:c=100
        c=100 +c=7

        stands
        ------------------------
        +1:c=7 1:c=100
    """,
    "an account that is told later": """
        report
        ---------------
        c=100
        1:c=100

        stands
        ------------------------
        1:c=100
    """,
    "other days are left alone": """
        report
        ---------------
        old=60
        +new=70

        stands
        ------------------------
        +new=70 old=60
    """,
}


@pytest.mark.parametrize("times", [1, 2])
@each(STORIES)
def test_reports_of_the_same_days(connection: Connection, story: str, times: int) -> None:
    tables = drawn_apart(story)
    for _ in range(times):
        for row in tables["report"]:
            accept(connection, RULES, report(row["report"]))
    (stands,) = tables["stands"]
    assert stored(connection) == sorted(stands["stands"].split())


def stored(connection: Connection) -> list[str]:
    """All that stands, in the words of the reports."""
    words = []
    for row in connection.execute(sa.select(ad_spend)).mappings():
        campaign = row["campaign"] + (f"#{row['campaign_id']}" if row["campaign_id"] else "")
        ad = (f"/{row['ad']}" if row["ad"] else "") + (f"#{row['ad_id']}" if row["ad_id"] else "")
        account = f"{row['account_id']}:" if row["account_id"] else ""
        money = f"{row['spend'].normalize():f}" + ("" if row["currency"] == "USD" else row["currency"])
        words.append(f"{'+' if row['date'] > DAY else ''}{account}{campaign}{ad}={money}")
    return sorted(words)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("old/a=60 +old/a=70", "new/a=60 +new/a=70"),  # a renamed campaign or another account
        ("old#7=60", "new=60"),
        ("old=60", "1:new=60"),
        ("c=100", "c=55"),  # far less under the same name
        ("1:c=100 2:c=55", "c=100"),  # whose?
    ],
)
def test_what_nothing_decides_is_refused_with_the_columns_to_add(
    connection: Connection, first: str, second: str
) -> None:
    accept(connection, RULES, report(first))
    before = stored(connection)
    with pytest.raises(UndecidedError, match="Account ID and Campaign ID"):
        accept(connection, RULES, report(second))
    assert stored(connection) == before


def test_an_account_named_by_hand_decides(connection: Connection) -> None:
    accept(connection, RULES, report("old=60"))
    accept(connection, RULES, report("shop:new=55", Statement.ACCOUNT))
    assert stored(connection) == ["old=60", "shop:new=55"]


def test_single_rows_say_nothing_of_the_rest_of_their_day(connection: Connection) -> None:
    for word in ("old/a=60", "new/a=60", "old/b=5"):
        accept(connection, RULES, report(word, Statement.ROW))
    assert stored(connection) == ["new/a=60", "old/a=60", "old/b=5"]
