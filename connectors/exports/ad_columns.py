"""The account, campaign, ad set and ad of a row of an ad report, with the ids that can be trusted."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from analytics.records import AdSpend, Statement
from connectors.contract import Reading
from connectors.exports.amounts import COMMA, NOT_REPORTED, POINT, AmountEvidence
from connectors.exports.moments import DateEvidence
from connectors.exports.table import Cell, Table, no_cell

Names = tuple[str, ...]
# What a spreadsheet makes of an id of more than 15 digits: the same for many campaigns, it would merge their spend.
ROUNDED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]{2}")

# `act_123` and `123-456-7890` in files, bare digits from the vendors' programs: one account.
ACCOUNT_LENGTH = 64
ACCOUNT_DRESS = re.compile(r"^act_|(?<=[0-9])-(?=[0-9])")


class AdNames(NamedTuple):
    """What an export calls its columns, each under all its names."""

    account_id: Names
    campaign: Names
    campaign_id: Names
    ad_set: Names
    ad_set_id: Names
    ad: Names
    ad_id: Names
    account: Names = ()


class Spent(NamedTuple):
    """How much, on which day, in which currency."""

    on: date
    amount: Decimal
    currency: str


class AdColumns:
    """The columns of one file. An id column with a rounded id is left out whole: ids on some rows only compare badly."""

    def __init__(self, table: Table, names: AdNames, reading: Reading, statement: Statement = Statement.DAYS) -> None:
        self.notes: list[str] = []
        self._table = table
        self._named = undressed(reading.account)
        whole = Statement.ACCOUNT if reading.account else statement
        self._statement = Statement.ROW if table.is_rejects else whole  # the rest of the day is in the first file
        self._account = table.cell(*names.account)
        self._names = [table.cell(*column) for column in (names.campaign, names.ad_set, names.ad)]
        self._id_names = (names.account_id, names.campaign_id, names.ad_set_id, names.ad_id)
        self._ids = [table.cell(*column) for column in self._id_names]

    def survey(self, spend: Cell, days: Sequence[Cell]) -> tuple[AmountEvidence, DateEvidence]:
        """Return what all rows prove about how numbers and dates are written, and look for rounded ids on the way."""
        numbers, dates = AmountEvidence(), DateEvidence()
        rounded: dict[int, str] = {}
        for _, cells, fault in self._table.rows():
            if fault:
                continue
            numbers.see(spend(cells))
            for day in days:
                dates.see(day(cells))
            for place, column in enumerate(self._ids):
                if "E+" in (text := column(cells)) and ROUNDED.fullmatch(text):
                    rounded.setdefault(place, text)
        for place, text in rounded.items():
            self._ids[place] = no_cell
            self.notes.append(
                f"The column '{self._id_names[place][0]}' was left out: a spreadsheet rounded its ids ({text}). "
                "Import the file as it was downloaded, without opening it first."
            )
        return numbers, dates

    def named(self, cells: Sequence[str]) -> list[str]:
        """Return the names of campaign, ad set and ad that the row gives."""
        return [name for column in self._names if (name := column(cells)) not in NOT_REPORTED]

    def has_id(self, cells: Sequence[str]) -> bool:
        """Tell whether the row names its campaign, ad set or ad by an id."""
        return any(column(cells) not in NOT_REPORTED for column in self._ids[1:])

    def record(self, cells: Sequence[str], spent: Spent, platform: str, source: str) -> AdSpend:
        """Return the spend of a row."""
        campaign, ad_set, ad = [_reported(column(cells)) for column in self._names]
        account_id, campaign_id, ad_set_id, ad_id = [_reported(column(cells)) for column in self._ids]
        return AdSpend(
            date=spent.on,
            platform=platform,
            spend=spent.amount,
            currency=spent.currency,
            source=source,
            account_id=undressed(account_id) or _reported(self._account(cells))[:ACCOUNT_LENGTH] or self._named,
            campaign=campaign,
            campaign_id=campaign_id,
            ad_set=ad_set,
            ad_set_id=ad_set_id,
            ad=ad,
            ad_id=ad_id,
            statement=self._statement,
        )


def decimal_sign(decimals: Mapping[str, Names], column: str) -> str:
    """Return the decimal sign that the language of a column writes, empty where it depends on the country."""
    if column in decimals["point"]:
        return POINT
    return "" if column in decimals["either"] else COMMA


def undressed(account_id: str) -> str:
    """Return an account's number as the vendors' programs write it, or its name as it is."""
    return ACCOUNT_DRESS.sub("", account_id.strip())


def _reported(text: str) -> str:
    return "" if text in NOT_REPORTED else text
