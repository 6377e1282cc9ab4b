"""A query in Trino's SQL, checked as Trino checks it, as the query that DuckDB runs for it.

Names are resolved here, once, in Trino's way: in what is made, every column says which source it
is of, every source has a name of its own, and every output is named, so that nothing is left for
DuckDB to resolve in its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from mantissa.ask.trino.casts import coerced
from mantissa.ask.trino.comparisons import comparable_kind, compared
from mantissa.ask.trino.duck import Value, cast, column, duck_type, number, paren
from mantissa.ask.trino.kinds import BOOLEAN, UNKNOWN, Kind, common
from mantissa.ask.trino.outputs import (
    check_correlated,
    check_distinct,
    check_orderable,
    check_part,
    every_field,
    has_aggregate,
    label_of,
    mark_of,
    named_outputs,
    not_a_number,
    only_output,
    ordered_by,
    orders_of,
    ordinal,
    position,
    rebuilt_group,
    shown_output,
    unaliased,
)
from mantissa.ask.trino.scopes import SCOPE, Field, Scope
from mantissa.ask.trino.sources import Catalog, Compiled, Ctes, Output, Sources
from mantissa.ask.trino.values import Place, check_exact
from mantissa.errors import GuardRefused

_ONLY_ORDER = "only in SELECT, HAVING and ORDER BY"
_ONLY_SELECT = "only in SELECT and ORDER BY"


def compile_query(tree: exp.Query, catalog: Catalog) -> tuple[exp.Query, tuple[Output, ...]]:
    """Return DuckDB's query and its columns. Raises `GuardRefused`."""
    found = _Queries(catalog).compiled(tree, None, {}, top=True)
    return found.node, found.outputs


