"""Correlations on real Trino: what was worked by hand, and what brute force finds in random sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import TRINO
from mantissa.detection.table import MATCHES
from support.correlation_cases import CASES
from support.correlation_reference import Found, Match, Times, islands
from support.correlation_sets import CORRELATIONS, random_sets, random_spans
from support.correlations import judge
from support.emulators import Emulator
from support.trino import Trino
from support.trino_rows import OnTrino

TOGETHER = 12
"""Correlations of one query: a query costs Trino seconds, however little it reads."""
SETS = 30

World = tuple[Correlation, Times, Sequence[Match]]


@pytest.fixture
def on_trino(trino: Trino, ministack: Emulator) -> OnTrino:
    return OnTrino(trino, ministack, [MATCHES])


def found(worlds: Sequence[World], on_trino: OnTrino) -> dict[str, list[Found]]:
    answer: dict[str, list[Found]] = {}
    for start in range(0, len(worlds), TOGETHER):
        some = worlds[start : start + TOGETHER]
        rows = {about.info.id: matches for about, _, matches in some}
        answer |= judge([(about, spans) for about, spans, _ in some], rows, TRINO, on_trino)
    return answer


def called(about: Correlation, name: str) -> Correlation:
    return replace(about, info=replace(about.info, id=name))


def test_worked_by_hand(on_trino: OnTrino) -> None:
    worlds = [(called(c.correlation, c.name), c.spans, c.matches) for c in CASES]
    answer = found(worlds, on_trino)
    assert answer == {case.name: list(case.found) for case in CASES}


def test_random_sets_give_what_brute_force_finds(on_trino: OnTrino) -> None:
    worlds = [
        (about, random_spans(number), random_sets(number, SETS))
        for number, about in enumerate(CORRELATIONS)
    ]
    answer = found(worlds, on_trino)
    assert answer == {
        about.info.id: islands(about, matches, spans) for about, spans, matches in worlds
    }
    assert sum(map(len, answer.values())) > 1000
