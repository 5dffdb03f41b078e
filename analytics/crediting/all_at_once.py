"""Credits every sale and funnel order at once, in SQL: the rules of `attribution` for a million sales.

Written apart from `attribution` on purpose; a test holds the two equal on random histories, on both engines.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome, Reason, Rule
from analytics.crediting.single import OWN_RULES
from analytics.dialect import bytes_of, characters, days_between
from analytics.queries.recognition import (
    ANOTHER,
    BY_CARRIED,
    BY_EMAIL,
    BY_ID,
    BY_LINK,
    ORDERS,
    PERSON,
    SALES,
    Purchased,
    further_addresses,
    recognised,
)
from analytics.records import RECORDED
from analytics.schema import (
    UTM_COLUMNS,
    funnel_orders,
    high_ticket_sales,
    lead_identities,
    leads,
    purchase_utms,
    sale_facts,
)
from analytics.store import temporary

EXACT, FOLDED, GMAIL, TAGGED = 1, 2, 3, 4  # how alike two addresses are
KEYS = tuple(f"{name}_key" for name in UTM_COLUMNS)


@dataclass(frozen=True, slots=True)
class _Target:
    """One kind of purchase: its facts, the table that shows the credit (which may be the same), and the columns of both."""

    what: Purchased
    shown: sa.Table
    join: Any
    email: sa.Column[Any]
    days: sa.Column[Any] | None = None

    @property
    def columns(self) -> dict[str, sa.Column[Any]]:
        """Return the columns of a credit by name: those that are shown, then those of the facts."""
        shown = {name: self.shown.c[name] for name in ("lead_id", *UTM_COLUMNS)}
        days = {} if self.days is None else {"days": self.days}
        return {**shown, **days, **{name: self.what.table.c[name] for name in ("outcome", "reason", *KEYS)}}


TARGETS = (
    _Target(
        SALES,
        high_ticket_sales,
        sale_facts.join(high_ticket_sales, high_ticket_sales.c.id == sale_facts.c.sale_id),
        high_ticket_sales.c.customer_email,
        high_ticket_sales.c.days_from_lead_to_sale,
    ),
    _Target(ORDERS, funnel_orders, funnel_orders, funnel_orders.c.email),
)


def credit_all(connection: Connection) -> int:
    """Credit every known sale and funnel order again and return how many changed."""
    return sum(_Run(target).credit(connection) for target in TARGETS)


class _Run:
    """Crediting one kind of purchase, with its temporary tables.

    Joined as subqueries they would be copies without a narrow key, on disk, and several times as slow.
    """

    def __init__(self, target: _Target) -> None:
        self.target, what = target, target.what
        lead = {f"lead_{name}": leads.c[name].type for name in ("source", "external_id")}
        addresses = {name: leads.c[name].type for name in PERSON}
        self.further = _temporary("further_addresses", what, {**addresses, "is_own": sa.Boolean()}, ("email", "is_own"))
        found = {"via": sa.Integer(), **lead, "in_conflict": sa.Boolean(), "level": sa.Integer()}
        self.first = _temporary("first_touches", what, found)
        self.sides = _temporary("conflict_sides", what, {"via": sa.Integer(), **lead}, ("via", *lead))
        self.changes = _temporary("credits", what, {name: one.type for name, one in target.columns.items()})

    def credit(self, connection: Connection) -> int:
        """Credit all, and return how many credits changed."""
        with ExitStack() as stage:
            for table in (self.further, self.first, self.sides, self.changes):
                stage.enter_context(temporary(connection, table))
            _fill(connection, self.further, further_addresses(self.target.what), *PERSON, "is_own")
            found = ("via", "lead_source", "lead_external_id", "in_conflict", "level")
            _fill(connection, self.first, self._first_touches(), *found)
            self._settle_conflicts(connection)
            self._settle_levels(connection)
            _fill(connection, self.changes, self._changes(), *self.target.columns)
            changed = connection.scalar(sa.select(sa.func.count()).select_from(self.changes)) or 0
            if changed:
                self._update(connection)
        return changed

    def _first_touches(self) -> sa.Select[Any]:
        """Return the earliest opt-in of each buyer; a conflict of id and e-mail is only suspected yet."""
        found = sa.union_all(*recognised(self.target.what, self.further)).cte("recognised")
        keys = [found.c[name] for name in self.target.what.key]
        order = (found.c.opted_in_at, characters(found.c.lead_external_id), found.c.lead_external_id)
        ordered = (*order, found.c.lead_source, found.c.via)
        place = sa.func.row_number().over(partition_by=keys, order_by=ordered).label("place")
        named = sa.func.max(found.c.named).over(partition_by=keys).label("named")
        columns = (*keys, found.c.via, found.c.lead_source, found.c.lead_external_id)
        ranked = sa.select(*columns, place, named).cte("ranked")
        is_suspect = (ranked.c.named == ANOTHER).label("in_conflict")
        level = sa.null().label("level")
        return sa.select(*(ranked.c[one.name] for one in columns), is_suspect, level).where(ranked.c.place == 1)

    def _settle_conflicts(self, connection: Connection) -> None:
        """Take a conflict back unless the order's address is a lead's that has another id at the source of the customer id."""
        first, sides, what = self.first, self.sides, self.target.what
        suspects = sa.select(*(first.c[name] for name in what.key)).where(first.c.in_conflict == sa.true())
        if connection.execute(suspects.limit(1)).first() is None:
            return
        is_suspect = sa.exists().where(first.c.in_conflict == sa.true(), what.is_same(first))
        found = sa.union(
            *(
                one.with_only_columns(*(one.selected_columns[column.name] for column in sides.c)).where(is_suspect)
                for one in recognised(what, self.further)
            )
        )
        _fill(connection, sides, found)
        other = sa.alias(sides, "other_sides")
        is_theirs = sa.and_(*(sides.c[name] == first.c[name] for name in what.key), sides.c.via == BY_EMAIL)
        is_same = sa.and_(*(column == other.c[column.name] for column in sides.c if column.name != "via"))
        agrees = sa.exists().where(is_theirs, is_same, other.c.via == BY_ID)
        is_beside = sa.and_(*(other.c[name] == first.c[name] for name in what.key), other.c.via == BY_ID)
        is_none = sa.or_(~sa.exists().where(is_theirs, is_beside, _share_register(sides, other)), agrees)
        taken_back = sa.update(first).where(first.c.in_conflict == sa.true(), is_none)
        connection.execute(taken_back.values(in_conflict=sa.false()))

    def _settle_levels(self, connection: Connection) -> None:
        """Find out how alike the addresses are where the buyer or the lead has several."""
        first, further, once, what = self.first, self.further, lead_identities, self.target.what
        some = [connection.execute(sa.select(table.c.email).limit(1)).first() for table in (further, once)]
        if not any(some):
            return
        is_own = sa.and_(*(further.c[name] == first.c[name] for name in what.key), further.c.is_own == sa.true())
        is_once = sa.and_(once.c.source == first.c.lead_source, once.c.external_id == first.c.lead_external_id)
        is_lead = sa.and_(leads.c.source == first.c.lead_source, leads.c.external_id == first.c.lead_external_id)
        table = what.table.c
        shown = (self.target.email, table.email_folded, table.email_key, table.email_tag)
        theirs, present, ever = (tuple(one.c[name] for name in PERSON) for one in (further, leads, once))
        # Where either side has several addresses, they are all there: the first of these that finds any has all pairs.
        pairs = (
            _closest(theirs, ever).where(is_own, is_once),
            _closest(theirs, present).where(is_own, is_lead),
            _closest(shown, ever).select_from(self.target.join).where(what.is_same(first), is_once),
        )
        has_several = sa.or_(sa.exists().where(is_own), sa.exists().where(is_once))
        found = sa.update(first).where(first.c.via == BY_EMAIL, has_several)
        connection.execute(found.values(level=sa.func.coalesce(*(pair.scalar_subquery() for pair in pairs))))

    def _changes(self) -> sa.Select[Any]:
        """Return the rows of `credits`: the credit of each purchase whose stored credit differs from it."""
        target, first, table = self.target, self.first, self.target.what.table
        wanted = _Credit(target, first).columns()
        differs = sa.or_(*(_distinct(column, wanted[name]) for name, column in target.columns.items()))
        is_first = sa.and_(leads.c.source == first.c.lead_source, leads.c.external_id == first.c.lead_external_id)
        own = sa.and_(purchase_utms.c.source == table.c.source, purchase_utms.c.external_id == table.c.external_id)
        return (
            sa.select(*target.what.keys, *(wanted[name] for name in target.columns))
            .select_from(target.join)
            .join(first, target.what.is_same(first), isouter=True)
            .join(leads, is_first, isouter=True)
            .join(purchase_utms, own, isouter=True)
            .where(differs)
        )

    def _update(self, connection: Connection) -> None:
        """Write the changed credits into the table that shows them and into the facts."""
        target, changes = self.target, self.changes
        for table in {target.shown: None, target.what.table: None}:
            values = {column: changes.c[name] for name, column in target.columns.items() if column.table is table}
            (number,) = table.primary_key if len(target.what.key) == 1 else (None,)
            is_row = target.what.is_same(changes) if number is None else number == changes.c[target.what.key[0]]
            connection.execute(sa.update(table).where(is_row).values(values))


def _temporary(name: str, what: Purchased, columns: dict[str, Any], key: tuple[str, ...] = ()) -> sa.Table:
    """Return a temporary table of purchases with further columns, of which `key` belong to the primary key.

    Another index would be created by a statement of its own, at which MariaDB commits.
    """
    table = sa.Table(name, sa.MetaData(), prefixes=["TEMPORARY"], mysql_charset="utf8mb4")
    for one in what.keys:
        table.append_column(sa.Column(one.name, one.type, primary_key=True, autoincrement=False))
    for column, type_ in sorted(columns.items(), key=lambda one: one[0] not in key):
        table.append_column(sa.Column(column, type_, primary_key=column in key, autoincrement=False))
    return table


def _fill(connection: Connection, table: sa.Table, query: sa.Select[Any] | sa.CompoundSelect[Any], *names: str) -> None:
    """Write the rows of a query, whose columns follow the purchase's key in the order of the names."""
    keys = [column.name for column in table.columns][: len(query.selected_columns) - len(names)]
    connection.execute(sa.insert(table).from_select([*keys, *names], query))


