"""Pieces of DuckDB's SQL as sqlglot nodes, and templates in which `_1`, `_2` … are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from sqlglot import exp

from mantissa.ask.trino.kinds import Kind, read_kind

MAX_WEIGHT = 20_000
"""Nodes of one expression; shims that use an argument twice double what is in it."""


@dataclass(frozen=True, slots=True)
class Value:
    """A typed expression as DuckDB runs it.

    Args:
        node: to be placed once; take a `copy()` for any further place.
        weight: how many nodes it has once every shim is spelt out.
        nan: whether it can be NaN, which DuckDB compares in its own way.
        rough: whether its last digits may differ between the engines.
        source: what the user wrote, for literals that must be known.
    """

    node: exp.Expr = field(compare=False)
    kind: Kind
    weight: int = 1
    nan: bool = False
    rough: bool = False
    source: exp.Expr | None = field(default=None, compare=False)

    @property
    def literal(self) -> str | None:
        """The text of a text literal, if it is one."""
        plain = self.source
        while isinstance(plain, exp.Paren):
            plain = plain.this
        is_text = isinstance(plain, exp.Literal) and plain.is_string
        return str(plain.this) if is_text and plain is not None else None

    @property
    def number(self) -> int | None:
        """The value of a whole-number literal, a sign before it included."""
        plain, sign = self.source, 1
        while isinstance(plain, (exp.Paren, exp.Neg)):
            sign = -sign if isinstance(plain, exp.Neg) else sign
            plain = plain.this
        if isinstance(plain, exp.Literal) and not plain.is_string and plain.this.isdecimal():
            return sign * int(plain.this)
        return None


_TYPES = {
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "json": "VARCHAR",
    "varbinary": "BLOB",
    "ipaddress": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "interval_day": "INTERVAL",
    "interval_month": "INTERVAL",
    "unknown": "INTEGER",
}
"""JSON is its canonical text, an address its 16 bytes."""


def duck_type(kind: Kind) -> str:
    """Return DuckDB's name of the type that holds a Trino type's values."""
    if kind.name == "array":
        return f"{duck_type(kind.inner[0])}[]"
    if kind.name == "map":
        return f"MAP({', '.join(duck_type(k) for k in kind.inner)})"
    if kind.name == "row":
        named = zip(field_names(kind), kind.inner, strict=True)
        return f"STRUCT({', '.join(f'{_quoted(name)} {duck_type(k)}' for name, k in named)})"
    if kind.name == "decimal":
        return f"DECIMAL({kind.size[0]}, {kind.size[1]})"
    return _TYPES[kind.name]


def field_names(kind: Kind) -> list[str]:
    """Return the names of a row's fields in DuckDB, where each must have one."""
    return [name or f"field{n}" for n, name in enumerate(kind.fields)]


def text(value: str) -> exp.Expr:
    """Return a text literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expr:
    """Return a whole number."""
    return exp.Literal.number(value)


def fn(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a DuckDB function or of one of our shims."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast(node: exp.Expr, kind: Kind) -> exp.Expr:
    """Return a DuckDB cast."""
    return exp.Cast(this=node, to=named_type(duck_type(kind)))


def named_type(name: str) -> exp.DataType:
    """Return a type that is spelt just so."""
    return exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=name)


def weigh(node: exp.Expr) -> int:
    """Count a tree's nodes, shims spelt out."""
    from mantissa.ask.trino.shims import uses

    total = 0
    todo = [(node, 1)]
    while todo and total <= MAX_WEIGHT:
        one, times = todo.pop()
        counts = uses(one.name) if isinstance(one, exp.Anonymous) else None
        total += times * (counts[0] if counts else 1)
        if counts:
            todo += [(a, times * n) for a, n in zip(one.expressions, counts[1], strict=True)]
        else:
            todo += [(child, times) for child in one.iter_expressions()]
    return total


def filled(template: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a template with its arguments in place, each as often as it is used."""
    tree = _template(template).copy()
    for column in list(tree.find_all(exp.Column)):
        name = column.name
        if name[:1] == "_" and name[1:].isdecimal():
            argument = arguments[int(name[1:]) - 1]
            made = paren(argument.copy() if argument.parent else argument)
            if isinstance(made, (exp.Binary, exp.Not, exp.Neg, exp.Between, exp.In)):
                made = exp.Paren(this=made)
            if column is tree:
                return made
            column.replace(made)
    return tree


@lru_cache(maxsize=1024)
def _template(template: str) -> exp.Expr:
    from mantissa.ask.trino.queries import read_expression

    tree = read_expression(template)
    for made in tree.find_all(exp.Cast):
        made.set("to", named_type(duck_type(read_kind(made.args["to"].args["kind"]))))
    for call in tree.find_all(exp.Anonymous):
        call.set("this", call.name.lower())
    return tree


def paren(node: exp.Expr) -> exp.Expr:
    """Return a node in brackets if it has an operator."""
    operators = (exp.Binary, exp.Not, exp.Neg, exp.Between, exp.In)
    plain = isinstance(node, exp.PropertyEQ) or not isinstance(node, operators)
    return node if plain else exp.Paren(this=node)


def column(name: str, table: str) -> exp.Column:
    """Return a column, quoted."""
    return exp.column(
        exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True)
    )


def all_of(tests: Sequence[exp.Expr]) -> exp.Expr:
    """Return the conjunction of tests."""
    found = tests[0]
    for test in tests[1:]:
        found = exp.And(this=paren(found), expression=paren(test))
    return found


def any_of(tests: Sequence[exp.Expr]) -> exp.Expr:
    """Return the disjunction of tests."""
    found = tests[0]
    for test in tests[1:]:
        found = exp.Or(this=paren(found), expression=paren(test))
    return found


def fails(reason: str, kind: Kind) -> exp.Expr:
    """Return a value that stops the query when it is reached; it cannot be folded into a NULL."""
    broken = exp.Cast(this=text(f"mantissa: {reason}"), to=named_type("INTEGER"))
    if duck_type(kind) in ("INTEGER", "BIGINT", "DOUBLE"):
        return broken
    words = exp.Cast(this=broken, to=named_type("VARCHAR"))
    return (
        words
        if duck_type(kind) == "VARCHAR"
        else exp.Cast(this=words, to=named_type(duck_type(kind)))
    )


def case(*pairs: tuple[exp.Expr, exp.Expr], default: exp.Expr | None = None) -> exp.Expr:
    """Return CASE WHEN … THEN … ELSE … END."""
    return exp.Case(ifs=[exp.If(this=test, true=then) for test, then in pairs], default=default)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
