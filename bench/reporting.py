"""One full report against papermill alone on an empty notebook: both as processes of their own."""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from bench.report import Line, side_by_side, tell

LEADS, TIMES = 3000, 3
VIEW3 = Path(sys.executable).with_name("view3")
PAPERMILL = Path(sys.executable).with_name("papermill")


def report(leads: int) -> None:
    """Measure run, pictures, PDF and mail of a report over a sample challenge of so many leads."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        nbformat.write(nbformat.v4.new_notebook(), folder / "empty.ipynb")
        environment = {**os.environ, "VIEW3_DATABASE_URL": f"sqlite:///{folder}/view3.db"}
        _run([VIEW3, "demo", "--leads", str(leads)], environment)
        empty, whole = side_by_side(
            TIMES,
            lambda: _run([PAPERMILL, "-k", "python3", folder / "empty.ipynb", folder / "out.ipynb"], environment),
            lambda: _run([VIEW3, "report", "--no-send", "--out", folder / "out"], environment),
        )
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        lines = [
            Line("papermill, an empty notebook", empty, ratio=1.0),
            Line("view3 report --no-send, all files", whole, ratio=whole / empty),
            Line("largest process of either", largest, unit="MB"),
        ]
        tell(f"report-{leads}", f"the sample challenge, {leads:,} leads", lines, "SQLite")


def _run(command: Sequence[object], environment: dict[str, str]) -> None:
    subprocess.run([str(part) for part in command], env=environment, check=True, capture_output=True)
