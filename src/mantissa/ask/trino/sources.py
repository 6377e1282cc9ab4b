"""What a query reads from: tables, subqueries, unnested columns, and how they are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from mantissa.ask.trino.comparisons import compared
from mantissa.ask.trino.duck import Value, all_of, column, field_names, fn, paren, text
from mantissa.ask.trino.invocations import Invocations
from mantissa.ask.trino.kinds import BIGINT, Kind
from mantissa.ask.trino.scopes import Field, Scope
from mantissa.ask.trino.values import Place
from mantissa.errors import GuardRefused

Catalog = Callable[[str], Mapping[str, Kind] | None]
"""Table or view name (lower case) → its columns' types in order, or None for no such table."""


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a query: its name as told, its name inside DuckDB, its type."""

    label: str
    name: str
    kind: Kind
    nan: bool = False
    rough: bool = False


@dataclass(frozen=True, slots=True)
class Compiled:
    """A query for DuckDB, and its columns."""

    node: exp.Query
    outputs: tuple[Output, ...]


Ctes = Mapping[str, tuple[str, tuple[Output, ...]]]
"""CTE → its name inside DuckDB, and its columns."""

_NO_AGGREGATE = "not in a join condition"


class Sources(Invocations):
    """Compiles FROM."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog
        self._aliases: set[str] = set()

    def compiled(self, node: exp.Expr, outer: Scope | None, ctes: Ctes) -> Compiled:
        """Compile a query; the class that reads queries gives this."""
        raise NotImplementedError

    def alias(self, wanted: str) -> str:
        """Return a name for a source that no other source of the whole query has."""
        name, number = wanted, 1
        while name.lower() in self._aliases:
            number += 1
            name = f"{wanted}_{number}"
        self._aliases.add(name.lower())
        return name

    def sources(
        self, select: exp.Select, outer: Scope | None, ctes: Ctes
    ) -> tuple[Scope, exp.Select]:
        """Return the scope of a FROM, and a SELECT with that FROM for DuckDB."""
        made = exp.Select()
        first = select.args.get("from_")
        if first is None:
            return Scope((), outer), made
        node, fields = self._source(first.this, (), outer, ctes)
        made.set("from_", exp.From(this=node))
        joins, fields = self._join_all(select.args.get("joins") or (), fields, outer, ctes)
        if joins:
            made.set("joins", joins)
        return Scope(fields, outer), made

    def _join_all(
        self, joins: Sequence[exp.Join], fields: Sequence[Field], outer: Scope | None, ctes: Ctes
    ) -> tuple[list[exp.Join], Sequence[Field]]:
        found = []
        for join in joins:
            node, right = self._source(join.this, fields, outer, ctes)
            made = exp.Join(this=node, side=join.args.get("side"), kind=join.args.get("kind"))
            if not made.args.get("side") and not made.args.get("kind") and not _conditional(join):
                made.set("kind", "CROSS")
            if isinstance(join.this, exp.Unnest):
                _check_unnest(join)
            if join.args.get("using"):
                test, fields = _using(join, fields, right)
                made.set("on", test)
            else:
                fields = [*fields, *right]
                if join.args.get("on") is not None:
                    place = Place(Scope(fields, outer), _NO_AGGREGATE, _NO_AGGREGATE)
                    made.set("on", self.condition(join.args["on"], place))
            found.append(made)
        return found, fields

    def _source(
        self, node: exp.Expr, left: Sequence[Field], outer: Scope | None, ctes: Ctes
    ) -> tuple[exp.Expr, Sequence[Field]]:
        if isinstance(node, exp.Paren):
            inside, fields = self._source(node.this, left, outer, ctes)
            joins, fields = self._join_all(node.this.args.get("joins") or (), fields, outer, ctes)
            return self._bracketed_join(inside, joins, fields)
        if isinstance(node, exp.Unnest):
            return self._unnest(node, Scope(left, outer))
        if isinstance(node, exp.Table):
            return self._table(node, ctes)
        inner = self.compiled(node.this, outer, ctes)
        given = node.args.get("alias")
        name = given.name if given else ""
        alias = self.alias(name or "q")
        made = exp.Subquery(this=inner.node, alias=_alias(alias))
        return made, _fields(inner.outputs, alias, name, _columns(given))

    def _bracketed_join(
        self, first: exp.Expr, joins: list[exp.Join], fields: Sequence[Field]
    ) -> tuple[exp.Expr, Sequence[Field]]:
        """Return a join in brackets as a subquery, so that every column has one source."""
        alias = self.alias("joined")
        names = [f"c{n}" for n in range(len(fields))]
        parts = [exp.alias_(f.node, n, quoted=True) for f, n in zip(fields, names, strict=True)]
        inner = exp.Select(expressions=parts, from_=exp.From(this=first), joins=joins)
        outer = [replace(f, node=column(n, alias)) for f, n in zip(fields, names, strict=True)]
        return exp.Subquery(this=inner, alias=_alias(alias)), outer

    def _table(self, node: exp.Table, ctes: Ctes) -> tuple[exp.Expr, Sequence[Field]]:
        given = node.args.get("alias")
        shown = given.name if given else node.name
        own = ctes.get(node.name.lower())
        if own is not None and not node.args.get("db"):
            inside, outputs = own
        else:
            inside = node.name.lower()
            outputs = self._outputs(node)
        alias = self.alias(shown)
        made = exp.Table(this=exp.to_identifier(inside, quoted=True), alias=_alias(alias))
        return made, _fields(outputs, alias, shown, _columns(given), node.name)

    def _outputs(self, node: exp.Table) -> tuple[Output, ...]:
        columns = None if node.args.get("db") else self._catalog(node.name.lower())
        if columns is None:
            raise GuardRefused(f"no table {node.name} here", code="table")
        return tuple(Output(name, name, kind) for name, kind in columns.items())

    def _unnest(self, node: exp.Unnest, scope: Scope) -> tuple[exp.Expr, Sequence[Field]]:
        place = Place(scope, "not in UNNEST", "not in UNNEST", "not in UNNEST")
        if not any(one.find(exp.Column) for one in node.expressions):
            raise GuardRefused(
                "unnest of a constant makes rows that are not in the lake",
                code="invented_rows",
                fix="unnest a column",
            )
        values = [self.value(one, place) for one in node.expressions]
        given = node.args.get("alias")
        alias = self.alias(given.name if given else "u")
        item = column("item", alias)
        parts = [
            part
            for number, value in enumerate(values)
            for part in _parts(value, item, number, len(values))
        ]
        lists = [_list(value) for value in values]
        members = (
            lists[0] if len(lists) == 1 else fn("list_zip", *(_or_empty(one) for one in lists))
        )
        names = ["item"]
        if node.args.get("offset"):
            parts.append((BIGINT, column("place", alias)))
            names.append("place")
        labels = _columns(given)
        if labels and len(labels) != len(parts):
            raise GuardRefused(f"this UNNEST has {len(parts)} columns", code="column")
        fields = [
            Field(labels[n] if labels else "", kind, made, given.name if given else "")
            for n, (kind, made) in enumerate(parts)
        ]
        table = exp.TableAlias(
            this=exp.to_identifier(alias, quoted=True),
            columns=[exp.to_identifier(name, quoted=True) for name in names],
        )
        return exp.Unnest(expressions=[members], offset=len(names) > 1, alias=table), fields


