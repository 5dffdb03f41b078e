"""Frames: tidy pandas tables for notebooks, read by sessions that cannot write; every column stands in `codebook()`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.engine import Connection

from analytics import columns, reading
from analytics.breakdown import Level
from analytics.breaking_down import read_breakdown
from analytics.challenge import Challenge, Period
from analytics.columns import Column, Kind
from analytics.definitions import DEFINITIONS, MONEY, RATIO
from analytics.kpis import cents
from analytics.queries import audiences, rooms, sales, tables
from analytics.reading import Lens
from analytics.receipts import reason_of, value_of
from analytics.records import Offer, Platform, Statistic
from analytics.sessions import MinutesStayed
from analytics.view3 import View3

KNOWN_OF_DAY = ("participants", "statistic", "peak", "unique")
MOST = 250_000  # rows that a frame holds unless told otherwise: about half a gigabyte
Row = Mapping[Any, Any]


class TooManyRowsError(ValueError):
    """A frame would hold more rows than it was allowed to; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of a workbench, e.g. `Workbench.open().frames`; a period left out is the funnel's start until now.

    Counts are `Int64`, money is Decimal in object columns, dates are `datetime64` at midnight, moments `datetime64` in the
    business zone, texts `str`. Unknown is <NA>, None, NaT and an empty text; a frame without rows has the same columns.
    Frames of single rows raise TooManyRowsError beyond `most` rows.
    """

    lens: Lens
    now: datetime
    read: Callable[[], AbstractContextManager[Connection]]

    def sales(
        self,
        period: Period | None = None,
        *,
        campaign_key: str = "",
        product_key: str = "",
        search: str = "",
        most: int | None = MOST,
    ) -> pd.DataFrame:
        """Return one row per high-ticket sale, oldest first, narrowed as on the page (`campaign_key` may be "(unattributed)").

        >>> frames.sales(challenge.days(1, 17)).groupby("campaign_key")["price"].sum()["brand"]
        Decimal('4997.00')
        """
        wanted = sales.Wanted(self._period(period), self._bounds(period), campaign_key, product_key, search)
        with self.read() as connection:
            rows = sales.whole_sales(connection, wanted, self.lens.mapping, _one_more(most))
        return framed([self._sale(row) for row in _all(rows, most)], columns.SALES, self._zone)

    def leads(self, period: Period | None = None, *, most: int | None = MOST) -> pd.DataFrame:
        """Return one row per opt-in, oldest first.

        >>> len(frames.leads())
        3
        """
        with self.read() as connection:
            rows = tables.opt_ins(connection, self._bounds(period), self.lens.mapping, _one_more(most))
        return framed(self._with_day(_all(rows, most), "opted_in_on"), columns.LEADS, self._zone)

    def attendance(self, period: Period | None = None) -> pd.DataFrame:
        """Return one row per date and room: every challenge day of the period, unknown where nobody told, and what else is told.

        >>> day = frames.attendance(challenge.days(17, 17))
        >>> day["participants"].sum()
        np.int64(390)
        """
        period = self._period(period)
        with self.read() as connection:
            told = {(day.date, day.platform): day for day in rooms.attendance_by_day(connection, period)}
        dates = {on for _, on in self._challenge.days_in(period)} | {on for on, _ in told}
        rows = []
        for on in sorted(dates):
            for room in Platform:
                day = told.get((on, room))
                known = {name: getattr(day, name) for name in KNOWN_OF_DAY} if day else dict.fromkeys(KNOWN_OF_DAY)
                rows.append({"date": on, "platform": room, **known})
        return framed(self._with_day(rows), columns.ATTENDANCE, self._zone)

    def sessions(self, period: Period | None = None) -> pd.DataFrame:
        """Return one row per live session, oldest first.

        >>> frames.sessions()[["platform", "participants"]].to_numpy().tolist()
        [['youtube', 300], ['zoom', 90]]
        """
        with self.read() as connection:
            rows = rooms.sessions(connection, self._period(period))
            minutes = audiences.minutes_of_sessions(connection, self._period(period))
        rows = [row | _stayed(row, minutes.get((row["platform"], row["session_id"]))) for row in rows]
        return framed(self._with_day(rows), columns.SESSIONS, self._zone)

    def ad_spend(self, period: Period | None = None, *, most: int | None = MOST) -> pd.DataFrame:
        """Return one row per date, platform, account and ad, in whatever currency it was told.

        >>> frames.ad_spend()["spend"].sum()
        Decimal('2100.340000')
        """
        with self.read() as connection:
            rows = tables.ad_spend_rows(connection, self._period(period), _one_more(most))
        return framed(self._with_day(_all(rows, most)), columns.AD_SPEND, self._zone)

    def funnel(self, period: Period | None = None) -> pd.DataFrame:
        """Return one row per business date: ad spend, leads, orders and sales; money in the reporting currency alone.

        >>> frames.funnel()[["leads", "vip_orders", "oto_orders", "high_ticket_sales"]].sum().tolist()
        [3, 2, 1, 3]
        """
        period, lens = self._period(period), self.lens
        with self.read() as connection:
            spend = tables.spend_by_date(connection, period, lens.currency)
            leads = tables.leads_by_date(connection, lens.challenge.bounds(period))
            orders = tables.orders_by_date(connection, lens.challenge, period, lens.currency)
            sold = tables.high_ticket_by_date(connection, lens.challenge, period, lens.currency)
        rows = [
            {
                "date": on,
                "ad_spend": spend.get(on),
                "leads": leads.get(on, 0),
                **_ordered(orders.get(on, {})),
                **dict(zip(("high_ticket_sales", "high_ticket_revenue"), sold.get(on, tables.NO_SALES), strict=True)),
            }
            for on in period.dates()
        ]
        return framed(self._with_day(rows), columns.FUNNEL, self._zone)

    def campaigns(self, period: Period | None = None, *, level: Level = Level.CAMPAIGN) -> pd.DataFrame:
        """Return spend, leads, revenue and sales by campaign, ad set or ad, the unattributed row last; summed by the database.

        >>> frames.campaigns()["name"].tolist()
        ['FB_Jan', 'Brand', 'Unattributed']
        """
        with self.read() as connection:
            told = read_breakdown(connection, self.lens, self._period(period), level, self.now)
        names = [column.name for column in columns.CAMPAIGNS]
        rows = [{name: getattr(row, name) for name in names} for row in told.rows]
        rows = [{**row, "platforms": ", ".join(row["platforms"])} for row in rows]
        return framed(rows, columns.CAMPAIGNS, self._zone)

    def view(self, period: Period | None = None, now: datetime | None = None) -> pd.DataFrame:
        """Return one row per figure of View 3, each with the digits that page, terminal, CSV and mail print.

        >>> frames.view().set_index("figure").loc["cost_per_acquisition", "value"]
        Decimal('700.11')
        """
        with self.read() as connection:
            lens = replace(self.lens, is_live=False) if now else self.lens
            view = reading.read(connection, lens, now or self.now, period)
        return framed(_figures(view), columns.VIEW, self._zone)

    def codebook(self) -> pd.DataFrame:
        """Return every column of every frame: frame, column, kind, unit, meaning.

        >>> frames.codebook().query("frame == 'leads' and column == 'person'")["meaning"].item()
        'folded e-mail address, the same for sales'
        """
        told = [
            {"frame": frame, "column": one.name, "kind": one.kind.value, "unit": one.unit, "meaning": one.meaning}
            for frame, listed in columns.FRAMES.items()
            for one in listed
        ]
        return pd.DataFrame(told, dtype="str")

    @property
    def _challenge(self) -> Challenge:
        return self.lens.challenge

    @property
    def _zone(self) -> tzinfo:
        return self.lens.challenge.zone

    def _period(self, period: Period | None) -> Period:
        return period or self._challenge.whole(self.now)

    def _bounds(self, period: Period | None) -> tuple[datetime, datetime]:
        return self._challenge.bounds(self._period(period))

    def _with_day(self, rows: Iterable[Row], name: str = "date") -> list[Row]:
        return [{**row, "challenge_day": self._challenge.day_of(row[name])} for row in rows]

    def _sale(self, row: Row) -> Row:
        on = self._challenge.local_date(row["purchased_at"])
        return {
            **row,
            "sale_id": row["id"],
            "customer": row["name"],
            "currency": row["currency"] or self.lens.currency,
            "days_from_lead": row["days"],
            "status": reading.standing_of(row, reading.AS_IT_IS).status,
            "purchased_on": on,
            "challenge_day": self._challenge.day_of(on),
        }


def framed(rows: Sequence[Row], listed: Iterable[Column], zone: tzinfo) -> pd.DataFrame:
    """Return rows as a frame of the listed columns, with the same types whether there are rows or not."""
    return pd.DataFrame({one.name: _series([row[one.name] for row in rows], one.kind, zone) for one in listed})


def _series(values: list[Any], kind: Kind, zone: tzinfo) -> pd.Series:
    match kind:
        case Kind.COUNT:
            return pd.Series(values, dtype="Int64")
        case Kind.FLAG:
            return pd.Series(values, dtype="bool")
        case Kind.DATE:
            return pd.Series(np.array(values, dtype="datetime64[s]"))
        case Kind.MOMENT:
            utc = np.array([value and value.astimezone(UTC).replace(tzinfo=None) for value in values], "datetime64[s]")
            return pd.Series(utc).dt.tz_localize(UTC).dt.tz_convert(zone)
        case Kind.MONEY:
            return pd.Series(values, dtype="object")
    return pd.Series(["" if value is None else str(value) for value in values], dtype="str")


def _figures(view: View3) -> list[Row]:
    """Return the figures that are one number each."""
    rows: list[Row] = []
    for name, one in DEFINITIONS.items():
        value = value_of(view, name)
        if isinstance(value, bool | tuple | Mapping):
            continue
        unit = {MONEY: view.currency, RATIO: "×"}.get(one.unit, one.unit)
        printed = cents(value) if isinstance(value, Decimal) else value
        rows.append(
            {"figure": name, "title": one.title, "value": printed, "unit": unit, "reason": reason_of(view, name)}
        )
    return rows


def _stayed(session: Row, minutes: MinutesStayed | None) -> dict[str, int | None]:
    """Return how many different people came to a session and how long they stayed, where that is known."""
    return {
        "unique": session["participants"] if session["statistic"] == Statistic.UNIQUE_PEOPLE else None,
        "minutes": minutes.total if minutes else None,
        "minutes_median": minutes.median if minutes else None,
    }


def _ordered(orders: Mapping[Offer, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for offer in (Offer.VIP, Offer.OTO):
        one = orders.get(offer, tables.NOTHING)
        told |= {f"{offer}_orders": one.orders, f"{offer}_revenue": one.revenue}
    return told


def _one_more(most: int | None) -> int | None:
    return None if most is None else most + 1


def _all(rows: Sequence[Row], most: int | None) -> Sequence[Row]:
    """Return the rows; a frame is never cut short in silence."""
    if most is not None and len(rows) > most:
        raise TooManyRowsError(
            f"More than {most:,} rows: choose a shorter period or a frame that is summed by the database (funnel, campaigns), "
            "or lift the limit with most=None."
        )
    return rows
