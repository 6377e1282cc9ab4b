"""The two queries that fetch what an Athena result cannot hold as text: arrays, maps and rows.

One asks for the full type of every column and reads nothing, as its join never matches. The other
is the same query once more with each nested column as JSON. An ORDER BY inside FROM means nothing
to Trino unless a LIMIT stands beside it, so a query that has the one is given the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from mantissa.adapters.lake_sql import DIALECT, limited, select
from mantissa.detection.template import call

EVERY_ROW = 2**31 - 1


def types_sql(sql: str, width: int) -> str:
    """Return a query for one row: what `typeof` says of each column of a query."""
    names = _names(width)
    types = [exp.alias_(call("TYPEOF", _column(name)), name, quoted=True) for name in names]
    one = exp.values([(1,)], alias="one", columns=["x"])
    found = exp.select(*types).from_(one, copy=False)
    found = found.join(_inner(select(sql), names), on=exp.false(), join_type="left", copy=False)
    return found.sql(dialect=DIALECT)


def json_sql(sql: str, nested: Sequence[bool]) -> str:
    """Return a query for the same rows with its nested columns as JSON text."""
    tree = select(sql)
    if tree.args.get("order") and not tree.args.get("limit"):
        tree = limited(tree, EVERY_ROW)
    names = _names(len(nested))
    columns = [
        exp.alias_(_json(name), name, quoted=True) if inside else _column(name)
        for name, inside in zip(names, nested, strict=True)
    ]
    return exp.select(*columns).from_(_inner(tree, names), copy=False).sql(dialect=DIALECT)


def _names(width: int) -> list[str]:
    return [f"c{number}" for number in range(width)]


def _column(name: str) -> exp.Column:
    return exp.column(name, quoted=True)


def _json(name: str) -> exp.Expr:
    return call("JSON_FORMAT", exp.Cast(this=_column(name), to=exp.DataType.build("json")))


def _inner(tree: exp.Query, names: Sequence[str]) -> exp.Subquery:
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    alias = exp.TableAlias(this=exp.to_identifier("q", quoted=True), columns=columns)
    return exp.Subquery(this=tree.copy(), alias=alias)
