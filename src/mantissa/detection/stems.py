"""One search before many: the piece of text that several patterns share.

A text that does not hold `-adreplaccount` matches none of thirty patterns that all hold it, so one
LIKE answers for the thirty on nearly every row:

    t LIKE '%-adreplaccount%' AND (t LIKE '%get-adreplaccount%' OR …)

What a pattern shares with others is a consequence of it, so the meaning stays the same, NULL
included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mantissa.detection.pattern import Pattern

SHORTEST, LONGEST = 3, 10
"""Characters of a stem."""
CHANCES = (0.5, 0.2, 0.12, 0.08, 0.05)
"""That a text holds a stem of 3, 4, … characters, guessed; the last for all that are longer."""
MANY = 500
"""Patterns beyond which no stems are looked for."""


def by_stem(patterns: Sequence[Pattern]) -> tuple[list[tuple[str, list[Pattern]]], list[Pattern]]:
    """Group patterns under stems, the most saving ones first; the rest has none worth asking."""
    left = dict(enumerate(patterns))
    found: list[tuple[str, list[Pattern]]] = []
    holds = {place: _pieces(p) for place, p in left.items()} if len(left) <= MANY else {}
    counts = Counter(piece for pieces in holds.values() for piece in pieces)
    while counts:
        stem, count = max(counts.items(), key=_rank)
        if _saves(stem, count) <= 0:
            break
        members = [place for place, pieces in holds.items() if stem in pieces]
        found.append((stem, [left.pop(place) for place in members]))
        for place in members:
            counts.subtract(holds.pop(place))
    return found, list(left.values())


def _rank(entry: tuple[str, int]) -> tuple[float, int, str]:
    stem, count = entry
    return _saves(stem, count), len(stem), stem


def _saves(stem: str, count: int) -> float:
    """Guess how many comparisons a row is spared."""
    chance = CHANCES[min(len(stem) - SHORTEST, len(CHANCES) - 1)]
    return count - 1 - count * chance


def _pieces(pattern: Pattern) -> frozenset[str]:
    """Return what could be a pattern's stem: nothing where a look at a text's end is enough."""
    if not pattern.is_searched or pattern.engine_lowers or pattern.holds_nul:
        return frozenset()
    return frozenset(
        text[start : start + size]
        for text in pattern.literals
        for size in range(SHORTEST, min(LONGEST, len(text)) + 1)
        for start in range(len(text) - size + 1)
    )
