"""Random rules over random events on Trino: the SQL says what a plain evaluator says."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mantissa.detection.dialects import TRINO
from mantissa.detection.trial import Trial, judge
from support.detection import IDS, SPEC, prepared, rows_of, rule
from support.emulators import Emulator
from support.sigma_eval import EVENTS, TREES, Tree, as_rule, drawn, holds
from support.trino import Trino
from support.trino_rows import OnTrino

EXAMPLES = drawn(6)


def test_sql_on_trino_equals_the_plain_evaluator(trino: Trino, ministack: Emulator) -> None:
    on_trino = OnTrino(trino, ministack, [SPEC.table])
    matches = [0]

    @EXAMPLES
    @given(
        trees=st.lists(TREES, min_size=25, max_size=60),
        events=st.lists(EVENTS, min_size=20, max_size=40),
    )
    def compare(trees: list[Tree], events: list[dict[str, Any]]) -> None:
        found = fired(on_trino, trees, events)
        assert found == [[n for n, tree in enumerate(trees) if holds(tree, e)] for e in events]
        matches[0] += sum(len(rules) for rules in found)

    compare()
    assert matches[0] > 1000, matches


def fired(on_trino: OnTrino, trees: list[Tree], events: list[dict[str, Any]]) -> list[list[int]]:
    """Return the rules that fire on each event."""
    texts = [rule(as_rule(tree), number=n) for n, tree in enumerate(trees)]
    ready = prepared(*texts, dialect=TRINO)
    assert ready.refused == ()
    table, trial = rows_of(events), Trial()
    judge({"gate": table}, ready.predicates, ready.dialect, on_trino, trial)
    assert trial.failures == []
    return [
        sorted(IDS.index(rule_id) for rule_id in trial.fired.get(number, ()))
        for number in range(table.num_rows)
    ]
