"""What names mean where: the columns in reach of an expression, and Trino's way to find one."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from mantissa.ask.trino.duck import field_names, fn, text
from mantissa.ask.trino.kinds import Kind
from mantissa.errors import GuardRefused

_COUNTER = itertools.count()
SCOPE = "mantissa_scope"
AGGREGATE = "mantissa_aggregate"
"""Keys of a node's meta: the scope a column belongs to; whether a call is an aggregate."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that an expression can name.

    Args:
        name: as written, empty if it has none.
        table: the alias that it can be qualified with, or nothing.
        origin: the table's own name, for messages.
        node: what names it in DuckDB's SQL.
    """

    name: str
    kind: Kind
    node: exp.Expr
    table: str = ""
    origin: str = ""
    nan: bool = False
    rough: bool = False

    def answers(self, name: str, table: str) -> bool:
        """Tell whether a column reference means this."""
        if self.name.lower() != name.lower() or not self.name:
            return False
        return not table or self.table.lower() == table.lower()


@dataclass
class Scope:
    """The fields of one FROM, of a lambda's parameters, or of a query's output."""

    fields: Sequence[Field]
    parent: Scope | None = None
    is_lambda: bool = False
    aliases: frozenset[str] = frozenset()
    number: int = field(default_factory=lambda: next(_COUNTER))
    correlated: bool = False

    def around(self) -> Iterator[Scope]:
        """Yield this scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


def find(scope: Scope, name: str, table: str = "") -> tuple[Field, Scope] | None:
    """Return the field that a name means. Raises `GuardRefused` if it could be several."""
    for level in scope.around():
        found = [f for f in level.fields if f.answers(name, table)]
        if len(found) > 1:
            raise _ambiguous(name, found)
        if found:
            return found[0], level
    return None


def resolve(scope: Scope, name: str, table: str) -> tuple[Field, Scope]:
    """Return what a column reference means; `a.b` may be the field b of a row a.

    Raises `GuardRefused` (code `column`).
    """
    found = find(scope, name, table)
    if found is not None:
        return found
    if table and (outer := find(scope, table)) is not None and outer[0].kind.name == "row":
        return _member(outer[0], name), outer[1]
    raise _unknown(scope, name, table)


def _member(outer: Field, name: str) -> Field:
    kind, node = member(outer.kind, outer.node.copy(), name)
    return replace(outer, name=name, kind=kind, node=node)


def member(kind: Kind, node: exp.Expr, name: str) -> tuple[Kind, exp.Expr]:
    """Return a row's field. Raises `GuardRefused` (code `column`)."""
    places = [n for n, label in enumerate(kind.fields) if label.lower() == name.lower() and label]
    if len(places) != 1:
        near = ", ".join(label for label in kind.fields if label)
        raise GuardRefused(
            f"no field {name} in this row", code="column", fix=f"it has {near}" if near else None
        )
    return kind.inner[places[0]], fn("struct_extract", node, text(field_names(kind)[places[0]]))


def _ambiguous(name: str, found: Iterable[Field]) -> GuardRefused:
    homes = sorted({f.origin or f.table or "the query" for f in found})
    where = " and ".join(homes)
    return GuardRefused(f"{name} is in {where}", code="column", fix="write table.column")


def _unknown(scope: Scope, name: str, table: str) -> GuardRefused:
    levels = list(scope.around())
    if any(name.lower() in level.aliases for level in levels) and not table:
        return GuardRefused(
            f"{name} is an alias, which Trino knows in ORDER BY only",
            code="column",
            fix="repeat the expression, or select from a subquery",
        )
    tables = {f.table.lower() for level in levels for f in level.fields}
    if not table and name.lower() in tables:
        return GuardRefused(
            f"{name} is a table, not a column", code="column", fix="name the columns, or *"
        )
    known = sorted({f.name for level in levels for f in level.fields if f.name})
    near = difflib.get_close_matches(name.lower(), known, n=3)
    fix = f"did you mean {', '.join(near)}?" if near else "text goes in single quotes"
    return GuardRefused(f"no column {name} here", code="column", fix=fix)
