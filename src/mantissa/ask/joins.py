"""Whether the tables of a query are joined, or multiplied with each other.

Two sources are joined when a condition that must hold compares a column of one with a column of
the other. A source that can only have one row (an aggregate without GROUP BY, LIMIT 1) may stand
alone, and so may `unnest` of another source's column.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from mantissa.ask.trino.scopes import AGGREGATE
from mantissa.errors import GuardRefused

Pair = frozenset[str]


def check_joins(tree: exp.Query) -> None:
    """Refuse a compiled query that multiplies tables (code `cartesian_join`)."""
    bodies = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}
    for select in tree.find_all(exp.Select):
        _check(select, bodies)


def _check(select: exp.Select, ctes: dict[str, exp.Query]) -> None:
    sources, joins = _joined(select)
    loose = {s.alias_or_name for s in sources if not _one_row(s, ctes)}
    if len(loose) > 1 and len(groups(loose, set(_edges(select, sources, joins)))) > 1:
        raise GuardRefused(
            f"{' and '.join(sorted(loose))} are multiplied, not joined",
            code="cartesian_join",
            fix="join them on a column = column condition",
        )


def _joined(select: exp.Select) -> tuple[list[exp.Expr], list[exp.Join]]:
    """Return what a SELECT reads from and its joins, those inside brackets included."""
    sources: list[exp.Expr] = []
    joins: list[exp.Join] = []
    todo = [select.args.get("from_"), *select.args.get("joins", ())]
    while todo:
        node = todo.pop()
        if isinstance(node, exp.Join):
            joins.append(node)
        if isinstance(node, (exp.Join, exp.From)):
            todo.append(node.this)
        elif node is not None:
            todo.extend(node.args.get("joins") or ())
            bracket = isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Query)
            if bracket or isinstance(node, exp.Paren):
                todo.append(node.this)
            else:
                sources.append(node)
    return sources, joins


def groups(names: set[str], edges: set[Pair]) -> list[set[str]]:
    """Return the connected groups of the names; an edge through an unknown name connects too."""
    found: list[set[str]] = [{name} for name in names]
    for edge in edges:
        touched = [group for group in found if group & edge]
        found = [group for group in found if not group & edge]
        found.append(set(edge).union(*touched))
    return [group for group in found if group & names]


def _edges(select: exp.Select, sources: list[exp.Expr], joins: list[exp.Join]) -> Iterator[Pair]:
    conditions = [join.args["on"] for join in joins if join.args.get("on")]
    if where := select.args.get("where"):
        conditions.append(where.this)
    for condition in conditions:
        yield from _pairs(condition)
    for source in sources:
        if isinstance(source, exp.Unnest):
            yield from (frozenset({source.alias, table}) for table in _tables(source))


def _pairs(condition: exp.Expr) -> set[Pair]:
    """Return the pairs of sources that a condition ties together whenever it is true."""
    if isinstance(condition, exp.Paren):
        return _pairs(condition.this)
    if isinstance(condition, exp.And):
        return set().union(*(_pairs(part) for part in condition.flatten()))
    if isinstance(condition, exp.Or):
        return set.intersection(*(_pairs(part) for part in condition.flatten()))
    if not isinstance(condition, (exp.EQ, exp.NullSafeEQ)):
        return set()
    left, right = _tables(condition.this), _tables(condition.expression)
    return {frozenset({a, b}) for a in left for b in right if a != b}


def _tables(node: exp.Expr) -> set[str]:
    return {column.table for column in node.find_all(exp.Column) if column.table}


def _one_row(source: exp.Expr, ctes: dict[str, exp.Query]) -> bool:
    body = ctes.get(source.name) if isinstance(source, exp.Table) else source.unnest()
    if not isinstance(body, exp.Select):
        return False
    limit = body.args.get("limit")
    if limit is not None and limit.expression.name == "1":
        return True
    grows = body.args.get("group") or any(s.find(exp.Explode, exp.Window) for s in body.selects)
    return not grows and any(_aggregates(projection) for projection in body.selects)


def _aggregates(projection: exp.Expr) -> bool:
    walk = projection.walk(prune=lambda node: isinstance(node, (exp.Query, exp.Window)))
    return any(node.meta.get(AGGREGATE) for node in walk)
