"""Gates: what a rule needs is a consequence of its condition, and rare words come together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.detection.dialects import DUCKDB
from mantissa.detection.fuse import fuse
from mantissa.detection.gates import FEWEST, Group, Weights, grouped
from mantissa.detection.prepare import Predicate
from support.detection import firing, fused_sql, judged, prepared, rows_of, rule, unfused
from support.sigma_eval import EVENTS, TREES, Tree, as_rule, drawn


def needed(detection: str) -> set[tuple[str, str]] | None:
    """Return the words of the rule's gate."""
    (predicate,) = prepared(rule(detection)).predicates
    need = Weights([predicate]).best(predicate.condition)
    return None if need is None else set(need)


@pytest.mark.parametrize(
    ("detection", "words"),
    [
        ("s: {name: Tool.exe}\ncondition: s", {"^tool\\.exe$"}),
        ("s: {name|contains: a+b}\ncondition: s", {"a\\+b"}),
        ("s: {name|contains: 50%_x}\ncondition: s", {"50%_x"}),
        ("s: {name|endswith: '\\cmd.exe'}\ncondition: s", {"\\\\cmd\\.exe$"}),
        ("s: {name|startswith: 'c:'}\ncondition: s", {"^c:"}),
        ("s: {name: 'a*b?c'}\ncondition: s", {"^a.*b.c$"}),
        ("s: {name: [one, two]}\ncondition: s", {"^one$", "^two$"}),
        ("s: {name: [a1, b2, c3, d4, e5]}\ncondition: s", {"^a1$", "^b2$", "^c3$", "^d4$", "^e5$"}),
        ("s: {name|contains: [x1, y2, 'z|3']}\ncondition: s", {"x1", "y2", "z\\|3"}),
        ("s: {name|contains|all: [x, longer]}\ncondition: s", {"longer"}),
        (
            "s: {name|contains: word}\nf: {name|contains: longerword}\ncondition: s and not f",
            {"word"},
        ),
        ("a: {name|contains: one}\nb: {name|contains: two}\ncondition: a or b", {"one", "two"}),
        ("s: {name|contains: one}\nb: {code: 5}\ncondition: s and b", {"one"}),
    ],
)
def test_what_a_rule_needs(detection: str, words: set[str]) -> None:
    assert needed(detection) == {("l$name", word) for word in words}


@pytest.mark.parametrize(
    "detection",
    [
        "s: {code: 5}\ncondition: s",
        "s: {name: null}\ncondition: s",
        "s: {name|contains: x}\ncondition: not s",
        "s: {name|re: 'a(b|c)d'}\ncondition: s",
        "s: {name|re: 'a+'}\ncondition: s",
        "s: {name|cidr: 10.0.0.0/8}\ncondition: s",
        "s: {doc.a: x}\ncondition: s",
        "s: {name|contains: Ünlü}\ncondition: s",
        "a: {name|contains: one}\nb: {code: 5}\ncondition: a or b",
        "s: {name|exists: true}\ncondition: s",
    ],
)
def test_a_rule_that_needs_no_word(detection: str) -> None:
    assert needed(detection) is None


def test_words_are_sought_where_every_branch_has_one() -> None:
    detection = """
    a: {name|contains: inone, cmd|contains: longer_one}
    b: {name|contains: intwo, device_host|contains: longer_two}
    condition: a or b
    """
    assert needed(detection) == {("l$name", "inone"), ("l$name", "intwo")}


def test_rare_words_share_a_gate_and_usual_ones_do_not() -> None:
    rare = [f"s: {{name|contains: 'a rare word of {n}'}}\ncondition: s" for n in range(40)]
    usual = [f"s: {{name|contains: '{n:02d}'}}\ncondition: s" for n in range(40)]
    groups = _groups(*(rule(d, number=n) for n, d in enumerate(rare + usual)))
    sizes = [len(group.predicates) for group in groups]
    assert sizes[0] > 40
    assert sum(sizes) == 80
    assert groups[0].name
    assert max(sizes[1:]) <= 16


def test_few_rules_have_no_gate() -> None:
    rules = [rule(f"s: {{name|contains: w{n}}}\ncondition: s", number=n) for n in range(FEWEST - 1)]
    (group,) = _groups(*rules)
    assert (group.name, group.test) == (None, None)


