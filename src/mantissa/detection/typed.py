"""Columns that are not text: numbers, truth values and times, each asked only what it can answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sigma.types import CompareOperators, TimestampPart
from sqlglot import exp

from mantissa.detection.dialects import Dialect, Test
from mantissa.detection.pattern import Pattern
from mantissa.detection.scope import Scope
from mantissa.detection.subject import (
    COMPARE,
    GREATEST,
    DocumentField,
    Number,
    Subject,
    TextColumn,
    match_text,
    number_literal,
    present,
    take_part,
)
from mantissa.detection.syntax import NUMBER
from mantissa.detection.template import any_of, is_null, quoted
from mantissa.errors import RuleError
from mantissa.sources.definition import Binding


def subject_of(binding: Binding, scope: Scope) -> Subject:
    """Choose how a bound field is asked."""
    if binding.type == "json":
        return DocumentField(binding, scope)
    if binding.type == "string":
        return TextColumn(binding.column, scope)
    if binding.type == "timestamp":
        return TimeColumn(binding.column)
    if binding.type == "boolean":
        return FlagColumn(binding.column, scope.dialect)
    return NumberColumn(binding.column, scope.dialect, whole=binding.type == "bigint")


def same_measure(left: Subject, right: Subject) -> exp.Expr | None:
    """Compare two numbers or two times as such; None if they are of other or different kinds."""
    for kind in (NumberColumn, TimeColumn):
        if isinstance(left, kind) and isinstance(right, kind):
            return exp.EQ(this=quoted(left.column), expression=quoted(right.column))
    return None


class NumberColumn:
    """A column of numbers, whole or not."""

    def __init__(self, column: str, dialect: Dialect, *, whole: bool) -> None:
        self.column, self.dialect, self.whole = column, dialect, whole

    def matches(self, patterns: Sequence[Pattern]) -> exp.Expr:
        """Compare as numbers where the text is one as the column would write it."""
        if any(p.is_anything for p in patterns):
            return present(quoted(self.column))
        numbers = [n for p in patterns if p.is_exact for n in self._written(p.text)]
        tests = [self.equals(numbers)] if numbers else []
        wild = [p for p in patterns if not p.is_exact]
        if wild:
            tests.append(match_text(self._as_text(), wild, self.dialect))
        return any_of(tests)

    def _written(self, text: str) -> list[Number]:
        """Return the number that a text is, if the column writes it so."""
        if self.whole:
            return [int(text)] if re.fullmatch("0|-?[1-9][0-9]*", text) else []
        return [float(text)] if re.fullmatch(NUMBER, text) and "\n" not in text else []

    def _as_text(self) -> exp.Expr:
        if not self.whole:
            raise RuleError(f"column {self.column} holds decimal numbers: patterns do not apply")
        return exp.cast(quoted(self.column), "varchar")

    def equals(self, numbers: Sequence[Number]) -> exp.Expr:
        """See `Subject`."""
        fitting = [n for n in numbers if not self.whole or _is_stored(n)]
        if len(fitting) == 1:
            return exp.EQ(this=quoted(self.column), expression=number_literal(fitting[0]))
        if not fitting:
            return exp.false()
        return exp.In(this=quoted(self.column), expressions=[number_literal(n) for n in fitting])

    def is_flag(self, flag: bool) -> exp.Expr:
        """Say that no number is a truth value."""
        return exp.false()

    def compares(self, operator: CompareOperators, number: Number) -> exp.Expr:
        """See `Subject`."""
        return COMPARE[operator](this=quoted(self.column), expression=number_literal(number))

    def searches(self, regex: str) -> exp.Expr:
        """Search the decimal text."""
        return self.dialect.regex(self._as_text(), regex)

    def in_networks(self, cidrs: Sequence[str]) -> exp.Expr:
        """Refuse: a number is no address."""
        raise RuleError(f"column {self.column} holds numbers, not addresses")

    def at(self, part: TimestampPart, compare: type[exp.Binary], number: int) -> exp.Expr:
        """Refuse: what unit the number counts is not known."""
        raise RuleError(f"column {self.column} holds numbers, not times")

    def absent(self) -> exp.Expr:
        """See `Subject`."""
        return is_null(quoted(self.column))

    def with_text(self, use: Test, *, cased: bool = False) -> exp.Expr:
        """See `Subject`."""
        return use(self._as_text())


def _is_stored(number: Number) -> bool:
    """Tell whether a column of whole numbers can hold a number."""
    return abs(number) <= GREATEST and float(number).is_integer()


class FlagColumn:
    """A column of truth values."""

    def __init__(self, column: str, dialect: Dialect) -> None:
        self.column, self.dialect = column, dialect

    def matches(self, patterns: Sequence[Pattern]) -> exp.Expr:
        """Compare the words `true` and `false`."""
        return match_text(self._as_text(), patterns, self.dialect)

    def _as_text(self) -> exp.Expr:
        return exp.cast(quoted(self.column), "varchar")

    def equals(self, numbers: Sequence[Number]) -> exp.Expr:
        """Say that no truth value is a number."""
        return exp.false()

    def is_flag(self, flag: bool) -> exp.Expr:
        """See `Subject`."""
        return exp.EQ(this=quoted(self.column), expression=exp.true() if flag else exp.false())

    def compares(self, operator: CompareOperators, number: Number) -> exp.Expr:
        """Refuse: a truth value has no size."""
        raise RuleError(f"column {self.column} is true or false and has no size")

    def searches(self, regex: str) -> exp.Expr:
        """Search the words `true` and `false`."""
        return self.dialect.regex(self._as_text(), regex)

    def in_networks(self, cidrs: Sequence[str]) -> exp.Expr:
        """Refuse: a truth value is no address."""
        raise RuleError(f"column {self.column} is true or false, not an address")

    def at(self, part: TimestampPart, compare: type[exp.Binary], number: int) -> exp.Expr:
        """Refuse: a truth value is no time."""
        raise RuleError(f"column {self.column} is true or false, not a time")

    def absent(self) -> exp.Expr:
        """See `Subject`."""
        return is_null(quoted(self.column))

    def with_text(self, use: Test, *, cased: bool = False) -> exp.Expr:
        """See `Subject`."""
        return use(self._as_text())


class TimeColumn:
    """A column of times: its parts can be asked, its text cannot, as engines write it differently."""

    def __init__(self, column: str) -> None:
        self.column = column

    def _refuse(self) -> RuleError:
        return RuleError(
            f"column {self.column} is a time: only its parts and its presence can be asked",
            fix="use minute, hour, day, week, month, year or exists",
        )

    def matches(self, patterns: Sequence[Pattern]) -> exp.Expr:
        """Ask for presence; refuse any other pattern."""
        if all(p.is_anything for p in patterns):
            return present(quoted(self.column))
        raise self._refuse()

    def equals(self, numbers: Sequence[Number]) -> exp.Expr:
        """Refuse."""
        raise self._refuse()

    def is_flag(self, flag: bool) -> exp.Expr:
        """Refuse."""
        raise self._refuse()

    def compares(self, operator: CompareOperators, number: Number) -> exp.Expr:
        """Refuse."""
        raise self._refuse()

    def searches(self, regex: str) -> exp.Expr:
        """Refuse."""
        raise self._refuse()

    def in_networks(self, cidrs: Sequence[str]) -> exp.Expr:
        """Refuse."""
        raise self._refuse()

    def at(self, part: TimestampPart, compare: type[exp.Binary], number: int) -> exp.Expr:
        """See `Subject`."""
        return take_part(quoted(self.column), part, compare, number)

    def absent(self) -> exp.Expr:
        """See `Subject`."""
        return is_null(quoted(self.column))

    def with_text(self, use: Test, *, cased: bool = False) -> exp.Expr:
        """Refuse."""
        raise self._refuse()
