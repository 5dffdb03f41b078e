"""The sample's two rooms: a session every evening on YouTube and Zoom, and today's, which is live right now."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import exp
from random import Random

from analytics.records import Attendance, AttendanceSample, Platform, Statistic
from analytics.sample.stage import OFFER_NIGHTS, SESSION_ENDS, SESSION_STARTS, Stage

DAY_WITHOUT = {Platform.YOUTUBE: 9, Platform.ZOOM: 13}
STATISTIC = {Platform.YOUTUBE: Statistic.PEAK_VIEWERS, Platform.ZOOM: Statistic.UNIQUE_PEOPLE}
STAYING = {Platform.YOUTUBE: 0.28, Platform.ZOOM: 0.5}  # how much of Day 1 is left in the end
LIVE_FOR = timedelta(minutes=45)
MINUTE = timedelta(minutes=1)
SATURDAY = 5


def sessions(stage: Stage) -> Iterator[Attendance | AttendanceSample]:
    """Yield both rooms on every challenge day so far; one evening of each is unknown, and today's session is live."""
    for platform in Platform:
        dice = stage.dice(f"room {platform}")
        for day in range(1, stage.challenge.length + 1):
            people = audience(stage, platform, day, dice)
            if stage.date_of(day) == stage.today:
                yield from _live(stage, platform, people)
            elif stage.date_of(day) < stage.today and day != DAY_WITHOUT[platform]:
                yield _past(stage, platform, day, people)


def audience(stage: Stage, platform: Platform, day: int, dice: Random) -> int:
    """Return how many come on a day: fewer each day, fewer still at the weekend, more on offer nights."""
    first = stage.size.youtube_peak if platform is Platform.YOUTUBE else stage.size.zoom_people
    retention = STAYING[platform] + (1 - STAYING[platform]) * exp(-(day - 1) / 7)
    weekend = 0.8 if stage.date_of(day).weekday() >= SATURDAY else 1.0
    offer = 1.12 if day in OFFER_NIGHTS else 1.0
    return round(first * retention * weekend * offer * (0.96 + 0.08 * dice.random()))


def _past(stage: Stage, platform: Platform, day: int, people: int) -> Attendance:
    return Attendance(
        platform=platform,
        session_id=_session_id(stage, platform, day),
        date=stage.date_of(day),
        participants=people,
        statistic=STATISTIC[platform],
        source=platform.value,
        started_at=stage.at(day, SESSION_STARTS),
        ended_at=stage.at(day, SESSION_ENDS),
        topic=_topic(day),
        peak=people if platform is Platform.YOUTUBE else round(0.86 * people),
        average=round(0.7 * people),
        challenge_day=day,
    )


def _live(stage: Stage, platform: Platform, people: int) -> Iterator[Attendance | AttendanceSample]:
    """Yield today's session as it stands 45 minutes in (less just after midnight): a count each minute, no end yet."""
    day = (stage.today - stage.challenge.starts_on).days + 1
    started_at = max(stage.until - LIVE_FOR, stage.challenge.start_of(stage.today))
    dice = stage.dice(f"live {platform}")
    samples = [
        AttendanceSample(platform, _session_id(stage, platform, day), seen_at, count, platform.value)
        for seen_at, count in _minutes(started_at, stage.until, people, dice)
    ]
    peak = max(sample.participants for sample in samples)
    yield Attendance(
        platform=platform,
        session_id=_session_id(stage, platform, day),
        date=stage.today,
        participants=peak if platform is Platform.YOUTUBE else round(1.08 * peak),
        statistic=STATISTIC[platform],
        source=platform.value,
        started_at=started_at,
        topic=_topic(day),
        peak=peak,
        challenge_day=day,
    )
    yield from samples


def _minutes(start: datetime, until: datetime, people: int, dice: Random) -> Iterator[tuple[datetime, int]]:
    """Yield each minute with the people there: the room fills in a quarter of an hour, then breathes."""
    for minute in range((until - start) // MINUTE + 1):
        filled = 1 - 0.75 * exp(-minute / 5)
        yield start + minute * MINUTE, round(people * filled * (0.94 + 0.06 * dice.random()))


def _session_id(stage: Stage, platform: Platform, day: int) -> str:
    number = stage.token(day)
    return f"yt-{number:016x}" if platform is Platform.YOUTUBE else f"8{number % 10**10:010d}"


def _topic(day: int) -> str:
    return f"Day {day}: the offer" if day in OFFER_NIGHTS else f"Day {day}"
