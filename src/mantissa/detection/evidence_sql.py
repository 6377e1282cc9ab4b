"""What the first windows of islands hold, asked of `matches` for many islands at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from mantissa.detection.correlate_windows import moment_literal, named, over, select
from mantissa.detection.correlation import Correlation
from mantissa.detection.table import ENTITIES
from mantissa.detection.template import quoted

SAMPLES = 5
EDGES = (("least", exp.Min), ("most", exp.Max))
_SHOWN = ("event_id", "event_time", "source", "source_object", *ENTITIES)


@dataclass(frozen=True, slots=True)
class Window:
    """Matches of one group, from the first to the last of them."""

    correlation: Correlation
    key: str
    first: datetime
    last: datetime


def evidence_sql(matches: exp.Subquery, windows: Sequence[Window]) -> exp.Select:
    """Select the latest matches of each window, with the least and greatest of each entity.

    Columns: island (the window's number), place (1 for the latest), event_id, source,
    source_object, each entity, and `least_` and `most_` of each entity over the whole window.

    Args:
        matches: named `matches`; its days are to be chosen there.
    """
    rows = exp.select(exp.column("island", table="windows")).distinct()
    for name in _SHOWN:
        rows = rows.select(exp.column(name, table="matches", quoted=True), copy=False)
    rows = rows.from_(matches).join(_asked(windows), on=_inside(), copy=False)
    edges = [
        named(over(kind(this=quoted(name)), ("island",)), f"{edge}_{name}")
        for name in ENTITIES
        for edge, kind in EDGES
    ]
    latest = [exp.Ordered(this=quoted(n), desc=True) for n in ("event_time", "event_id")]
    place = exp.Window(
        this=exp.RowNumber(), partition_by=[quoted("island")], order=exp.Order(expressions=latest)
    )
    placed = select(rows, "island", *_SHOWN, *edges, named(place, "place"))
    within = exp.LTE(this=quoted("place"), expression=exp.Literal.number(SAMPLES))
    return exp.select("*").from_(placed.subquery("placed")).where(within)


def _asked(windows: Sequence[Window]) -> exp.Expr:
    """Write the windows down as a relation."""
    rows = [
        exp.Tuple(
            expressions=[
                exp.Literal.number(number),
                exp.Literal.string(window.correlation.info.id),
                exp.Literal.string(window.correlation.grouping),
                exp.Literal.string(window.key),
                moment_literal(window.first),
                moment_literal(window.last),
            ]
        )
        for number, window in enumerate(windows)
    ]
    names = ("island", "correlation", "grouping", "key", "first_time", "last_time")
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    alias = exp.TableAlias(this=exp.to_identifier("windows"), columns=columns)
    return exp.Values(expressions=rows, alias=alias)


def _inside() -> exp.Expr:
    def of(table: str, name: str) -> exp.Column:
        return exp.column(name, table=table, quoted=True)

    return exp.and_(
        *(
            exp.EQ(this=of("matches", name), expression=of("windows", name))
            for name in ("correlation", "grouping", "key")
        ),
        exp.GTE(this=of("matches", "event_time"), expression=of("windows", "first_time")),
        exp.LTE(this=of("matches", "event_time"), expression=of("windows", "last_time")),
    )
