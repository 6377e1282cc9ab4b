"""What every row is asked first is taken out of conditions, and the meaning stays the same."""

from __future__ import annotations

import re

import pytest

from mantissa.detection.dialects import DUCKDB, TRINO
from mantissa.detection.fuse import fuse
from mantissa.detection.leading import BITMAP_TESTS, LONGEST, Answers, Led, lead
from mantissa.detection.prepare import Predicate
from support.detection import fused_sql, prepared, rule


def predicate(detection: str) -> Predicate:
    (found,) = prepared(rule(detection), dialect=TRINO).predicates
    return found


def led(detection: str) -> Led:
    found = predicate(detection).led
    assert found is not None
    return found


def leading(detection: str) -> list[str]:
    """Return the leading tests of a rule, as SQL."""
    return sorted(test.sql for test in led(detection).tests.values())


@pytest.mark.parametrize(
    ("detection", "tests"),
    [
        ("s: {name: x}\ncondition: s", ["\"l$name\" = 'x'"]),
        ("s: {name|contains: x, cmd: y}\ncondition: s", ["\"l$cmd\" = 'y'"]),
        ("s: {cmd|contains: x, name|endswith: [y, z]}\ncondition: s",
         ["\"l$name\" LIKE '%y' OR \"l$name\" LIKE '%z'"]),
        ("a: {name|contains: x}\nb: {cmd|contains: y}\ncondition: a or b",
         ["\"l$cmd\" LIKE '%y%'", "\"l$name\" LIKE '%x%'"]),
        ("s: {name|contains|all: [x, y]}\ncondition: s",
         ["\"l$name\" LIKE '%x%' AND \"l$name\" LIKE '%y%'"]),
        ("a: {name: x}\nb: {cmd: y}\nc: {doc.k: z}\ncondition: (a or b) and c",
         ["\"l$cmd\" = 'y'", "\"l$name\" = 'x'"]),
        ("s: {name|re: 'a.c', cmd|contains: y}\ncondition: s", ["\"l$cmd\" LIKE '%y%'"]),
        ("s: {name|re: 'a.c', code: 5}\ncondition: s", ["REGEXP_LIKE(\"name\", 'a.c')"]),
    ],
)  # fmt: skip
def test_what_leads(detection: str, tests: list[str]) -> None:
    assert leading(detection) == tests


@pytest.mark.parametrize(
    "detection",
    [
        "s: {code: 5}\ncondition: s",
        "s: {doc.k: x}\ncondition: s",
        "s: {name: x}\ncondition: not s",
        "s: ['a keyword']\ncondition: s",
    ],
)
def test_what_has_no_leading_test(detection: str) -> None:
    assert predicate(detection).led is None


def test_what_is_under_a_negation_stays_there() -> None:
    found = led("s: {name: x}\nf: {cmd: y}\ncondition: s and not f")
    assert [test.sql for test in found.tests.values()] == ["\"l$name\" = 'x'"]
    assert "NOT COALESCE(\"l$cmd\" = 'y', FALSE)" in found.text


def test_marks_are_filled_with_bits_that_say_the_same() -> None:
    rules = ("s: {name: x, code: 5}\ncondition: s", "s: {name: [y, z]}\ncondition: s")
    conditions = [led(text) for text in rules]
    answers = Answers(conditions)
    columns = dict(answers.columns)
    for condition, original in zip(conditions, map(predicate, rules), strict=True):
        assert opened(answers.filled(condition), columns) == original.text


def opened(text: str, columns: dict[str, str]) -> str:
    """Put the tests back in place of their bits."""

    def test_of(found: re.Match[str]) -> str:
        tests = re.findall(r"CASE WHEN (.+?) THEN (\d+) ELSE 0 END", columns[found[1]])
        return next(test for test, bit in tests if bit == found[2])

    return re.sub(r'BITWISE_AND\("(p\$\d+)", (\d+)\) <> 0', test_of, text)


def test_a_literal_that_looks_like_a_mark_stays_a_literal() -> None:
    name = next(iter(led("s: {name: x}\ncondition: s").tests))
    (query,) = fuse(
        prepared(
            rule(f"s: {{name: x, cmd: '\"{name}\"'}}\ncondition: s"),
            rule("s: {name: x, cmd|contains: 'p$0\"'}\ncondition: s", number=2),
            dialect=TRINO,
        ).predicates,
        TRINO,
    )
    assert f"'\"{name}\"'" in query.sql
    assert "LIKE '%p$0\"%'" in query.sql
    assert "\0" not in query.sql


def test_rules_share_their_leading_tests() -> None:
    texts = [
        rule(f"s: {{name|endswith: same, cmd|contains: other{n}}}\ncondition: s", number=n)
        for n in range(5)
    ]
    (query,) = fuse(prepared(*texts, dialect=TRINO).predicates, TRINO)
    assert query.sql.count("LIKE '%same'") == 1
    assert query.sql.count('BITWISE_AND("p$0", 1) <> 0') == 5


def test_many_tests_take_several_bitmaps_of_one_column_each() -> None:
    conditions = [
        led(f"s: {{{c}: x{n}}}\ncondition: s") for n in range(40) for c in ("name", "cmd")
    ]
    columns = list(Answers(conditions).columns)
    assert len(columns) == 4
    for _, sql in columns:
        assert len(set(re.findall(r'"(l\$\w+)"', sql))) == 1
        assert sql.count("CASE WHEN") <= BITMAP_TESTS


def test_a_very_long_condition_stays_as_it_is() -> None:
    values = ", ".join(f"{n:0>200}" for n in range(LONGEST // 200))
    condition = predicate(
        f"s: {{code: 5}}\nf: {{cmd: [{values}]}}\ncondition: s and not f"
    ).condition
    assert lead(condition, "trino") is None


def test_the_laptop_asks_every_combination_once_instead() -> None:
    ready = prepared(rule("s: {name: x}\ncondition: s"))
    assert [p.led for p in ready.predicates] == [None]
    assert all("BITWISE_AND" not in sql for sql in fused_sql(ready))
    assert not DUCKDB.leads
