"""Many viewers at one real server: its limit, who leaves, who comes again, and what is killed meanwhile."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from analytics.dashboard.viewers import SOCKET_WITHIN
from tests.browser.conftest import Served, serving
from tests.processes import descendants, runs, until

LINES = 8
PLACES = 5
WITHIN = 60.0


def relatives(served: Served) -> dict[int, str]:
    """Return what the server started, and what that started, by number and name."""
    assert served.process is not None
    return {pid: words.partition(" ")[0] for pid, words in descendants(served.process.pid).items()}


def named(served: Served, name: str) -> int:
    return next((pid for pid, known in relatives(served).items() if known == name), 0)


@dataclass
class Visit:
    """What a visitor got."""

    status: int
    text: str
    again: str
    cookie: str

    @property
    def kernel(self) -> str:
        return str(re.findall(r'"kernelId": "([0-9a-f-]+)"', self.text)[0])


def visit(served: Served, path: str = "") -> Visit:
    answer = httpx2.get(served.address + path, timeout=WITHIN)
    return what_came(answer, answer.text)


def what_came(answer: httpx2.Response, text: str) -> Visit:
    return Visit(answer.status_code, text, answer.headers.get("Retry-After", ""), answer.cookies.get("_xsrf") or "")


def leave(served: Served, visited: Visit) -> None:
    """Close the page as a browser does: with its last word to the server."""
    assert said(served, visited).is_success


def said(served: Served, visited: Visit) -> httpx2.Response:
    address = f"{served.address}voila/api/shutdown/{visited.kernel}"
    word = {"_xsrf": visited.cookie}
    return httpx2.post(address, data=word, headers={"Cookie": f"_xsrf={visited.cookie}"}, timeout=WITHIN)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, sample_file: Path) -> Iterator[Served]:
    """One server for the tests that kill nothing of it and leave every page."""
    with serving(tmp_path_factory.mktemp("standing"), VIEW3_MOST_VIEWERS=str(PLACES)) as made:
        made.take(sample_file)
        made.start()
        yield made


@pytest.fixture
def served(tmp_path: Path, sample_file: Path) -> Iterator[Served]:
    with serving(tmp_path, VIEW3_MOST_VIEWERS=str(PLACES)) as made:
        made.take(sample_file)
        made.start()
        yield made


def test_of_two_hundred_who_come_at_once_as_many_find_a_place_as_there_are(served: Served):
    most, over = 0, threading.Event()

    def count() -> None:
        nonlocal most
        while not over.wait(0.02):  # the machine is for the crowd
            most = max(most, len(served.kernels()))

    counting = threading.Thread(target=count)
    counting.start()
    with ThreadPoolExecutor(200) as crowd:
        visits = [*crowd.map(lambda _: visit(served), range(200))]
    over.set()
    counting.join()

    assert sorted({found.status for found in visits}) == [200, 503]
    inside = [found for found in visits if found.status == 200]
    assert (len(inside), most, len(served.kernels())) == (PLACES, PLACES, PLACES)
    for found in visits:
        if found.status == 503:
            assert int(found.again) > 0
            assert "Every place is taken" in found.text
    for found in inside:
        leave(served, found)
    until(lambda: served.kernels() == [])
    assert visit(served).status == 200


def test_many_visits_one_after_another_leave_nothing_behind(served: Served):
    def held() -> list[int]:
        assert served.process is not None
        pids = (served.process.pid, named(served, "view3-warm"), named(served, "view3-reader"))
        return [len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in pids]

    def come_and_go(times: int) -> None:
        for _ in range(times):
            found = visit(served)
            leave(served, found)
            until(lambda: served.kernels() == [])

    come_and_go(3)
    folder = folder_of(served)
    before, memory = held(), resident(served)
    come_and_go(24)
    # The server's few threads each keep a line to the reader from their first visit on; a handle per visit would show.
    until(lambda: all(now <= then + LINES for now, then in zip(held(), before, strict=True)))
    assert resident(served) - memory < 24_000  # kB: a visit that left a megabyte behind would show
    assert sorted(path.name for path in folder.iterdir()) == ["board", "kernels", "reads"]


def test_figures_are_in_sight_before_a_kernel_can_start(standing: Served):
    leave(standing, visit(standing))
    stopped = named(standing, "view3-warm")
    os.kill(stopped, signal.SIGSTOP)
    try:
        with httpx2.stream("GET", standing.address, timeout=WITHIN) as answer:
            text, coming = "", answer.iter_text()
            while "watch.js" not in text.partition("</noscript>")[2]:
                text += next(coming)
            os.kill(stopped, signal.SIGCONT)
            rest = "".join(coming)
        leave(standing, what_came(answer, rest))
    finally:
        os.kill(stopped, signal.SIGCONT)

    assert text.count('class="view3-kpi-value') == 4
    assert "view3-in-zoom" in text
    assert "kernelId" not in text
    assert "kernelId" in rest
    assert rest.rstrip().endswith("</html>")


def test_who_leaves_before_the_page_is_whole_leaves_no_kernel(served: Served):
    for _ in range(PLACES + 1):
        with httpx2.stream("GET", served.address, timeout=WITHIN) as answer:
            assert "View 3" in next(answer.iter_text())
    until(lambda: visit(served).status == 200)  # not before the last kernel that was starting has ended
    until(lambda: len(served.kernels()) == 1)


def test_the_word_that_a_page_was_left_may_come_twice(standing: Served):
    found = visit(standing)
    with ThreadPoolExecutor(2) as both:
        told = [*both.map(lambda _: said(standing, found).status_code, range(2))]
    until(lambda: standing.kernels() == [])

    assert set(told) <= {204, 404}
    assert "Traceback" not in (standing.folder / f"serve-{standing.port}.log").read_text()


def test_a_place_whose_page_never_links_to_its_kernel_is_soon_free(served: Served):
    with ThreadPoolExecutor(PLACES) as crowd:
        assert {found.status for found in crowd.map(lambda _: visit(served), range(PLACES))} == {200}
    assert visit(served).status == 503
    until(lambda: served.kernels() == [], within=SOCKET_WITHIN + 30)
    assert visit(served).status == 200


SECRETS = {
    name: f"secret-of-{name}"
    for name in (
        "VIEW3_TOKEN",
        "VIEW3_SMTP_URL",
        "VIEW3_STRIPE_API_KEY",
        "VIEW3_STRIPE_WEBHOOK_SECRET",
        "VIEW3_META_ACCESS_TOKEN",
        "VIEW3_SETTING_OF_TOMORROW",
    )
}


def test_nothing_that_the_server_starts_is_told_a_secret(tmp_path: Path):
    with serving(tmp_path, VIEW3_TIMEZONE="America/Sao_Paulo", **SECRETS) as made:
        made.view3("demo")
        made.start()
        assert visit(made, f"?token={SECRETS['VIEW3_TOKEN']}").status == 200
        environments = {name: Path(f"/proc/{pid}/environ").read_text() for pid, name in relatives(made).items()}
        kernel = Path(f"/proc/{made.kernels()[0]}/environ").read_text()

    assert sorted(environments) == ["view3-kernel", "view3-reader", "view3-warm"]
    assert [name for name, told in environments.items() if "secret-of-" in told] == []
    settings = {line.partition("=")[0] for line in kernel.split("\0") if line.startswith("VIEW3_")}
    assert settings == {"VIEW3_DATABASE_URL", "VIEW3_TIMEZONE", "VIEW3_READER"}


def resident(served: Served) -> int:
    assert served.process is not None
    told = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", told)[0])


def folder_of(served: Served) -> Path:
    """Return the private folder, which the warm process is told of."""
    told = Path(f"/proc/{named(served, 'view3-warm')}/cmdline").read_text().split("\0")
    return next(Path(part) for part in told if Path(part).name.startswith("view3-"))


def test_a_killed_warm_process_leaves_open_pages_and_new_visits_work(served: Served):
    first = visit(served)
    kernels = served.kernels()
    old = named(served, "view3-warm")
    os.kill(old, signal.SIGKILL)
    second = visit(served)
    assert second.status == 200
    assert [runs(pid) for pid in kernels] == [True]
    assert named(served, "view3-warm") not in (0, old)
    for found in (first, second):
        leave(served, found)
    until(lambda: not runs(kernels[0]) and served.kernels() == [])


def test_a_killed_server_takes_everything_with_it(served: Served):
    visit(served)
    family = relatives(served)
    assert sorted(family.values()) == ["view3-kernel", "view3-reader", "view3-warm"]
    folder = folder_of(served)
    assert served.process is not None
    served.process.kill()
    served.process.wait()
    until(lambda: not any(map(runs, family)))
    until(lambda: not folder.exists())


def test_a_stopped_server_leaves_nothing_either(served: Served):
    visit(served)
    family = relatives(served)
    folder = folder_of(served)
    served.stop()
    until(lambda: not any(map(runs, family)))
    assert not folder.exists()


def test_the_private_folder_is_nowhere_in_what_is_served(standing: Served):
    found = visit(standing)
    folder = folder_of(standing)
    assert folder.name not in found.text
    for path in (str(folder / "board").lstrip("/"), f"voila/files/{folder.name}/board", f"files{folder}/kernels"):
        assert visit(standing, path).status in (403, 404)
    leave(standing, found)


def test_nothing_warns_of_a_kernel_that_speaks_in_the_open(standing: Served):
    leave(standing, visit(standing))
    log = (standing.folder / f"serve-{standing.port}.log").read_text()
    assert "without encryption" not in log
    assert "ordinary kernel" not in log
