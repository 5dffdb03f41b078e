"""The door of the page, tried from outside: the form, the address, guessing, a proxy with TLS, an account that only reads."""

import re
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from tests.browser.conftest import LEFT_OUT, READY, VIEW3, Serve, Served
from tests.browser.proxies import NAME, nginx
from tests.browser.test_exposure import fetch
from tests.conftest import MariaDB

TOKEN = "s3cret-s3cret-s3cret"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, sample_file: Path) -> Iterator[Served]:
    """A dashboard that asks for a token."""
    from tests.browser.conftest import serving

    with serving(tmp_path_factory.mktemp("locked"), VIEW3_TOKEN=TOKEN) as served:
        served.take(sample_file)
        served.start()
        yield served


class TestToken:
    @pytest.mark.parametrize(
        "path", ["", "favicon.ico", "voila/files/view3.svg", "voila/tree", "api/kernels/x", "nosuch"]
    )
    def test_without_it_there_is_a_form_and_nothing_else(self, locked: Served, path: str):
        status, _, html = fetch(locked.address + path)

        assert 'data-kpi="roas"' not in html
        assert status in (403, 404) or 'type="password"' in html

    def test_a_header_carries_it(self, locked: Served):
        assert 'data-kpi="roas"' in fetch(locked.address, Authorization=f"token {TOKEN}")[2]
        assert 'data-kpi="roas"' not in fetch(locked.address, Authorization="token s3cret")[2]

    def test_what_is_not_there_costs_no_kernel(self, locked: Served):
        assert fetch(f"{locked.address}favicon.ico", Authorization=f"token {TOKEN}")[0] == 404

    def test_the_form_lets_in_and_the_way_out_locks_again(self, locked: Served, browser: Browser):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{locked.address}?days=3-7")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button").click()
        expect(page.get_by_role("alert")).to_have_text("That is not the token. Please try again.")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button").click()
        page.wait_for_selector('[data-kpi="roas"]', timeout=READY)

        assert page.url == f"{locked.address}?days=3-7"
        (cookie,) = (cookie for cookie in context.cookies() if cookie["name"].startswith("username"))
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.goto(f"{locked.address}logout")
        page.goto(locked.address)
        expect(page.get_by_label("Token")).to_be_visible()
        context.close()

    def test_a_browser_that_brings_it_in_the_address_is_sent_on_without(self, locked: Served, browser: Browser):
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{locked.address}?token={TOKEN}&days=3-7")
        page.wait_for_selector('[data-kpi="roas"]', timeout=READY)

        assert page.url == f"{locked.address}?days=3-7"
        assert TOKEN not in page.content()
        context.close()

    def test_the_log_never_holds_it(self, locked: Served):
        fetch(f"{locked.address}nosuch?token={TOKEN}")
        path = locked.folder / f"serve-{locked.port}.log"
        for _ in range(50):  # it is written after the answer
            if "/nosuch" in path.read_text():
                break
            time.sleep(0.1)

        log = path.read_text()
        assert "/nosuch" in log
        assert TOKEN not in log

    def test_guessing_is_slowed_and_locks_nobody_out(self, serve: Serve):
        served = serve(VIEW3_TOKEN=TOKEN)
        served.view3("demo")
        served.start()
        wrong = [fetch(f"{served.address}login", Authorization=f"token {number}")[0] for number in range(11)]

        assert wrong == [200] * 10 + [429]  # the form, each time
        assert _typed(served, "wrong")[0] == 429
        assert _typed(served, TOKEN)[0] == 200
        assert 'data-kpi="roas"' in fetch(served.address, Authorization=f"token {TOKEN}")[2]


