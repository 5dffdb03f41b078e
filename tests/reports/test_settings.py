"""What the settings of the report take and refuse, and what they never print."""

import pytest

from analytics.settings import SettingsError
from reports.settings import ReportSettings, mailbox

SECRET = "hunter2"


def loaded(monkeypatch: pytest.MonkeyPatch, **settings: str) -> ReportSettings:
    for name, value in settings.items():
        monkeypatch.setenv(f"VIEW3_{name.upper()}", value)
    return ReportSettings.load()


def test_recipients_are_a_list_and_nobody_stands_in_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, report_to="ana@x.com, Bo Lee <bo@x.com>,, ana@x.com")
    assert settings.report_to == ("ana@x.com", "Bo Lee <bo@x.com>")


@pytest.mark.parametrize(
    "text",
    [
        "ana",
        "ana@",
        "@x.com",
        "a@x.com\r\nBcc: b@x.com",
        "a@x.com)b@y.com",
        "x@y@z",
        "<a@x.com",
        "a b@x.com",
        "añá@x.com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a mail address"):
        mailbox(text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("36", {"stripe": 36, "zoom": 36}),
        ("24, zoom=72", {"stripe": 24, "zoom": 72}),
        ("zoom=0", {"stripe": 36, "zoom": 0}),
        ("", {"stripe": 36, "zoom": 36}),
    ],
)
def test_a_source_has_its_own_limit_or_that_of_all(
    monkeypatch: pytest.MonkeyPatch, text: str, hours: dict[str, int]
) -> None:
    settings = loaded(monkeypatch, report_stale_hours=text)
    assert {source: settings.hours(source) for source in hours} == hours


@pytest.mark.parametrize(
    "url", ["mail.x.com", "http://mail.x.com", f"smtp://view3:{SECRET}@", f"smtp://a:{SECRET}@x:port"]
)
def test_a_server_that_is_none_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(SettingsError, match="VIEW3_SMTP_URL") as caught:
        loaded(monkeypatch, smtp_url=url)
    assert SECRET not in str(caught.value)


def test_secrets_are_known_as_written_and_as_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = loaded(monkeypatch, smtp_url="smtp://view3:p%40ss@x.com")
    assert {"p%40ss", "p@ss"} < set(settings.secrets)
    assert "p%40ss" not in repr(settings)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert loaded(monkeypatch, report_from="a@x.com").missing == ("VIEW3_SMTP_URL", "VIEW3_REPORT_TO")
