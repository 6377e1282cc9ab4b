"""Correlations that count: events, and different values.

`count(DISTINCT …) OVER` does not exist on Trino. Different values are counted by a sweep: a value
enters when it was not seen within the timespan before, leaves a timespan after it was last seen,
and the running sum of what entered and left is the number inside.
"""

from __future__ import annotations

from sqlglot import exp

from mantissa.detection.correlate_windows import (
    EVENT,
    KEY,
    TIME,
    VALUE,
    as_count,
    as_double,
    earlier,
    flag,
    grouped,
    integer,
    later,
    named,
    over,
    select,
    trailing,
    where,
)
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import Dialect
from mantissa.detection.template import all_of, any_of, is_null, quoted

_SIDE = "side"
"""0 for a match, 1 for the time after which a value is no longer inside."""


def event_count(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the matches in their windows."""
    moments = grouped(
        rows,
        (KEY, TIME),
        named(exp.Min(this=quoted(EVENT)), EVENT),
        named(exp.Count(this=exp.Star()), "n"),
    )
    seen = select(moments, KEY, TIME, EVENT, *window(correlation))
    measure = named(as_double(quoted("events")), "measure")
    return select(seen, KEY, TIME, EVENT, "events", "first_time", measure)


def window(correlation: Correlation) -> tuple[exp.Expr, exp.Expr]:
    """Return the matches in each moment's window and the time of the first, from its `n`."""
    events = as_count(trailing(exp.Sum(this=quoted("n")), correlation.span))
    first = trailing(exp.Min(this=quoted(TIME)), correlation.span)
    return named(events, "events"), named(first, "first_time")


def value_count(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the different values in their windows; NULL is none."""
    sweep = _sweep(_stays(rows, correlation), correlation)
    inside = exp.Sum(this=quoted("change"))
    so_far = exp.WindowSpec(
        kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW"
    )
    match = exp.EQ(this=quoted(_SIDE), expression=integer(0))
    events = as_count(trailing(exp.Sum(this=quoted("n")), correlation.span))
    first = trailing(exp.Min(this=where(match.copy(), quoted(TIME))), correlation.span)
    measured = select(
        sweep,
        KEY,
        TIME,
        EVENT,
        _SIDE,
        named(events, "events"),
        named(first, "first_time"),
        named(as_double(over(inside, (KEY,), (TIME, _SIDE), so_far)), "measure"),
    )
    return select(measured, KEY, TIME, EVENT, "events", "first_time", "measure").where(
        match, copy=False
    )


def _stays(rows: exp.Select, correlation: Correlation) -> exp.Select:
    """Select for each key, value and time whether the value enters there and leaves after it."""
    values = grouped(
        rows,
        (KEY, VALUE, TIME),
        named(exp.Min(this=quoted(EVENT)), EVENT),
        named(exp.Count(this=exp.Star()), "n"),
    )
    near = select(
        values,
        KEY,
        VALUE,
        TIME,
        EVENT,
        "n",
        named(over(exp.Lag(this=quoted(TIME)), (KEY, VALUE), (TIME,)), "before"),
        named(over(exp.Lead(this=quoted(TIME)), (KEY, VALUE), (TIME,)), "after"),
    )
    given = exp.Not(this=is_null(quoted(VALUE)))
    long_ago = exp.LT(this=quoted("before"), expression=earlier(quoted(TIME), correlation.span))
    long_after = exp.GT(this=quoted("after"), expression=later(quoted(TIME), correlation.span))
    enters = all_of([given, any_of([is_null(quoted("before")), long_ago])])
    leaves = all_of([given.copy(), any_of([is_null(quoted("after")), long_after])])
    return select(
        near,
        KEY,
        TIME,
        EVENT,
        "n",
        named(flag(enters), "enters"),
        named(flag(leaves), "leaves"),
    )


def _sweep(stays: exp.Select, correlation: Correlation) -> exp.Select:
    """Select what enters and leaves by key, time and side."""
    sides = exp.values([(0,), (1,)], alias="sides", columns=[_SIDE])
    entering = exp.EQ(this=quoted(_SIDE), expression=integer(0))
    leaving = exp.EQ(this=quoted("leaves"), expression=integer(1))

    def either(first: exp.Expr, second: exp.Expr) -> exp.Case:
        return exp.Case().when(entering.copy(), first).else_(second)

    doubled = (
        select(
            stays,
            KEY,
            _SIDE,
            named(either(quoted(TIME), later(quoted(TIME), correlation.span)), TIME),
            named(where(entering.copy(), quoted(EVENT)), EVENT),
            named(either(quoted("n"), integer(0)), "n"),
            named(either(quoted("enters"), exp.Neg(this=integer(1))), "change"),
        )
        .join(sides, join_type="cross", copy=False)
        .where(any_of([entering.copy(), leaving]), copy=False)
    )
    return grouped(
        doubled,
        (KEY, TIME, _SIDE),
        named(exp.Min(this=quoted(EVENT)), EVENT),
        named(exp.Sum(this=quoted("n")), "n"),
        named(exp.Sum(this=quoted("change")), "change"),
    )
