"""Rows that look alike are judged once: the same rows match as when each rule asks for itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mantissa.detection.alike import divided
from support.detection import judged, prepared, rows_of, rule, unfused
from support.sigma_eval import EVENTS, TREES, Tree, as_rule, drawn


def test_fused_is_rule_by_rule_for_random_rules_and_repeated_rows() -> None:
    seen = {"once": 0, "matches": 0}

    @drawn(2)
    @given(
        trees=st.lists(TREES, min_size=30, max_size=45),
        events=st.lists(EVENTS, min_size=6, max_size=12),
    )
    def compare(trees: list[Tree], events: list[dict[str, Any]]) -> None:
        ready = prepared(*(rule(as_rule(tree), number=n) for n, tree in enumerate(trees)))
        table = rows_of(events * 3)
        found = judged(table, ready)
        assert found == unfused(table, ready)
        assert found == found[: len(events)] * 3
        seen["once"] += len(divided(ready.predicates)[0])
        seen["matches"] += sum(map(len, found))

    compare()
    assert seen["once"] > 15, seen
    assert seen["matches"] > 100, seen
