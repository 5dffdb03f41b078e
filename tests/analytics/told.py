"""A small challenge told to a workbench on either engine, for tests of what analysts open."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from analytics.challenge import Challenge
from analytics.database import writing
from analytics.ingest import accept
from analytics.records import AdSpend, Attendance, Lead, Offer, Order, Platform, Record, Statistic, Utm, order_of_one
from analytics.settings import Settings
from analytics.workbench import Workbench

ZONE = "America/Sao_Paulo"
CHALLENGE = Challenge.starting(date(2026, 1, 1), ZONE)
NOW = CHALLENGE.moment(datetime(2026, 1, 17, 18))
HOSTILE = "<img src=x onerror=alert(1)>"


def at(day: int, hour: int, month: int = 1, year: int = 2026) -> datetime:
    return CHALLENGE.moment(datetime(year, month, day, hour))


def lead(number: int, campaign: str, when: datetime, source: str = "facebook") -> Lead:
    utm = Utm(source, "paid", campaign, "Broad", "Video 1")
    return Lead("cf", f"L{number}", f"p{number}@x.com", when, utm=utm, name=f"Person {number}")


def bought(number: int, price: str, when: datetime, offer: Offer = Offer.HIGH_TICKET, **more: Any) -> Order:
    told = {"name": f"Person {number}", "currency": "USD", "product": "Mastermind", **more}
    return order_of_one(
        "stripe", f"{offer}{number}", f"p{number}@x.com", price=Decimal(price), ordered_at=when, offer=offer, **told
    )


def spent(on: date, campaign: str, amount: str) -> AdSpend:
    return AdSpend(on, "meta", Decimal(amount), "USD", "meta_ads", campaign=campaign)


def attended(platform: Platform, people: int) -> Attendance:
    statistic = Statistic.PEAK_VIEWERS if platform is Platform.YOUTUBE else Statistic.UNIQUE_PEOPLE
    return Attendance(platform, f"{platform}17", date(2026, 1, 17), people, statistic, "Day 17", started_at=at(17, 12))


def story() -> list[Record]:
    """Three opt-ins, three high-ticket sales (one just before midnight, one by a stranger), three orders, spend, one session."""
    return [
        lead(1, "FB_Jan", at(20, 10, 12, 2025)),
        lead(2, "Brand", at(28, 10, 12, 2025), "google"),
        lead(3, "fb_jan ", at(5, 9)),
        bought(1, "2997.00", at(16, 23), refunded=Decimal("497.10")),
        bought(2, "4997.00", at(17, 11), collected=Decimal("1000.00")),
        bought(9, "2997.10", at(17, 12), name=HOSTILE),
        bought(1, "47.00", at(21, 10, 12, 2025), Offer.VIP),
        bought(3, "47.00", at(5, 10), Offer.VIP, refunded=Decimal("47.00")),
        bought(3, "97.00", at(5, 11), Offer.OTO),
        spent(date(2025, 12, 20), "FB_Jan", "1200.10"),
        spent(date(2026, 1, 5), "FB_Jan", "800.25"),
        spent(date(2026, 1, 17), "Brand", "99.99"),
        attended(Platform.YOUTUBE, 300),
        attended(Platform.ZOOM, 90),
    ]


def settings_for(url: str) -> Settings:
    told = {"challenge_start": date(2026, 1, 1), "funnel_start": date(2025, 12, 1), "timezone": ZONE, "now": NOW}
    return Settings.model_validate({"database_url": url, **told})


def tell(workbench: Workbench, *records: Record) -> None:
    with writing(workbench.engine) as connection:
        accept(connection, workbench.rules, list(records))


@contextmanager
def opened(url: str, *records: Record) -> Iterator[Workbench]:
    """Give a workbench on a database that was told some records."""
    workbench = Workbench.open(settings_for(url))
    workbench.upgrade()
    tell(workbench, *records)
    yield workbench
    if workbench._watch is not None:
        workbench._watch.close()
    workbench.engine.dispose()
    workbench.reader.dispose()
