"""The page's icons, drawn inline so that nothing is fetched."""

from typing import Final

_PATHS: Final = {
    "sales": '<path d="M6 3h12l3 6-9 12L3 9z"/><path d="M3 9h18M9 9l3 12 3-12M9 9l3-6 3 6"/>',
    "cost": '<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="5"/><circle cx="12" cy="12" r="1"/>',
    "roas": '<path d="M3 17l6-6 4 4 8-9"/><path d="M15 6h6v6"/>',
    "attendance": '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6"/>'
    '<path d="M16 5.2a3.5 3.5 0 0 1 0 5.8M18 14.4c2 .9 3.2 2.7 3.5 5.6"/>',
    "warning": '<path d="M12 3.5 22 20.5H2z"/><path d="M12 10v4.5M12 17.5v.1"/>',
    "hint": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.6v.1"/>',
}


def icon(name: str) -> str:
    """Return an icon as inline SVG, hidden from screen readers."""
    return (
        '<svg class="view3-icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" '
        'stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'
        f"{_PATHS[name]}</svg>"
    )
