"""axe-core, installed once by npm and held to its lock file, and asked about an open page."""

import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".venv" / "browser"
SERIOUS = ("serious", "critical")


@lru_cache
def script() -> str:
    """Return axe-core's script, pinned with its hash and installed without running anything of it."""
    if shutil.which("npm") is None:
        pytest.fail("npm is missing: install it, or leave the browser out with VIEW3_TEST_WITHOUT=browser")
    lock = (HERE / "package-lock.json").read_bytes()
    installed = HOME / "installed.lock"
    if not installed.exists() or installed.read_bytes() != lock:
        HOME.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, HOME / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.fail(f"axe-core cannot be installed: {done.stderr[-800:]}")
        installed.write_bytes(lock)
    return (HOME / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what is seriously wrong with a page for people who do not see or do not use a mouse."""
    page.evaluate(script())
    told: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for rule in told["violations"]
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
