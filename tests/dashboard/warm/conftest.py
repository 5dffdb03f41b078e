"""What warm processes that tests start may import."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def modules_of_the_tests() -> Iterator[None]:
    """Let warm processes, which import nothing from the current folder, find the tests' own modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
        yield
