"""The tests that every row is asked, answered once for each value of their column.

A rule asks one thing first: is the image one of these, does the command line hold that? The rest
is reached on hardly any row. Trino judges an expression on a single column once for each entry of
the column's dictionary, and logs repeat. So such leading tests become bits of bitmaps, one column
in each, in an inner query, whatever rules share them:

    CASE WHEN BITWISE_AND("p$0", 4) <> 0 AND … THEN 1 ELSE 0 END + …
    FROM (SELECT *, CASE WHEN t0 THEN 1 ELSE 0 END + CASE WHEN t1 THEN 2 ELSE 0 END + … AS "p$0" …)

A bit says false where a test says NULL. That is the same here: leading tests stand under AND and OR
only, and a condition that is NULL selects nothing, as one that is false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlglot import exp

from mantissa.detection.keyword import RAW
from mantissa.detection.template import all_of, any_of, quoted

BITMAP_TESTS = 30
BITMAP_BYTES = 1_500
LONGEST = 30_000
"""Bytes that a condition may come to; one that is longer stays as it is."""
_MARK = "\0"
"""Begins the name that stands for a test. No SQL text holds a NUL, so no literal looks like one."""
_MARKS = re.compile(f'"{_MARK}([0-9a-f]+)"')
_MARK_BYTES = len('BITWISE_AND("p$00", 1073741824) <> 0')
_BIT_BYTES = len("CASE WHEN  THEN 1073741824 ELSE 0 END + ")


@dataclass(frozen=True)
class LeadingTest:
    """A test on one column, as SQL."""

    column: str
    sql: str

    @property
    def size(self) -> int:
        """Bytes of its bit."""
        return len(self.sql.encode()) + _BIT_BYTES


@dataclass(frozen=True)
class Led:
    """A condition with marks where its leading tests were.

    Args:
        tests: by the name in the mark.
    """

    text: str
    tests: Mapping[str, LeadingTest]

    @property
    def size(self) -> int:
        """Bytes of what is left of the condition."""
        return len(self.text.encode()) + _MARK_BYTES * self.text.count(_MARK)


def lead(condition: exp.Expr, dialect: str) -> Led | None:
    """Take the leading tests out of a condition; None if it has none."""
    tests: dict[str, LeadingTest] = {}

    def mark(test: exp.Expr) -> exp.Expr:
        sql = test.sql(dialect=dialect)
        name = sha256(sql.encode()).hexdigest()[:16]
        tests[name] = LeadingTest(str(_column(test)), sql)
        return quoted(_MARK + name)

    led = Led(_led(condition.copy(), mark).sql(dialect=dialect), tests)
    whole = led.size + sum(test.size for test in tests.values())
    return led if tests and whole <= LONGEST else None


class Answers:
    """The bitmaps of a query's leading tests."""

    def __init__(self, conditions: Iterable[Led]) -> None:
        tests = {name: test for led in conditions for name, test in led.tests.items()}
        self._bitmaps = list(_packed(tests))
        self._places = {
            name: f'BITWISE_AND("p${number}", {1 << bit}) <> 0'
            for number, bitmap in enumerate(self._bitmaps)
            for bit, name in enumerate(bitmap)
        }
        self._tests = tests

    @property
    def columns(self) -> Iterator[tuple[str, str]]:
        """(name, SQL) of every bitmap."""
        for number, bitmap in enumerate(self._bitmaps):
            bits = [
                f"CASE WHEN {self._tests[name].sql} THEN {1 << bit} ELSE 0 END"
                for bit, name in enumerate(bitmap)
            ]
            yield f"p${number}", " + ".join(bits)

    def filled(self, led: Led) -> str:
        """Write a condition with its bits in place of the marks."""
        return _MARKS.sub(lambda mark: self._places[mark[1]], led.text)


def _packed(tests: Mapping[str, LeadingTest]) -> Iterator[list[str]]:
    """Pack tests into bitmaps, those on one column together."""
    bitmap: list[str] = []
    size = 0
    for name, test in sorted(tests.items(), key=lambda entry: (entry[1].column, entry[0])):
        other = bitmap and tests[bitmap[0]].column != test.column
        full = len(bitmap) == BITMAP_TESTS or size + test.size > BITMAP_BYTES
        if bitmap and (other or full):
            yield bitmap
            bitmap, size = [], 0
        bitmap.append(name)
        size += test.size
    if bitmap:
        yield bitmap


def _led(node: exp.Expr, mark: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Rebuild a condition around its leading tests."""
    if _column(node):
        return mark(node)
    match node:
        case exp.Paren():
            return exp.Paren(this=_led(node.this, mark))
        case exp.Or():
            return any_of([_led(part, mark) for part in _parts(node)])
        case exp.And():
            first, rest = _first(_parts(node))
            return all_of([_led(first, mark), *rest]) if first else node
    return node


def _parts(node: exp.Connector) -> list[exp.Expr]:
    """Return what a connector joins, without parentheses."""
    return [part.unnest() for part in node.flatten()]


def _first(parts: Sequence[exp.Expr]) -> tuple[exp.Expr | None, list[exp.Expr]]:
    """Choose what to ask first, of all tests on one column together; None if nothing leads."""
    groups: dict[str, list[exp.Expr]] = {}
    for number, part in enumerate(parts):
        groups.setdefault(_column(part) or f"{_MARK}{number}", []).append(part)
    choices = [group for group in groups.values() if all(map(_leads, group))]
    if not choices:
        return None, []
    chosen = min(choices, key=_rank)
    return all_of(list(chosen)), [part for part in parts if not any(part is c for c in chosen)]


def _leads(part: exp.Expr) -> bool:
    """Whether a part is a test on one column, or such tests joined with OR."""
    if isinstance(part, exp.Or):
        return _column(part) is not None or all(map(_column, _parts(part)))
    return _column(part) is not None


def _rank(group: Sequence[exp.Expr]) -> tuple[bool, bool, int]:
    """Order choices: what needs no search first, then what asks for fewer values."""
    tests = [test for part in group for test in part.find_all(*_TESTS)]
    slow = any(isinstance(test, exp.RegexpLike | exp.Anonymous) for test in tests)
    return slow, any(map(_searches, tests)), len(tests)


_TESTS = (exp.Like, exp.EQ, exp.In, exp.RegexpLike, exp.Anonymous)


def _searches(test: exp.Expr) -> bool:
    pattern = test.args.get("expression")
    if not isinstance(test, exp.Like) or not isinstance(pattern, exp.Literal):
        return isinstance(test, exp.Like)
    return "%" in pattern.name[1:]


def _column(test: exp.Expr) -> str | None:
    """Return the one column that a test is on, if its values are texts that may repeat."""
    if isinstance(test, exp.Not | exp.Boolean):
        return None
    bound = {name.name for each in test.find_all(exp.Lambda) for name in each.expressions}
    names = {column.name for column in test.find_all(exp.Column)} - bound
    if len(names) != 1:
        return None
    (name,) = names
    if "$" not in name:
        return name if name != RAW and test.find(exp.Like, exp.RegexpLike) else None
    return name if name.startswith("l$") and name != f"l${RAW}" else None
