"""The HTML documents that the server writes by itself: where the page begins, the form that asks for the token, the word that it is full."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analytics.dashboard.elements import STATIC

TEMPLATES: Final = Path(__file__).parent / "template"
_documents: Final = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def document(name: str, **told: object) -> str:
    """Return the document of a template with our style; what it is told is escaped unless it is Markup."""
    style = Markup((STATIC / "view3.css").read_text(encoding="utf-8"))  # noqa: S704 (our own file)
    return _documents.get_template(name).render(style=style, **told)