def _list(value: Value) -> exp.Expr:
    return fn("map_entries", value.node) if value.kind.name == "map" else value.node


def _or_empty(node: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=node, expressions=[fn("list_value")])


def _parts(
    value: Value, item: exp.Expr, number: int, count: int
) -> Iterator[tuple[Kind, exp.Expr]]:
    """Yield the columns that one unnested value becomes."""
    base: exp.Expr = item.copy()
    if count > 1:
        base = fn("struct_extract", base, exp.Literal.number(number + 1))
    if value.kind.name == "map":
        for name, kind in zip(("key", "value"), value.kind.inner, strict=True):
            yield kind, fn("struct_extract", base.copy(), text(name))
    elif value.kind.name != "array":
        raise GuardRefused(f"{value.kind} cannot be unnested", code="type")
    elif value.kind.inner[0].name == "row":
        for name, kind in zip(
            field_names(value.kind.inner[0]), value.kind.inner[0].inner, strict=True
        ):
            yield kind, fn("struct_extract", base.copy(), text(name))
    else:
        yield value.kind.inner[0], base


def _conditional(join: exp.Join) -> bool:
    return join.args.get("on") is not None or bool(join.args.get("using"))


def _check_unnest(join: exp.Join) -> None:
    plain = join.args.get("kind") == "CROSS" or not (_conditional(join) or join.args.get("side"))
    on = join.args.get("on")
    kept = join.args.get("side") in ("", None, "LEFT") and isinstance(on, exp.Boolean) and on.this
    if not plain and not kept:
        raise GuardRefused(
            "UNNEST is joined with CROSS JOIN, or LEFT JOIN … ON true", code="join_kind"
        )


def _using(
    join: exp.Join, left: Sequence[Field], right: Sequence[Field]
) -> tuple[exp.Expr, Sequence[Field]]:
    """Return the condition of USING, and the fields after it: the shared columns first."""
    tests, shared, gone = [], [], []
    for identifier in join.args["using"]:
        name = identifier.name
        sides = [[f for f in side if f.answers(name, "")] for side in (left, right)]
        if any(len(side) != 1 for side in sides):
            raise GuardRefused(f"USING needs one column {name} on each side", code="column")
        one, other = sides[0][0], sides[1][0]
        if one.kind != other.kind:
            raise GuardRefused(f"{name} is {one.kind} and {other.kind}", code="type", fix="use ON")
        values = [Value(f.node.copy(), f.kind, nan=f.nan) for f in (one, other)]
        tests.append(paren(compared("=", values[0], values[1]).node))
        kept = {"RIGHT": other.node, "FULL": exp.Coalesce(this=one.node, expressions=[other.node])}
        node = kept.get(join.args.get("side") or "", one.node)
        shared.append(replace(one, node=node.copy(), table="", origin=""))
        gone += [one, other]
    rest = [f for f in (*left, *right) if not any(f is g for g in gone)]
    return all_of(tests), [*shared, *rest]


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


def _columns(alias: exp.TableAlias | None) -> list[str]:
    return [one.name for one in (alias.args.get("columns") or ())] if alias else []


def _fields(
    outputs: Sequence[Output], alias: str, shown: str, labels: Sequence[str], origin: str = ""
) -> list[Field]:
    if labels and len(labels) != len(outputs):
        raise GuardRefused(f"{shown} has {len(outputs)} columns", code="column")
    names = labels or [output.label for output in outputs]
    return [
        Field(name, o.kind, column(o.name, alias), shown, origin or shown, o.nan, o.rough)
        for name, o in zip(names, outputs, strict=True)
    ]
