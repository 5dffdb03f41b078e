"""Credits single sales and funnel orders: loads buyer and opt-ins, asks `attribution`, writes what changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics import attribution
from analytics.attribution import Buyer, Credit, OptIn, Outcome, Reason, Rule
from analytics.folding import Address
from analytics.intake.addresses import identities_of
from analytics.intake.rows import PERSON, utm_keys, utm_row
from analytics.queries.recognition import ORDERS, SALES, Purchased
from analytics.records import RECORDED, Utm
from analytics.schema import (
    UTM_COLUMNS,
    buyers,
    customer_addresses,
    funnel_orders,
    high_ticket_sales,
    identity_links,
    lead_identities,
    leads,
    purchase_utms,
    sale_facts,
)
from analytics.store import chunks, existing, update_by_key, update_changed

OWN_RULES = tuple(rule for rule in Rule if rule is not Rule.AS_RECORDED)  # then the row's UTMs are not as recorded

Row = Mapping[Any, Any]
Pair = tuple[str, str]
LineKey = tuple[Any, ...]  # source, external id and line of a funnel order


@dataclass(frozen=True, slots=True)
class Case:
    """A purchase's evidence: its buyer, every stored opt-in that may be theirs, and its row as it is stored."""

    buyer: Buyer
    opt_ins: tuple[OptIn, ...]
    stored: Row


def credit_sales(connection: Connection, sale_ids: Collection[int]) -> int:
    """Credit the given sales again and return how many changed."""
    changed = 0
    for chunk in chunks(sorted(sale_ids)):
        sales, facts = [], []
        for case in load(connection, chunk):
            credit = decide(case)
            sales.append(_sale_row(case, credit))
            facts.append(_fact_row(case, credit))
        sale_changes = update_changed(connection, high_ticket_sales, sales)
        fact_changes = update_changed(connection, sale_facts, facts)
        changed += sum(sale or fact for sale, fact in zip(sale_changes, fact_changes, strict=True))
    return changed


def credit_orders(connection: Connection, keys: Collection[LineKey]) -> int:
    """Credit the given funnel orders again and return how many changed."""
    changed = 0
    for chunk in chunks(sorted(keys)):
        found = [(case.stored, _order_row(case, decide(case))) for case in load_orders(connection, chunk)]
        differing = {
            _line(row): row for stored, row in found if any(stored[name] != value for name, value in row.items())
        }
        update_by_key(connection, funnel_orders, differing)
        changed += len(differing)
    return changed


def bought_by(
    connection: Connection, people: Iterable[Row], customers: Iterable[Pair] = ()
) -> tuple[set[int], set[LineKey]]:
    """Return the sales and the funnel orders that the people may have made.

    People are rows with e-mail key, source and customer id; of `customers`, pairs of source and customer id, nothing but
    the id is asked for.
    """
    rows = list(people)
    keys = {row["email_key"] for row in rows} - {""}
    ids = {(row["customer_id"], row["source"]) for row in rows if row["customer_id"]} | {one[::-1] for one in customers}
    for chunk in chunks(sorted(keys)):
        carriers = sa.select(customer_addresses.c.customer_id, customer_addresses.c.source)
        ids.update(map(tuple, connection.execute(carriers.where(customer_addresses.c.email_key.in_(chunk)))))
    return {sale_id for (sale_id,) in _bought(connection, SALES, keys, ids)}, _bought(connection, ORDERS, keys, ids)


def _bought(
    connection: Connection, what: Purchased, keys: Collection[str], ids: Collection[Pair]
) -> set[tuple[Any, ...]]:
    """Return the keys of the purchases that show or state one of the e-mail keys or customer ids."""
    shown, stated = sa.select(*what.keys), sa.select(*what.keys).join(buyers, what.is_stated())
    found: set[tuple[Any, ...]] = set()
    for chunk in chunks(sorted(keys)):
        ways = [shown.where(what.table.c.email_key.in_(chunk)), stated.where(buyers.c.email_key.in_(chunk))]
        linked = _linked_to(chunk) if what.is_linked_by_hand else []
        found.update(map(tuple, connection.execute(sa.union(*ways, *linked))))
    for pairs in chunks(sorted(ids)):
        same = sa.tuple_(buyers.c.customer_id, buyers.c.stated_by).in_(pairs)
        found.update(map(tuple, connection.execute(stated.where(same))))
    return found


def _linked_to(keys: Collection[str]) -> list[sa.Select[Any]]:
    """Return the sales that a person linked to leads of the given addresses: all who share them are the buyer."""
    link = identity_links.c.sale_id
    return [
        sa.select(link).join(table, _link_to(table)).where(table.c.email_key.in_(keys))
        for table in (leads, lead_identities)
    ]


def _link_to(table: sa.Table) -> sa.ColumnElement[bool]:
    link = identity_links.c
    return sa.and_(table.c.source == link.lead_source, table.c.external_id == link.lead_external_id)


