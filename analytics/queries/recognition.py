"""Which opt-ins are a buyer's, in SQL: by a link, a customer id, or any address that either side was ever stated with."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from analytics.schema import (
    buyers,
    customer_addresses,
    funnel_orders,
    identity_links,
    lead_identities,
    leads,
    sale_facts,
)

BY_LINK, BY_ID, BY_EMAIL, BY_CARRIED = 1, 2, 3, 4  # the last: by an address that the customer id carries
NOBODY, ANOTHER, BUYER = 0, 1, 2  # whom a lead that was found by its customer id names with its present address
PERSON = ("email", "email_folded", "email_key", "email_tag")


@dataclass(frozen=True, slots=True)
class Purchased:
    """A table of purchases whose buyers are looked for: its key columns, and whether people link its rows by hand."""

    table: sa.Table
    key: tuple[str, ...]
    is_linked_by_hand: bool

    @property
    def keys(self) -> list[sa.Column[Any]]:
        """Return the key columns."""
        return [self.table.c[name] for name in self.key]

    def is_stated(self) -> sa.ColumnElement[bool]:
        """Return that a row of `buyers` is about the purchase."""
        return sa.and_(self.table.c.source == buyers.c.source, self.table.c.external_id == buyers.c.external_id)

    def is_same(self, other: Any) -> sa.ColumnElement[bool]:
        """Return that a row of another table with the same key columns is the purchase's."""
        return sa.and_(*(column == other.c[column.name] for column in self.keys))

    def is_linked(self) -> sa.ColumnElement[bool]:
        """Return that a person said who the buyer is; a link to a lead that is not stored (yet) says nothing."""
        if not self.is_linked_by_hand:
            return sa.false()
        return sa.exists().where(identity_links.c.sale_id == self.keys[0], _link_to(sa.alias(leads, "linked_lead")))


SALES = Purchased(sale_facts, ("sale_id",), is_linked_by_hand=True)
ORDERS = Purchased(funnel_orders, tuple(column.name for column in funnel_orders.primary_key), is_linked_by_hand=False)


_blank = sa.literal_column("''", sa.String())


def further_addresses(what: Purchased) -> sa.Select[Any]:
    """Return the addresses under which buyers are looked for beside the one that the purchase shows.

    Rows have the purchase's key, the address, and whether the order itself states it; otherwise its customer id carries it.
    """
    shown, stated, carried = what.table.c, buyers.c, customer_addresses.c
    own = (
        sa.select(*what.keys, *(stated[name] for name in PERSON), sa.true().label("is_own"))
        .join_from(buyers, what.table, what.is_stated())
        .where(stated.is_several == sa.true(), stated.email_key != "")
    )
    # Most ids carry one address, which the order states as well: none of them is looked up.
    silent = sa.select(stated.stated_by.label("source"), stated.customer_id)
    silent = silent.where(stated.email_key == "", stated.customer_id != "")
    several = sa.select(carried.source, carried.customer_id).where(carried.is_several == sa.true())
    telling = sa.union(several, silent).subquery("telling")
    is_told = sa.and_(carried.source == telling.c.source, carried.customer_id == telling.c.customer_id)
    by_id = (
        sa.select(*what.keys, carried.email, _blank, carried.email_key, _blank, sa.false().label("is_own"))
        .join_from(telling, customer_addresses, is_told)
        .join(buyers, _has_id(customer_addresses))
        .join(what.table, what.is_stated())
        .where(carried.email_key != shown.email_key)
    )
    return sa.select(sa.union(own, by_id).subquery("further"))


