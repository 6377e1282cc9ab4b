"""Rows that look alike to the rules are judged once.

Logs repeat: a million process creations hold far fewer combinations of program, command line and
parent. Where an engine reads what it judges for nothing, the combinations are judged and the rows
that have a matching one are looked up:

    SELECT … FROM t JOIN (
      SELECT * FROM (SELECT "c" AS "t$c", …, CASE … END AS b0 FROM (SELECT DISTINCT "c", … FROM t))
      WHERE (b0 | …) <> 0
    ) ON "c" IS NOT DISTINCT FROM "t$c" AND …

Rules that ask columns which few other rules ask would make every row a combination of its own, so
they are judged row by row, in queries of their own; so are those that look into documents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlglot import exp

from mantissa.detection.keyword import RAW
from mantissa.detection.prepare import Predicate
from mantissa.detection.template import all_of, quoted
from mantissa.model import Table

FEW = 8
"""Rules below which reading twice costs more than judging."""
USUAL = 50
"""A column is usual if one rule in this many asks it."""


def divided(predicates: Sequence[Predicate]) -> tuple[list[Predicate], list[Predicate]]:
    """Divide one table's predicates into those judged by combinations and those row by row."""
    counts = Counter(name for p in predicates for name in p.columns)
    usual = {name for name, count in counts.items() if count * USUAL >= len(predicates)}
    plain = {name for name in usual if _repeats(predicates[0].source.table, name)}
    together = [p for p in predicates if p.columns <= plain]
    if len(together) < FEW:
        return [], list(predicates)
    return together, [p for p in predicates if not p.columns <= plain]


def _repeats(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and column.type != "json" and name != RAW


def combinations(columns: Sequence[str], rows: exp.Expr, within: exp.Expr | None) -> exp.Select:
    """Select the distinct values of some columns."""
    select = exp.Select(expressions=[quoted(name) for name in columns], distinct=exp.Distinct())
    select.set("from_", exp.From(this=rows))
    if within is not None:
        select.set("where", exp.Where(this=within.copy()))
    return select


def renamed(columns: Sequence[str]) -> list[exp.Expr]:
    """Select columns under names that no stored column has."""
    return [_alias(quoted(name), f"t${name}") for name in columns]


def looked_up(found: exp.Select, judged: exp.Select, columns: Sequence[str]) -> exp.Select:
    """Join the rows of a query to the combinations that matched."""
    same = [exp.NullSafeEQ(this=quoted(n), expression=quoted(f"t${n}")) for n in columns]
    place = exp.Subquery(this=judged, alias=exp.TableAlias(this=exp.to_identifier("judged")))
    found.set("joins", [exp.Join(this=place, on=all_of(list(same)))])
    return found


def _alias(value: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))