def decide(case: Case) -> Credit:
    """Return the sale's credit; what another program recorded stands until one of our leads claims the sale."""
    credit = attribution.credit(case.buyer, case.opt_ins)
    stored = Utm(*(case.stored[name] or "" for name in UTM_COLUMNS))
    is_theirs = case.stored["source"] == RECORDED and stored and case.stored["reason"] not in OWN_RULES
    if is_theirs and (credit.outcome is Outcome.UNATTRIBUTED or credit.opt_in is None):
        if attribution.has_campaign(stored):
            return Credit(Outcome.MATCHED, Rule.AS_RECORDED, utm=stored)
        return Credit(Outcome.UNATTRIBUTED, Reason.NO_CAMPAIGN, utm=stored)
    return credit


def load(connection: Connection, sale_ids: Collection[int]) -> list[Case]:
    """Return the evidence for the given sales; unknown ids are left out."""
    links = _links(connection, sale_ids)
    return _cases(connection, [(row, links.get(row["sale_id"])) for row in _sale_rows(connection, sale_ids)])


def load_orders(connection: Connection, keys: Collection[LineKey]) -> list[Case]:
    """Return the evidence for the given funnel orders; unknown ones are left out."""
    return _cases(connection, [(row, None) for row in existing(connection, funnel_orders, keys).values()])


def _cases(connection: Connection, rows: Sequence[tuple[Row, Pair | None]]) -> list[Case]:
    """Return the evidence for stored purchases, each with the lead that it is linked to by hand."""
    known = _Buyers(connection, [row for row, _ in rows])
    found = [(row, known.buyer(row, link)) for row, link in rows]
    opt_ins = _OptIns(connection, [buyer for _, buyer in found])
    return [Case(buyer, opt_ins.around(buyer), row) for row, buyer in found]


class _Buyers:
    """What the messengers of some purchases stated about their buyers."""

    def __init__(self, connection: Connection, rows: Collection[Row]) -> None:
        purchased = {_key(row) for row in rows}
        self.stated = _grouped(_rows_of(connection, buyers, purchased))
        self.utms = {_key(row): _utm(row) for row in _rows_of(connection, purchase_utms, purchased)}
        self.carried = _carried(connection, {pair for group in self.stated.values() for pair in map(_customer, group)})

    def buyer(self, row: Row, link: Pair | None) -> Buyer:
        """Return the buyer of a purchase, given its row with the address that it shows."""
        stated = self.stated.get(_key(row), [])
        customers = frozenset(pair for pair in map(_customer, stated) if pair[1])
        return Buyer(
            addresses=frozenset(one for one in map(_address, [row, *stated]) if one.key),
            eligible_until=row["eligible_until"],
            purchased_on=row["purchased_on"],
            customers=customers,
            carried=frozenset[str]().union(*(self.carried[pair] for pair in customers)),
            link=link,
            utm=self.utms.get(_key(row), Utm()),
        )


class _OptIns:
    """The stored leads around some buyers, by every address and id that they were ever stated with."""

    def __init__(self, connection: Connection, people: Sequence[Buyer]) -> None:
        self.by_key: defaultdict[str, set[OptIn]] = defaultdict(set)
        self.by_customer: defaultdict[Pair, set[OptIn]] = defaultdict(set)
        self.by_id: dict[Pair, OptIn] = {}
        links = {one.link for one in people if one.link}
        for chunk in chunks(sorted(links)):
            self._take(connection, [sa.select(leads).where(sa.tuple_(leads.c.source, leads.c.external_id).in_(chunk))])
        keys = {key for buyer in people for key in buyer.keys | buyer.carried}
        keys |= {key for lead in self.by_id.values() for key in lead.keys}
        pairs = {pair[::-1] for buyer in people for pair in buyer.customers}
        for some_keys, some_pairs in zip_longest(chunks(sorted(keys)), chunks(sorted(pairs)), fillvalue=()):
            self._take(connection, _leads_of(some_keys, some_pairs))

    def _take(self, connection: Connection, queries: Sequence[sa.Select[Any]]) -> None:
        """Take in the leads of some queries."""
        rows = {_key(row): row for row in connection.execute(sa.union(*queries)).mappings()}
        for lead in _opt_ins(connection, rows):
            self.by_id[lead.source, lead.external_id] = lead
            for key in lead.keys:
                self.by_key[key].add(lead)
            for customer_id in lead.customer_ids:
                self.by_customer[lead.source, customer_id].add(lead)

    def around(self, buyer: Buyer) -> tuple[OptIn, ...]:
        """Return every lead that may be a buyer's."""
        linked = self.by_id.get(buyer.link) if buyer.link else None
        keys = buyer.keys | buyer.carried | (linked.keys if linked else frozenset())
        found = {linked} if linked else set()
        found = found.union(*(self.by_key[key] for key in keys if key in self.by_key))
        found = found.union(*(self.by_customer[pair] for pair in buyer.customers if pair in self.by_customer))
        return tuple(found)


def _leads_of(keys: Sequence[str], customers: Sequence[Pair]) -> list[sa.Select[Any]]:
    """Return queries for the leads that have one of the e-mail keys or customer ids, or had it once."""
    found = []
    for table in (leads, lead_identities):
        query = sa.select(leads) if table is leads else sa.select(leads).join(lead_identities, _is_lead)
        if keys:
            found.append(query.where(table.c.email_key.in_(keys)))
        if customers:
            found.append(query.where(sa.tuple_(table.c.customer_id, table.c.source).in_(customers)))
    return found