def recognised(what: Purchased, further: sa.FromClause) -> Iterator[sa.Select[Any]]:
    """Yield queries for every opt-in of every buyer: the purchase's key, how the lead was found, and its place in the order.

    `further` holds the rows of `further_addresses`. MariaDB makes the joins in the order written and by the index named:
    left to itself it compares every row with every row, while its statistics are older than the last large import.
    """
    table, once = what.table, lead_identities
    is_other = ~what.is_linked()
    yield _through(
        _opt_in(what, _way(BY_EMAIL))
        .join_from(table, leads, leads.c.email_key == table.c.email_key)
        .where(table.c.email_key != "", is_other),
        "ix_leads_person",
    )
    yield _straight(
        _opt_in(what, _way(BY_EMAIL))
        .join_from(once, table, table.c.email_key == once.c.email_key)
        .join(leads, _is_lead(once))
        .where(once.c.email_key != "", is_other)
    )
    named = sa.case((leads.c.email_key == "", NOBODY), (leads.c.email_key == table.c.email_key, BUYER), else_=ANOTHER)
    yield _through(
        _opt_in(what, _way(BY_ID), named)
        .join_from(table, buyers, what.is_stated())
        .join(leads, _has_id(leads))
        .where(buyers.c.customer_id != "", is_other),
        "ix_leads_customer",
    )
    yield _straight(
        _opt_in(what, _way(BY_ID), named)
        .join_from(once, buyers, _has_id(once))
        .join(table, what.is_stated())
        .join(leads, _is_lead(once))
        .where(once.c.customer_id != "", is_other)
    )
    via = sa.case((further.c.is_own, BY_EMAIL), else_=BY_CARRIED)
    yield _through(
        _opt_in(what, via)
        .join_from(further, table, what.is_same(further))
        .join(leads, leads.c.email_key == further.c.email_key)
        .where(is_other),
        "ix_leads_person",
    )
    yield _straight(
        _opt_in(what, via)
        .join_from(further, table, what.is_same(further))
        .join(once, once.c.email_key == further.c.email_key)
        .join(leads, _is_lead(once))
        .where(is_other)
    )
    if what.is_linked_by_hand:
        yield from _by_link(what)


def _by_link(what: Purchased) -> Iterator[sa.Select[Any]]:
    """Yield the linked leads, and all leads that share any of their addresses."""
    linked, once = sa.alias(leads, "linked"), sa.alias(lead_identities, "linked_once")
    link = identity_links.c.sale_id
    now = sa.select(link, linked.c.email_key).join_from(identity_links, linked, _link_to(linked))
    ever = sa.select(link, once.c.email_key).join_from(identity_links, once, _link_to(once))
    keys = sa.union(now, ever).subquery("linked_keys")
    shares = sa.and_(keys.c.email_key != "", leads.c.email_key == keys.c.email_key)
    shared = sa.and_(keys.c.email_key != "", lead_identities.c.email_key == keys.c.email_key)
    is_sale = what.keys[0] == identity_links.c.sale_id
    named = _opt_in(what, _way(BY_LINK))
    yield named.join_from(identity_links, what.table, is_sale).join(leads, _link_to(leads))
    is_sale = what.keys[0] == keys.c.sale_id
    yield _through(named.join_from(keys, what.table, is_sale).join(leads, shares), "ix_leads_person")
    yield _straight(
        named.join_from(keys, what.table, is_sale).join(lead_identities, shared).join(leads, _is_lead(lead_identities))
    )


def _opt_in(what: Purchased, via: sa.ColumnElement[int], named: sa.ColumnElement[int] | None = None) -> sa.Select[Any]:
    return sa.select(
        *what.keys,
        via.label("via"),
        *(leads.c.source.label("lead_source"), leads.c.external_id.label("lead_external_id"), leads.c.opted_in_at),
        (_way(NOBODY) if named is None else named).label("named"),
    )


def _way(number: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(number), sa.Integer())


def _through(query: sa.Select[Any], index: str) -> sa.Select[Any]:
    return _straight(query).with_hint(leads, f"FORCE INDEX ({index})", "mysql")


def _straight(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.prefix_with("STRAIGHT_JOIN", dialect="mysql")


def _has_id(table: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.source == buyers.c.stated_by, table.c.customer_id == buyers.c.customer_id)


def _is_lead(identity: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(leads.c.source == identity.c.source, leads.c.external_id == identity.c.external_id)


def _link_to(table: Any) -> sa.ColumnElement[bool]:
    link = identity_links.c
    return sa.and_(table.c.source == link.lead_source, table.c.external_id == link.lead_external_id)
