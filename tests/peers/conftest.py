"""Whoever leaves the peers out says so; a peer that cannot be had is a failure."""

import pytest

from tests.conftest import LEFT_OUT


@pytest.fixture(autouse=True)
def _wanted() -> None:
    if "peers" in LEFT_OUT:
        pytest.skip("left out by VIEW3_TEST_WITHOUT=peers")
