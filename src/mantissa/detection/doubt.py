"""Fields that are looked for inside a JSON column and are very like one that the source knows.

Any name may stand inside a document, so a slip there refuses nothing: the rule would run and never
fire. It is told instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from mantissa.detection.prepare import Predicate

LIKENESS = 0.85
"""How like two names must be to be taken for a slip; 1 is the same."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A field that may be a slip, with what may have been meant."""

    id: str
    path: str
    line: int
    reason: str


def doubtful(predicates: Iterable[Predicate]) -> Iterator[Doubt]:
    """Yield the fields of rules that are likely slips."""
    for predicate in predicates:
        for field, binding in predicate.bindings.items():
            meant = _meant(predicate, field) if binding.path else ""
            if meant:
                yield Doubt(
                    predicate.rule.info.id,
                    *_place(predicate, field),
                    f"field {field!r} is looked for inside the JSON column {binding.column}; "
                    f"did you mean {meant}?",
                )


def _place(predicate: Predicate, field: str) -> tuple[str, int]:
    """Return where a field is tested: in the rule, or in one of its exceptions."""
    rule = predicate.rule
    for exception in rule.exceptions:
        if field in exception.text:
            return exception.path, exception.line_of(field)
    return rule.path, rule.line_of(field)


def _meant(predicate: Predicate, field: str) -> str:
    parent, _, last = field.lower().rpartition(".")
    for near in predicate.source.nearest_fields(field):
        known_parent, _, known = near.lower().rpartition(".")
        if parent == known_parent and known != last and _alike(known, last):
            return near
    return ""


def _alike(one: str, other: str) -> bool:
    if one.replace("_", "") == other.replace("_", ""):
        return True
    return abs(len(one) - len(other)) <= 1 and SequenceMatcher(None, one, other).ratio() >= LIKENESS
