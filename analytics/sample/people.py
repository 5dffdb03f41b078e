"""The sample's opt-ins: who comes when and through which ad, and addresses as people type them."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from analytics.records import Lead, Order, Payment
from analytics.sample.campaigns import Ad, daily_leads, showing
from analytics.sample.names import Person, person
from analytics.sample.orders import Orders
from analytics.sample.stage import Stage

FIRST_PERSON = 1000  # smaller numbers are those of the staged cases
RETURNING = 0.12
MISTYPED = 0.1


def typed(email: str, dice: Random) -> str:
    """Return an address as its owner types it: mostly right, sometimes shouted, with a blank, or in Gmail's other forms."""
    if dice.random() >= MISTYPED:
        return email
    forms = [email.upper(), email.capitalize(), f"{email} "]
    if email.endswith("@gmail.com"):
        mailbox = email.removesuffix("@gmail.com")
        forms += [
            f"{mailbox[0]}.{mailbox[1:]}@gmail.com",
            f"{mailbox}+challenge@gmail.com",
            f"{mailbox}@googlemail.com",
        ]
    return dice.choice(forms)


def people(stage: Stage) -> Iterator[Lead | Order | Payment]:
    """Yield the opt-ins in the order of their moments, each first one followed by what that person buys by now."""
    dice, orders = stage.dice("people"), Orders(stage)
    slot, due = 0, 0.0
    for day, expected in daily_leads(stage):
        due += expected
        quota = round(due) - slot
        for lead, buyer, ad in _day_of(stage, dice, day, slot, quota):
            yield lead
            if buyer is not None:
                yield from orders.of(buyer, lead, sells=ad.campaign.sells)
        slot += quota
        if stage.date_of(day) >= stage.today:
            return


def _day_of(stage: Stage, dice: Random, day: int, slot: int, quota: int) -> Iterator[tuple[Lead, Person | None, Ad]]:
    """Yield one day's opt-ins so far; the person beside a lead is None where he or she was here before."""
    draw, until, crowd = dice.random, stage.until, showing(day)
    start, length = stage.at(day, 0), (stage.at(day + 1, 0) - stage.at(day, 0)).total_seconds()
    for place in range(quota):
        # More people come towards the evening.
        moment = start + timedelta(seconds=int(length * ((place + draw()) / quota) ** 0.7))
        if moment > until:
            return
        number = slot + place
        back = draw() < RETURNING
        someone = person(stage, FIRST_PERSON + (int(number * draw()) if back else number))
        ad = crowd[int(draw() * len(crowd))]
        utm = ad.utms[int(draw() * len(ad.utms))]
        email = typed(someone.email, dice)
        lead = Lead("clickfunnels", f"optin-{number + 1}", email, moment, someone.name, someone.contact, utm=utm)
        yield lead, None if back else someone, ad