_is_lead = sa.and_(leads.c.source == lead_identities.c.source, leads.c.external_id == lead_identities.c.external_id)


def _sale_rows(connection: Connection, sale_ids: Collection[int]) -> list[Row]:
    query = (
        sa.select(
            sale_facts,
            high_ticket_sales.c.customer_email.label("email"),
            *(high_ticket_sales.c[name] for name in UTM_COLUMNS),
        )
        .join(high_ticket_sales, high_ticket_sales.c.id == sale_facts.c.sale_id)
        .where(sale_facts.c.sale_id.in_(sale_ids))
    )
    return list(connection.execute(query).mappings())


def _rows_of(connection: Connection, table: sa.Table, purchased: Collection[Pair]) -> list[Row]:
    """Return the rows of a table that are about the given purchases."""
    found: list[Row] = []
    for chunk in chunks(sorted(purchased)):
        query = sa.select(table).where(sa.tuple_(table.c.source, table.c.external_id).in_(chunk))
        found += connection.execute(query).mappings()
    return found


def _grouped(rows: Iterable[Row]) -> dict[Pair, list[Row]]:
    groups: defaultdict[Pair, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_key(row)].append(row)
    return groups


def _carried(connection: Connection, pairs: Collection[Pair]) -> dict[Pair, set[str]]:
    """Return the keys of the addresses that customer ids carry at their sources."""
    found: dict[Pair, set[str]] = {pair: set() for pair in pairs}
    stated = customer_addresses.c
    for chunk in chunks(sorted(pairs)):
        query = sa.select(stated.source, stated.customer_id, stated.email_key)
        query = query.where(sa.tuple_(stated.source, stated.customer_id).in_(chunk))
        for source, customer_id, key in connection.execute(query):
            found[source, customer_id].add(key)
    return found


def _links(connection: Connection, sale_ids: Collection[int]) -> dict[int, Pair]:
    """Return the leads that sales are linked to by hand; a link to a lead that is not stored says nothing."""
    query = (
        sa.select(identity_links.c.sale_id, leads.c.source, leads.c.external_id)
        .join(leads, _link_to(leads))
        .where(identity_links.c.sale_id.in_(sale_ids))
    )
    return {sale_id: (source, external_id) for sale_id, source, external_id in connection.execute(query)}


def _opt_ins(connection: Connection, rows: Mapping[Pair, Row]) -> list[OptIn]:
    """Return rows of leads with all that they were ever stated with."""
    stated = _grouped(identities_of(connection, rows))
    return [_opt_in(row, [row, *stated.get(key, [])]) for key, row in rows.items()]


def _opt_in(row: Row, stated: Sequence[Row]) -> OptIn:
    return OptIn(
        lead_id=row["id"],
        source=row["source"],
        external_id=row["external_id"],
        name=row["name"],
        email=row["email"],
        addresses=frozenset(map(_address, stated)),
        customer_ids=frozenset(one["customer_id"] for one in stated) - {""},
        opted_in_at=row["opted_in_at"],
        opted_in_on=row["opted_in_on"],
        utm=_utm(row),
    )


def _address(row: Row) -> Address:
    return Address(*(row[name] for name in PERSON))


def _customer(row: Row) -> Pair:
    return row["stated_by"], row["customer_id"]


def _key(row: Row) -> Pair:
    return row["source"], row["external_id"]


def _utm(row: Row) -> Utm:
    return Utm(*(row[name] or "" for name in UTM_COLUMNS))


def _sale_row(case: Case, credit: Credit) -> dict[str, Any]:
    if _is_as_recorded(credit):
        return {"id": case.stored["sale_id"]}
    lead = credit.opt_in
    return {
        "id": case.stored["sale_id"],
        "lead_id": lead.lead_id if lead else None,
        **utm_row(credit.utm),
        "days_from_lead_to_sale": credit.days,
    }


def _fact_row(case: Case, credit: Credit) -> dict[str, Any]:
    keys = utm_keys(utm_row(credit.utm))
    return {"sale_id": case.stored["sale_id"], "outcome": credit.outcome, "reason": credit.reason, **keys}


def _order_row(case: Case, credit: Credit) -> dict[str, Any]:
    utm, lead = utm_row(credit.utm), credit.opt_in
    key = {name: case.stored[name] for name in ORDERS.key}
    credited = {"lead_id": lead.lead_id if lead else None, "outcome": credit.outcome, "reason": credit.reason}
    return {**key, **credited, **utm, **utm_keys(utm)}


def _line(row: Row) -> LineKey:
    return tuple(row[name] for name in ORDERS.key)


def _is_as_recorded(credit: Credit) -> bool:
    """Tell whether the row keeps the UTMs that another program recorded, with a campaign or without."""
    return credit.reason == Rule.AS_RECORDED or (credit.opt_in is None and credit.reason == Reason.NO_CAMPAIGN)
