"""Whether every table that a query names is one it may name."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from sqlglot import exp

from mantissa.ask.reads import Names
from mantissa.errors import GuardRefused


def check_tables(tree: exp.Query, names: Names) -> None:
    """Refuse names outside the catalog (`table`) and CTEs that hide one (`cte_shadows_table`)."""
    for cte in tree.find_all(exp.CTE):
        if cte.alias.lower() in names:
            raise GuardRefused(
                f"the CTE {cte.alias} hides the table of that name",
                code="cte_shadows_table",
                fix="give the CTE another name",
            )
    for table in tree.find_all(exp.Table):
        if not _is_cte(table):
            _check(table, names)


def _check(table: exp.Table, names: Names) -> None:
    plain = isinstance(table.this, exp.Identifier) and not table.db and not table.catalog
    if plain and table.name.lower() in names:
        return
    near = difflib.get_close_matches(table.name.lower(), names.all(), n=3)
    fix = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(names.all())}"
    raise GuardRefused(f"no table {table.name} here", code="table", fix=fix)


def _is_cte(table: exp.Table) -> bool:
    if table.db or table.catalog:
        return False
    name = table.name.lower()
    return any(cte.alias.lower() == name for cte in _visible(table))


def _visible(node: exp.Expr) -> Iterator[exp.CTE]:
    """Yield the CTEs in scope: of the queries around the node, and written before it."""
    below: exp.Expr = node
    around = node.parent
    while around is not None:
        if isinstance(around, exp.With):
            yield from _before(around, below)
        elif isinstance(with_ := around.args.get("with_"), exp.With) and below is not with_:
            yield from with_.expressions
        below, around = around, around.parent


def _before(with_: exp.With, inside: exp.Expr) -> Iterator[exp.CTE]:
    for cte in with_.expressions:
        if cte is inside:
            return
        yield cte
