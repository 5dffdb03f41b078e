"""What is set right afterwards: sales of other programs taken note of, credits and classifications worked out anew."""

from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from analytics import ingest
from analytics.crediting.all_at_once import credit_all
from analytics.crediting.single import RECORDED, credit_sales
from analytics.folding import fold
from analytics.ingest import Rules
from analytics.intake.rows import TEXT, person_row, utm_keys
from analytics.money.summing import days_of, sum_all, sum_days
from analytics.schema import UTM_COLUMNS, high_ticket_sales, purchases, sale_facts
from analytics.store import batches, existing, upsert, work_alone


def attribute(connection: Connection, rules: Rules) -> int:
    """Credit every sale anew, those of other programs included, and return how many changed."""
    work_alone(connection)
    adopt(connection, rules)
    changed = credit_all(connection)
    sum_all(connection)
    return changed


def adopt(connection: Connection, rules: Rules) -> int:
    """Take note of sales that another program wrote into the specification's table, and return how many there were."""
    is_known = sa.exists().where(sale_facts.c.sale_id == high_ticket_sales.c.id)
    foreign = connection.execute(sa.select(high_ticket_sales).where(~is_known)).mappings().all()
    for batch in batches(foreign):
        upsert(connection, sale_facts, [_recorded(row, rules) for row in batch])
        credit_sales(connection, [row["id"] for row in batch])
    sum_days(connection, days_of(connection, [row["id"] for row in foreign]))
    return len(foreign)


def reclassify(connection: Connection, rules: Rules) -> int:
    """Ask the patterns again about every purchase that no messenger classified, and return how many changed."""
    work_alone(connection)
    query = sa.select(purchases).where(purchases.c.offer_given == sa.false())
    changed = []
    for row in connection.execute(query).mappings().all():
        offer = rules.patterns.classify(row["labels"].split("\n"), row["price"])
        if offer != row["offer"]:
            changed.append({"source": row["source"], "external_id": row["external_id"], "offer": offer})
    touched: set[date] = set()
    for batch in batches(changed):
        keys = {(row["source"], row["external_id"]) for row in batch}
        stored = existing(connection, purchases, keys)
        upsert(connection, purchases, [{**stored[row["source"], row["external_id"]], **row} for row in batch])
        touched |= ingest.settle_and_credit(connection, rules, keys)
    sum_days(connection, touched)
    return len(changed)


def _recorded(row: Any, rules: Rules) -> dict[str, Any]:
    """Return the facts of a sale that another program wrote: paid in full, in the reporting currency."""
    person = person_row(row["customer_email"])
    del person["email"]
    return {
        "sale_id": row["id"],
        "source": RECORDED,
        "external_id": str(row["id"]),
        "currency": rules.currency,
        "eligible_until": row["purchase_date"],
        "purchased_on": rules.challenge.local_date(row["purchase_date"]),
        **person,
        "product_key": fold(row["product_name"])[:TEXT],
        "collected": row["price"],
        "refunded": Decimal(0),
        **utm_keys({name: row[name] for name in UTM_COLUMNS}),
    }
