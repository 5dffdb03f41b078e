"""The files around the code say what the code does: settings, commands, dependencies, notebooks, lock files."""

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

import view3
from analytics.settings import Settings
from connectors.settings import ConnectorSettings
from reports.settings import ReportSettings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))
NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("reports/*.ipynb")])
SETTINGS = [
    f"VIEW3_{name.upper()}"
    for name in (*Settings.model_fields, *ConnectorSettings.model_fields, *ReportSettings.model_fields)
]
COMMANDS = sorted(view3.main.commands)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_stands_in_the_example_and_in_the_readme(setting: str) -> None:
    assert re.search(rf"^{setting}=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert f"`{setting}`" in README


def test_the_example_names_no_setting_that_does_not_exist() -> None:
    told = re.findall(r"^(VIEW3_\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(SETTINGS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_and_its_options_stand_in_the_readme(command: str) -> None:
    assert f"`view3 {command}" in README
    options = [option for option in view3.main.commands[command].params if isinstance(option, click.Option)]
    assert all(option.help for option in options)


def test_conda_gets_the_project_and_the_same_python() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    assert "- --editable ." in text
    floor = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert f"python >={floor}" in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_pins_with_hashes_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pinned
    assert all(re.match(r"[\w.\-\[\]]+==\S+( ; .*)? \\$", line) for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_file_holds_every_dependency(lock: Path) -> None:
    names = {_name(line) for line in lock.read_text(encoding="utf-8").splitlines() if re.match(r"\w", line)}
    wanted = [*PROJECT["project"]["dependencies"]]
    extra = lock.stem.removeprefix("requirements").removeprefix("-")
    wanted += PROJECT["project"]["optional-dependencies"].get(extra, [])
    assert {_name(one) for one in wanted} <= names


def _name(requirement: str) -> str:
    return re.split(r"[^\w.\-]", requirement, maxsplit=1)[0].lower()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_thin_and_carries_no_outputs(path: Path) -> None:
    code = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    lines = [line for cell in code for line in "".join(cell["source"]).splitlines() if line.strip()]
    assert len(lines) <= 30
    assert not re.search(r"\b(def|class|lambda|for|select|merge|groupby)\b", "\n".join(lines))


def test_the_readme_shows_a_picture_that_exists() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).is_file() for picture in pictures)


def test_every_module_of_the_centre_stands_in_the_map() -> None:
    folders = [ROOT / "analytics" / room for room in ("", "crediting", "intake", "money")]
    modules = {path.stem for folder in folders for path in folder.glob("*.py")} - {"__init__", "checkup", "explanation"}
    missing = sorted(module for module in modules if f"{module}.py" not in README)
    assert missing == []
