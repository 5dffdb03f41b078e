"""Voilà's templates, compiled once for all visits: it makes a new environment for each, and would compile them anew."""

from types import CodeType

import voila.notebook_renderer
from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache
from voila.exporter import VoilaExporter


class Compiled(BytecodeCache):
    """Keeps the code of templates in memory for as long as their text is the same."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if that is known."""
        checksum, code = self._known.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template that has been compiled."""
        if bucket.code is not None:
            self._known[bucket.key] = (bucket.checksum, bucket.code)


_compiled = Compiled()


class Exporter(VoilaExporter):  # type: ignore[misc]
    """Voilà's exporter with templates that are compiled once."""

    @property
    def environment(self) -> Environment:
        """Return a new environment over the code that is known."""
        environment: Environment = super().environment
        environment.bytecode_cache = _compiled
        return environment


def keep_compiled() -> None:
    """Have every page written by our exporter; Voilà has no setting for it."""
    voila.notebook_renderer.VoilaExporter = Exporter
