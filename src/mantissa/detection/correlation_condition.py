"""A correlation's condition with a number: what it asks, and whether it can ever be true.

A condition that can never be true is refused, as the correlation would be silent for ever: `lt: 1`
of a count, for example, since a correlation is judged at events and an event counts itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mantissa.detection.correlation import Correlation, Kind, Threshold
from mantissa.detection.entry import Entry

_TEMPORAL = (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED)
_COUNTED = (Kind.EVENT_COUNT, *_TEMPORAL)
_ONE_FIELD = (Kind.VALUE_SUM, Kind.VALUE_AVG, Kind.VALUE_MEDIAN, Kind.VALUE_PERCENTILE)


def with_threshold(plain: Correlation, entry: Entry) -> Correlation:
    """Return a correlation with its condition. Raises `RuleError` if that makes no sense."""
    given = entry.document.value["correlation"].get("condition")
    if given is None:
        threshold = Threshold("gte", len(plain.members))
    else:
        condition = entry.item.condition
        threshold = Threshold(condition.op.name.lower(), condition.count)
        if isinstance(given[threshold.operator], bool):
            raise entry.complain("the condition must name a number", "correlation.condition")
    complete = replace(
        plain,
        threshold=threshold,
        value_fields=_value_fields(plain.kind, entry),
        percentile=_percentile(plain.kind, given or {}, entry),
    )
    problem = _problem(complete, given is None)
    if problem:
        raise entry.complain(problem, "correlation.condition")
    return complete


def _value_fields(kind: Kind, entry: Entry) -> tuple[str, ...]:
    given = entry.item.condition.fieldref
    names = [given] if isinstance(given, str) else given or []
    place = "correlation.condition"
    if not isinstance(names, list) or not all(n and isinstance(n, str) for n in names):
        raise entry.complain("`field` must be the name of a field, or a list of names", place)
    if kind in _COUNTED and names:
        fix = "; did you mean `value_count`?" if kind is Kind.EVENT_COUNT else ""
        raise entry.complain(f"{kind} looks at no field{fix}", place)
    if kind not in _COUNTED and not names:
        raise entry.complain(f"{kind} needs a `field`", place)
    if kind in _ONE_FIELD and len(names) > 1:
        raise entry.complain(f"{kind} takes one field", place)
    return tuple(dict.fromkeys(names))


def _percentile(kind: Kind, given: Mapping[str, Any], entry: Entry) -> float:
    """Return the percentile as written; pySigma would cut 99.9 to 99."""
    value = given.get("percentile")
    place = "correlation.condition"
    if kind is not Kind.VALUE_PERCENTILE:
        if value is not None:
            raise entry.complain(f"{kind} takes no percentile", place)
        return 50
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 100:
        raise entry.complain("value_percentile needs a `percentile` from 0 to 100", place)
    return value


def _problem(correlation: Correlation, is_default: bool) -> str:
    """Say what is wrong with a threshold; empty when it makes sense."""
    threshold, most = correlation.threshold, len(correlation.members)
    if threshold is None:
        return ""
    if correlation.kind is Kind.EVENT_COUNT and not _is_possible(threshold, 1, None):
        return "the condition can never be true: an event counts itself"
    if correlation.kind is Kind.VALUE_COUNT and not _is_possible(threshold, 0, None):
        return "the condition can never be true"
    if correlation.kind not in _TEMPORAL:
        return ""
    if is_default and most < 2:
        return f"{correlation.kind} needs two rules or more, or a condition"
    if not _is_possible(threshold, 1, most):
        return f"the condition can never be true: {most} rules are named"
    if correlation.kind is Kind.TEMPORAL_ORDERED:
        if most < 2:
            return "temporal_ordered needs two rules or more"
        if any(compare(threshold, n) != (n == most) for n in range(1, most + 1)):
            return "temporal_ordered needs all of its rules: fewer of them have no one order"
    return ""


def _is_possible(threshold: Threshold, least: int, most: int | None) -> bool:
    """Tell whether any whole number from `least` to `most` fulfils a threshold."""
    near = int(threshold.number)
    tried = {least, least + 1, *range(near - 1, near + 3)}
    return any(compare(threshold, n) for n in tried if n >= least and (most is None or n <= most))


def compare(threshold: Threshold, number: float) -> bool:
    """Tell whether a number fulfils a threshold."""
    return {
        "lt": number < threshold.number,
        "lte": number <= threshold.number,
        "gt": number > threshold.number,
        "gte": number >= threshold.number,
        "eq": number == threshold.number,
        "neq": number != threshold.number,
    }[threshold.operator]
