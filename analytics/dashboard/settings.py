"""What the server tells a viewer's kernel: the end of the address that the viewer opened."""

import os


def visited_query() -> str:
    """Return the query of the page's address; empty in a notebook that nobody serves."""
    return os.environ.get("QUERY_STRING", "")


def is_served() -> bool:
    """Tell whether this kernel works for the page's server, which then also has the scripts; JupyterLab's preview is none."""
    is_preview = os.environ.get("SCRIPT_NAME", "").rpartition("/")[0].endswith("voila/render")
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/") and not is_preview
