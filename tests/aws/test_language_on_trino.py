"""Sigma's language as we run it, on Trino: what `tests/unit/detection/test_language.py` asks DuckDB."""

from __future__ import annotations

from typing import Any

import pytest

from mantissa.adapters.local.rows import RowsEngine
from mantissa.detection.dialects import DUCKDB, TRINO, Dialect
from mantissa.detection.trial import OpenRows, Trial, judge
from support.detection import (
    DOCUMENTS,
    IDS,
    SHOWING,
    SPEC,
    judged,
    prepared,
    rows_of,
    rows_of_documents,
    rule,
)
from support.emulators import Emulator
from support.sigma_table import CASES, answers
from support.trino import Trino
from support.trino_rows import OnTrino


@pytest.fixture
def on_trino(trino: Trino, ministack: Emulator) -> OnTrino:
    return OnTrino(trino, ministack, [SPEC.table])


def test_the_language_on_trino(on_trino: OnTrino) -> None:
    found = answers(on_trino, TRINO)
    wrong = {c.about: found[c.about] for c in CASES if found[c.about] != c.expected}
    assert wrong == {}
    assert on_trino.queries < 10


def test_a_member_is_found_however_its_name_is_written_on_trino(on_trino: OnTrino) -> None:
    texts = [
        rule(f"s: {{{s}: x}}\ncondition: s", number=n) for n, s in enumerate(("doc.l.k", "doc.é/k"))
    ]
    rows = rows_of_documents([*DOCUMENTS, r'{"\u00e9\/k": "x"}'])
    found = judged(rows, prepared(*texts, dialect=TRINO), on_trino)
    assert found == [*([0] if n in SHOWING else [] for n in range(len(DOCUMENTS))), [1]]


DIFFERENT: list[tuple[str, dict[str, Any]]] = [
    ('{doc.z|contains: \'"b":1,"a":2\'}', {"doc": {"z": {"b": 1, "a": 2}}}),
    ("{doc.d: '1e-7'}", {"doc": {"d": 1e-7}}),
]
"""What the page on Sigma says is known to differ inside documents."""


def test_what_is_known_to_differ_still_does(on_trino: OnTrino) -> None:
    assert fired(DUCKDB, RowsEngine) == [{IDS[0]}, {IDS[1]}]
    assert fired(TRINO, on_trino) == [set(), set()]


def fired(dialect: Dialect, open_rows: OpenRows) -> list[set[str]]:
    texts = [rule(f"s: {s}\ncondition: s", number=n) for n, (s, _) in enumerate(DIFFERENT)]
    ready, trial = prepared(*texts, dialect=dialect), Trial()
    rows = rows_of(event for _, event in DIFFERENT)
    judge({"gate": rows}, ready.predicates, dialect, open_rows, trial)
    assert trial.failures == []
    return [trial.fired.get(place, set()) for place in range(len(DIFFERENT))]