def _share_register(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """Return that two leads of a source were ever stated with ids of one register (`classic:` in `classic:77`)."""
    pairs = product(
        (table.alias() for table in (leads, lead_identities)), [table.alias() for table in (leads, lead_identities)]
    )
    return (one.c.lead_source == other.c.lead_source) & sa.or_(
        *(
            sa.exists().where(*_has_id(mine, one), *_has_id(theirs, other), _register(mine) == _register(theirs))
            for mine, theirs in pairs
        )
    )


def _has_id(table: sa.FromClause, side: sa.FromClause) -> Iterator[sa.ColumnElement[bool]]:
    yield table.c.source == side.c.lead_source
    yield table.c.external_id == side.c.lead_external_id
    yield table.c.customer_id != ""


def _register(table: sa.FromClause) -> sa.ColumnElement[str]:
    return sa.func.substr(table.c.customer_id, 1, sa.func.instr(table.c.customer_id, ":"))


def _closest(one: tuple[sa.ColumnElement[Any], ...], other: tuple[sa.ColumnElement[Any], ...]) -> sa.Select[Any]:
    """Return how alike the closest two of some addresses are, each given by its columns in the order of PERSON."""
    alike = sa.case(
        (bytes_of(one[0]) == bytes_of(other[0]), EXACT),
        (one[1] == other[1], FOLDED),
        (one[3] == other[3], GMAIL),
        else_=TAGGED,
    )
    return sa.select(sa.func.min(alike)).where(one[2] == other[2])


class _Credit:
    """What the columns of a credit are to hold, given a purchase, its first touch and its own UTMs where there are any."""

    def __init__(self, target: _Target, first: sa.Table) -> None:
        self.target, self.first, self.table = target, first, target.what.table
        self.in_conflict = sa.func.coalesce(first.c.in_conflict, sa.false())
        self.is_late = leads.c.opted_in_at > self.table.c.eligible_until
        self.is_touched = sa.and_(leads.c.id.is_not(None), ~self.in_conflict, ~self.is_late)
        is_matched = sa.and_(self.is_touched, leads.c.utm_campaign_key != "")
        self.is_matched = sa.func.coalesce(is_matched, sa.false())
        self.by_order = sa.and_(
            ~sa.func.coalesce(self.is_touched, sa.false()), ~self.in_conflict, purchase_utms.c.source.is_not(None)
        )
        self.is_kept = sa.and_(  # as another program recorded it
            self.table.c.source == RECORDED,
            self.table.c.reason.not_in(OWN_RULES),
            ~self.is_matched,
            sa.or_(*(sa.func.coalesce(target.shown.c[name], "") != "" for name in UTM_COLUMNS)),
        )

    def columns(self) -> dict[str, sa.ColumnElement[Any]]:
        """Return the expressions by the names of the columns."""
        stored, table = self.target.columns, self.table
        has_campaign = table.c.utm_campaign_key != ""
        kept_as = sa.case((has_campaign, Rule.AS_RECORDED), else_=Reason.NO_CAMPAIGN)
        is_credited = sa.or_(self.is_matched, self.by_order, sa.and_(self.is_kept, has_campaign))
        days = days_between(table.c.purchased_on, leads.c.opted_in_on) if "days" in stored else sa.null()
        found = {
            "lead_id": self._of_lead(leads.c.id, stored["lead_id"]),
            **{name: self._of_utm(name, stored[name], sa.null()) for name in UTM_COLUMNS},
            "days": self._of_lead(days, stored.get("days", sa.null())),
            "outcome": sa.case((is_credited, Outcome.MATCHED), else_=Outcome.UNATTRIBUTED),
            "reason": sa.case((self.is_kept, kept_as), else_=self._reason()),
            **{name: self._of_utm(name, stored[name], "") for name in KEYS},
        }
        return {name: found[name] for name in stored}

    def _of_lead(self, value: Any, stored: Any) -> sa.ColumnElement[Any]:
        return sa.case((self.is_kept, stored), (self.is_touched, value), else_=sa.null())

    def _of_utm(self, name: str, stored: Any, otherwise: Any) -> sa.ColumnElement[Any]:
        theirs, own = leads.c[name], purchase_utms.c[name]
        return sa.case((self.is_kept, stored), (self.is_matched, theirs), (self.by_order, own), else_=otherwise)

    def _reason(self) -> sa.ColumnElement[Any]:
        has_utm = sa.or_(*(leads.c[name].is_not(None) for name in UTM_COLUMNS))
        first, table = self.first, self.table
        return sa.case(
            (self.in_conflict, Reason.CONFLICT),
            (self.by_order, Rule.ORDER_UTM),
            (leads.c.id.is_(None), Reason.NO_SUCH_PERSON),
            (self.is_late, Reason.OPTED_IN_LATER),
            (~has_utm, Reason.NO_UTM),
            (leads.c.utm_campaign_key == "", Reason.NO_CAMPAIGN),
            (first.c.via == BY_LINK, Rule.CONFIRMED_LINK),
            (first.c.via.in_((BY_ID, BY_CARRIED)), Rule.CUSTOMER_ID),
            (first.c.level == EXACT, Rule.EMAIL_EXACT),
            (first.c.level == FOLDED, Rule.EMAIL_FOLDED),
            (first.c.level == GMAIL, Rule.GMAIL),
            (first.c.level == TAGGED, Rule.GMAIL_TAG),
            (bytes_of(leads.c.email) == bytes_of(self.target.email), Rule.EMAIL_EXACT),
            (leads.c.email_folded == table.c.email_folded, Rule.EMAIL_FOLDED),
            (leads.c.email_tag == table.c.email_tag, Rule.GMAIL),
            else_=Rule.GMAIL_TAG,
        )


def _distinct(stored: sa.Column[Any], value: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    if isinstance(stored.type, sa.Integer):
        return stored.is_distinct_from(value)
    return bytes_of(stored).is_distinct_from(bytes_of(value))
