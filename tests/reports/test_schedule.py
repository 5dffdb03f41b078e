"""The samples for cron and systemd work as they are."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parent.parent.parent / "reports" / "deploy"
ANALYZE = shutil.which("systemd-analyze")


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tmp_path / "view3"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name in ("view3-report.service", "view3-report.timer"):
        text = (DEPLOY / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/view3/.venv/bin/view3", str(program)), encoding="utf-8")
    assert "ExecStart=/opt/view3/.venv/bin/view3 report\n" in (DEPLOY / "view3-report.service").read_text()
    if ANALYZE is None:  # a machine without systemd has no use for the units; their text is still held below
        return
    units = [tmp_path / name for name in ("view3-report.service", "view3-report.timer")]
    result = subprocess.run(
        [ANALYZE, "verify", *units], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    complaints = [line for line in result.stderr.splitlines() if "view3-report" in line]
    assert complaints == [], result.stderr


def test_the_timer_means_every_half_hour_of_the_morning() -> None:
    (when,) = re.findall(r"^OnCalendar=(.+)$", (DEPLOY / "view3-report.timer").read_text(), re.MULTILINE)
    assert when == "*-*-* 07..11:00,30:00 UTC"
    if ANALYZE is not None:
        result = subprocess.run([ANALYZE, "calendar", when], capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("line", [(DEPLOY / "view3-report.cron").read_text().splitlines()[-1]])
def test_the_cron_line_has_five_fields_a_user_and_the_command(line: str) -> None:
    minute, hour, *days, user, command = line.split(None, 6)
    assert (minute, hour, days, user) == ("0,30", "7-11", ["*", "*", "*"], "view3")
    assert ".venv/bin/view3 report" in command
    assert "%" not in command  # cron would end the command there
