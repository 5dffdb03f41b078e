"""Imported by a warm process under test: notes in each fork what was imported before it."""

import os
import sys

KNOWN: set[str] = set()

os.register_at_fork(after_in_child=lambda: KNOWN.update(sys.modules))
