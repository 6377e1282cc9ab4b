"""Whether a rule can fire at all while some of its fields never hold a value.

The condition is worked out with those fields absent: a test of one is false, one for its absence
is true, everything else is open. What comes out false needs a field that nobody fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import SigmaExists, SigmaExpansion, SigmaFieldReference, SigmaNull

Absent = Callable[[str], bool]
"""Whether a Sigma field never holds a value."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a condition comes to.

    Args:
        holds: True or False whatever the record says, None when that is open.
        because: the absent fields that decide it.
    """

    holds: bool | None
    because: frozenset[str] = frozenset()


OPEN = Outcome(None)


def outcome(conditions: Iterable[Any], absent: Absent) -> Outcome:
    """Return what a rule's conditions come to, of which one must hold."""
    return _any([_walk(tree, absent) for tree in conditions])


def fields_of(conditions: Iterable[Any]) -> list[str]:
    """Return the fields that conditions test, each once."""
    found: dict[str, None] = {}

    def note(name: str) -> bool:
        found[name] = None
        return False

    outcome(conditions, note)
    return list(found)


def _walk(tree: Any, absent: Absent) -> Outcome:
    if isinstance(tree, ConditionNOT):
        return _negated(_walk(tree.args[0], absent))
    if isinstance(tree, ConditionAND):
        return _all([_walk(arg, absent) for arg in tree.args])
    if isinstance(tree, ConditionOR):
        return _any([_walk(arg, absent) for arg in tree.args])
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        return _test(tree.field, tree.value, absent)
    return OPEN


def _test(name: str, value: Any, absent: Absent) -> Outcome:
    if isinstance(value, SigmaExpansion):
        return _any([_test(name, member, absent) for member in value.values])
    other = value.field if isinstance(value, SigmaFieldReference) else name
    missing = frozenset(field for field in dict.fromkeys((name, other)) if absent(field))
    if not missing:
        return OPEN
    asks_for_absence = isinstance(value, SigmaNull) or (
        isinstance(value, SigmaExists) and not value.exists
    )
    return Outcome(asks_for_absence, missing)


def _negated(given: Outcome) -> Outcome:
    return OPEN if given.holds is None else Outcome(not given.holds, given.because)


def _all(parts: Sequence[Outcome]) -> Outcome:
    return _decided(parts, False)


def _any(parts: Sequence[Outcome]) -> Outcome:
    return _decided(parts, True)


def _decided(parts: Sequence[Outcome], enough: bool) -> Outcome:
    """Join parts of which one decides when it is `enough`; the one that blames fewest speaks."""
    single = [part for part in parts if part.holds is enough]
    if single:
        return min(single, key=lambda part: (len(part.because), sorted(part.because)))
    if not parts or any(part.holds is None for part in parts):
        return OPEN
    return Outcome(not enough, frozenset().union(*(part.because for part in parts)))
