"""`view3 doctor` tells of every ad account whose days are not the business's days."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from analytics.checkup import Finding, findings
from analytics.database import open_engine, writing
from analytics.ingest import accept
from analytics.migrate import upgrade
from tests.analytics.intake.test_restating import DAY, RULES, ad, told


def spend_findings(monkeypatch: pytest.MonkeyPatch, url: str, zone: str) -> list[Finding]:
    for name, value in {"DATABASE_URL": url, "TIMEZONE": zone, "CHALLENGE_START": "2026-01-01"}.items():
        monkeypatch.setenv(f"VIEW3_{name}", value)
    return [finding for finding in findings() if finding.subject == "ad spend"]


def test_another_zone_is_noted_with_how_settled_the_days_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url, tomorrow = f"sqlite:///{tmp_path}/view3.db", DAY + timedelta(days=1)
    engine = open_engine(url)
    upgrade(engine)
    assert spend_findings(monkeypatch, url, "America/Sao_Paulo") == []
    with writing(engine) as connection:
        restated = [told(0, ad("a", "1")), told(5, ad("a", "2"))]
        accept(connection, RULES, [*restated, told(0, ad("a", "4", on=tomorrow), on=tomorrow, provisional="yes")])
    engine.dispose()
    settled = f"; provisional from {date(2026, 1, 6)} on; 1 days were restated"
    about = "meta account 1001 counts days in America/New_York"
    (elsewhere,) = spend_findings(monkeypatch, url, "America/Sao_Paulo")
    far = ", the business in America/Sao_Paulo: spend around midnight falls on another day than its sales"
    assert elsewhere == Finding("ad spend", "note", about + far + settled)
    (same,) = spend_findings(monkeypatch, url, "America/New_York")
    assert same == Finding("ad spend", "ok", about + settled)
