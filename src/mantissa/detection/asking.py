"""One question to an engine, asked again when the engine is away for a moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mantissa.errors import EngineTransient
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import QueryEngine

TRIES = 3


def ask(
    engine: QueryEngine,
    sql: str,
    limits: QueryLimits,
    before: Callable[[], object],
    files: Mapping[str, Sequence[str]] | None = None,
) -> QueryResult:
    """Run one query; `before` is called before each try.

    Raises what the engine raises; `EngineTransient` when it stays unavailable.
    """
    for left in reversed(range(TRIES)):
        before()
        try:
            return engine.run(sql, limits=limits, files=files)
        except EngineTransient:
            if not left:
                raise
    raise AssertionError("unreachable")
