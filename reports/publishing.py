"""The executed notebook as a page without code: sanitised, and with nothing in it that a browser would have to fetch."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter
from traitlets.config import Config

from reports.sections import environment

TAGS = ["a", "b", "br", "code", "div", "em", "h1", "h2", "h3", "p", "pre", "span", "strong", "table", "tbody", "td", "th", "thead", "tr"]  # fmt: skip
ATTRIBUTES = {"*": ["class"], "table": ["width", "cellspacing", "cellpadding"], "td": ["width"]}
IDENTITY = re.compile(r"Figures ([0-9a-f]{12})")
HEADING = '<h2>Attendance to date</h2><p class="note">Hatched is unknown, not zero.</p>'


def page(notebook: Path, title: str) -> str:
    """Return the outputs of an executed notebook as one HTML page."""
    settings = Config()
    # The exporter's own `sanitize_html` knows no headings and no classes; its preprocessor takes a list.
    settings.HTMLExporter.preprocessors = ["nbconvert.preprocessors.sanitize.SanitizeHTML"]
    settings.SanitizeHTML.tags = TAGS
    settings.SanitizeHTML.attributes = ATTRIBUTES
    settings.SanitizeHTML.strip = True
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        config=settings,
        template_name="basic",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        mathjax_url="",
        require_js_url="",
        jquery_url="",
    )
    body, _ = exporter.from_notebook_node(_read(notebook))
    body = re.sub(r"<script.*?</script>", "", body, flags=re.DOTALL)
    body = re.sub(r' id="cell-id=[^"]*"', "", body)  # drawn by lot; the same figures are to make the same page
    body = body.replace("<img", f"{HEADING}<img", 1)
    template = environment().get_template("page.html.j2")
    return template.render(title=title, body=Markup(body))  # noqa: S704 (sanitised above)


def picture(notebook: Path) -> bytes:
    """Return the first picture of an executed notebook."""
    pictures = (data["image/png"] for data in _outputs(notebook) if "image/png" in data)
    return base64.b64decode(next(pictures))


def identity(notebook: Path) -> str:
    """Return the identity of the figures that an executed notebook shows, or an empty text."""
    told = (IDENTITY.search(str(data.get("text/html", ""))) for data in _outputs(notebook))
    return next((found.group(1) for found in told if found), "")


def without(notebook: Path, secrets: tuple[str, ...]) -> None:
    """Strike secrets from a notebook that was kept; a traceback may tell more than anybody wished."""
    if not notebook.is_file():
        return
    text = kept = notebook.read_text(encoding="utf-8")
    for secret in secrets:
        text = text.replace(secret, "•••")
    if text != kept:
        notebook.write_text(text, encoding="utf-8")


def _outputs(notebook: Path) -> Iterator[Any]:
    for cell in _read(notebook).cells:
        for output in cell.get("outputs", ()):
            yield output.get("data", {})


def _read(notebook: Path) -> Any:
    return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
