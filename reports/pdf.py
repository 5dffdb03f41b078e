"""A page printed to PDF by Chromium, where there is one."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

SECONDS = 60
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
)


def print_pdf(browser: str | None, page: Path, pdf: Path) -> str:
    """Print an HTML file and return why there is no PDF, or an empty text."""
    pdf.unlink(missing_ok=True)
    if browser is None:
        return "there is no Chromium on this machine"
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium's own sandbox refuses root; the page is ours, sanitised, and forbids itself everything by its policy.
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        where = (f"--user-data-dir={profile}", f"--print-to-pdf={pdf}", page.resolve().as_uri())
        try:
            subprocess.run([browser, *FLAGS, *sandbox, *where], capture_output=True, timeout=SECONDS, check=True)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            return "Chromium could not print it"
    return "" if pdf.is_file() else "Chromium printed nothing"
