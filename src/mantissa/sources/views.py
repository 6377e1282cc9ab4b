"""Views across sources: one per event class, so that "everything this address did" is one query."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from mantissa.model import Column, Table
from mantissa.sources.definition import COMMON, ENVELOPE

VIEWS = (
    "authentication",
    "api_activity",
    "network_activity",
    "process_activity",
    "detection_finding",
)
"""The event classes that have a view; the view has the class's name."""

SOURCE_COLUMN = "source"
"""The view's first column: the table that a row comes from."""


VIEW_COLUMNS: tuple[Column, ...] = (
    Column(SOURCE_COLUMN, "string", "The table that the row comes from"),
    *ENVELOPE,
    *COMMON,
    Column("event_date", "string", "UTC date of event_time as YYYY-MM-DD, or clock_skew"),
)
"""A view's columns, in order."""


def view_columns() -> tuple[str, ...]:
    """Return the names of a view's columns, in order."""
    return tuple(c.name for c in VIEW_COLUMNS)


def views(tables: Iterable[Table]) -> dict[str, exp.Expression]:
    """Return each view's SELECT over the tables that hold events; none if there is no table."""
    sources = [t for t in tables if t.column("event_class") is not None]
    return {name: _union(name, sources) for name in VIEWS} if sources else {}


def _union(event_class: str, tables: list[Table]) -> exp.Expression:
    first, *others = [_select(event_class, table) for table in tables]
    result: exp.Expression = first
    for other in others:
        result = exp.union(result, other, distinct=False, copy=False)
    return result


def _select(event_class: str, table: Table) -> exp.Select:
    columns = [exp.column(name, quoted=True) for name in view_columns()[1:]]
    origin = exp.alias_(exp.Literal.string(table.name), SOURCE_COLUMN, quoted=True)
    condition = exp.EQ(
        this=exp.column("event_class", quoted=True), expression=exp.Literal.string(event_class)
    )
    return exp.select(origin, *columns).from_(exp.table_(table.name, quoted=True)).where(condition)
