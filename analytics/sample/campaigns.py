"""Where the sample's people come from: campaigns, the UTMs their links really carry, and what each day of them cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from random import Random
from urllib.parse import quote

from analytics.records import AdSpend, Utm
from analytics.sample.stage import Stage

WEEKDAYS = (1.1, 1.05, 1.0, 1.0, 0.9, 0.85, 1.2)
PUSH = {-4: 1.6, -3: 1.8, -2: 2.1, -1: 2.5, 0: 3.0, 1: 2.2, 2: 1.0, 3: 0.6}
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign: its share of the opt-ins, what one of them costs, its last day counted from Day 1, and whether it sells.

    `least` is its smallest daily budget, per lead of the whole challenge: retargeting goes on when opt-ins have ceased.
    """

    name: str
    id: str
    platform: str
    share: float
    cost: float
    last_day: int
    ad_sets: tuple[str, ...]
    ads: tuple[str, ...]
    sells: bool = True
    least: float = 0.0

    def runs_on(self, day: int) -> bool:
        """Tell whether the campaign still runs on a day counted from Day 1."""
        return day <= self.last_day


@dataclass(frozen=True, slots=True)
class Ad:
    """An ad inside its ad set, with the UTMs of its links in the dress in which they arrive, common ones repeated."""

    campaign: Campaign
    ad_set: str
    ad_set_id: str
    name: str
    id: str
    utms: tuple[Utm, ...]


CAMPAIGNS = (
    Campaign(
        "FB_Jan", "120210000000000017", "meta", 0.32, 10.9, 3,
        ("Interest Online Business", "Interest Coaching", "Broad 25-54"), ("Hook A Video", "Hook B Video", "Carousel Wins"),
    ),
    Campaign(
        "Lookalike Buyers", "120210000000000025", "meta", 0.20, 12.4, 2,
        ("LAL 1 percent", "LAL 3 percent"), ("Founder Story", "Student Results", "Static Quote", "Hook A Video"),
    ),
    Campaign(
        "Retargeting Warm Leads", "120210000000000033", "meta", 0.10, 18.5, 366,
        ("Site Visitors 30d", "Video Viewers 75", "Opted In No VIP"), ("Seats Closing", "Replay Tonight"), least=0.025,
    ),
    Campaign(
        "Reels Broad Test", "120210000000000041", "meta", 0.03, 38.0, -6,
        ("Reels Women", "Reels Men"), ("Trend Sound", "Green Screen"), sells=False,
    ),
    Campaign(
        "Search Brand", "21450000101", "google", 0.08, 7.9, 366,
        ("Brand Exact", "Brand Phrase"), ("RSA Challenge", "RSA Free Event"),
    ),
    Campaign(
        "Demand Gen YouTube", "21450000102", "google", 0.11, 13.8, 1,
        ("In-Feed", "Shorts", "In-Stream Skippable"), ("Teaser 15s", "Teaser 30s"),
    ),
    Campaign("PMax Challenge", "21450000103", "google", 0.08, 15.2, 4, (), ()),
    Campaign("Organic", "", "", 0.08, 0.0, 366, (), ()),
)  # fmt: skip

ORGANIC = (
    *[Utm("instagram", "social", "bio_link")] * 4,
    *[Utm("newsletter", "email", "Newsletter #12", "", "button")] * 3,
    *[Utm("podcast", "audio", "guest+interview")] * 2,
    Utm("google", "organic"),
    *[Utm()] * 4,
)
LOST_UTM = (Utm(),)


def interest(stage: Stage, day: int) -> float:
    """Return how many people a day draws, relative to other days: a slow build, a push before Day 1, then a trickle."""
    build = 0.7 + 0.3 * max(0.0, 1 + day / 30) if day < 1 else max(0.06, 0.5 / day)
    return PUSH.get(day, build) * WEEKDAYS[stage.date_of(day).weekday()]


