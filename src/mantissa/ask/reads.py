"""Which tables, columns and days a query reads, found on its tree.

Names are resolved with sqlglot's `qualify` on a copy, views are replaced by what they select, and
a condition on the partition counts only if it is a top-level AND of literals: everything here
errs on the side of reading more.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import OptimizeError, SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from mantissa.ask.trino.kinds import VARCHAR, Kind, read_kind
from mantissa.errors import GuardRefused
from mantissa.model import Table
from mantissa.sources.schema import TRINO

PARTITION = "event_date"

FAILURES = (SqlglotError, ValueError, LookupError, AttributeError, TypeError, AssertionError)
"""What sqlglot raises for SQL that makes no sense: often its own error, at times an accident."""


class Names:
    """The tables and views a query may name, with their columns.

    Args:
        tables: table → columns, the partition column included; with Trino's types, or all text.
        views: view → the SELECT that it stands for, over the tables.
        dialect: the dialect of the views and of the queries.
    """

    def __init__(
        self,
        tables: Mapping[str, Sequence[str] | Mapping[str, str]],
        views: Mapping[str, str] | None = None,
        dialect: str = "duckdb",
    ) -> None:
        self.dialect = dialect
        self._types = {
            table.lower(): {c.lower(): kind for c, kind in given.items()}
            for table, given in tables.items()
            if isinstance(given, Mapping)
        }
        self._tables = {t.lower(): tuple(c.lower() for c in names) for t, names in tables.items()}
        self._views = {name.lower(): sql for name, sql in (views or {}).items()}
        self._bodies: dict[str, exp.Query] = {}

    @classmethod
    def of(
        cls,
        tables: Iterable[Table],
        views: Mapping[str, str] | None = None,
        dialect: str = "duckdb",
    ) -> Names:
        """Take the names from the lake's tables."""
        columns = {
            t.name: {c.name: TRINO[c.type] for c in t.columns} | {t.partition: "varchar"}
            for t in tables
        }
        return cls(columns, views, dialect)

    def __contains__(self, name: str) -> bool:
        return name in self._tables or name in self._views

    def all(self) -> list[str]:
        """Return every name, sorted."""
        return sorted({*self._tables, *self._views})

    def is_view(self, name: str) -> bool:
        """Tell whether the name is a view."""
        return name in self._views

    def columns(self, name: str) -> tuple[str, ...]:
        """Return the columns of a table or view."""
        if name in self._tables:
            return self._tables[name]
        return tuple(self.body(name).named_selects)

    def kinds(self, name: str) -> Mapping[str, Kind] | None:
        """Return the types of the columns of a table or view, None for what is neither."""
        if name not in self:
            return None
        if name in self._tables:
            known = self._types.get(name, {})
            return {c: read_kind(known.get(c, "varchar")) for c in self._tables[name]}
        body = self.body(name)
        while not isinstance(body, exp.Select):
            body = body.this
        return {one.alias_or_name: self._kind(one.unalias(), body) for one in body.selects}

    def _kind(self, node: exp.Expr, select: exp.Select) -> Kind:
        """Return the type of a view's column: a column of what it reads, or a text."""
        if isinstance(node, exp.Column):
            for source in select.find_all(exp.Table, exp.Subquery):
                if source.alias_or_name == node.table:
                    inner = source.this if isinstance(source, exp.Subquery) else None
                    return self._column_kind(node.name, source.name, inner)
        return VARCHAR

    def _column_kind(self, column: str, table: str, inner: exp.Expr | None) -> Kind:
        while isinstance(inner, exp.SetOperation):
            inner = inner.this
        if isinstance(inner, exp.Select):
            found = next(one for one in inner.selects if one.alias_or_name == column)
            return self._kind(found.unalias(), inner)
        return (self.kinds(table) or {}).get(column, VARCHAR)

    def reads(self, name: str) -> int:
        """Return how many base tables one use of the name reads."""
        if name in self._tables:
            return 1
        return sum(1 for _ in self.body(name).find_all(exp.Table))

    def body(self, view: str) -> exp.Query:
        """Return what a view selects: qualified, with the views below it replaced."""
        if view not in self._bodies:
            tree = parse_one(self._views[view], dialect=self.dialect)
            self._bodies[view] = qualified(expanded(tree, self), self)
        return self._bodies[view]


