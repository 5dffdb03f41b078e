"""Which cells a spreadsheet would run as a formula, and how they stand in a CSV file so that none does."""

from typing import Final

# Full-width signs are taken for plain ones where a keyboard writes Chinese, Japanese or Korean.
RUNS_AS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows and never runs: an apostrophe stands before one that it would."""
    return f"'{text}" if _runs(text.lstrip("'")) else text  # an apostrophe of its own would be taken for ours


def restored(cell: str) -> str:
    """Return a cell that was made harmless as it was before."""
    return cell[1:] if cell.startswith("'") and _runs(cell.lstrip("'")) else cell


def _runs(text: str) -> bool:
    return text.lstrip(" ").startswith(RUNS_AS_FORMULA)
