"""The benchmarks run on the present tables, with a crowd that is what the door makes of the same records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import checking, notebooks, report, showing
from bench.crowd import Size
from bench.server import Server
from tests.conftest import LEFT_OUT, in_memory

SALES = 160  # among them every kind: a stranger, a refund, another currency, a purchase before its opt-in

pytestmark = pytest.mark.skipif("mariadb" in LEFT_OUT, reason="left out by VIEW3_TEST_WITHOUT=mariadb")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with in_memory(tmp_path_factory.mktemp("bench")) as folder, Server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def crowd(server: Server) -> str:
    """The address of a database with the crowd, its sales credited."""
    _, client, url = showing.filled(server, SALES)
    client.close()
    return url


def test_the_crowd_is_what_the_door_makes_of_it(server: Server, crowd: str) -> None:
    checking.compare(server, crowd)


def test_the_read_of_the_page_is_measured(
    server: Server, crowd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "OUT", tmp_path)
    showing.measure(server, Size.of(SALES), server.client("view3"), crowd)
    assert (tmp_path / f"show-{SALES}.json").exists()


def test_the_calls_of_a_notebook_are_measured(crowd: str) -> None:
    assert [line.unit for line in notebooks.measured("data_quality", crowd)] == ["s", "MB"]