@dataclass(frozen=True, slots=True)
class Days:
    """Conditions on the partition that must all hold, as (operator, values)."""

    tests: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def admits(self, day: str) -> bool:
        """Tell whether a partition value can be in the answer."""
        return all(_HOLDS[name](day, values) for name, values in self.tests)

    def __and__(self, other: Days) -> Days:
        return Days(self.tests + other.tests)


_HOLDS: Mapping[str, Callable[[str, tuple[str, ...]], bool]] = {
    "eq": lambda day, values: day == values[0],
    "gt": lambda day, values: day > values[0],
    "gte": lambda day, values: day >= values[0],
    "lt": lambda day, values: day < values[0],
    "lte": lambda day, values: day <= values[0],
    "in": lambda day, values: day in values,
}
_MIRRORED = {"eq": "eq", "gt": "lt", "gte": "lte", "lt": "gt", "lte": "gte"}


@dataclass(frozen=True, slots=True)
class Read:
    """One place in a query that reads a table."""

    table: str
    columns: frozenset[str]
    days: Days = Days()


def expanded(tree: exp.Expr, names: Names) -> exp.Query:
    """Return a copy in which every view is replaced by what it selects."""
    used = {t.name.lower() for t in tree.find_all(exp.Table)}
    bodies = {view: names.body(view) for view in used if names.is_view(view)}
    query = exp.expand(tree.copy(), dict(bodies), dialect=names.dialect)
    return _query(query)


def qualified(tree: exp.Expr, names: Names) -> exp.Query:
    """Return a copy with every column tied to its table and `*` spelt out.

    Raises `GuardRefused` with code `column`, naming the column and near ones.
    """
    used = {t.name.lower() for t in tree.find_all(exp.Table)} & set(names.all())
    columns: dict[str, object] = {n: dict.fromkeys(names.columns(n), "TEXT") for n in used}
    schema = MappingSchema(columns, dialect=names.dialect, normalize=False)
    try:
        found = qualify(tree.copy(), dialect=names.dialect, schema=schema)
    except OptimizeError as error:
        raise _unresolved(str(error), {n: names.columns(n) for n in used}) from error
    except FAILURES as error:
        raise GuardRefused("the query's names cannot be resolved", code="column") from error
    _refuse_row_values(found)
    return _query(found)


def reads(tree: exp.Expr, names: Names) -> tuple[Read, ...]:
    """Return every read of a base table, views replaced, unused view columns dropped."""
    return resolved_reads(tree, qualified(tree, names), names)


def compiled_reads(made: exp.Query, names: Names) -> tuple[Read, ...]:
    """Do the same for a query whose every column says which source it is of."""
    if any(names.is_view(t.name.lower()) for t in made.find_all(exp.Table)):
        made = _narrowed(expanded(made, names))
    scope = build_scope(made)
    return tuple(_reads(scope, Days())) if scope else ()


def resolved_reads(tree: exp.Expr, resolved: exp.Query, names: Names) -> tuple[Read, ...]:
    """Do the same for a query that has been qualified already."""
    if any(names.is_view(t.name.lower()) for t in tree.find_all(exp.Table)):
        resolved = _narrowed(qualified(expanded(tree, names), names))
    scope = build_scope(resolved)
    return tuple(_reads(scope, Days())) if scope else ()


def _narrowed(tree: exp.Query) -> exp.Query:
    """Drop the columns of views that nothing uses, where sqlglot can tell."""
    try:
        return _query(pushdown_projections(tree))
    except OptimizeError as error:
        raise GuardRefused("the query's names cannot be resolved", code="column") from error


def _query(tree: exp.Expr) -> exp.Query:
    if not isinstance(tree, exp.Query):
        raise GuardRefused("only a SELECT can be asked", code="not_select")
    return tree


def _refuse_row_values(tree: exp.Expr) -> None:
    for node in tree.find_all(exp.TableColumn):
        raise GuardRefused(
            f"{node.name} is a table, not a column", code="column", fix="name the columns, or *"
        )


_NAME = re.compile(r"'([^']+)'|: (\S+)$")


