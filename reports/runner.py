"""Runs a notebook in a process of its own under a time limit; the home of papermill, which costs seconds to import.

A kernel that was killed lets papermill wait for ever, so nobody waits for papermill without a limit.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from reports.settings import without_current_folder

PARAMETERS = frozenset({"date", "as_of"})  # papermill writes names into code as they are: never one from elsewhere
LONGEST_REASON = 200


class RunError(RuntimeError):
    """A notebook that did not come to its end; the message is a sentence without its traceback."""


def run(notebook: Path, output: Path, parameters: Mapping[str, str], seconds: float) -> None:
    """Run a notebook into `output`, which is kept as far as it came; raises RunError."""
    unknown = set(parameters) - PARAMETERS
    if unknown:
        raise RunError(f"A notebook takes {', '.join(sorted(PARAMETERS))}, and nothing else.")
    command = [sys.executable, "-m", "reports.runner", str(notebook), str(output), json.dumps(dict(parameters))]
    with subprocess.Popen(  # noqa: S603 (our own module)
        command,
        env=without_current_folder(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as child:
        try:
            _, told = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise RunError(f"The notebook was not done after {seconds:g} seconds.") from None
        finally:
            # The kernel is in a session of its own and goes when its parent has gone.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    if child.returncode:
        raise RunError(_reason(told.decode("utf-8", "replace")))


def _reason(told: str) -> str:
    lines = [line for line in told.splitlines() if line.strip()]
    return " ".join(lines[-1].split())[:LONGEST_REASON] if lines else "The notebook's process was killed."


def _execute(notebook: str, output: str, parameters: dict[str, str]) -> str:
    """Execute a notebook here and return why it did not end well, or an empty text."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        papermill.execute_notebook(notebook, output, parameters, progress_bar=False, autosave_cell_every=0)
    except PapermillExecutionError as error:
        return f"The notebook raised {error.ename}: {error.evalue}"
    except DeadKernelError:
        return "The notebook's kernel died."
    except OSError as error:
        return f"The executed notebook could not be kept: {error.strerror or error}."
    return ""


if __name__ == "__main__":
    reason = _execute(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
    sys.stderr.write(f"\n{' '.join(reason.split())}\n")
    sys.exit(1 if reason else 0)