def _typed(served: Served, token: str) -> tuple[int, str]:
    """Return what the form answers."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar := CookieJar()))
    opener.open(f"{served.address}login").close()
    (xsrf,) = (cookie.value for cookie in jar if cookie.name == "_xsrf")
    form = urllib.parse.urlencode({"_xsrf": xsrf, "password": token}).encode()
    try:
        with opener.open(f"{served.address}login", form) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "VIEW3_ADDRESS"),
        ({"VIEW3_PLAIN_HTTP": "yes"}, "VIEW3_TOKEN"),
        ({"VIEW3_ADDRESS": "https://view3.example.com"}, "VIEW3_TOKEN"),
        ({"VIEW3_ADDRESS": "view3.example.com"}, "VIEW3_ADDRESS"),
    ],
    ids=str,
)
def test_nothing_is_served_in_the_open(serve: Serve, settings: dict[str, str], sentence: str):
    served = serve(**settings)
    done = subprocess.run(
        [
            VIEW3,
            "serve",
            "--host",
            "0.0.0.0",  # noqa: S104 (it is refused)
            "--port",
            str(served.port),
        ],
        cwd=served.folder,
        env=served.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_an_account_that_only_reads_is_enough(serve: Serve, mariadb: MariaDB):
    url = mariadb.new_database()
    name = url.rpartition("/")[2]
    served = serve(VIEW3_DATABASE_URL=url)
    served.view3("demo")
    told = served.view3("show", "--json")
    with sa.create_engine(url.replace("mysql:", "mysql+pymysql:")).connect() as connection:
        connection.exec_driver_sql("CREATE OR REPLACE USER reader@'127.0.0.1' IDENTIFIED BY 'only-reads'")
        connection.exec_driver_sql(f"GRANT SELECT ON {name}.* TO reader@'127.0.0.1'")
    served.environment["VIEW3_DATABASE_URL"] = url.replace("root@", "reader:only-reads@")
    served.start()

    roas = re.search(r'"roas": "(\d+)', told)
    assert roas
    assert f">{roas[1]}" in fetch(served.address)[2].split('data-kpi="roas"')[1][:900]


def through(port: int, path: str = "", **headers: str) -> tuple[int, str, str]:
    """Return status, cookies and body of an answer that came through the proxy."""
    context = ssl._create_unverified_context()  # noqa: S323 (our own certificate of a moment ago)
    request = urllib.request.Request(f"https://127.0.0.1:{port}/{path}", headers={"Host": NAME, **headers})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310
            return answer.status, str(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(error.headers), error.read().decode()


@pytest.mark.skipif("proxy" in LEFT_OUT, reason="left out by VIEW3_TEST_WITHOUT=proxy")
def test_the_page_lives_behind_the_sample_proxy(serve: Serve, browser: Browser, tmp_path: Path):
    served = serve(VIEW3_TOKEN=TOKEN, VIEW3_ADDRESS=f"https://{NAME}")
    served.view3("demo")
    served.start()
    with nginx(served, tmp_path) as port:
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        # The browser believes that the name is this machine; everything else is as a visitor has it.
        page.goto(f"https://127.0.0.1:{port}/login")
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button").click()
        page.wait_for_selector("body[data-live]", timeout=READY)
        cookies = {cookie["name"].split("-")[0]: cookie for cookie in context.cookies()}

        assert cookies["username"]["secure"]
        status, headers, _ = through(port, "login")
        assert (status, "max-age=31536000" in headers) == (200, True)
        assert through(port, "healthz")[0] in (403, 404) or "password" in through(port, "healthz")[2]
        assert TOKEN not in (tmp_path / "access.log").read_text()
        served.stop()
        status, headers, told = through(port)
        assert (status, "Retry-After: 5" in headers) == (503, True)
        assert "View 3 is starting again" in told
        context.close()


def test_the_page_may_stand_under_a_path(serve: Serve, browser: Browser):
    served = serve(VIEW3_TOKEN=TOKEN, VIEW3_ADDRESS="http://hub.example.com/services/view3")
    served.view3("demo")
    served.path = "services/view3/"
    served.start()
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.goto(f"{served.address}?days=3-7")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button").click()
    page.wait_for_selector("body[data-live]", timeout=READY)

    assert page.url == f"{served.address}?days=3-7"
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert fetch(f"http://127.0.0.1:{served.port}/")[0] == 404
    context.close()
