"""A filter answered over HTTP: the parts of the page for whoever may see it, and nothing for anybody else."""

import json
from urllib.parse import quote

from tornado.httpclient import HTTPResponse

from analytics.dashboard import answering
from analytics.dashboard.first_sight import FirstSight
from tests.dashboard.fake_source import HOSTILE, FakeSource
from tests.dashboard.test_download import answered


def asked(source: FakeSource, query: str, token: str = "") -> tuple[HTTPResponse, str]:
    pieces: list[bytes] = []
    routes = answering.routes(FirstSight(source))
    answer = answered(routes, f"{answering.ADDRESS}?{query}", "GET", token, pieces.append)
    return answer, b"".join(pieces).decode()


def test_the_parts_are_those_of_the_page_of_the_same_address():
    source = FakeSource()
    answer, text = asked(source, "first=3&last=7&search=ana")
    told = json.loads(text)
    page = FirstSight(source).html("days=3-7&search=ana")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Consumed-Content-Encoding"] == "gzip"
    assert told["query"] == "days=3-7&search=ana"
    assert len(told["parts"]) == 15
    for name, (mark, html) in told["parts"].items():
        assert f'<div data-part="{name}" data-mark="{mark}">{html}</div>' in page


def test_who_has_no_token_gets_no_figure():
    answer, text = asked(FakeSource(), "", token="s3cret")

    assert answer.code in {302, 403}
    assert "view3-kpi" not in text


def test_hostile_words_are_words():
    text = asked(
        FakeSource(), f"search={quote(HOSTILE)}&days={quote(HOSTILE)}&sale={quote(HOSTILE)}&campaign={quote(HOSTILE)}"
    )[1]

    assert "<img" not in text


def test_without_a_database_a_new_filter_has_no_figures():
    source = FakeSource(broken=True)
    told = json.loads(asked(source, "days=3-7")[1])

    assert told["empty"]
    assert "Could not read the database" in told["parts"]["banner"][1]
