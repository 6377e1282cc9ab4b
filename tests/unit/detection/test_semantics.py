"""Random rules over random events: SQL on DuckDB says what a plain evaluator says, fused or not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support.detection import IDS, judged, prepared, rows_of, rule, unfused
from support.sigma_eval import EVENTS, TREES, Tree, as_rule, holds


@given(
    trees=st.lists(TREES, min_size=1, max_size=6),
    events=st.lists(EVENTS, min_size=1, max_size=12),
)
def test_sql_equals_the_plain_evaluator(trees: list[Tree], events: list[dict[str, Any]]) -> None:
    ready = prepared(*(rule(as_rule(tree), number=n) for n, tree in enumerate(trees)))
    assert ready.refused == ()
    assert set(ready.rules) == set(IDS[: len(trees)])
    table = rows_of(events)
    expected = [[n for n, tree in enumerate(trees) if holds(tree, event)] for event in events]
    assert judged(table, ready) == expected
    assert unfused(table, ready) == expected
