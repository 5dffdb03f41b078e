"""What an older version concluded is concluded again once the tables come up, also after a kill between the two steps."""

from datetime import date

import pytest
import sqlalchemy as sa

from analytics.database import reading, writing
from analytics.migrate import upgrade
from analytics.repairs import is_pending
from analytics.schema import buyers, customer_addresses, funnel_orders, high_ticket_sales, order_days, sale_facts
from analytics.settings import Settings
from analytics.workbench import Workbench
from tests.analytics.test_migrations import bring_to

# A contact who bought VIP by e-mail, and then with a card on file by the customer id alone; her lead names no campaign's twin.
OLD = """
INSERT INTO leads (source, external_id, email, email_folded, email_key, customer_id, opted_in_at, opted_in_on, utm_campaign,
  utm_campaign_key) VALUES ('cf', '1', 'ana@x.com', 'ana@x.com', 'ana@x.com', '1', '2026-01-02 12:00:00', '2026-01-02', 'FB', 'fb');
INSERT INTO purchases (source, external_id, offer, offer_given, messenger, name, email, email_folded, email_key, customer_id,
  product, product_key, labels, price, currency, purchased_at, date_only, refunded, richness, as_of, counted_as, sale_id)
VALUES ('stripe', 'v', 'vip', 1, 'payment_provider', 'Ana', 'ana@x.com', 'ana@x.com', 'ana@x.com', 'cus_1', 'VIP', 'vip', 'VIP', 47,
  'USD', '2026-01-03 12:00:00', 0, 0, 0, NULL, 'vip', NULL),
  ('stripe', 's', 'high_ticket', 1, 'payment_provider', 'Ana', '', '', '', 'cus_1', 'Club', 'club', 'Club', 2000, 'USD',
  '2026-01-04 12:00:00', 0, 0, 0, NULL, 'high_ticket', 1);
INSERT INTO high_ticket_sales (id, customer_name, customer_email, product_name, price, purchase_date)
VALUES (1, 'Ana', '', 'Club', 2000, '2026-01-04 12:00:00');
INSERT INTO sale_facts (sale_id, source, external_id, currency, eligible_until, purchased_on, product_key, collected, refunded)
VALUES (1, 'stripe', 's', 'USD', '2026-01-04 12:00:00', '2026-01-04', 'club', 2000, 0);
INSERT INTO funnel_orders (source, external_id, kind, name, email, email_folded, email_key, product, price, currency, ordered_at,
  collected, refunded) VALUES ('stripe', 'v', 'vip', 'Ana', 'ana@x.com', 'ana@x.com', 'ana@x.com', 'VIP', 47, 'USD',
  '2026-01-03 12:00:00', 47, 0)
"""


@pytest.mark.parametrize("killed", [False, True])
def test_everything_is_credited_once_after_an_upgrade(bare_database_url: str, killed: bool) -> None:
    settings = Settings.model_validate({"database_url": bare_database_url, "challenge_start": date(2026, 1, 1)})
    bench = Workbench.open(settings)
    bring_to(bench.engine, "0010")
    with writing(bench.engine) as connection:
        for statement in OLD.split(";"):
            connection.exec_driver_sql(statement)
    if killed:
        assert upgrade(bench.engine) is True
        with writing(bench.engine) as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0012'")
    assert bench.upgrade() is True
    assert bench.upgrade() is False

    with reading(bench.engine) as connection:
        assert not is_pending(connection)
        sale = sa.select(
            high_ticket_sales.c.utm_campaign, sale_facts.c.reason, high_ticket_sales.c.days_from_lead_to_sale
        )
        assert connection.execute(sale.join(sale_facts, sale_facts.c.sale_id == 1)).all() == [
            ("FB", "same customer id", 2)
        ]
        order = sa.select(funnel_orders.c.utm_campaign, funnel_orders.c.reason, funnel_orders.c.purchased_on)
        assert connection.execute(order).all() == [("FB", "same e-mail", date(2026, 1, 3))]
        assert connection.execute(sa.select(order_days.c.date, order_days.c.campaign_key)).all() == [
            (date(2026, 1, 3), "fb")
        ]
        assert len(connection.execute(sa.select(buyers)).all()) == 2
        assert len(connection.execute(sa.select(customer_addresses)).all()) == 2
