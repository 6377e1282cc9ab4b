"""Conditions in plain words: nothing is lost, nothing is turned around."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
)
from sigma.types import SigmaNumber

from mantissa.detection.words import Group, Say, Words, lines, say, say_conditions
from support.detection import parsed, rule


def told(detection: str) -> list[str]:
    (found,) = parsed(rule(detection)).rules
    return [line.strip() for line in lines(say_conditions(found.conditions))]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("name: bob", 'name is "bob"'),
        ("name: [bob, eve]", 'name is one of: "bob", "eve"'),
        ("name|contains: bob", 'name contains "bob"'),
        ("name|contains|all: [bob, eve]", 'name contains all of: "bob", "eve"'),
        ("name|startswith: bob", 'name begins with "bob"'),
        ("name|endswith: bob", 'name ends with "bob"'),
        ("name: 'b*b?'", 'name is like "b*b?"'),
        ("name: '*'", "name has any text"),
        ("name|cased: bob", 'name is "bob" (case matters)'),
        ("name: null", "name is absent"),
        ("name|exists: true", "name is present"),
        ("name|exists: false", "name is absent"),
        ("code: 5", "code is 5"),
        ("code|gte: 5", "code is at least 5"),
        ("ok: true", "ok is true"),
        ("ip|cidr: 192.0.2.0/24", "ip is in the network 192.0.2.0/24"),
        ("name|re: 'b.b'", "name matches the expression /b.b/"),
        ("name|fieldref: cmd", "name equals the field cmd"),
    ],
)
def test_one_test_as_words(test: str, words: str) -> None:
    assert told(f"s:\n  {test}\ncondition: s") == [f"- {words}"]


def test_a_word_without_a_field_is_looked_for_in_the_record() -> None:
    assert told("s: [tuesday, '*friday*']\ncondition: s") == [
        '- the record\'s text contains one of: "tuesday", "friday"'
    ]


def test_what_must_not_be_is_said_so() -> None:
    text = "s: {name: bob}\nf: {cmd|contains: [a, b]}\ncondition: s and not f"
    assert told(text) == [
        "- all of these hold:",
        '- name is "bob"',
        '- cmd does not contain any of: "a", "b"',
    ]


def test_a_long_list_is_cut_for_people_and_whole_for_machines() -> None:
    names = [f"n{n}" for n in range(40)]
    (found,) = parsed(rule(f"s: {{name: [{', '.join(names)}]}}\ncondition: s")).rules
    words = say_conditions(found.conditions)
    assert "(28 more)" in next(lines(words))
    assert words.to_json()["values"] == [f'"{name}"' for name in names]


FIELDS, VALUES = ("a", "b"), (1, 2, 3)
LEAVES = [
    ConditionFieldEqualsValueExpression(field, SigmaNumber(value))
    for field, value in itertools.product(FIELDS, VALUES)
]
TREES = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.builds(lambda arg: ConditionNOT([arg]), inner)
        | st.builds(ConditionAND, st.lists(inner, min_size=1, max_size=3))
        | st.builds(ConditionOR, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=12,
)


@given(TREES, st.frozensets(st.sampled_from(list(itertools.product(FIELDS, map(str, VALUES))))))
def test_words_mean_what_the_condition_means(tree: Any, true: frozenset[tuple[str, str]]) -> None:
    assert holds(say(tree), true) == is_true(tree, true)


def holds(words: Words, true: frozenset[tuple[str, str]]) -> bool:
    """Judge words where exactly these (field, value) are so."""
    if isinstance(words, Say):
        answers = [(words.field, value) in true for value in words.values]
        return (all(answers) if words.every else any(answers)) != words.negated
    assert isinstance(words, Group)
    if words.kind == "not":
        return not holds(words.members[0], true)
    return (all if words.kind == "all" else any)(holds(m, true) for m in words.members)


def is_true(tree: Any, true: frozenset[tuple[str, str]]) -> bool:
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        assert isinstance(tree.value, SigmaNumber)
        return (tree.field, str(tree.value.number)) in true
    answers = [is_true(arg, true) for arg in tree.args]
    if isinstance(tree, ConditionNOT):
        return not answers[0]
    return all(answers) if isinstance(tree, ConditionAND) else any(answers)
