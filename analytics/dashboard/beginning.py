"""Where the page begins: all that a browser shows and asks with, sent before a kernel is there."""

from functools import cache
from typing import Final

from markupsafe import Markup

from analytics.dashboard import answering
from analytics.dashboard.documents import document
from analytics.dashboard.elements import VERSION, script

STATIC: Final = "view3/static"  # the address, under the page's own


def beginning(base_url: str, sight: str) -> str:
    """Return the page's HTML up to what its kernel brings: head, first sight, if there is one, and the script that asks the server."""
    return document(
        "beginning.html",
        sight=Markup(sight),  # noqa: S704 (made of escaped parts)
        script=_script(),
        answer=f"{base_url}{answering.ADDRESS}",
        watch=f"{base_url}{STATIC}/watch.js?v={VERSION}",  # a new address for a new content
        base_url=base_url,
    )


@cache
def _script() -> Markup:
    return Markup(script("served.js"))  # noqa: S704 (our own file)