def test_one_gate_is_written_once_and_serves_all_its_bitmaps() -> None:
    rules = [
        rule(f"s: {{name|contains: 'a rare word of {n}'}}\ncondition: s", number=n)
        for n in range(70)
    ]
    (query,) = fuse(prepared(*rules).predicates, DUCKDB)
    (name,) = set(re.findall(r'"(g\$[0-9a-f]{12})"', query.sql))
    assert len(re.findall(f'AS "{re.escape(name)}"', query.sql)) == 1
    assert query.sql.count(f'WHEN "{name}" THEN') == len(query.bitmaps) == 2


def test_every_kind_of_word_opens_its_gate() -> None:
    values = ["a*b?c", "x%y_z", "dot.ted", "br[ack]et", "pi|pe", "back\\\\slash", "do$lar^", "é*"]
    rules = [rule(f"s: {{name: '{v}'}}\ncondition: s", number=n) for n, v in enumerate(values)]
    rules += [
        rule(f"s: {{name|contains: '{v}'}}\ncondition: s", number=n)
        for n, v in enumerate(values, 10)
    ]
    texts = ["a\nb\nc", "x%y_z", "dot.ted", "BR[ACK]ET", "pi|pe", "back\\slash", "do$lar^", "éa"]
    found = firing([{"name": text} for text in texts], *rules)
    assert found == [[n, n + 10] for n in range(len(texts))]
    assert any(group.name for group in _groups(*rules))


def test_gated_rules_match_what_ungated_ones_match() -> None:
    gated = 0

    @drawn(3)
    @given(
        trees=st.lists(TREES, min_size=80, max_size=120),
        events=st.lists(EVENTS, min_size=10, max_size=20),
    )
    def compare(trees: list[Tree], events: list[dict[str, Any]]) -> None:
        nonlocal gated
        every = prepared(*(rule(as_rule(tree), number=n) for n, tree in enumerate(trees)))
        needy = tuple(p for p in every.predicates if Weights([p]).best(p.condition) is not None)
        ready = replace(every, predicates=needy)
        # Each rule so often that it has a gate of its own.
        often = replace(every, predicates=needy * FEWEST)
        table = rows_of(events)
        assert [sorted(set(found)) for found in judged(table, often)] == unfused(table, ready)
        gated += sum(len(group.predicates) for group in _of(often.predicates) if group.name)

    compare()
    assert gated > 30 * FEWEST, gated


def _groups(*texts: str) -> list[Group]:
    return _of(prepared(*texts).predicates)


def _of(predicates: Sequence[Predicate]) -> list[Group]:
    question = DUCKDB.question
    assert question is not None
    return list(grouped(predicates, question))


def test_documents_are_read_only_of_rows_that_pass() -> None:
    rules = [
        rule(f"s: {{name: n{n}, doc.a|contains: x{n}}}\ncondition: s", number=n) for n in range(8)
    ]
    other = rule("s: {doc.a: y}\ncondition: s", number=8)
    ready = prepared(*rules, other, rule("s: {name: n1}\ncondition: not s", number=9))
    gated, plain = fused_sql(ready)
    assert 'WHERE REGEXP_MATCHES("l$name", \'(?s)^n0$|^n1$|' in gated
    assert gated.index("WHERE REGEXP_MATCHES") > gated.index('AS "jl$')
    assert "REGEXP_MATCHES" not in plain
    events = [
        {"name": "N1", "doc": {"a": "zx1"}},
        {"name": "n1", "doc": {"a": ["x2", "x1"]}},
        {"name": "n2", "doc": {"a": "y"}},
        {"doc": {"a": "x1"}},
    ]
    assert judged(rows_of(events), ready) == [[1], [1], [8, 9], [9]]


def test_few_readers_of_documents_have_no_query_of_their_own() -> None:
    rules = [rule(f"s: {{name: n{n}, doc.a: x}}\ncondition: s", number=n) for n in range(7)]
    (sql,) = fused_sql(prepared(*rules))
    assert "REGEXP_MATCHES" not in sql
