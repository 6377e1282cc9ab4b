"""How large a query grows once `*` is spelt out and every reference is followed.

A chain of CTEs that each name the one before twice doubles with every step: thirty lines of SQL
would become a thousand million reads. That is refused by counting, before anything is expanded.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from mantissa.ask.reads import Names
from mantissa.errors import GuardRefused

MAX_COLUMNS = 5_000
"""Columns of any part of a query; the widest table has about 100."""

MAX_READS = 500
"""Times that tables are read, each use of a CTE counted."""

MAX_EXPANDED = 50_000
"""Tree nodes of one SELECT once aliases that its other columns use are replaced."""

Size = tuple[int, int]
"""Columns, reads."""


def check_size(tree: exp.Query, names: Names) -> None:
    """Refuse what grows out of hand (code `too_complex`)."""
    for select in tree.find_all(exp.Select):
        _check_aliases(select)
    _query(tree, {}, names)


def _query(tree: exp.Expr, ctes: Mapping[str, Size], names: Names) -> Size:
    known = dict(ctes)
    if with_ := tree.args.get("with_"):
        for cte in with_.expressions:
            known[cte.alias.lower()] = _query(cte.this, known, names)
    if isinstance(tree, exp.SetOperation):
        left, right = _query(tree.this, known, names), _query(tree.expression, known, names)
        return _capped(max(left[0], right[0]), left[1] + right[1])
    if isinstance(tree, exp.Subquery):
        return _query(tree.this, known, names)
    return _select(tree, known, names)


def _select(tree: exp.Expr, ctes: Mapping[str, Size], names: Names) -> Size:
    """Count a SELECT, or brackets around tables: what it reads, and how often it says `*`."""
    inside = list(_parts(tree))
    sizes = [_part(node, ctes, names) for node in inside]
    width, reads = sum(s[0] for s in sizes), sum(s[1] for s in sizes)
    stars = sum(1 for projection in tree.expressions if projection.is_star)
    plain = len(tree.expressions)
    return _capped(plain + width * stars if isinstance(tree, exp.Select) else width, reads)


def _parts(tree: exp.Expr) -> list[exp.Expr]:
    """Return the tables and queries directly below, CTEs left out."""
    found: list[exp.Expr] = []
    todo = [child for child in tree.iter_expressions() if not isinstance(child, exp.With)]
    if isinstance(tree, exp.Table):
        found.append(tree)
    while todo:
        node = todo.pop()
        if isinstance(node, exp.Query):
            found.append(node)
        else:
            if isinstance(node, exp.Table):
                found.append(node)
            todo.extend(node.iter_expressions())
    return found


def _part(node: exp.Expr, ctes: Mapping[str, Size], names: Names) -> Size:
    if not isinstance(node, exp.Table):
        return _query(node, ctes, names)
    name = node.name.lower()
    return ctes[name] if name in ctes else (len(names.columns(name)), names.reads(name))


def _check_aliases(select: exp.Select) -> None:
    """Count what `a + a AS b, b + b AS c, …` becomes."""
    sizes: dict[str, int] = {}
    for projection in select.expressions:
        names = [node.name.lower() for node in projection.find_all(exp.Column)]
        size = 1 + len(names) + sum(sizes.get(name, 0) for name in names)
        sizes[projection.alias_or_name.lower()] = size
    if sum(sizes.values()) > MAX_EXPANDED:
        raise _too_complex("columns that build on each other grow too large")


def _capped(columns: int, reads: int) -> Size:
    if columns > MAX_COLUMNS or reads > MAX_READS:
        raise _too_complex(f"more than {MAX_COLUMNS} columns or {MAX_READS} reads of tables")
    return columns, reads


def _too_complex(message: str) -> GuardRefused:
    return GuardRefused(
        message, code="too_complex", fix="use fewer subqueries and aliases, and columns, not *"
    )
