"""The alarm mail: one per incident, however often it is looked for and by however many processes."""

from dataclasses import replace
from datetime import datetime, timedelta

from analytics.workbench import Workbench
from reports.alarm import ALARM, Alarm
from reports.deliveries import alone
from tests.reports.conftest import HURRY, MORNING, OPERATOR, Post, settings_for

LATE = {"unread": "3 events not read yet, the oldest since 2026-01-18 06:30"}
LATER = {"unread": "9 events not read yet, the oldest since 2026-01-18 06:30"}


def alarm_of(workbench: Workbench, post: Post, log: list[str], now: datetime = MORNING) -> Alarm:
    return Alarm(workbench.engine, settings_for(post.url), lambda: now, log.append, HURRY)


def test_the_operator_gets_one_mail_per_incident(workbench: Workbench, post: Post) -> None:
    alarm = alarm_of(workbench, post, [])
    for overdue in ({}, LATE, LATE, LATER, {}, {}, LATER, LATER):
        alarm.check(overdue)
    first, second = post.got(OPERATOR)
    assert first["Subject"] == "View 3: 3 events not read yet, the oldest since 2026-01-18 06:30"
    assert "view3 inbox list" in first.get_content()
    assert second["Subject"].startswith("View 3: 9 events")
    assert first["Message-ID"] != second["Message-ID"]


def test_an_incident_that_goes_on_past_midnight_is_one(workbench: Workbench, post: Post) -> None:
    for days in range(3):
        alarm_of(workbench, post, [], MORNING + timedelta(days=days)).check(LATE)
    assert len(post.got(OPERATOR)) == 1


def test_each_kind_is_an_incident_of_its_own(workbench: Workbench, post: Post) -> None:
    alarm = alarm_of(workbench, post, [])
    alarm.check(LATE)
    alarm.check({**LATE, "set_aside": "1 event set aside", "look_ups": "2 purchases whose product is not known yet"})
    assert len(post.got(OPERATOR)) == 3


def test_a_mail_server_that_is_away_is_tried_again_with_the_same_message(workbench: Workbench, post: Post) -> None:
    log: list[str] = []
    alarm = alarm_of(workbench, post, log)
    post.at_recipient[OPERATOR] = ["451 later"] * HURRY.attempts
    alarm.check(LATE)
    assert (len(post.got(OPERATOR)), len(log)) == (0, 1)
    alarm.check(LATE)
    alarm.check(LATE)
    assert len(post.got(OPERATOR)) == 1


def test_without_an_operator_nothing_is_mailed(quick_workbench: Workbench, post: Post) -> None:
    alarm = replace(alarm_of(quick_workbench, post, []), settings=settings_for(post.url, report_operator=""))
    alarm.check(LATE)
    assert post.taken == []


def test_a_second_process_leaves_the_mail_to_the_first(quick_workbench: Workbench, post: Post) -> None:
    with alone(quick_workbench.engine, ALARM):
        alarm_of(quick_workbench, post, []).check(LATE)
    assert post.taken == []
