"""What a Sigma value asks of a column, column type by column type.

Sigma compares texts; a typed column must answer as its text would, without the engines' own
conversions, which differ. What cannot be asked of a type alike on every engine is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sigma.types import CompareOperators, TimestampPart
from sqlglot import exp

from mantissa.detection.dialects import Dialect, Test
from mantissa.detection.pattern import Pattern, like, literal
from mantissa.detection.scope import Scope
from mantissa.detection.template import any_of, call, is_null, quoted
from mantissa.errors import RuleError
from mantissa.sources.definition import Binding

Number = int | float
GREATEST = 2**63 - 1
"""The greatest whole number that engines store, and take as a literal."""
COMPARE: dict[CompareOperators, type[exp.Binary]] = {
    CompareOperators.LT: exp.LT,
    CompareOperators.LTE: exp.LTE,
    CompareOperators.GT: exp.GT,
    CompareOperators.GTE: exp.GTE,
    CompareOperators.NEQ: exp.NEQ,
}


class Subject(Protocol):
    """What a rule can ask of one field; each answer is a condition."""

    def matches(self, patterns: Sequence[Pattern]) -> exp.Expr:
        """Ask whether the field's text matches any pattern."""
        ...

    def equals(self, numbers: Sequence[Number]) -> exp.Expr:
        """Ask whether the field is any of these numbers."""
        ...

    def is_flag(self, flag: bool) -> exp.Expr:
        """Ask whether the field is true, or false."""
        ...

    def compares(self, operator: CompareOperators, number: Number) -> exp.Expr:
        """Compare the field as a number."""
        ...

    def searches(self, regex: str) -> exp.Expr:
        """Search the field's text for an RE2 expression."""
        ...

    def in_networks(self, cidrs: Sequence[str]) -> exp.Expr:
        """Ask whether the field is an address in any of these networks."""
        ...

    def at(self, part: TimestampPart, compare: type[exp.Binary], number: int) -> exp.Expr:
        """Compare a part of the field's time, in UTC."""
        ...

    def absent(self) -> exp.Expr:
        """Ask whether the record lacks the field."""
        ...

    def with_text(self, use: Test, *, cased: bool = False) -> exp.Expr:
        """Apply a condition to the field's text, in lower case unless it is to be cased."""
        ...


