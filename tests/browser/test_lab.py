"""What `make lab` opens: the notebooks in JupyterLab's launcher, Voilà's preview of each, and nothing for strangers."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import READY, VIEW3, free_port

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs, and the token it wants."""

    port: int
    token: str

    def get(self, path: str, *, token: bool = True) -> tuple[int, str]:
        """Return status and text of an address, asked without following."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers={"Authorization": f"token {self.token}"} if token else {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab as `make lab` starts it, on a port and in a project of its own: kernels run in its `notebooks` folder."""
    folder, one = tmp_path_factory.mktemp("lab"), Lab(free_port(), "a-token-of-the-test")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VIEW3_", "JUPYTER_"))}
    environment |= {"HOME": str(folder)}
    (folder / ".env").write_text("VIEW3_DATABASE_URL=sqlite:///sample.db\n")
    subprocess.run([VIEW3, "demo", "--leads", "300"], cwd=folder, env=environment, check=True, capture_output=True)
    options = ["--no-browser", f"--port={one.port}", "--ServerApp.port_retries=0"]
    options += [f"--IdentityProvider.token={one.token}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([VIEW3, "lab", *options], cwd=folder, env=environment, stdout=log, stderr=log)
        for _ in range(600):
            with suppress(ConnectionRefusedError):
                one.get("/api", token=False)
                break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield one
        process.terminate()
        process.wait(30)


def test_the_makefile_starts_it():
    assert "\nlab: $(VENV)/.installed\n\t$(BIN)/view3 lab\n" in (ROOT / "Makefile").read_text()


def test_the_launcher_and_the_preview_are_part_of_it(lab):
    status, text = lab.get("/lab")

    assert status == 200
    assert '"view3-launcher"' in text
    assert '"@voila-dashboards/jupyterlab-preview"' in text
    assert lab.get("/lab/extensions/view3-launcher/static/launcher.js")[0] == 200


def test_a_preview_runs_the_page(lab):
    status, text = lab.get("/voila/render/view3.ipynb")

    assert status == 200
    assert "View 3: engagement and sales" in text
    assert "jupyter.widget-view+json" in text


def test_in_a_preview_the_kernel_answers(lab, browser: Browser):
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{lab.port}/voila/render/view3.ipynb?token={lab.token}")
    page.wait_for_selector(".view3-kpi", timeout=READY)
    handle = page.get_by_label("First challenge day")
    while page.locator(".view3-filter output").text_content() != "3 – 31":
        handle.press("ArrowRight")
    expect(page.locator(".view3-twin tbody tr").first).to_have_attribute("data-day", "3")
    page.get_by_label("Search").fill("no such customer at all")
    expect(page.locator(".view3-count")).to_contain_text("Clear the search")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export CSV").click()
    name = waiting.value.suggested_filename
    context.close()

    assert name.startswith("view3-sales-0-rows-")


def test_a_kernel_that_starts_at_once_is_offered(lab):
    specs = json.loads(lab.get("/api/kernelspecs")[1])["kernelspecs"]
    assert specs["view3"]["spec"]["metadata"]["kernel_provisioner"]["provisioner_name"] == "view3-warm"
    assert "python3" in specs


@pytest.mark.parametrize("path", ["/lab", "/voila/render/view3.ipynb", "/api/contents"])
def test_without_the_token_there_is_nothing(lab, path):
    assert lab.get(path, token=False)[0] in {302, 403}


def test_the_route_that_asks_for_no_token_hands_out_no_file(lab):
    assert lab.get("/voila/files/view3.ipynb", token=False)[0] == 403


def test_every_notebook_stands_in_the_launcher(lab, browser: Browser):
    context = browser.new_context(extra_http_headers={"Authorization": f"token {lab.token}"})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{lab.port}/lab?token={lab.token}&reset")
    cards = page.locator(".jp-LauncherCard[data-category='View 3']")
    cards.first.wait_for(timeout=READY)

    assert cards.count() == len(NOTEBOOKS)
    assert "View 3" in cards.all_inner_texts()
    context.close()
