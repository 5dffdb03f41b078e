"""The staged cases: one buyer for every rule of attribution and money, and the closers who keep each day alive."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from random import Random

from analytics.records import Lead, Order, Payment, Utm
from analytics.sample.campaigns import CAMPAIGNS, ads, showing
from analytics.sample.names import Person, person
from analytics.sample.orders import (
    ACCELERATOR,
    HIGH_TICKET,
    HOODIE,
    INNER_CIRCLE,
    TELLERS,
    VIP_DAY,
    Deal,
    Product,
    Told,
    sale_hour,
    told,
)
from analytics.sample.stage import Stage

CLOSERS_FROM_DAY = 6
CLOSERS_A_DAY = (1, 1, 3)
CLOSERS_FROM_LEADS = 1000  # a smaller sample would have more buyers than its funnel explains
CLOSERS = 100  # the first of their numbers; the cases before them count from 1

FB, LOOKALIKE, RETARGETING = (ads(campaign)[0].utms for campaign in CAMPAIGNS[:3])
SEARCH, DEMAND_GEN = ads(CAMPAIGNS[4])[0].utms[0], ads(CAMPAIGNS[5])[3].utms[0]


@dataclass(frozen=True, slots=True)
class Case:
    """One buyer: the opt-in on a day counted from Day 1 (None: never), and the purchase with all that is odd about it.

    `pays_as` is the address at the checkout where it is another than the opt-in's; `again_after` minutes the same is bought again.
    """

    name: str
    email: str
    lead_day: int | None
    utm: Utm
    product: Product
    day: int
    hour: float
    told: Told = Told.BY_BOTH
    pays_as: str = ""
    instalments: int = 1
    refund: str = "0"
    days_to_refund: int = 1
    again_after: int = 0
    foreign: bool = False
    test: bool = False


CASES = (
    # Money: instalments, refunds in part and in full, a possible double charge, another currency, test mode, no offer known.
    Case("Siobhán O'Brien", "siobhan.obrien@mail.example", -9, FB[0], INNER_CIRCLE, 6, 20.7, instalments=4),
    Case("José Álvarez", "jose.alvarez@studio.example", -12, LOOKALIKE[0], ACCELERATOR, 5, 21.2, Told.BY_STRIPE, instalments=3),
    Case("Zoë Lindqvist", "zoe.lindqvist@mail.example", -3, FB[13], ACCELERATOR, 7, 14.3, refund="500", days_to_refund=2),
    Case("Marek Dvořák", "marek.dvorak@outlook.example", -20, SEARCH, VIP_DAY, 9, 16.1, refund="9997", days_to_refund=3),
    Case("Anaïs Dubois ✨", "anais.dubois@studio.example", 1, LOOKALIKE[16], ACCELERATOR, 12, 20.9, refund="997"),
    Case("Thomas Weber", "thomas.weber@mail.example", -5, DEMAND_GEN, ACCELERATOR, 12, 21.1, Told.BY_STRIPE, again_after=4),
    Case("Luca D'Angelo", "luca.dangelo@studio.example", -7, FB[15], INNER_CIRCLE, 13, 11.4, foreign=True),
    Case("QA Checkout", "qa@studio.example", -1, FB[0], ACCELERATOR, 8, 10.0, Told.BY_STRIPE, test=True),
    Case("Mei Tanaka", "mei.tanaka@mail.example", -15, FB[0], HOODIE, 10, 12.5, Told.BY_CLICKFUNNELS),
    # Identity: never opted in, another address, another dress of one mailbox, opted in too late, no UTM, unreplaced UTM.
    Case("Priya Raman", "priya.raman@outlook.example", None, Utm(), ACCELERATOR, 10, 15.2, Told.BY_STRIPE),
    Case("Gustavo Lima", "gustavo@lima-consultoria.example", None, Utm(), INNER_CIRCLE, 14, 18.4),
    Case("Claire Fontaine", "claire.fontaine@mail.example", -6, FB[0], ACCELERATOR, 11, 13.6, pays_as="claire@fontaine-avocats.example"),
    Case("Kwame Mensah", "kwame.mensah@yahoo.example", -4, LOOKALIKE[0], VIP_DAY, 15, 17.8, pays_as="office@mensah-group.example"),
    Case("João Pereira", "joao.pereira.view3@gmail.com", -10, FB[0], ACCELERATOR, 14, 20.1, Told.BY_STRIPE, "JoaoPereiraView3+Inner@googlemail.com"),
    Case("Ingrid Solberg", "ingrid.solberg@mail.example", 10, RETARGETING[0], ACCELERATOR, 8, 19.9),
    Case("Aoife Byrne", "aoife.byrne@mail.example", -2, Utm(), ACCELERATOR, 15, 9.7),
    Case("Daniel Cohen", "daniel.cohen@studio.example", -8, FB[18], INNER_CIRCLE, 16, 10.2),
    # The contact number says Robert, the address says Susan: a conflict.
    Case("Susan Hughes", "susan.hughes@mail.example", -11, SEARCH, INNER_CIRCLE, 11, 9.1, Told.BY_CLICKFUNNELS),
    Case("Robert Hughes", "robert.hughes@mail.example", -11, FB[0], ACCELERATOR, 16, 12.1, pays_as="susan.hughes@mail.example"),
)  # fmt: skip


def staged(stage: Stage) -> Iterator[Lead | Order | Payment]:
    """Yield every staged case, then a few closers on each challenge day from Day 6, today included."""
    cases = (_played(stage, number, case) for number, case in enumerate(CASES, 1))
    return chain.from_iterable((*cases, *closers(stage)))


def _played(stage: Stage, number: int, case: Case) -> Iterator[Lead | Order | Payment]:
    who = Person(number, case.name, case.email, f"contact-{number}")
    if case.lead_day is not None:
        yield from _opt_in(stage, who, max(case.lead_day, next(stage.funnel_days())), 11 + number / 3, case.utm)
    deal = Deal(
        number=number,
        name=case.name,
        email=case.pays_as or case.email,
        product=case.product,
        moment=stage.at(case.day, case.hour),
        told=case.told,
        contact=who.contact,
        utm=case.utm,
        currency=_foreign(stage) if case.foreign else "",
        test=case.test,
        instalments=case.instalments,
        refund=Decimal(case.refund),
        days_to_refund=case.days_to_refund,
    )
    yield from told(stage, deal)
    if case.again_after:
        yield from told(
            stage, replace(deal, number=number + len(CASES), moment=deal.moment + timedelta(minutes=case.again_after))
        )


def _foreign(stage: Stage) -> str:
    return "USD" if stage.currency == "EUR" else "EUR"


def closers(stage: Stage) -> Iterator[Iterator[Lead | Order | Payment]]:
    """Yield the people who join after a call: some every day from Day 6, each with an opt-in before Day 1."""
    if stage.size.leads < CLOSERS_FROM_LEADS:
        return
    dice, number = stage.dice("closers"), CLOSERS
    for day in range(CLOSERS_FROM_DAY, stage.challenge.length + 1):
        for _ in range(CLOSERS_A_DAY[day % len(CLOSERS_A_DAY)]):
            yield _closer(stage, dice, number, day)
            number += 1


def _closer(stage: Stage, dice: Random, number: int, day: int) -> Iterator[Lead | Order | Payment]:
    who, first = person(stage, number), next(stage.funnel_days())
    came_on = dice.randrange(first, max(first + 1, 1))
    ad = dice.choice([ad for ad in showing(came_on) if ad.campaign.sells])
    utm, hour = dice.choice(ad.utms), sale_hour(day, dice)
    if stage.date_of(day) == stage.today:  # the page is alive at any hour
        hour *= stage.elapsed(stage.today)
    deal = Deal(
        number=number,
        name=who.name,
        email=who.email,
        product=dice.choice(HIGH_TICKET),
        moment=stage.at(day, hour),
        told=dice.choice(TELLERS),
        contact=who.contact,
        utm=utm,
    )
    return chain(_opt_in(stage, who, came_on, 8 + 14 * dice.random(), utm), told(stage, deal))


def _opt_in(stage: Stage, who: Person, day: int, hour: float, utm: Utm) -> Iterator[Lead]:
    """Yield a staged opt-in if it has happened."""
    moment = stage.at(day, hour)
    if moment <= stage.until:
        yield Lead("clickfunnels", f"optin-c{who.number}", who.email, moment, who.name, who.contact, utm=utm)
