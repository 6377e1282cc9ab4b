"""Fixed pieces of engine SQL, written as SQL, parsed once and filled with expressions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sqlglot import exp, parse_one

SEARCHABLE = "subject"
"""The name that most pieces give the text they work on."""


@cache
def _parsed(sql: str, dialect: str) -> exp.Expr:
    return parse_one(sql, dialect=dialect)


def fill(sql: str, dialect: str, **values: exp.Expr) -> exp.Expr:
    """Parse a constant piece of SQL and put expressions in the place of the columns so named."""

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in values and not node.table:
            return values[node.name].copy()
        return node

    return _parsed(sql, dialect).transform(replace)


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Call an engine's function by its name, untouched by dialect translation."""
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def lambda_(variable: str, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Build a one-argument lambda."""
    name = exp.to_identifier(variable)
    return exp.Lambda(this=body(exp.column(name.copy())), expressions=[name])


def any_of(tests: list[exp.Expr]) -> exp.Expr:
    """Join conditions with OR; none at all is false."""
    return _joined(exp.Or, tests, exp.false())


def all_of(tests: list[exp.Expr]) -> exp.Expr:
    """Join conditions with AND; none at all is true."""
    return _joined(exp.And, tests, exp.true())


def _joined(kind: type[exp.Connector], tests: list[exp.Expr], empty: exp.Expr) -> exp.Expr:
    """Join as a balanced tree, so that long lists stay shallow for every parser."""
    if not tests:
        return empty
    if len(tests) == 1:
        return tests[0]
    middle = len(tests) // 2
    left, right = (_joined(kind, half, empty) for half in (tests[:middle], tests[middle:]))
    return kind(this=_grouped(left, kind), expression=_grouped(right, kind))


def _grouped(test: exp.Expr, kind: type[exp.Connector]) -> exp.Expr:
    """Put a connector of the other kind in parentheses."""
    loose = isinstance(test, exp.Connector) and not isinstance(test, kind)
    return exp.Paren(this=test) if loose else test


def negated(test: exp.Expr) -> exp.Expr:
    """Negate in two-valued logic: what is unknown is not so, therefore its negation is."""
    return exp.Not(this=exp.Coalesce(this=test, expressions=[exp.false()]))


def quoted(name: str) -> exp.Column:
    """Name a column, always quoted."""
    return exp.column(exp.to_identifier(name, quoted=True))


def is_null(value: exp.Expr) -> exp.Expr:
    """Ask whether a value is absent."""
    return exp.Is(this=value, expression=exp.null())
