"""Regular expressions: shortened without another meaning, and those slow on Athena named."""

from __future__ import annotations

import random

import duckdb
import pytest

from mantissa.detection.check import check_rules
from mantissa.detection.regex_tokens import tokens, trimmed
from mantissa.detection.slow_regex import why_slow
from support.detection import SPEC, condition, parsed, rule

PIECES = ["a", "b", ".", "[ab]", "[^a]", "\\w", "\\n", "x", "\\.", "[]a]", "^", "$", "\\b"]
REPEATS = ["", "", "", "*", "+", "?", "{2}", "{2,}", "{0,1}", "{1,3}", "*?", "+?", "{2,}?"]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("(.){200,}", ".{200,}"),
        ("(?i)(?:\\w)+x", "(?i)\\wx"),
        (".*foo.*", "foo"),
        ("^.*foo.+$", "^.*foo.+$"),
        ("foo.*|bar.+", "foo.*|bar."),
        (".*|foo", ".*|foo"),
        ("(.*)foo", "(.*)foo"),
        ("a(bc)*", "a(bc)*"),
        ("foo[^\\]x]{1,9}?", "foo[^\\]x]"),
        ("foo\\{2,}", "foo\\{2,}"),
        ("\\[a]*", "\\[a"),
        ("\\Qa.*\\E", "\\Qa.*\\E"),
        (".*", ".*"),
        ("x+", "x"),
        ("", ""),
    ],
)
def test_what_a_search_can_do_without_goes(expression: str, wanted: str) -> None:
    assert trimmed(expression) == wanted


def test_shortened_expressions_are_found_in_the_same_texts() -> None:
    rng = random.Random(5)
    texts = ["".join(rng.choices("abx.\n ]", k=rng.randrange(7))) for _ in range(150)]
    connection = duckdb.connect()
    connection.execute("CREATE TABLE t AS SELECT unnest($1) AS text", [texts])
    shorter = 0
    for _ in range(400):
        expression = _random(rng)
        assert "".join(t.text + t.repeated for t in tokens(expression)) == expression
        short = trimmed(expression)
        shorter += short != expression
        differ = connection.execute(
            "SELECT text FROM t WHERE regexp_matches(text, $1) <> regexp_matches(text, $2)",
            [expression, short],
        ).fetchall()
        assert differ == [], (expression, short)
    assert shorter > 100


def _random(rng: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(rng.randrange(1, 4)):
        kind = rng.random()
        if kind < 0.2 and depth < 2:
            parts.append(f"({_random(rng, depth + 1)}){rng.choice(REPEATS)}")
        else:
            piece = rng.choice(PIECES)
            parts.append(piece if piece in ("^", "$", "\\b") else piece + rng.choice(REPEATS))
        if kind > 0.9:
            parts.append("|")
    text = "".join(parts)
    return text[:-1] if text.endswith("|") else text


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("a.*b.*c", "2 open-ended repetitions"),
        ("(a.*b)[^x]+c\\S*d", "2 open-ended repetitions"),
        ("(a+)+b", "a repetition within a repetition"),
        ("(ab){100,}c", "a group repeated 100 times"),
    ],
)
def test_slow_expressions_are_known(expression: str, reason: str) -> None:
    assert why_slow(expression).startswith(reason)


@pytest.mark.parametrize(
    "expression",
    [
        ".*a.*b.*",
        "a.*b|c.*d|e.*f",
        "(.){200,}",
        "(ab+)+c+",
        "a[^/]*b[^/]*c",
        "a.{0,200}b.{0,9}c.{1,5}d",
        "\\w+",
    ],
)
def test_others_are_not(expression: str) -> None:
    assert why_slow(expression) == ""


def test_the_check_names_the_rule_the_field_and_the_way_out() -> None:
    (doubt,) = check_rules(
        parsed(rule("s: {name|re|i: 'a.*b.*c.*d'}\ncondition: s", number=1)), [SPEC]
    ).doubts
    assert doubt.line > 1
    assert "field 'name': the expression '(?i)a.*b.*c.*d'" in doubt.reason
    assert "slow on Athena; bound it" in doubt.reason


def test_trino_is_asked_the_shorter_one() -> None:
    assert condition("s: {name|re: '(.){200,}'}\ncondition: s") == (
        "REGEXP_LIKE(\"name\", '.{200,}')"
    )
