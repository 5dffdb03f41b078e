"""A notebook that runs, raises, hangs, or loses its kernel; what is kept of it, and what is said."""

import os
import time
from pathlib import Path

import nbformat
import pytest

from reports.runner import RunError, run

LIMIT = 120.0
GIVEN = {"date": 'x"; import os; "', "as_of": "{{ 1 }}\n'"}


def notebook(folder: Path, *sources: str) -> Path:
    """Return a notebook of these cells, the first of them its parameters."""
    first = nbformat.v4.new_code_cell('date = ""\nas_of = ""', metadata={"tags": ["parameters"]})
    cells = [first, *(nbformat.v4.new_code_cell(source) for source in sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "given.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=kernel)), encoding="utf-8")
    return path


def test_values_arrive_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("calendar", "reports", "token", "pandas"):  # what lies in the current folder is never imported
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current folder')\n")
    monkeypatch.chdir(tmp_path)
    given, output = notebook(tmp_path, "import pandas; print(repr((date, as_of)))"), tmp_path / "out.ipynb"
    run(given, output, GIVEN, LIMIT)
    assert repr((GIVEN["date"], GIVEN["as_of"])) in _printed(output)


def test_a_name_that_is_no_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nothing else"):
        run(notebook(tmp_path), tmp_path / "out.ipynb", {"date = 1; import os": ""}, LIMIT)
    assert not (tmp_path / "out.ipynb").exists()


def test_a_cell_that_raises_leaves_evidence_and_a_sentence(tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    with pytest.raises(RunError) as caught:
        run(notebook(tmp_path, "print('so far')", "raise ValueError('no such\\nday')"), output, {}, LIMIT)
    assert str(caught.value) == "The notebook raised ValueError: no such day"
    assert "so far" in _printed(output)
    assert "Traceback" in output.read_text(encoding="utf-8")


def test_a_notebook_that_hangs_is_stopped_with_its_kernel(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    source = f"import os, time, pathlib; pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(RunError, match="not done after 12 seconds"):
        run(notebook(tmp_path, source), tmp_path / "out.ipynb", {}, 12)
    _wait_for_end(int(mark.read_text()))


def test_a_killed_kernel_ends_in_time(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"kernel died|not done after"):
        run(notebook(tmp_path, "import os; os.kill(os.getpid(), 9)"), tmp_path / "out.ipynb", {}, 20)


def test_a_notebook_that_cannot_be_kept_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out.ipynb").symlink_to("/dev/full")
    with pytest.raises(RunError, match="No space left on device"):
        run(notebook(tmp_path), tmp_path / "out.ipynb", {}, LIMIT)


def _printed(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", ()))


def _wait_for_end(pid: int) -> None:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
            return
        time.sleep(0.1)
    raise AssertionError(f"the kernel {pid} still runs")