def decimal(number: Number) -> str:
    """Write a number as Sigma and JSON write it."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else str(number)


def present(value: exp.Expr) -> exp.Expr:
    """Ask whether a value is there."""
    return exp.Not(this=is_null(value))


def match_text(text: exp.Expr, patterns: Sequence[Pattern], dialect: Dialect) -> exp.Expr:
    """Compare one text with patterns of one case: equality where that is enough."""
    if any(p.is_anything for p in patterns):
        return present(text)
    exact = [p for p in patterns if p.is_exact]
    loose = [p for p in patterns if not p.is_exact]
    tests: list[exp.Expr] = []
    if len(exact) > dialect.most_listed:
        loose += exact
    elif len(exact) > 1:
        values = [literal(p.text, engine_lowers=p.engine_lowers) for p in exact]
        tests.append(exp.In(this=text.copy(), expressions=values))
    elif exact:
        tests.append(like(text.copy(), exact[0]))
    if loose:
        tests.append(dialect.matches_any(text, loose))
    return any_of(tests)


def take_part(
    moment: exp.Expr, part: TimestampPart, compare: type[exp.Binary], number: int
) -> exp.Expr:
    """Compare a part of a time."""
    return compare(this=call(part.name, moment), expression=number_literal(number))


def number_literal(number: Number) -> exp.Expr:
    """Return a numeric literal; exact decimals stay decimals, what no 64 bits hold is a double."""
    if abs(number) > GREATEST:
        number = float(number)
    value = exp.Literal.number(abs(number) if isinstance(number, int) else repr(abs(number)))
    return exp.Neg(this=value) if number < 0 else value


def by_case(patterns: Sequence[Pattern]) -> list[tuple[bool, list[Pattern]]]:
    """Group patterns by whether case matters."""
    groups = [(cased, [p for p in patterns if p.cased is cased]) for cased in (False, True)]
    return [(cased, group) for cased, group in groups if group]


class TextColumn:
    """A column of text."""

    def __init__(self, column: str, scope: Scope) -> None:
        self.column, self.scope, self.dialect = column, scope, scope.dialect

    def matches(self, patterns: Sequence[Pattern]) -> exp.Expr:
        """See `Subject`."""
        return any_of(
            [
                match_text(self._text(cased), group, self.dialect)
                for cased, group in by_case(patterns)
            ]
        )

    def equals(self, numbers: Sequence[Number]) -> exp.Expr:
        """Compare the decimal text."""
        return match_text(quoted(self.column), _decimals(numbers), self.dialect)

    def is_flag(self, flag: bool) -> exp.Expr:
        """See `Subject`."""
        return self.matches([Pattern((str(flag).lower(),))])

    def compares(self, operator: CompareOperators, number: Number) -> exp.Expr:
        """Compare what the text writes as a number; other text compares with nothing."""
        value = self.dialect.number(quoted(self.column))
        return COMPARE[operator](this=value, expression=number_literal(number))

    def searches(self, regex: str) -> exp.Expr:
        """See `Subject`."""
        return self.dialect.regex(quoted(self.column), regex)

    def in_networks(self, cidrs: Sequence[str]) -> exp.Expr:
        """See `Subject`."""
        address = self.scope.address(self.column)
        return any_of([self.dialect.in_network(address, cidr) for cidr in cidrs])

    def at(self, part: TimestampPart, compare: type[exp.Binary], number: int) -> exp.Expr:
        """Read the text as an ISO 8601 time."""
        return take_part(self.dialect.moment(quoted(self.column)), part, compare, number)

    def absent(self) -> exp.Expr:
        """See `Subject`."""
        return is_null(quoted(self.column))

    def with_text(self, use: Test, *, cased: bool = False) -> exp.Expr:
        """See `Subject`."""
        return use(self._text(cased))

    def _text(self, cased: bool) -> exp.Expr:
        return quoted(self.column) if cased else self.scope.lowered(self.column)


def _decimals(numbers: Sequence[Number]) -> list[Pattern]:
    """Return how texts write numbers; a whole one may have been written as `2.0`."""
    texts = [form for number in numbers for form in _forms(decimal(number))]
    return [Pattern((text,), cased=True) for text in texts]


def _forms(text: str) -> list[str]:
    return [text, f"{text}.0"] if text.lstrip("-").isdigit() else [text]


class DocumentField:
    """A field inside a JSON column, or the column's whole document: any of its values may match."""

    def __init__(self, binding: Binding, scope: Scope) -> None:
        if "*" in binding.path:
            raise RuleError("in a path of DuckDB's a member called '*' means every member")
        self.binding, self.scope, self.dialect = binding, scope, scope.dialect

    def matches(self, patterns: Sequence[Pattern]) -> exp.Expr:
        """See `Subject`."""
        if any(p.is_anything for p in patterns):
            return self.dialect.has_value(self._values(lowered=False))
        return any_of([self._match(cased, group) for cased, group in by_case(patterns)])

    def _match(self, cased: bool, group: list[Pattern]) -> exp.Expr:
        return self._any(lambda v: match_text(v, group, self.dialect), lowered=not cased)

    def equals(self, numbers: Sequence[Number]) -> exp.Expr:
        """Compare the decimal text."""
        return self._match(True, _decimals(numbers))

    def is_flag(self, flag: bool) -> exp.Expr:
        """See `Subject`."""
        return self.matches([Pattern((str(flag).lower(),))])

    def compares(self, operator: CompareOperators, number: Number) -> exp.Expr:
        """Compare what the text writes as a number; other text compares with nothing."""
        right, compare = number_literal(number), COMPARE[operator]
        return self._any(lambda v: compare(this=self.dialect.number(v), expression=right.copy()))

    def searches(self, regex: str) -> exp.Expr:
        """See `Subject`."""
        return self._any(lambda v: self.dialect.regex(v, regex))

    def in_networks(self, cidrs: Sequence[str]) -> exp.Expr:
        """See `Subject`."""

        def inside(key: exp.Expr) -> exp.Expr:
            return any_of([self.dialect.in_network(key, cidr) for cidr in cidrs])

        keys = self.scope.addresses(self.binding)
        return self.dialect.any_value(keys, f"v_{keys.name.partition('$')[2]}", inside)

    def at(self, part: TimestampPart, compare: type[exp.Binary], number: int) -> exp.Expr:
        """Read the text as an ISO 8601 time."""
        return self._any(lambda v: take_part(self.dialect.moment(v), part, compare, number))

    def absent(self) -> exp.Expr:
        """See `Subject`."""
        return exp.Not(this=self.dialect.has_value(self._values(lowered=False)))

    def with_text(self, use: Test, *, cased: bool = False) -> exp.Expr:
        """See `Subject`."""
        return self._any(use, lowered=not cased)

    def _values(self, *, lowered: bool) -> exp.Expr:
        return self.scope.values(self.binding, lowered=lowered)

    def _any(self, test: Test, *, lowered: bool = False) -> exp.Expr:
        values = self._values(lowered=lowered)
        return self.dialect.any_value(values, f"v_{values.name.partition('$')[2]}", test)
