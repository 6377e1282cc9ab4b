"""How long each stage of an alert took: from its object to the first message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

STAGES = ("object", "row", "finding", "alert", "message")


def took(stages: Mapping[str, str | None]) -> str:
    """Say how long after the stage before it each one came: `row +2.1 s, finding +14 s`.

    Args:
        stages: stage → its time, ISO 8601; empty where it is not known or has not come.
    """
    known = [(name, datetime.fromisoformat(at)) for name in STAGES if (at := stages.get(name))]
    return ", ".join(_steps(known))


def _steps(known: list[tuple[str, datetime]]) -> Iterator[str]:
    for (_, before), (name, at) in pairwise(known):
        yield f"{name} +{_span(at - before)}"


def _span(span: timedelta) -> str:
    seconds = max(0.0, span.total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 600:
        return f"{seconds:.0f} s"
    if seconds < 86_400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 86_400:.0f} d"
