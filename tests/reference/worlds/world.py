"""A seeded world: people, their opt-ins, what they bought, and the messages about it in some order."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.reference.facts import Bought, Fact, Message, OptIn, Refund, UnclearError
from tests.reference.money import Answer, answer
from tests.reference.offers import Settings, is_part_payment
from tests.reference.orders import PROVIDER
from tests.reference.worlds import classic, clickfunnels, files
from tests.reference.worlds.making import CAMPAIGNS, NAMES, PATTERNS, Maker
from tests.reference.worlds.stories import STORIES
from tests.reference.worlds.truth import Person

ZONES = ("America/Sao_Paulo", "UTC", "Asia/Tokyo", "America/New_York")
TRIES = 50


@dataclass(frozen=True)
class World:
    """What arrives, in order; the settings at first, where others came later; and the moment that is shown."""

    seed: int
    settings: Settings
    now: datetime
    messages: tuple[Message, ...]
    first_settings: Settings | None = None
    truth: Counter[str] = field(default_factory=Counter, compare=False)
    is_whole: bool = False  # nothing was lost on the way: the truth can be known
    shown_at: datetime | None = None  # an earlier moment, as `--now` shows it

    @property
    def facts(self) -> list[Fact]:
        """Return what all messages say together."""
        return [fact for message in self.messages for fact in message.facts]

    def answer(self) -> Answer:
        """Return what must be printed."""
        return answer(self.facts, self.settings, self.shown_at or self.now)

    def with_messages(self, messages: Sequence[Message]) -> "World":
        """Return the world with other messages."""
        return replace(self, messages=tuple(messages))


def world_of(seed: int) -> World:
    """Return the world of a seed: the first of its tries that the definitions do not leave open."""
    for attempt in range(TRIES):
        world = _made(seed, random.Random(f"{seed} {attempt}"))
        try:
            world.answer()
        except UnclearError:
            continue
        return world
    raise RuntimeError(f"every try of seed {seed} is open")


def _made(seed: int, dice: random.Random) -> World:
    settings = _settings(dice)
    now = datetime(2026, 1, 20, 15, 0, tzinfo=UTC) if dice.random() < 0.5 else datetime(2026, 3, 25, 15, 0, tzinfo=UTC)
    make = Maker(dice, now, settings.zone)
    for name in dice.sample(NAMES, dice.randint(1, 4)):
        _live(make, _person(make, name), settings)
    _spend(make, settings)
    known = [one for one in make.messages if all(at <= now for at in _moments([one]))]
    messages = [one for one in known if dice.random() > 0.12] if dice.random() < 0.3 else known
    is_whole = make.is_whole and len(messages) == len(make.messages) and not settings.staff
    dice.shuffle(messages := list(messages))
    repeated = dice.sample(messages, len(messages) // 4) if dice.random() < 0.5 else []
    for one in repeated:
        if one.channel != "insert":
            messages.insert(dice.randint(0, len(messages)), one)
    first = _before(dice, settings) if dice.random() < 0.15 else None
    world = World(seed, settings, now, tuple(messages), first, make.truth, is_whole)
    if dice.random() < 0.25:
        return replace(world, is_whole=False, shown_at=_earlier(world, dice))
    return world


def _earlier(world: World, dice: random.Random) -> datetime | None:
    """Return a moment after all opt-ins, where every fact of the world has a moment of its own."""
    facts = world.facts
    is_dated = not any(isinstance(fact, Refund) and fact.at is None for fact in facts)
    is_plan = any(isinstance(fact, Bought) and fact.instalments and fact.messenger != PROVIDER for fact in facts)
    is_part = any(is_part_payment(world.settings, fact.names) for fact in facts if isinstance(fact, Bought))
    first = max([fact.at for fact in facts if isinstance(fact, OptIn)], default=world.now - timedelta(days=14))
    if not is_dated or is_plan or is_part or first >= world.now:
        return None
    return first + timedelta(seconds=dice.randint(0, int((world.now - first).total_seconds())))


def _moments(messages: Sequence[Message]) -> list[datetime]:
    """Return the moments at which anything happened."""
    moments = [getattr(fact, "at", None) for message in messages for fact in message.facts]
    return [at for at in moments if at]


def _settings(dice: random.Random) -> Settings:
    vip = (*PATTERNS["vip"], "plink_vip9")
    return Settings(
        ZoneInfo(dice.choice(ZONES)),
        vip=vip,
        oto=PATTERNS["oto"],
        high_ticket=PATTERNS["high_ticket"],
        high_ticket_from=Decimal(1000) if dice.random() < 0.15 else None,
        part_payment=PATTERNS["part_payment"],
        staff=("ana.reis@example.com",) if dice.random() < 0.1 else (),
        counts_tax=dice.random() < 0.1,
        ad_set=dice.choice((3, 3, 3, 1)),
        ad=dice.choice((4, 4, 4, 3)),
    )


def _before(dice: random.Random, settings: Settings) -> Settings:
    """Return settings that lacked something at first."""
    return dice.choice(
        (
            replace(settings, high_ticket=()),
            replace(settings, vip=(), oto=()),
            replace(settings, staff=()),
            replace(settings, part_payment=()),
            replace(settings, counts_tax=not settings.counts_tax),
            replace(settings, high_ticket_from=Decimal(900)),
        )
    )


def _person(make: Maker, name: str) -> Person:
    number = make.next()
    word = name.lower().replace(" ", ".")
    second = make.any_of(
        f"{word}@example.com",
        f"{word}@second.example",
        f" {word.title()}@Example.com",
    )
    first = f"{word}@example.com"
    if make.chance(0.2):
        first, second = f"{word}@gmail.com", f"{word.replace('.', '')}+shop@googlemail.com"
    return Person(name, (first, second), f"cus_{number}", 5000 + number, 9000 + number)


def _live(make: Maker, person: Person, settings: Settings) -> None:
    """Let a person opt in and buy, one thing after the other."""
    weights = [weight for _, weight in STORIES]
    moment = _first_purchase(make, settings)
    _opt_in(make, person, moment)
    make.has_deposit = False
    stories = make.dice.choices(STORIES, weights, k=make.dice.randint(1, 3))
    for story, _ in stories:
        if moment < make.now - timedelta(hours=3):
            story(make, person, moment)
        moment += timedelta(days=make.dice.randint(0, 2), hours=7, minutes=make.dice.randint(0, 90))
    if make.has_deposit and len(stories) > 1:
        make.is_whole = False


def _first_purchase(make: Maker, settings: Settings) -> datetime:
    if make.chance(0.15):  # around the midnight of today, and of yesterday
        today = make.now.astimezone(settings.zone).replace(hour=0, minute=0, second=0)
        midnight = (today - timedelta(days=make.any_of(0, 1))).astimezone(UTC)
        return midnight + timedelta(seconds=make.any_of(-1, 0, 1))
    if make.chance(0.05):  # around the start of the funnel
        start = datetime.combine(settings.funnel_start, time(), settings.zone).astimezone(UTC)
        make.is_whole = False
        return start + timedelta(seconds=make.any_of(-1, 0))
    first = datetime(2026, 1, 8, tzinfo=UTC)
    return first + timedelta(seconds=make.dice.randint(0, 8 * 86400))


def _opt_in(make: Maker, person: Person, bought: datetime) -> None:
    """Send opt-ins: none, one, several; before and after the purchase; of edited contacts."""
    count = make.any_of(0, 1, 1, 1, 2, 2)
    sources = make.dice.sample(["contact", "classic", "file"], count)
    for source in sources:
        at = bought - timedelta(days=make.dice.randint(0, 20), seconds=make.dice.randint(1, 80000))
        if make.chance(0.1):
            at = bought + timedelta(days=1, seconds=make.next())
        if make.chance(0.1):
            at = bought - timedelta(seconds=make.any_of(0, 1, -1))
        if at < make.now:
            _opt_in_by(make, person, source, at.replace(microsecond=0))


def _opt_in_by(make: Maker, person: Person, source: str, at: datetime) -> None:
    email, utm = make.any_of(*person.emails), make.utm()
    if source == "contact":
        make.send(clickfunnels.contact(person, email.strip(), at, utm))
        if make.chance(0.3):
            other = make.any_of(*person.emails, "brand.new@example.net").strip()
            edited = min(at + timedelta(days=make.dice.randint(1, 20)), make.now)
            make.send(clickfunnels.contact(person, other, at, utm, edited))
    elif source == "classic":
        number = make.next() + 70000
        ways = [classic.contact(person, number, email, at, utm), classic.contact_row(person, number, email, at, utm)]
        make.send(*make.some_of(ways))
    elif make.chance(0.8):
        make.send(files.lead(person, f"L-{make.next()}", email, at, utm))
    else:
        day = at.astimezone(make.zone).replace(hour=0, minute=0, second=0)
        make.send(files.lead(person, f"L-{make.next()}", email, day, utm, date_only=True))


def _spend(make: Maker, settings: Settings) -> None:
    for place in range(make.dice.randint(0, 3)):
        day = date(2026, 1, 2) + timedelta(days=place)
        campaign = make.any_of(*CAMPAIGNS[:3], "Nobody bought")
        amount = Decimal(make.dice.randint(1000, 90000)) / 100
        make.send(files.spend(day.isoformat(), campaign, amount, settings.currency))
