"""Pieces of a correlation's SELECT: times, trailing windows, one relation over another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from mantissa.detection.template import quoted

KEY, TIME, MEMBER, VALUE, EVENT = "key", "event_time", "member", "value", "event_id"


def moment_literal(time: datetime) -> exp.Expr:
    """Write an aware time as the engines hold it: UTC, milliseconds, no zone."""
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return exp.cast(exp.Literal.string(text), exp.DataType.build("TIMESTAMP"))


def seconds(span: timedelta) -> exp.Interval:
    """Write a span of whole seconds as an interval."""
    number = exp.Literal.string(str(int(span.total_seconds())))
    return exp.Interval(this=number, unit=exp.Var(this="SECOND"))


def double(number: float) -> exp.Expr:
    """Write a number as DOUBLE; Trino reads `0.3` as a decimal."""
    return exp.cast(exp.Literal.string(repr(number)), exp.DataType.build("DOUBLE"))


def as_double(value: exp.Expr) -> exp.Expr:
    """Convert to DOUBLE."""
    return exp.cast(value, exp.DataType.build("DOUBLE"))


def as_count(value: exp.Expr) -> exp.Expr:
    """Convert to BIGINT; DuckDB adds up whole numbers as HUGEINT."""
    return exp.cast(value, exp.DataType.build("BIGINT"))


def integer(number: int) -> exp.Expr:
    """Write a whole number that is not negative."""
    return exp.Literal.number(number)


def named(value: exp.Expr, name: str) -> exp.Expr:
    """Give a column a name, quoted."""
    return exp.alias_(value, name, quoted=True)


def flag(test: exp.Expr) -> exp.Case:
    """Return 1 where a condition holds, else 0."""
    return exp.Case().when(test, integer(1)).else_(integer(0))


def where(test: exp.Expr, value: exp.Expr) -> exp.Case:
    """Return a value where a condition holds, else NULL."""
    return exp.Case().when(test, value)


def trailing(aggregate: exp.Expr, span: timedelta) -> exp.Window:
    """Aggregate over the span that ends at each row; rows of one time see each other."""
    frame = exp.WindowSpec(
        kind="RANGE", start=seconds(span), start_side="PRECEDING", end="CURRENT ROW"
    )
    return over(aggregate, (KEY,), (TIME,), frame)


def over(
    function: exp.Expr,
    partition: Sequence[str],
    order: Sequence[str] = (),
    frame: exp.WindowSpec | None = None,
) -> exp.Window:
    """Apply a window function."""
    ordered = [exp.Ordered(this=quoted(name)) for name in order]
    return exp.Window(
        this=function,
        partition_by=[quoted(name) for name in partition],
        order=exp.Order(expressions=ordered) if ordered else None,
        spec=frame,
    )


def select(inner: exp.Select, *columns: exp.Expr | str) -> exp.Select:
    """Select from another SELECT; a text is the name of a column that is passed on."""
    chosen = [quoted(column) if isinstance(column, str) else column for column in columns]
    return exp.select(*chosen).from_(inner.subquery("t", copy=False), copy=False)


def grouped(inner: exp.Select, by: Sequence[str], *columns: exp.Expr) -> exp.Select:
    """Select one row for each combination of some columns, with those columns first."""
    return select(inner, *by, *columns).group_by(*(quoted(name) for name in by), copy=False)


def earlier(time: exp.Expr, span: timedelta) -> exp.Sub:
    """Return the time a span before."""
    return exp.Sub(this=time, expression=seconds(span))


def later(time: exp.Expr, span: timedelta) -> exp.Add:
    """Return the time a span after."""
    return exp.Add(this=time, expression=seconds(span))
