"""The parts of a SELECT besides its sources: names, order, groups, and what Trino demands of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlglot import exp

from mantissa.ask.trino.duck import Value, cast, fn
from mantissa.ask.trino.kinds import Kind, orderable
from mantissa.ask.trino.scopes import AGGREGATE, SCOPE, Field
from mantissa.ask.trino.sources import Compiled, Output
from mantissa.ask.trino.values import check_exact
from mantissa.errors import GuardRefused


class Grouper(Protocol):
    """Compiles one expression of GROUP BY."""

    def __call__(self, one: exp.Expr, *, column_only: bool = False) -> exp.Expr:
        """Return what to group by; `column_only` inside grouping sets."""


def mark_of(node: exp.Binary) -> str:
    """Return the sign of a comparison with ALL or ANY."""
    marks = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
    if type(node) not in marks:
        raise GuardRefused("ALL and ANY take a comparison", code="syntax")
    return marks[type(node)]


def only_output(found: Compiled) -> Output:
    """Return the one column of a query that is used as a value."""
    if len(found.outputs) != 1:
        raise GuardRefused("a query used as a value has one column", code="column")
    return found.outputs[0]


def every_field(fields: Sequence[Field]) -> list[tuple[str, Value]]:
    """Return the fields that a `*` stands for."""
    return [(f.name, Value(f.node.copy(), f.kind, nan=f.nan, rough=f.rough)) for f in fields]


def unaliased(node: exp.Expr) -> exp.Expr:
    """Return an expression of a SELECT list without its alias."""
    return node.this if isinstance(node, exp.Alias) else node


def label_of(node: exp.Expr) -> str:
    """Return the name that Trino gives to an expression of a SELECT list, if any."""
    if isinstance(node, exp.Alias):
        return node.alias
    if isinstance(node, exp.Column):
        return node.name
    return node.expression.name if isinstance(node, exp.Dot) else ""


def named_outputs(items: list[tuple[str, Value]], top: bool) -> tuple[Output, ...]:
    """Name every output: as told, and for DuckDB so that no two are alike."""
    found: list[Output] = []
    taken: set[str] = set()
    for place, (label, value) in enumerate(items):
        name = label or f"_col{place}"
        while name.lower() in taken:
            name = f"{name}_{place}"
        taken.add(name.lower())
        shown = label or (f"_col{place}" if top else "")
        found.append(Output(shown, name, value.kind, value.nan, value.rough))
    return tuple(found)


def shown_output(value: Value) -> exp.Expr:
    """Return an output as it leaves the query: an address as text."""
    check_exact(value)
    if value.kind.name == "ipaddress":
        return fn("mantissa_ip_text", value.node)
    if "ipaddress" in str(value.kind):
        raise GuardRefused("addresses inside other values cannot be shown", code="type")
    return value.node


def orders_of(node: exp.Expr) -> list[exp.Ordered]:
    """Return the parts of a query's ORDER BY."""
    order = node.args.get("order")
    return list(order.expressions) if order is not None else []


def ordered_by(one: exp.Ordered, value: exp.Expr) -> exp.Ordered:
    """Return a part of ORDER BY with another expression."""
    return exp.Ordered(this=value, desc=one.args["desc"], nulls_first=one.args["nulls_first"])


def not_a_number(value: Value) -> exp.Expr:
    """Return what to order by; a bare number would be taken for a position."""
    return cast(value.node.copy(), value.kind) if value.number is not None else value.node.copy()


def ordinal(node: exp.Expr) -> int | None:
    """Return the position that a bare whole number stands for."""
    if isinstance(node, exp.Literal) and not node.is_string and node.this.isdecimal():
        return int(node.this)
    return None


def position(node: exp.Expr, outputs: Sequence[Output]) -> int | None:
    """Return the index of the output that a bare whole number stands for."""
    at = ordinal(node)
    if at is not None and not 1 <= at <= len(outputs):
        raise GuardRefused(f"there is no column {at}", code="column")
    return None if at is None else at - 1


def check_orderable(kind: Kind) -> None:
    """Refuse to order by a type without order (code `type`)."""
    if not orderable(kind) or kind.inner:
        raise GuardRefused(f"{kind} has no order", code="type", fix="order by a plain value")


def check_distinct(
    items: list[tuple[str, Value]], order: list[tuple[exp.Ordered, exp.Expr]]
) -> None:
    """Refuse what SELECT DISTINCT cannot order by or compare."""
    shown = [value.node for _, value in items]
    if any(value.kind.name in ("json", "function") for _, value in items):
        raise GuardRefused("json is not compared here", code="type")
    for _, expression in order:
        if expression not in shown:
            raise GuardRefused("with DISTINCT, ORDER BY names output columns only", code="column")


def rebuilt_group(group: exp.Group, grouped: Grouper) -> exp.Group:
    """Return a GROUP BY with every expression compiled."""
    make = grouped
    made = exp.Group(expressions=[group_part(one, make) for one in group.expressions])
    for name in ("rollup", "cube", "grouping_sets"):
        for part in group.args.get(name) or ():
            inner = [group_part(one, make, column_only=True) for one in part.expressions]
            made.append(name, type(part)(expressions=inner))
    return made


def group_part(one: exp.Expr, make: Grouper, *, column_only: bool = False) -> exp.Expr:
    """Return one element of GROUP BY compiled: an expression, or several in brackets."""
    inside = one.expressions if isinstance(one, exp.Tuple) else None
    if inside is None and isinstance(one, exp.Paren):
        inside = [one.this]
    if inside is None:
        return make(one, column_only=column_only)
    parts = [make(part, column_only=column_only) for part in inside]
    return exp.Tuple(expressions=parts)


def has_aggregate(node: exp.Expr) -> bool:
    """Tell whether an expression holds an aggregate of its own query."""
    walk = node.walk(prune=lambda inner: isinstance(inner, exp.Query))
    return any(inner.meta.get(AGGREGATE) for inner in walk)


def check_part(node: exp.Expr, groups: set[exp.Expr], scope: int) -> None:
    """Refuse a column that is neither grouped by nor inside an aggregate."""
    todo = [node]
    while todo:
        inner = todo.pop()
        if inner in groups or inner.meta.get(AGGREGATE):
            continue
        if isinstance(inner, exp.Column) and inner.meta.get(SCOPE) == scope:
            raise GuardRefused(
                f"{inner.name} is neither grouped by nor in an aggregate",
                code="aggregate",
                fix="add it to GROUP BY, or use max(…) or array_agg(…)",
            )
        todo.extend(inner.iter_expressions())


def check_correlated(node: exp.Select) -> None:
    """Refuse what Trino cannot run for every row of the outer query (code `correlated`)."""
    for part in ("limit", "offset", "order", "distinct", "group", "having"):
        if node.args.get(part) is not None:
            raise GuardRefused(
                f"a query that uses the outer row cannot have {part.upper()}", code="correlated"
            )
