"""Credits single sales in the database: loads buyer and opt-ins, asks `attribution`, writes what changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics import attribution
from analytics.attribution import Buyer, Credit, OptIn, Outcome, Rule
from analytics.folding import EmailKeys
from analytics.intake.rows import utm_keys, utm_row
from analytics.records import RECORDED, Utm
from analytics.schema import UTM_COLUMNS, buyers, high_ticket_sales, identity_links, leads, sale_facts
from analytics.store import chunks, update_changed

BY_A_LEAD = tuple(
    rule for rule in Rule if rule is not Rule.AS_RECORDED
)  # then the sale's UTMs are not what was recorded

Row = Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One sale's evidence: its buyer, every stored opt-in that may be theirs, and the UTMs another program recorded."""

    sale_id: int
    buyer: Buyer
    opt_ins: tuple[OptIn, ...]
    is_recorded: bool
    stored: Row


def credit_sales(connection: Connection, sale_ids: Collection[int]) -> int:
    """Credit the given sales anew and return how many changed."""
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


def sales_of(connection: Connection, people: Iterable[Row]) -> set[int]:
    """Return the ids of the sales whose buyer may be one of the people (rows with e-mail key, source and customer id)."""
    rows = list(people)
    keys = sorted({row["email_key"] for row in rows} - {""})
    customers = sorted({(row["source"], row["customer_id"]) for row in rows if row["customer_id"]})
    found: set[int] = set()
    for chunk in chunks(keys):
        found.update(connection.scalars(sa.select(sale_facts.c.sale_id).where(sale_facts.c.email_key.in_(chunk))))
        # A confirmed link makes a buyer of everybody who shares the linked lead's address.
        linked = sa.select(identity_links.c.sale_id).join(leads, _link_to_lead).where(leads.c.email_key.in_(chunk))
        found.update(connection.scalars(linked))
    for pairs in chunks(customers):
        same = sa.tuple_(buyers.c.value, buyers.c.value_source).in_([pair[::-1] for pair in pairs])
        theirs = sa.select(sale_facts.c.sale_id).join_from(buyers, sale_facts, _is_buyer).where(_is_customer, same)
        found.update(connection.scalars(theirs))
    return found


def decide(case: Case) -> Credit:
    """Return the sale's credit; what another program recorded stands until one of our leads claims the sale."""
    credit = attribution.credit(case.buyer, case.opt_ins)
    stored = Utm(*(case.stored[name] or "" for name in UTM_COLUMNS))
    is_theirs = case.is_recorded and stored and case.stored["reason"] not in BY_A_LEAD
    if is_theirs and credit.outcome is Outcome.UNATTRIBUTED:
        return Credit(Outcome.MATCHED, Rule.AS_RECORDED)
    return credit


def load(connection: Connection, sale_ids: Collection[int]) -> list[Case]:
    """Return the evidence for the given sales; unknown ids are left out."""
    rows = _sale_rows(connection, sale_ids)
    customers = _customers(connection, sale_ids)
    links = _links(connection, sale_ids)
    opt_ins = _OptIns(connection, rows, customers, links)
    return [opt_ins.case(row) for row in rows]


_is_buyer = sa.and_(buyers.c.source == sale_facts.c.source, buyers.c.external_id == sale_facts.c.external_id)
_is_customer = buyers.c.kind == "customer"
_link_to_lead = sa.and_(
    leads.c.source == identity_links.c.lead_source, leads.c.external_id == identity_links.c.lead_external_id
)


