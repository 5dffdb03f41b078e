"""What a stranger may send to the dashboard, tried on a real one: odd addresses, guesses, forged headers, silence."""

import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from tornado.httputil import HTTPHeaders, HTTPInputError, RequestStartLine
from tornado.web import Application

from analytics.dashboard.door import PER_ADDRESS, SLOWED
from analytics.dashboard.http_server import MOST_WAITING, PageServer, refuse_odd_head
from tests.browser.conftest import Served, serving
from tests.processes import until

TOKEN = "s3cret-s3cret-s3cret"
SEARCH = "Alice-the-customer"
PLACES = (
    "/",
    "/login",
    "/logout",
    "/nosuch",
    "/view3/static/",
    "/view3/sales.csv",
    "/voila/static/",
    "/voila/api/shutdown/",
)
PLACES_OF_LIBRARIES = ("/voila/api/themes/", "/voila/labextensions/", "/api/kernels/", "/api/kernels/x/channels")
ODD = (
    "%00",
    "%0d%0aX-Y:1",
    "%0a",
    "%ff%fe",
    "..%2f..%2fetc%2fpasswd",
    "%e2%80%a8",
    "?next=/%0d%0aX-Y:1",
    "?next=http://[",
)
ODD_QUERIES = ("?token=%ff", "?search=%ff", "?next=%00", f"?search={SEARCH}&days=%00")
ODD_TOKENS = ("?token=%00", f"?search={SEARCH}&token={TOKEN}-and-more")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("open"), VIEW3_TOKEN=TOKEN) as made:
        made.view3("demo")
        made.start()
        yield made


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A dashboard that believes what its proxy says; every test here comes from an address of its own."""
    address = "http://view3.example.com"
    with serving(tmp_path_factory.mktemp("behind"), VIEW3_TOKEN=TOKEN, VIEW3_ADDRESS=address) as made:
        made.view3("demo")
        made.start()
        yield made


def log(served: Served) -> str:
    return (served.folder / f"serve-{served.port}.log").read_text()


def said(served: Served, head: str, *headers: str) -> str:
    """Return the first line of the answer to a request as it stands; empty where the connection was closed."""
    lines = [f"{head} HTTP/1.1", f"Host: 127.0.0.1:{served.port}", "Connection: close", "Content-Length: 0", *headers]
    with socket.create_connection(("127.0.0.1", served.port), 30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        with connection.makefile("rb") as answer:
            return answer.readline().decode("latin-1").strip()


def get(served: Served, path: str = "login", **headers: str) -> httpx2.Response:
    return httpx2.get(served.address + path, headers=headers, timeout=30)


def guess(served: Served, number: int, **headers: str) -> int:
    return get(served, **{"Authorization": f"token {number}", **headers}).status_code


class TestLog:
    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
    def test_a_refusal_costs_one_short_line(self, served: Served, method: str):
        places = [f"{place}?search={SEARCH}" for place in (*PLACES, *PLACES_OF_LIBRARIES)]
        before = log(served)
        answers = [said(served, f"{method} {place}") for place in places]

        assert {answer.split()[1] for answer in answers} <= {"200", "400", "403", "404", "405"}
        until(lambda: f"{method} /api/kernels/x/channels" in log(served))
        lines = log(served)[len(before) :].splitlines()
        assert len(lines) <= len(places)
        assert all(re.fullmatch(r"4\d\d \w+ /[\w/.]*", line) for line in lines), lines

    def test_no_address_is_an_error_of_ours_and_no_query_reaches_the_log(self, served: Served):
        right = f"Authorization: token {TOKEN}"
        asked = [f"GET {place}{odd}" for place in (*PLACES, *PLACES_OF_LIBRARIES) for odd in (*ODD, *ODD_QUERIES)]
        asked += [f"GET {place}{odd}" for place in ("/login", "/nosuch") for odd in ODD_TOKENS]
        answers = {head: said(served, head, right) for head in asked if not head.startswith("GET /?")}
        answers |= {f"{head} by a stranger": said(served, head) for head in asked}

        assert [head for head, answer in answers.items() if not re.match(r"HTTP/1.1 [234]\d\d ", answer)] == []
        assert "Traceback" not in log(served)
        assert SEARCH not in log(served)
        assert TOKEN not in log(served)

    def test_thousands_of_them_are_summed_up(self, served: Served):
        before = len(log(served))
        with httpx2.Client(base_url=served.address) as stranger:
            for number in range(1000):
                assert stranger.post(f"{number}{'x' * 2000}").status_code == 403

        assert len(log(served)) - before < 80_000


class TestGuessing:
    def test_it_is_slow_and_the_right_token_is_not(self, behind_proxy: Served):
        here = {"X-Forwarded-For": "198.51.100.1"}
        first = [guess(behind_proxy, number, **here) for number in range(PER_ADDRESS)]
        began = time.monotonic()
        late = guess(behind_proxy, PER_ADDRESS, **here)
        slow = time.monotonic() - began
        began = time.monotonic()
        right = get(behind_proxy, "view3/sales.csv", Authorization=f"token {TOKEN}", **here)
        quick = time.monotonic() - began

        assert (set(first), late) == ({200}, 429)  # the form, each time
        assert quick < SLOWED <= slow
        assert right.text.startswith("\ufeffCustomer Name")

    def test_the_form_is_slow_too_and_lets_in_with_the_right_token(self, behind_proxy: Served):
        here = {"X-Forwarded-For": "198.51.100.2"}
        with httpx2.Client(base_url=behind_proxy.address, timeout=30, headers=here) as visitor:
            form = {"_xsrf": visitor.get("login").cookies["_xsrf"]}
            answers = [visitor.post("login", data={**form, "password": "wrong"}) for _ in range(PER_ADDRESS + 1)]
            right = visitor.post("login", data={**form, "password": TOKEN})

        assert [answer.status_code for answer in answers] == [401] * PER_ADDRESS + [429]
        assert "Too many wrong tokens" in answers[-1].text
        assert answers[-1].headers["Retry-After"] == "60"
        assert (right.status_code, right.headers["Location"]) == (302, "/")

    def test_who_is_logged_in_may_carry_an_old_token_in_the_address(self, behind_proxy: Served):
        here = {"X-Forwarded-For": "198.51.100.3"}
        with httpx2.Client(base_url=behind_proxy.address, timeout=30, headers=here) as visitor:
            visitor.get("view3/sales.csv", headers={"Authorization": f"token {TOKEN}"})
            answers = {visitor.get("view3/sales.csv?token=old").status_code for _ in range(PER_ADDRESS + 2)}

        assert answers == {200}

    def test_behind_a_proxy_each_visitor_counts_alone_whatever_they_claim(self, behind_proxy: Served):
        def wrong(number: int, address: str) -> int:
            forged = {"X-Forwarded-For": f"1.2.3.{number}, {address}", "X-Real-IP": f"5.6.7.{number}"}
            return guess(behind_proxy, number, **forged)

        guesser = [wrong(number, "198.51.100.4") for number in range(PER_ADDRESS + 1)]

        assert guesser == [200] * PER_ADDRESS + [429]
        assert wrong(0, "198.51.100.5") == 200

    def test_without_a_proxy_no_header_says_where_a_visitor_is(self, served: Served):
        names = ("X-Real-IP", "X-Forwarded-For")
        forged = [dict.fromkeys(names, f"198.51.100.{number}") for number in range(PER_ADDRESS + 1)]

        assert [guess(served, number, **headers) for number, headers in enumerate(forged)][-1] == 429


@pytest.mark.parametrize(
    ("behind", "peer", "forwarded", "visitor"),
    [
        (False, "127.0.0.1", "198.51.100.1", "127.0.0.1"),
        (True, "127.0.0.1", "198.51.100.1", "198.51.100.1"),
        (True, "127.0.0.1", "forged, 198.51.100.1", "198.51.100.1"),
        (True, "10.0.0.5", "2001:db8::1", "2001:db8::1"),
        (True, "127.0.0.1", "", "127.0.0.1"),
        (True, "127.0.0.1", "unknown", "127.0.0.1"),
        (True, "8.8.8.8", "198.51.100.1", "8.8.8.8"),  # no proxy of ours
    ],
)
def test_a_visitors_address_is_what_the_nearest_proxy_says(behind: bool, peer: str, forwarded: str, visitor: str):
    server = PageServer(Application(), behind_proxy=behind)
    headers = HTTPHeaders({"X-Forwarded-For": forwarded, "X-Real-IP": "203.0.113.9"})

    assert server.visitor(peer, headers) == visitor


@pytest.mark.parametrize(("count", "is_refused"), [(100, False), (101, True)])
def test_a_head_has_a_hundred_headers_at_most(count: int, is_refused: bool):
    headers, line = (
        HTTPHeaders({f"X-{number}": "" for number in range(count)}),
        RequestStartLine("GET", "/", "HTTP/1.1"),
    )
    if is_refused:
        with pytest.raises(HTTPInputError):
            refuse_odd_head(line, headers)
    else:
        refuse_odd_head(line, headers)


def test_silent_connections_keep_nobody_out(served: Served):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = len(log(served))
    wanted = MOST_WAITING + 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted + 512), hard))
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(wanted):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", served.port), 30))
            silent.sendall(b"GET /login HTTP/1.1\r\n")
        began = time.monotonic()
        assert get(served).status_code == 200
        assert time.monotonic() - began < 5
        handles = len([*Path(f"/proc/{served.process.pid if served.process else 0}/fd").iterdir()])

    assert handles < MOST_WAITING + 200
    assert len(log(served)) - before < 1000
