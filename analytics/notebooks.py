"""The analysts' notebooks: copies that are theirs to edit, and JupyterLab on them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analytics.project import Project, pin, resource

NOTEBOOKS: Final = resource("notebooks")


class NotebooksError(RuntimeError):
    """The notebooks cannot be copied; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The names of the notebooks that were written, and of those that were kept because they differ from ours."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


def copy_notebooks(folder: Path) -> Copies:
    """Copy the notebooks into a folder and return what was done; a file that is there is never written to."""
    written, kept = [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for ours in sorted(NOTEBOOKS.glob("*.ipynb")):
            theirs, content = folder / ours.name, ours.read_bytes()
            if _is_new(theirs, content):
                written.append(ours.name)
            elif theirs.read_bytes() != content:
                kept.append(ours.name)
    except OSError as error:
        raise NotebooksError(f"The notebooks cannot be copied to {folder}: {error.strerror}.") from error
    return Copies(tuple(written), tuple(kept))


def open_lab(project: Project, options: Sequence[str]) -> None:
    """Run JupyterLab on the project's notebooks, which are copied on first use; `options` are JupyterLab's own."""
    # It costs a second at import, and no other command needs it.
    from jupyterlab.labapp import LabApp

    if not project.notebooks.is_dir():
        copy_notebooks(project.notebooks)
    pin(project)
    # Root gets JupyterLab's refusal otherwise; it listens on 127.0.0.1 and asks for a token.
    own = ["--allow-root"] if os.geteuid() == 0 else []
    own += [f"--config={resource('lab') / 'jupyter_lab_config.py'}", f"--ServerApp.root_dir={project.notebooks}"]
    LabApp.launch_instance([*own, *options])


def _is_new(path: Path, content: bytes) -> bool:
    """Write a file unless there is one, and return whether it was written."""
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        return False
    return True