class _Queries(Sources):
    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self._ctes: list[Ctes] = [{}]
        self._readers |= {
            exp.Subquery: self._scalar,
            exp.Exists: self._exists,
        }

    def compiled(
        self, node: exp.Expr, outer: Scope | None, ctes: Ctes, *, top: bool = False
    ) -> Compiled:
        known: dict[str, tuple[str, tuple[Output, ...]]] = dict(ctes)
        with_ = self._with(node, outer, known)
        self._ctes.append(known)
        if isinstance(node, exp.SetOperation):
            found = self._set_operation(node, outer, known)
        elif isinstance(node, exp.Subquery):
            found = self._bracketed(node, outer, known, top)
        elif isinstance(node, exp.Select):
            found = self._select(node, outer, known, top)
        else:
            raise GuardRefused("only a SELECT can be asked", code="not_select")
        self._ctes.pop()
        if with_:
            found.node.set("with_", exp.With(expressions=with_))
        return found

    def _with(
        self, node: exp.Expr, outer: Scope | None, known: dict[str, tuple[str, tuple[Output, ...]]]
    ) -> list[exp.CTE]:
        made = []
        with_ = node.args.get("with_")
        names: set[str] = set()
        for cte in with_.expressions if with_ else ():
            name = cte.alias.lower()
            if name in names:
                raise GuardRefused(f"two CTEs are called {name}", code="column")
            names.add(name)
            inner = self.compiled(cte.this, outer, dict(known))
            alias = self.alias(name)
            labels = [one.name for one in cte.args["alias"].args.get("columns") or ()]
            outputs = inner.outputs
            if labels:
                if len(labels) != len(outputs):
                    raise GuardRefused(f"{name} has {len(outputs)} columns", code="column")
                outputs = tuple(replace(o, label=n) for o, n in zip(outputs, labels, strict=True))
            known[name] = (alias, outputs)
            table = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
            made.append(exp.CTE(this=inner.node, alias=table))
        return made

    def _bracketed(
        self, node: exp.Subquery, outer: Scope | None, ctes: Ctes, top: bool
    ) -> Compiled:
        inner = self.compiled(node.this, outer, ctes, top=top)
        made = exp.Subquery(this=inner.node)
        self._endings(node, made, self._output_order(node, inner.outputs))
        return Compiled(made, inner.outputs)

    def _set_operation(self, node: exp.SetOperation, outer: Scope | None, ctes: Ctes) -> Compiled:
        left, right = (self.compiled(side, outer, ctes) for side in (node.this, node.expression))
        if len(left.outputs) != len(right.outputs):
            raise GuardRefused("both sides of a set operation need as many columns", code="column")
        kinds = []
        for one, other in zip(left.outputs, right.outputs, strict=True):
            kind = common(one.kind, other.kind)
            if kind is None:
                raise GuardRefused(
                    f"a column is {one.kind} on one side and {other.kind} on the other", code="type"
                )
            kinds.append(kind)
        if node.args.get("distinct") and any(k.name in ("json", "function") for k in kinds):
            raise GuardRefused("json is not compared here", code="type")
        if any(o.rough for side in (left, right) for o in side.outputs):
            raise GuardRefused(
                "a number that is not exact in a set operation",
                code="rough",
                fix="write round(…, 6)",
            )
        sides = [self._as_kinds(side, kinds) for side in (left, right)]
        made = type(node)(this=sides[0], expression=sides[1], distinct=node.args.get("distinct"))
        outputs = tuple(
            replace(o, kind=kind, nan=o.nan or p.nan, rough=o.rough or p.rough)
            for o, p, kind in zip(left.outputs, right.outputs, kinds, strict=True)
        )
        self._endings(node, made, self._output_order(node, outputs))
        return Compiled(made, outputs)

    def _as_kinds(self, side: Compiled, kinds: Sequence[Kind]) -> exp.Expr:
        """Return a side of a set operation with its columns cast, if any needs it."""
        if all(duck_type(o.kind) == duck_type(k) for o, k in zip(side.outputs, kinds, strict=True)):
            return side.node
        alias = self.alias("side")
        parts = [
            exp.alias_(cast(column(o.name, alias), kind), o.name, quoted=True)
            for o, kind in zip(side.outputs, kinds, strict=True)
        ]
        inner = exp.Subquery(
            this=side.node, alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
        )
        return exp.Select(expressions=parts, from_=exp.From(this=inner))

    def _output_order(self, node: exp.Expr, outputs: Sequence[Output]) -> list[exp.Ordered]:
        """Return an ORDER BY that can name nothing but output columns."""
        found = []
        for one in orders_of(node):
            place = position(one.this, outputs)
            if place is None and isinstance(one.this, exp.Column) and not one.this.table:
                places = [
                    n for n, o in enumerate(outputs) if o.label.lower() == one.this.name.lower()
                ]
                place = places[0] if len(places) == 1 else None
            if place is None:
                raise GuardRefused(
                    "ORDER BY names an output column here", code="column", fix="use a subquery"
                )
            check_orderable(outputs[place].kind)
            found.append(ordered_by(one, number(place + 1)))
        return found

    def _endings(self, node: exp.Expr, made: exp.Expr, order: list[exp.Ordered]) -> None:
        if order:
            made.set("order", exp.Order(expressions=order))
        for part in ("limit", "offset"):
            if node.args.get(part) is not None:
                made.set(part, node.args[part].copy())

    def _select(self, node: exp.Select, outer: Scope | None, ctes: Ctes, top: bool) -> Compiled:
        scope, made = self.sources(node, outer, ctes)
        scope.aliases = frozenset(
            one.alias.lower() for one in node.expressions if isinstance(one, exp.Alias)
        )
        self.windows.append({w.name.lower(): w for w in node.args.get("windows") or ()})
        if (where := node.args.get("where")) is not None:
            place = Place(scope, "not in WHERE", "not in WHERE")
            made.set("where", exp.Where(this=self.condition(where.this, place)))
        items = self._items(node, scope)
        groups = self._group(node, scope, items, made)
        if (having := node.args.get("having")) is not None:
            place = Place(scope, "", _ONLY_SELECT)
            made.set("having", exp.Having(this=self.condition(having.this, place)))
        order = self._order(node, scope, items)
        self.windows.pop()
        self._check_grouped(scope, items, groups, made, order)
        if node.args.get("distinct"):
            check_distinct(items, order)
            made.set("distinct", exp.Distinct())
        outputs = named_outputs(items, top)
        made.set(
            "expressions",
            [
                exp.alias_(
                    shown_output(value) if top else value.node,
                    o.label if top else o.name,
                    quoted=True,
                )
                for (_, value), o in zip(items, outputs, strict=True)
            ],
        )
        if outer is not None and scope.correlated:
            check_correlated(node)
        self._endings(node, made, [o for o, _ in order])
        return Compiled(made, outputs)

    def _items(self, node: exp.Select, scope: Scope) -> list[tuple[str, Value]]:
        """Return the SELECT list with names, `*` spelt out."""
        found: list[tuple[str, Value]] = []
        place = Place(scope)
        for one in node.expressions:
            if isinstance(one, exp.Star):
                found += every_field(scope.fields)
            elif isinstance(one, exp.Column) and isinstance(one.this, exp.Star):
                fields = [f for f in scope.fields if f.table.lower() == one.table.lower()]
                if not fields:
                    raise GuardRefused(f"no table {one.table} here", code="column")
                found += every_field(fields)
            else:
                found.append((label_of(one), self.value(unaliased(one), place)))
        if not found:
            raise GuardRefused("a SELECT names no column", code="parse", fix="name columns, or *")
        for one in (c for _, v in found for c in v.node.find_all(exp.Column)):
            if one.table:
                one.meta.setdefault(SCOPE, scope.number)
        return found

    def _group(
        self, node: exp.Select, scope: Scope, items: list[tuple[str, Value]], made: exp.Select
    ) -> list[exp.Expr] | None:
        """Put GROUP BY in place and return what rows are grouped by, None without it."""
        group = node.args.get("group")
        if group is None:
            return None
        place = Place(scope, "not in GROUP BY", "not in GROUP BY", "not in GROUP BY")
        found: list[exp.Expr] = []

        def grouped(one: exp.Expr, *, column_only: bool = False) -> exp.Expr:
            at = ordinal(one)
            if at is not None and not column_only:
                if not 1 <= at <= len(items):
                    raise GuardRefused(f"there is no column {at}", code="column")
                value = items[at - 1][1]
                if value.node.find(exp.Window) or has_aggregate(value.node):
                    raise GuardRefused("an aggregate cannot be grouped by", code="aggregate")
            else:
                if column_only and not isinstance(one, (exp.Column, exp.Dot)):
                    raise GuardRefused("grouping sets are made of columns", code="aggregate")
                value = self.value(one, place)
            check_exact(value)
            if value.kind.name in ("json", "function", "unknown"):
                raise GuardRefused(f"{value.kind} cannot be grouped by", code="type")
            found.append(value.node)
            return number(at) if at is not None and not column_only else paren(value.node.copy())

        made.set("group", rebuilt_group(group, grouped))
        return found

    def _order(
        self, node: exp.Select, scope: Scope, items: list[tuple[str, Value]]
    ) -> list[tuple[exp.Ordered, exp.Expr]]:
        """Return ORDER BY for DuckDB, each part with the expression that it stands for.

        Trino looks a name up among the outputs first; an expression of outputs is spelt out.
        """
        outputs = [
            Field(label, v.kind, v.node, nan=v.nan, rough=v.rough) for label, v in items if label
        ]
        labels = [label.lower() for label, _ in items]
        inner = Scope(outputs, scope)
        found = []
        for one in orders_of(node):
            at = ordinal(one.this)
            name = (
                one.this.name.lower()
                if isinstance(one.this, exp.Column) and not one.this.table
                else ""
            )
            if at is None and name and labels.count(name) == 1:
                at = labels.index(name) + 1
            if at is not None:
                if not 1 <= at <= len(items):
                    raise GuardRefused(f"there is no column {at}", code="column")
                value = items[at - 1][1]
                found.append((ordered_by(one, number(at)), value.node))
            else:
                value = self.value(one.this, Place(inner))
                found.append((ordered_by(one, not_a_number(value)), value.node))
            check_orderable(value.kind)
        return found

    def _check_grouped(
        self,
        scope: Scope,
        items: list[tuple[str, Value]],
        groups: list[exp.Expr] | None,
        made: exp.Select,
        order: list[tuple[exp.Ordered, exp.Expr]],
    ) -> None:
        having = made.args.get("having")
        parts = [value.node for _, value in items] + [e for _, e in order]
        parts += [having.this] if having is not None else []
        if groups is None and having is None and not any(has_aggregate(part) for part in parts):
            return
        known = set(groups or ())
        for part in parts:
            check_part(part, known, scope.number)

    def _inner(self, node: exp.Expr, place: Place) -> Compiled:
        if place.no_queries:
            raise GuardRefused(f"a query: {place.no_queries}", code="syntax")
        return self.compiled(node, place.scope, self._ctes[-1])

    def _scalar(self, node: exp.Subquery, place: Place) -> Value:
        found = self._inner(node.this, place)
        kind = only_output(found).kind
        one = found.outputs[0]
        return Value(exp.Subquery(this=found.node), kind, nan=one.nan, rough=one.rough)

    def _exists(self, node: exp.Exists, place: Place) -> Value:
        return Value(exp.Exists(this=self._inner(node.this, place).node), BOOLEAN)

    def _in(self, node: exp.In, place: Place) -> Value:
        if not node.args.get("query"):
            return super()._in(node, place)
        subject = self.value(node.this, place)
        found = self._inner(node.args["query"].this, place)
        inner = only_output(found)
        kind = comparable_kind("IN", subject.kind, inner.kind)
        if subject.nan or inner.nan or subject.rough or inner.rough:
            raise GuardRefused(
                "IN of a number that is not exact", code="rough", fix="write round(…, 6)"
            )
        kind = kind if kind != UNKNOWN else BOOLEAN
        query = self._as_kinds(found, [kind])
        return Value(
            exp.In(this=paren(coerced(subject, kind).node), query=exp.Subquery(this=query)), BOOLEAN
        )

    def _compared(self, node: exp.Binary, place: Place) -> Value:
        right = node.expression
        if not isinstance(right, (exp.All, exp.Any)):
            return super()._compared(node, place)
        subject = self.value(node.this, place)
        found = self._inner(right.this, place)
        inner = only_output(found)
        if subject.nan or inner.nan:
            raise GuardRefused("a comparison with ALL or ANY of what may be NaN", code="type")
        test = compared(mark_of(node), subject, Value(exp.null(), inner.kind))
        kind = comparable_kind("=", subject.kind, inner.kind)
        test.node.set("expression", type(right)(this=self._as_kinds(found, [kind])))
        return test
