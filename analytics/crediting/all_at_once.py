"""Credits every sale at once, in SQL: the rules of `attribution` for a million sales.

Written apart from `attribution` on purpose; a test holds the two equal on random histories, on both engines.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics.attribution import Outcome, Reason, Rule
from analytics.crediting.single import BY_A_LEAD
from analytics.dialect import bytes_of, characters, days_between
from analytics.records import RECORDED
from analytics.schema import UTM_COLUMNS, buyers, high_ticket_sales, identity_links, leads, sale_facts
from analytics.store import temporary

BY_LINK, BY_ID, BY_EMAIL = 1, 2, 3
NOBODY, ANOTHER, BUYER = 0, 1, 2  # whom a lead that was found by its customer id names with its e-mail

sale = high_ticket_sales
fact = sale_facts
# Kept for a while: joined as a subquery it would be a copy without a narrow key, on disk, and several times as slow.
first = sa.Table(
    "first_touches",
    sa.MetaData(),
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("via", sa.Integer, nullable=False),
    sa.Column("source", leads.c.source.type, nullable=False),
    sa.Column("external_id", leads.c.external_id.type, nullable=False),
    sa.Column("in_conflict", sa.Boolean, nullable=False),  # id and e-mail name two people
    prefixes=["TEMPORARY"],
    mysql_charset="utf8mb4",
)
work = sa.Table(
    "credits",
    sa.MetaData(),
    sa.Column("sale_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("lead_id", sa.Integer),
    *(sa.Column(name, high_ticket_sales.c[name].type) for name in UTM_COLUMNS),
    *(sa.Column(f"{name}_key", sale_facts.c[f"{name}_key"].type, nullable=False) for name in UTM_COLUMNS),
    sa.Column("days", sa.Integer),
    sa.Column("outcome", sale_facts.c.outcome.type, nullable=False),
    sa.Column("reason", sale_facts.c.reason.type, nullable=False),
    prefixes=["TEMPORARY"],
    mysql_charset="utf8mb4",
)


def credit_all(connection: Connection) -> int:
    """Credit every known sale anew and return how many changed."""
    with temporary(connection, first), temporary(connection, work):
        connection.execute(sa.insert(first).from_select([column.name for column in first.columns], _first_touches()))
        connection.execute(sa.insert(work).from_select([column.name for column in work.columns], _changes()))
        changed = connection.scalar(sa.select(sa.func.count()).select_from(work)) or 0
        if changed:
            connection.execute(_update_sales())
            connection.execute(_update_facts())
    return changed


def _recognised() -> sa.CompoundSelect[Any]:
    """Return every opt-in of every buyer: the sale, how the lead was found, and its place in the order."""
    linked = sa.alias(leads, "linked")
    of_link = (
        _opt_in(identity_links.c.sale_id, BY_LINK)
        .join_from(identity_links, linked, _same_lead(linked))
        .join(
            leads, sa.or_(_same_lead(leads), sa.and_(linked.c.email_key != "", leads.c.email_key == linked.c.email_key))
        )
    )
    of_email = (
        _opt_in(fact.c.sale_id, BY_EMAIL)
        .join_from(fact, leads, leads.c.email_key == fact.c.email_key)
        .where(fact.c.email_key != "", ~_is_linked)
    )
    whose = sa.and_(fact.c.external_id == buyers.c.external_id, fact.c.source == buyers.c.source)
    same = sa.and_(leads.c.source == buyers.c.value_source, leads.c.customer_id == buyers.c.value)
    of_id = _opt_in(fact.c.sale_id, BY_ID, _named).join_from(buyers, fact, whose).join(leads, same)
    of_id = of_id.where(buyers.c.kind == "customer", ~_is_linked)
    return sa.union_all(of_link, _through(of_id, "ix_leads_customer"), _through(of_email, "ix_leads_person"))


def _opt_in(sale_id: sa.Column[int], via: int, named: sa.ColumnElement[int] | None = None) -> sa.Select[Any]:
    way, whom = sa.literal_column(str(via), sa.Integer()), sa.literal_column(str(NOBODY), sa.Integer())
    return sa.select(
        sale_id.label("sale_id"),
        way.label("via"),
        *(leads.c.source, leads.c.external_id, leads.c.opted_in_at),
        (whom if named is None else named).label("named"),
    )


_named = sa.case((leads.c.email_key == "", NOBODY), (leads.c.email_key == fact.c.email_key, BUYER), else_=ANOTHER)


def _through(query: sa.Select[Any], index: str) -> sa.Select[Any]:
    """Return a join that MariaDB makes in the order written and by that index.

    Left to itself it compares every row with every row, as long as its statistics are older than the last large import.
    """
    return query.prefix_with("STRAIGHT_JOIN", dialect="mysql").with_hint(leads, f"FORCE INDEX ({index})", "mysql")


def _same_lead(table: Any) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.source == identity_links.c.lead_source, table.c.external_id == identity_links.c.lead_external_id
    )


# A link to a lead that is not stored (yet) says nothing.
_is_linked = sa.exists().where(identity_links.c.sale_id == fact.c.sale_id, _same_lead(sa.alias(leads, "linked_lead")))


def _first_touches() -> sa.Select[Any]:
    """Return the rows of `first_touches`: the earliest opt-in of each buyer."""
    recognised = _recognised().cte("recognised")
    order = (
        recognised.c.opted_in_at,
        characters(recognised.c.external_id),
        recognised.c.external_id,
        recognised.c.source,
        recognised.c.via,
    )
    place = sa.func.row_number().over(partition_by=recognised.c.sale_id, order_by=order).label("place")
    named = sa.func.max(recognised.c.named).over(partition_by=recognised.c.sale_id).label("named")
    found = ("sale_id", "via", "source", "external_id")
    ranked = sa.select(*(recognised.c[name] for name in found), place, named).cte("ranked")
    # Asked only where the ids name somebody else and never the buyer, which is rare.
    is_known = sa.exists().where(
        fact.c.sale_id == ranked.c.sale_id, fact.c.email_key != "", leads.c.email_key == fact.c.email_key
    )
    in_conflict = sa.and_(ranked.c.named == ANOTHER, is_known)
    return sa.select(*(ranked.c[name] for name in found), in_conflict).where(ranked.c.place == 1)


def _changes() -> sa.Select[Any]:
    """Return the rows of `work`: the credit of each sale whose stored credit differs from it."""
    wanted = _credit(in_conflict=sa.func.coalesce(first.c.in_conflict, sa.false()))
    stored = {
        "days": sale.c.days_from_lead_to_sale,
        **{name: sale.c[name] for name in ("lead_id", *UTM_COLUMNS)},
        **{name: fact.c[name] for name in ("outcome", "reason", *(f"{utm}_key" for utm in UTM_COLUMNS))},
    }
    differs = sa.or_(*(_distinct(stored[name], value) for name, value in wanted.items()))
    is_first = sa.and_(leads.c.source == first.c.source, leads.c.external_id == first.c.external_id)
    return (
        sa.select(fact.c.sale_id, *(wanted[column.name] for column in list(work.columns)[1:]))
        .join_from(fact, sale, sale.c.id == fact.c.sale_id)
        .join(first, first.c.sale_id == fact.c.sale_id, isouter=True)
        .join(leads, is_first, isouter=True)
        .where(differs)
    )


def _credit(in_conflict: sa.ColumnElement[bool]) -> dict[str, sa.ColumnElement[Any]]:
    """Return what each column of `work` is to hold, given a sale with its facts and the first touch where there is one."""
    is_credited = sa.and_(leads.c.id.is_not(None), ~in_conflict, ~_is_late)
    is_matched = sa.and_(is_credited, _has_utm)
    keeps_record = sa.and_(
        fact.c.source == RECORDED,
        fact.c.reason.not_in(BY_A_LEAD),
        sa.not_(sa.func.coalesce(is_matched, sa.false())),
        sa.or_(*(sa.func.coalesce(sale.c[name], "") != "" for name in UTM_COLUMNS)),
    )

    def of_lead(value: Any, stored: Any, otherwise: Any) -> sa.ColumnElement[Any]:
        return sa.case((keeps_record, stored), (is_credited, value), else_=otherwise)

    days = days_between(fact.c.purchased_on, leads.c.opted_in_on)
    return {
        "lead_id": of_lead(leads.c.id, sale.c.lead_id, sa.null()),
        **{name: of_lead(leads.c[name], sale.c[name], sa.null()) for name in UTM_COLUMNS},
        **{f"{name}_key": of_lead(leads.c[f"{name}_key"], fact.c[f"{name}_key"], "") for name in UTM_COLUMNS},
        "days": of_lead(days, sale.c.days_from_lead_to_sale, sa.null()),
        "outcome": sa.case((sa.or_(keeps_record, is_matched), Outcome.MATCHED), else_=Outcome.UNATTRIBUTED),
        "reason": sa.case((keeps_record, Rule.AS_RECORDED), (in_conflict, Reason.CONFLICT), else_=_reason),
    }


_is_late = leads.c.opted_in_at > fact.c.eligible_until
_has_utm = sa.or_(*(leads.c[name].is_not(None) for name in UTM_COLUMNS))
_reason = sa.case(
    (leads.c.id.is_(None), Reason.NO_SUCH_PERSON),
    (_is_late, Reason.OPTED_IN_LATER),
    (~_has_utm, Reason.NO_UTM),
    (first.c.via == BY_LINK, Rule.CONFIRMED_LINK),
    (first.c.via == BY_ID, Rule.CUSTOMER_ID),
    (bytes_of(leads.c.email) == bytes_of(sale.c.customer_email), Rule.EMAIL_EXACT),
    (leads.c.email_folded == fact.c.email_folded, Rule.EMAIL_FOLDED),
    (leads.c.email_tag == fact.c.email_tag, Rule.GMAIL),
    else_=Rule.GMAIL_TAG,
)


def _distinct(stored: sa.Column[Any], value: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    if isinstance(stored.type, sa.Integer):
        return stored.is_distinct_from(value)
    return bytes_of(stored).is_distinct_from(bytes_of(value))


def _update_sales() -> sa.Update:
    values = {name: work.c[name] for name in ("lead_id", *UTM_COLUMNS)}
    return sa.update(sale).where(sale.c.id == work.c.sale_id).values(**values, days_from_lead_to_sale=work.c.days)


def _update_facts() -> sa.Update:
    values = {name: work.c[name] for name in ("outcome", "reason", *(f"{utm}_key" for utm in UTM_COLUMNS))}
    return sa.update(fact).where(fact.c.sale_id == work.c.sale_id).values(**values)
