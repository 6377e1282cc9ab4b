"""Correlations by brute force: what each window holds is looked at afresh, nothing is clever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import pairwise

from mantissa.detection.correlation import Correlation, Expression, Joined, Negated, Seen


@dataclass(frozen=True, order=True)
class Match:
    """A row of `matches`; `time` is in milliseconds."""

    time: int
    member: str
    event_id: str
    key: str | None = "[]"
    value: str | None = None


@dataclass(frozen=True, order=True)
class Found:
    """An island; times in milliseconds, the measure rounded to nine significant digits."""

    key: str
    crossing: int
    event_id: str
    first: int
    last: int
    events: int
    measure: str


_MOST = Decimal(10) ** 18
Times = Sequence[tuple[int, int]]
"""Spans as (start, end) in milliseconds."""


def rounded(measure: float | None) -> str:
    """Return a measure as text that two ways of adding agree on."""
    return "none" if measure is None else f"{measure + 0:.9g}"


def islands(correlation: Correlation, matches: Sequence[Match], spans: Times) -> list[Found]:
    """Return the islands that begin in a span, or up to a timespan after one."""
    span = int(correlation.span.total_seconds() * 1000)
    ids = {member.id for member in correlation.members}
    rows = {(m.member, m.event_id): m for m in matches if m.key is not None and m.member in ids}
    found = []
    for key in sorted({m.key for m in rows.values() if m.key is not None}):
        own = sorted(m for m in rows.values() if m.key == key)
        for island in _islands(correlation, own, span):
            begin = island[0]
            if any(start <= begin <= end + span for start, end in spans):
                last = max(t for t in island if t <= _seen_until(begin, spans, span))
                found.append(_found(correlation, own, span, key, begin, last))
    return sorted(found)


def _islands(correlation: Correlation, own: Sequence[Match], span: int) -> list[list[int]]:
    times = sorted({m.time for m in own})
    islands: list[list[int]] = []
    for before, time in pairwise([None, *times]):
        assert time is not None
        if not hit(correlation, _window(own, time, span), time - span):
            continue
        goes_on = islands and before is not None and islands[-1][-1] == before
        if goes_on and before is not None and time - before <= span:
            islands[-1].append(time)
        else:
            islands.append([time])
    return islands


def _seen_until(begin: int, spans: Times, span: int) -> int:
    """Return how far is read: each span's margins, and what they join."""
    until = max(end + span for start, end in spans if start <= begin <= end + span)
    for start, end in sorted(spans):
        if start - span <= until:
            until = max(until, end + span)
    return until


def _window(own: Sequence[Match], time: int, span: int) -> list[Match]:
    return [m for m in own if time - span <= m.time <= time]


def _found(
    correlation: Correlation, own: Sequence[Match], span: int, key: str, begin: int, last: int
) -> Found:
    window = _window(own, begin, span)
    event = min(m.event_id for m in own if m.time == begin)
    number = rounded(measure(correlation, window))
    return Found(key, begin, event, min(m.time for m in window), last, len(window), number)


def hit(correlation: Correlation, window: Sequence[Match], since: int) -> bool:
    """Tell whether a correlation's condition holds over the matches of a window."""
    kind = correlation.kind.value
    if kind == "temporal_ordered":
        if correlation.expression is None:
            return _ordered([{m.id} for m in correlation.members], window, since)
        return _ordered_expression(correlation.expression, window, since)
    if correlation.expression is not None:
        return _true(correlation.expression, {m.member for m in window})
    number = measure(correlation, window)
    threshold = correlation.threshold
    assert threshold is not None
    if number is None:
        return False
    wanted = threshold.number
    if threshold.operator == "lt":
        return number < wanted
    if threshold.operator == "lte":
        return number <= wanted
    if threshold.operator == "gt":
        return number > wanted
    if threshold.operator == "gte":
        return number >= wanted
    return (number == wanted) == (threshold.operator == "eq")


def measure(correlation: Correlation, window: Sequence[Match]) -> float | None:
    """Return the number that a correlation looks at."""
    kind = correlation.kind.value
    if kind == "event_count":
        return len(window)
    if kind == "value_count":
        return len({m.value for m in window if m.value is not None})
    if kind.startswith("temporal"):
        return len({m.member for m in window})
    numbers = sorted(n for m in window if (n := _number(m.value)) is not None)
    if not numbers:
        return None
    if kind == "value_sum":
        return float(sum(numbers))
    if kind == "value_avg":
        return float(sum(numbers)) / len(numbers)
    percent = 50 if kind == "value_median" else correlation.percentile
    return _percentile([float(n) for n in numbers], percent)


def _number(value: str | None) -> Decimal | None:
    if value is None or not set(value) <= set("0123456789.eE+-"):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    limited = max(min(number, _MOST), -_MOST)
    return limited.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _percentile(numbers: list[float], percent: float) -> float:
    place = percent * (len(numbers) - 1) / 100
    below = int(place)
    above = min(below + 1, len(numbers) - 1)
    return numbers[below] + (numbers[above] - numbers[below]) * (place - below)


def _true(expression: Expression, seen: set[str]) -> bool:
    if isinstance(expression, Seen):
        return expression.member in seen
    if isinstance(expression, Negated):
        return not _true(expression.part, seen)
    parts = [_true(part, seen) for part in expression.parts]
    return all(parts) if expression.operator == "and" else any(parts)


def _ordered(steps: list[set[str]], window: Sequence[Match], since: int) -> bool:
    """Tell whether matches follow one another; two of one time are in any order."""
    if not steps:
        return True
    return any(
        m.member in steps[0] and m.time >= since and _ordered(steps[1:], window, m.time)
        for m in window
    )


def _ordered_expression(expression: Expression, window: Sequence[Match], since: int) -> bool:
    if isinstance(expression, Joined) and expression.operator == "or":
        return any(_ordered_expression(part, window, since) for part in expression.parts)
    parts = expression.parts if isinstance(expression, Joined) else (expression,)
    steps = [_leaves(part) for part in parts if not isinstance(part, Negated)]
    seen = {m.member for m in window}
    lacks = all(_true(part, seen) for part in parts if isinstance(part, Negated))
    return lacks and _ordered(steps, window, since)


def _leaves(expression: Expression) -> set[str]:
    if isinstance(expression, Seen):
        return {expression.member}
    assert isinstance(expression, Joined)
    return set().union(*map(_leaves, expression.parts))
