"""The challenge that every benchmark is set in. Its zone has no summer time, so that SQL can tell its dates by itself."""

from datetime import UTC, date, datetime, timedelta

from analytics.challenge import Challenge
from analytics.ingest import Rules
from analytics.offers import Patterns
from analytics.reading import Lens

DAYS = 100
FIRST_DAY = date(2025, 10, 24)
HOURS_BEHIND_UTC = 7
CHALLENGE = Challenge.starting(date(2026, 1, 1), "America/Phoenix", 31, FIRST_DAY)
NOW = datetime(2026, 2, 1, 6, 59, 59, tzinfo=UTC)  # the last second of the last day
START = CHALLENGE.start_of(FIRST_DAY)
SECONDS = int((NOW - START) / timedelta(seconds=1))
RULES, LENS = Rules(CHALLENGE, patterns=Patterns(high_ticket=("mastermind*",))), Lens(CHALLENGE)