class _OptIns:
    """The stored leads around some sales, indexed by how a buyer may be recognised in them."""

    def __init__(
        self, connection: Connection, rows: list[Row], customers: dict[int, set[tuple[str, str]]], links: dict[int, Row]
    ) -> None:
        self.customers, self.links = customers, links
        keys = {row["email_key"] for row in rows} | {link["email_key"] for link in links.values()}
        pairs = {pair for group in customers.values() for pair in group}
        lone = {(link["source"], link["external_id"]) for link in links.values()}
        self.by_key: defaultdict[str, set[OptIn]] = defaultdict(set)
        self.by_customer: defaultdict[tuple[str, str], set[OptIn]] = defaultdict(set)
        self.by_id: dict[tuple[str, str], OptIn] = {}
        for condition, wanted in (
            (leads.c.email_key, keys - {""}),
            (sa.tuple_(leads.c.source, leads.c.customer_id), pairs),
            (sa.tuple_(leads.c.source, leads.c.external_id), lone),
        ):
            for chunk in chunks(sorted(wanted)):
                self._take(connection.execute(sa.select(leads).where(condition.in_(chunk))).mappings())

    def _take(self, rows: Iterable[Row]) -> None:
        for row in rows:
            lead = _opt_in(row)
            self.by_key[lead.keys.key].add(lead)
            self.by_customer[lead.source, lead.customer_id].add(lead)
            self.by_id[lead.source, lead.external_id] = lead

    def case(self, row: Row) -> Case:
        """Return one sale's evidence."""
        customers = self.customers.get(row["sale_id"], set())
        link = self.links.get(row["sale_id"])
        found = set(self.by_key[row["email_key"]]) if row["email_key"] else set()
        for pair in customers:
            found |= self.by_customer[pair]
        if link is not None:
            found.add(self.by_id[link["source"], link["external_id"]])
            found |= self.by_key[link["email_key"]] if link["email_key"] else set()
        buyer = Buyer(
            row["customer_email"],
            _keys(row),
            row["eligible_until"],
            row["purchased_on"],
            frozenset(customers),
            (link["source"], link["external_id"]) if link is not None else None,
        )
        return Case(row["sale_id"], buyer, tuple(found), row["source"] == RECORDED, row)


def _sale_rows(connection: Connection, sale_ids: Collection[int]) -> list[Row]:
    query = (
        sa.select(sale_facts, high_ticket_sales.c.customer_email, *(high_ticket_sales.c[name] for name in UTM_COLUMNS))
        .join(high_ticket_sales, high_ticket_sales.c.id == sale_facts.c.sale_id)
        .where(sale_facts.c.sale_id.in_(sale_ids))
    )
    return list(connection.execute(query).mappings())


def _customers(connection: Connection, sale_ids: Collection[int]) -> dict[int, set[tuple[str, str]]]:
    query = (
        sa.select(sale_facts.c.sale_id, buyers.c.value_source, buyers.c.value)
        .join_from(sale_facts, buyers, _is_buyer)
        .where(sale_facts.c.sale_id.in_(sale_ids), _is_customer)
    )
    found: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    for sale_id, source, customer_id in connection.execute(query):
        found[sale_id].add((source, customer_id))
    return found


def _links(connection: Connection, sale_ids: Collection[int]) -> dict[int, Row]:
    query = (
        sa.select(identity_links.c.sale_id, leads.c.source, leads.c.external_id, leads.c.email_key)
        .join(leads, _link_to_lead)
        .where(identity_links.c.sale_id.in_(sale_ids))
    )
    return {row["sale_id"]: row for row in connection.execute(query).mappings()}


def _opt_in(row: Row) -> OptIn:
    return OptIn(
        row["id"],
        row["source"],
        row["external_id"],
        row["email"],
        _keys(row),
        row["customer_id"],
        row["opted_in_at"],
        row["opted_in_on"],
        Utm(*(row[name] or "" for name in UTM_COLUMNS)),
    )


def _keys(row: Row) -> EmailKeys:
    return EmailKeys(row["email_folded"], row["email_key"], row["email_tag"])


def _sale_row(case: Case, credit: Credit) -> dict[str, Any]:
    if credit.reason == Rule.AS_RECORDED:
        return {"id": case.sale_id}
    lead = credit.opt_in
    return {
        "id": case.sale_id,
        "lead_id": lead.lead_id if lead else None,
        **utm_row(lead.utm if lead else Utm()),
        "days_from_lead_to_sale": credit.days,
    }


def _fact_row(case: Case, credit: Credit) -> dict[str, Any]:
    if credit.reason == Rule.AS_RECORDED:
        keys = utm_keys({name: case.stored[name] for name in UTM_COLUMNS})
    else:
        keys = utm_keys(utm_row(credit.opt_in.utm if credit.opt_in else Utm()))
    return {"sale_id": case.sale_id, "outcome": credit.outcome, "reason": credit.reason, **keys}
