"""From the page to a notebook: what is on screen stands in it as texts, and running it gives the page's own figures."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from pathlib import Path

import nbformat
import pytest
import sqlalchemy as sa
from nbclient import NotebookClient

from analytics.dashboard import address as addresses
from analytics.dashboard import download
from analytics.dashboard.handover import notebook, notebook_name, parameters
from analytics.receipts import digits, value_of
from analytics.view3 import SalesFilter
from analytics.workbench import Workbench
from tests.analytics.test_sales_pages import recorded, sale
from tests.analytics.told import CHALLENGE, HOSTILE, NOW, ZONE, opened, story
from tests.dashboard.fake_source import FakeSource
from tests.dashboard.test_download import asked, body

HOSTILE_TEXTS = (
    "'); open('/tmp/x', 'w') #",
    '"""\nimport os\n"""',
    "line\nbreak\r\u2028next",
    "\\",
    "{{7*7}}",
    HOSTILE,
    "\ud800",
    'O\'Brien "Ñ" 李',
)


def cells(text: str) -> dict[str, str]:
    return {cell["id"]: cell["source"] for cell in json.loads(text)["cells"]}


def assigned(code: str) -> dict[str, object]:
    """Return what a cell assigns, where every line of it is a name and a plain text."""
    told: dict[str, object] = {}
    for line in ast.parse(code).body:
        assert isinstance(line, ast.Assign)
        assert isinstance(line.targets[0], ast.Name)
        assert isinstance(line.value, ast.Constant)
        told[line.targets[0].id] = line.value.value
    return told


class TestWhatIsOnScreen:
    @pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
    def test_what_strangers_typed_is_a_text_and_nothing_else(self, text):
        wanted = SalesFilter(CHALLENGE.days(1, 2), text, text, text)
        told = cells(notebook(wanted, NOW))

        assert assigned(told["parameters"]) == parameters(wanted, NOW)
        assert assigned(told["parameters"])["search"] == text
        plain = cells(notebook(SalesFilter(CHALLENGE.days(1, 2)), NOW))
        assert {**told, "parameters": ""} == {**plain, "parameters": ""}

    def test_its_parameters_cell_is_tagged_and_nothing_has_run(self):
        book = nbformat.reads(notebook(SalesFilter(CHALLENGE.days(1, 2)), NOW), 4)
        nbformat.validate(book)

        assert [cell.id for cell in book.cells if "parameters" in cell.metadata.get("tags", [])] == ["parameters"]
        assert not any(cell.get("outputs") for cell in book.cells)

    def test_the_name_tells_when_the_page_showed_it(self):
        assert notebook_name(datetime(2026, 1, 17, 18, 4, 5)) == "view3-20260117-180405.ipynb"


class TestOverHttp:
    def test_the_pages_address_decides(self):
        answer, text = body(FakeSource(), download.NOTEBOOK, "days=3-9&campaign=fb_jan&search=O%27Brien&page=2")

        assert answer.headers["Content-Disposition"] == 'attachment; filename="view3-20260117-180405.ipynb"'
        assert answer.headers["Content-Type"] == "application/x-ipynb+json"
        assert assigned(cells(text)["parameters"]) == {
            "first": "2026-01-03",
            "last": "2026-01-09",
            "campaign_key": "fb_jan",
            "product_key": "",
            "search": "O'Brien",
            "as_of": "2026-01-17T18:04:05-03:00",
        }

    def test_without_a_choice_it_is_the_whole_period(self):
        told = assigned(cells(body(FakeSource(), download.NOTEBOOK, "")[1])["parameters"])

        assert (told["first"], told["last"]) == ("2025-12-02", "2026-01-17")

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_stranger_gets_nothing(self, method):
        answer, came = asked(FakeSource(), method=method, token="s3cret-s3cret", address=download.NOTEBOOK)

        assert answer.code == 302
        assert came == 0


@pytest.fixture
def workbench(database_url: str) -> Iterator[Workbench]:
    with opened(database_url, *story()) as one:
        yield one


def shown(book: nbformat.NotebookNode, name: str) -> list[list[str]]:
    """Return the cells of the table that a notebook's cell shows."""
    (cell,) = [cell for cell in book.cells if cell.id == name]
    html = cell.outputs[-1].data["text/html"]
    rows = re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    return [[unescape(text) for text in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)] for row in rows]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "days=16-17&campaign=brand&product=mastermind",
        "campaign=(unattributed)",
        "from=2026-01-17&to=2026-01-17&search=onerror",
    ],
)
def test_run_it_gives_the_pages_figures(
    workbench: Workbench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, query: str
) -> None:
    with workbench.engine.begin() as connection:  # another program's
        connection.execute(sa.insert(sale).values(**recorded, purchase_date=NOW, utm_campaign="Brand"))
    url = workbench.settings.database_url.get_secret_value()
    settings = {"DATABASE_URL": url, "CHALLENGE_START": "2026-01-01", "FUNNEL_START": "2025-12-01", "TIMEZONE": ZONE}
    for name, value in settings.items():
        monkeypatch.setenv(f"VIEW3_{name}", value)
    challenge = workbench.challenge
    address = addresses.read(query, challenge).address
    period = address.period(challenge, challenge.local_date(NOW)) or challenge.whole(NOW)
    wanted = address.sales(period)
    book = nbformat.reads(notebook(wanted, CHALLENGE.local_time(NOW)), 4)
    NotebookClient(book, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()

    view = workbench.view(period, NOW)
    figures = {row[1]: row[3] for row in shown(book, "figures")[1:]}
    assert len(figures) == 31
    for name, printed in figures.items():
        value = value_of(view, name)
        assert printed == ("None" if value is None else digits(value)), name
    names, *rows = shown(book, "rows")
    assert rows
    assert {int(row[names.index("sale_id")]) for row in rows} == {row.sale_id for row in workbench.sales(wanted).rows}
