"""A correlation in plain words: what its members' matches must be like, taken together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from mantissa.detection.correlation import (
    Correlation,
    Expression,
    Joined,
    Kind,
    Negated,
    Seen,
    Threshold,
)

_OPERATORS = {
    "lt": "fewer than",
    "lte": "at most",
    "gt": "more than",
    "gte": "at least",
    "eq": "exactly",
    "neq": "other than",
}
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def say_correlation(correlation: Correlation, titles: Mapping[str, str]) -> str:
    """Say in one sentence when a correlation fires.

    Args:
        titles: id → title of its members.
    """
    group = f", for the same {_listed(correlation.group_by)}" if correlation.group_by else ""
    return f"Within {say_span(correlation.span)}{group}: {_asked(correlation, titles)}"


def say_span(span: timedelta) -> str:
    """Say a timespan in the largest unit of which it is a whole number."""
    seconds = int(span.total_seconds())
    size, unit = next((s, u) for s, u in _UNITS if seconds % s == 0)
    count = seconds // size
    return f"{count} {unit}" + ("" if count == 1 else "s")


def describe(correlation: Correlation, titles: Mapping[str, str]) -> dict[str, Any]:
    """Return a correlation as the `rules explain` command's JSON has it."""
    threshold = correlation.threshold
    return {
        "kind": str(correlation.kind),
        "words": say_correlation(correlation, titles),
        "members": [
            {"id": m.id, "name": m.name, "title": titles.get(m.id, "")} for m in correlation.members
        ],
        "span_seconds": correlation.span.total_seconds(),
        "group_by": list(correlation.group_by),
        "aliases": {name: dict(fields) for name, fields in correlation.aliases.items()},
        "threshold": {"operator": threshold.operator, "number": threshold.number}
        if threshold
        else None,
        "value_fields": list(correlation.value_fields),
        "generate": correlation.generate,
    }


def _asked(correlation: Correlation, titles: Mapping[str, str]) -> str:
    if correlation.expression is not None:
        order = ", in this order" if correlation.kind is Kind.TEMPORAL_ORDERED else ""
        return f"{_expression(correlation.expression, titles)}{order}"
    amount = _amount(correlation.threshold)
    match correlation.kind:
        case Kind.EVENT_COUNT:
            return f"{amount} matching events"
        case Kind.VALUE_COUNT:
            return f"{amount} different values of {_listed(correlation.value_fields)}"
        case Kind.TEMPORAL:
            return f"{amount} of its {len(correlation.members)} members match, in any order"
        case Kind.TEMPORAL_ORDERED:
            return f"{amount} of its {len(correlation.members)} members match, in this order"
    return f"{_measure(correlation)} of {_listed(correlation.value_fields)} is {_than(amount)}"


def _measure(correlation: Correlation) -> str:
    names = {
        Kind.VALUE_SUM: "the sum",
        Kind.VALUE_AVG: "the average",
        Kind.VALUE_MEDIAN: "the median",
        Kind.VALUE_PERCENTILE: f"the {correlation.percentile:g}th percentile",
    }
    return names[correlation.kind]


def _amount(threshold: Threshold | None) -> str:
    if threshold is None:
        return "all"
    return f"{_OPERATORS[threshold.operator]} {threshold.number:,}"


def _than(amount: str) -> str:
    """Say a comparison of a measure rather than of a count."""
    return amount.replace("fewer than", "less than")


def _expression(expression: Expression, titles: Mapping[str, str]) -> str:
    match expression:
        case Seen(member):
            return f"“{titles.get(member, member)}” matches"
        case Negated(part):
            return f"not ({_expression(part, titles)})"
        case Joined(operator, parts):
            inner = (
                f"({_expression(p, titles)})" if isinstance(p, Joined) else _expression(p, titles)
                for p in parts
            )
            return f" {operator} ".join(inner)


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
