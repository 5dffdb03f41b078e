"""The chart shows bars, with a browser and without one."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from analytics.workbench import Workbench
from reports.pictures import attendance_png
from reports.settings import browser
from tests.conftest import LEFT_OUT
from tests.reports.conftest import SATURDAY

BLUE, VIOLET = (59, 130, 246), (147, 51, 234)
WITHOUT: Callable[[], str | None] = lambda: None  # noqa: E731
MAKERS = {"matplotlib": WITHOUT} | ({} if "browser" in LEFT_OUT else {"chromium": browser})


def broken() -> str:
    return "/bin/false"


def colours(png: bytes) -> dict[tuple[int, int, int], int]:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.width == 1380
    told = picture.getcolors(maxcolors=1_000_000)
    assert told is not None
    return {colour: count for count, colour in told}  # type: ignore[misc]


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_both_rooms_are_drawn(quick_workbench: Workbench, maker: Callable[[], str | None]) -> None:
    view = quick_workbench.view(now=quick_workbench.challenge.last_second_of(SATURDAY))
    drawn = colours(attendance_png(view, maker))
    assert drawn[BLUE] > 5000
    assert drawn[VIOLET] > 5000


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_view_without_days_is_an_empty_picture(quick_workbench: Workbench, maker: Callable[[], str | None]) -> None:
    view = replace(quick_workbench.view(), attendance=())
    assert BLUE not in {colour for colour, count in colours(attendance_png(view, maker)).items() if count > 2000}


def test_a_browser_that_does_not_work_keeps_nobody_waiting(
    quick_workbench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/bin/false")
    view = quick_workbench.view(now=quick_workbench.challenge.last_second_of(SATURDAY))
    assert colours(attendance_png(view, broken))[BLUE] > 5000