def _unresolved(text: str, tables: Mapping[str, Sequence[str]]) -> GuardRefused:
    found = _NAME.search(text.split(". Line", 1)[0])
    if found is None:
        return GuardRefused("the query's names cannot be resolved", code="column")
    name = (found[1] or found[2]).strip("'\"")
    if text.startswith("Alias"):
        return GuardRefused(f"two tables are called {name}", code="column", fix="give them aliases")
    homes = sorted(table for table, columns in tables.items() if name in columns)
    if len(homes) > 1:
        where = " and ".join(homes)
        return GuardRefused(f"{name} is in {where}", code="column", fix="write table.column")
    known = {column for columns in tables.values() for column in columns}
    near = difflib.get_close_matches(name, sorted(known), n=3)
    fix = f"did you mean {', '.join(near)}?" if near else "text goes in single quotes"
    return GuardRefused(f"no column {name} here", code="column", fix=fix)


def _reads(scope: Scope, outer: Days) -> Iterator[Read]:
    """Yield reads; `outer` is what the query around demands of this one's partition column."""
    for child in scope.set_operation_scopes:
        yield from _reads(child, outer)
    for child in (*scope.subquery_scopes, *scope.udtf_scopes):
        yield from _reads(child, Days())
    if not isinstance(scope.expression, exp.Select):
        return
    used = _columns(scope)
    for alias, _ in scope.references:
        source = scope.sources[alias]
        days = _days(scope.expression, alias) & _inherited(scope.expression, alias, outer)
        if isinstance(source, exp.Table):
            yield Read(source.name.lower(), frozenset(used.get(alias, ())), days)
        elif not source.is_udtf:
            yield from _reads(source, days)


def _columns(scope: Scope) -> dict[str, set[str]]:
    """Return alias → columns, those that correlated subqueries use included."""
    used: dict[str, set[str]] = {}
    for column in scope.columns:
        used.setdefault(column.table, set()).add(column.name)
    return used


def _inherited(select: exp.Select, alias: str, outer: Days) -> Days:
    """Return what the outer query's condition on the partition means for one source."""
    blocked = (exp.Window, exp.Limit, exp.Offset, exp.Qualify, exp.Distinct)
    if not outer.tests or any(select.find(kind) for kind in blocked):
        return Days()
    for projection in select.selects:
        column = projection.unalias()
        if projection.alias_or_name == PARTITION and isinstance(column, exp.Column):
            return outer if (column.table, column.name) == (alias, PARTITION) else Days()
    return Days()


def _days(select: exp.Select, alias: str) -> Days:
    conditions = [select.args["where"].this] if select.args.get("where") else []
    for join in select.args.get("joins") or ():
        outer_side = join.side in ("RIGHT", "FULL")
        if join.args.get("on") and join.this.alias_or_name == alias and not outer_side:
            conditions.append(join.args["on"])
    terms = [t for c in conditions for t in (c.flatten() if isinstance(c, exp.And) else [c])]
    return Days(tuple(test for term in terms for test in _tests(term.unnest(), alias)))


def _tests(term: exp.Expr, alias: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(term, exp.And):
        yield from (t for part in term.flatten() for t in _tests(part.unnest(), alias))
    elif isinstance(term, exp.Between) and _is_partition(term.this, alias):
        bounds = _texts([term.args["low"], term.args["high"]])
        if bounds and not term.args.get("symmetric"):
            yield from (("gte", bounds[:1]), ("lte", bounds[1:]))
    elif isinstance(term, exp.In) and _is_partition(term.this, alias):
        if values := _texts(term.expressions):
            yield ("in", values)
    elif (name := term.key) in _MIRRORED:
        left, right = term.this, term.args["expression"]
        if _is_partition(left, alias) and (value := _texts([right])):
            yield (name, value)
        elif _is_partition(right, alias) and (value := _texts([left])):
            yield (_MIRRORED[name], value)


def _is_partition(node: exp.Expr, alias: str) -> bool:
    return isinstance(node, exp.Column) and (node.table, node.name) == (alias, PARTITION)


def _texts(nodes: Sequence[exp.Expr]) -> tuple[str, ...]:
    """Return the text literals, or nothing unless all are."""
    found = [n.this for n in nodes if isinstance(n, exp.Literal) and n.is_string]
    return tuple(found) if len(found) == len(nodes) else ()