def daily_leads(stage: Stage) -> Iterator[tuple[int, float]]:
    """Yield each day of the funnel, counted from Day 1, with the expected number of its opt-ins."""
    total = sum(interest(stage, day) for day in stage.funnel_days())
    for day in stage.funnel_days():
        yield day, stage.size.leads * interest(stage, day) / total


@cache
def ads(campaign: Campaign) -> tuple[Ad, ...]:
    """Return every ad of a campaign; where it has none to tell apart, one that stands for them all."""
    if not campaign.ads:
        return (Ad(campaign, "", "", "", "", _dressed(campaign, "", "")),)
    return tuple(
        _ad(campaign, (f"{campaign.id}{place}", ad_set), (f"{campaign.id}{place}{number}", name))
        for place, ad_set in enumerate(campaign.ad_sets, 1)
        for number, name in enumerate(campaign.ads, 1)
    )


def _ad(campaign: Campaign, ad_set: tuple[str, str], ad: tuple[str, str]) -> Ad:
    by_id = campaign.platform == "google"
    utms = _dressed(campaign, ad_set[0], ad[0]) if by_id else _dressed(campaign, ad_set[1], ad[1])
    return Ad(campaign, ad_set[1], ad_set[0], ad[1], ad[0], utms)


def _dressed(campaign: Campaign, term: str, content: str) -> tuple[Utm, ...]:
    """Return a campaign's UTMs as links carry them: typed by hand, encoded twice, left unreplaced, lost on the way."""
    if not campaign.platform:
        return ORGANIC
    if campaign.platform == "google":  # ValueTrack knows ids, not names
        return (*[Utm("google", "cpc", campaign.id, term, content)] * 19, *LOST_UTM)
    name = campaign.name
    return (
        *[Utm("facebook", "paid_social", name, term, content)] * 13,
        *[Utm("fb", "paid_social", f"{name.lower()} ", term, content)] * 2,
        Utm("Facebook", "paid_social", name.upper(), term, content),
        Utm("facebook", "paid_social", name.replace(" ", "+"), term.replace(" ", "+"), content.replace(" ", "+")),
        Utm("facebook", "paid_social", quote(name), quote(term), quote(content)),
        Utm("facebook", "paid_social", "{{campaign.name}}", "{{adset.name}}", "{{ad.name}}"),
        *LOST_UTM,
    )


def showing(day: int) -> list[Ad]:
    """Return the ads that run on a day counted from Day 1, each as often as people come through it."""
    return [
        ad
        for campaign in CAMPAIGNS
        if campaign.runs_on(day)
        for ad in ads(campaign)
        for _ in range(round(2400 * campaign.share / len(ads(campaign))))
    ]


def spend(stage: Stage) -> Iterator[AdSpend]:
    """Yield what every ad cost on every day so far; Performance Max tells its campaigns only."""
    dice = stage.dice("spend")
    for day, leads in daily_leads(stage):
        if stage.date_of(day) > stage.today:
            return
        so_far = stage.elapsed(stage.date_of(day))
        for campaign in CAMPAIGNS:
            if campaign.platform and campaign.runs_on(day):
                yield from _day_of(
                    stage,
                    dice,
                    campaign,
                    day,
                    max(leads * campaign.share * campaign.cost, stage.size.leads * campaign.least) * so_far,
                )


def _day_of(stage: Stage, dice: Random, campaign: Campaign, day: int, budget: float) -> Iterator[AdSpend]:
    running = ads(campaign)
    for ad in running:
        amount = budget / len(running) * (0.7 + 0.6 * dice.random())
        yield AdSpend(
            date=stage.date_of(day),
            platform=campaign.platform,
            spend=Decimal(amount).quantize(CENT),
            currency=stage.currency,
            source=f"{campaign.platform}_ads",
            account_id="act_310031" if campaign.platform == "meta" else "3100313100",
            campaign=campaign.name,
            campaign_id=campaign.id,
            ad_set=ad.ad_set,
            ad_set_id=ad.ad_set_id,
            ad=ad.name,
            ad_id=ad.id,
        )
