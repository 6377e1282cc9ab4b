"""Correlations that reckon with values: sums, averages, medians and percentiles.

A value is text; what is no decimal number is ignored. Sums are kept in whole millionths, since
sums of DOUBLE depend on the order of the rows: values count with six decimals, and one beyond
10^18 counts as that.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from mantissa.detection.correlate_counts import window
from mantissa.detection.correlate_windows import (
    EVENT,
    KEY,
    TIME,
    VALUE,
    double,
    earlier,
    grouped,
    named,
    over,
    select,
    trailing,
    where,
)
from mantissa.detection.correlation import Correlation, Kind
from mantissa.detection.dialects import Dialect
from mantissa.detection.template import all_of, fill, is_null, quoted

NUMBER = "number"
_WHOLE = "CASE WHEN number < 0 THEN CEIL(number) ELSE FLOOR(number) END"
_LIMITED = "CASE WHEN number > most THEN most WHEN number < least THEN least ELSE number END"
_MILLIONTHS = """CAST(CAST(whole AS BIGINT) AS DECIMAL(38, 0)) * CAST(1000000 AS DECIMAL(7, 0))
    + CAST(CAST(CASE WHEN number < 0 THEN -FLOOR((whole - number) * million + half)
                     ELSE FLOOR((number - whole) * million + half) END AS BIGINT)
           AS DECIMAL(38, 0))"""
_TOTAL = 'CASE WHEN "numbers" > 0 THEN CAST("sum" AS DOUBLE) / million END'
_AVERAGE = 'CASE WHEN "numbers" > 0 THEN CAST("sum" AS DOUBLE) / million / "numbers" END'
_EXACT = 'percentile * CAST("numbers" - 1 AS DOUBLE) / hundred'
"""Multiplied first: `0.57 * 100` is less than 57."""
_PLACE = 'CAST(FLOOR("exact") AS BIGINT)'
_SHARE = '"exact" - FLOOR("exact")'
_NEXT = 'CASE WHEN FLOOR("exact") < "exact" THEN CAST(FLOOR("exact") AS BIGINT) + 1 ELSE CAST(FLOOR("exact") AS BIGINT) END'
_SIDE = """CASE WHEN at < "below" THEN "under"
    WHEN at < "numbers" - "above" THEN limit ELSE "over" END"""
_BETWEEN = '"low" + ("high" - "low") * "share"'
_AT = 'MAX(CASE WHEN "rank" = at + 1 THEN "number" END)'
_WIDENED: dict[str, type[exp.AggFunc]] = {
    "numbers": exp.Sum,
    "below": exp.Sum,
    "above": exp.Sum,
    "under": exp.Max,
    "over": exp.Min,
}
"""What is known of the numbers at each time, and how it is put together for a window."""
_BASE = (KEY, TIME, EVENT, "events", "first_time")


def total(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the sum of the numbers in their windows; NULL without any."""
    return _added(rows, correlation, dialect, _TOTAL)


def average(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the mean of the numbers in their windows; NULL without any."""
    return _added(rows, correlation, dialect, _AVERAGE)


def _numbers(rows: exp.Select, dialect: Dialect) -> exp.Select:
    """Read values as numbers."""
    read = select(rows, KEY, TIME, EVENT, named(dialect.number(quoted(VALUE)), NUMBER))
    limits = {"most": double(1e18), "least": double(-1e18)}
    limited = fill(_LIMITED, "trino", number=quoted(NUMBER), **limits)
    return select(read, KEY, TIME, EVENT, named(limited, NUMBER))


def _added(
    rows: exp.Select, correlation: Correlation, dialect: Dialect, measure: str
) -> exp.Select:
    whole = fill(_WHOLE, "trino", number=quoted(NUMBER))
    parts = select(_numbers(rows, dialect), KEY, TIME, EVENT, NUMBER, named(whole, "whole"))
    moments = grouped(parts, (KEY, TIME), *_counted(), named(exp.Sum(this=_millionths()), "sum"))
    seen = select(
        moments,
        KEY,
        TIME,
        EVENT,
        *window(correlation),
        named(trailing(exp.Sum(this=quoted("numbers")), correlation.span), "numbers"),
        named(trailing(exp.Sum(this=quoted("sum")), correlation.span), "sum"),
    )
    value = fill(measure, "trino", million=double(1e6))
    return select(seen, *_BASE, named(value, "measure"))


def _counted() -> tuple[exp.Expr, ...]:
    return (
        named(exp.Min(this=quoted(EVENT)), EVENT),
        named(exp.Count(this=exp.Star()), "n"),
        named(exp.Count(this=quoted(NUMBER)), "numbers"),
    )


def _millionths() -> exp.Expr:
    return fill(
        _MILLIONTHS,
        "trino",
        number=quoted(NUMBER),
        whole=quoted("whole"),
        million=double(1e6),
        half=double(0.5),
    )


def percentile(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments whose measure lies on the same side of the threshold as the percentile.

    How many numbers in the window are below the threshold says on which side a percentile lies,
    except when it falls between the greatest number below and the least above: those two are
    then its neighbours. So windows of counts do, where sorting every window would be quadratic.
    """
    if correlation.threshold is None:
        raise ValueError("a percentile has a threshold")
    limit = double(correlation.threshold.number)
    moments = grouped(_numbers(rows, dialect), (KEY, TIME), *_counted(), *_around(limit))
    windows = (
        named(trailing(kind(this=quoted(name)), correlation.span), name)
        for name, kind in _WIDENED.items()
    )
    seen = select(moments, KEY, TIME, EVENT, *window(correlation), *windows)
    placed = _placed(seen, correlation, *_BASE, *_WIDENED)
    sides = (
        named(fill(_SIDE, "trino", at=quoted(at), limit=limit), name)
        for name, at in (("low", "place"), ("high", "next"))
    )
    between = select(placed, *_BASE, "share", *sides)
    return select(between, *_BASE, named(fill(_BETWEEN, "trino"), "measure"))


def _around(limit: exp.Expr) -> Iterator[exp.Expr]:
    """Count the numbers below and above a limit, and find the nearest on both sides."""
    below = where(exp.LT(this=quoted(NUMBER), expression=limit.copy()), quoted(NUMBER))
    above = where(exp.GT(this=quoted(NUMBER), expression=limit.copy()), quoted(NUMBER))
    yield named(exp.Count(this=below), "below")
    yield named(exp.Count(this=above), "above")
    yield named(exp.Max(this=below.copy()), "under")
    yield named(exp.Min(this=above.copy()), "over")


def _placed(inner: exp.Select, correlation: Correlation, *columns: str) -> exp.Select:
    """Add the places, from 0, of the two numbers beside a percentile, and how far between it is."""
    per_cent = 50 if correlation.kind is Kind.VALUE_MEDIAN else correlation.percentile
    exact = fill(_EXACT, "trino", percentile=double(per_cent), hundred=double(100))
    found = select(inner, *columns, named(exact, "exact"))
    place, share, after = (fill(piece, "trino") for piece in (_PLACE, _SHARE, _NEXT))
    return select(
        found, *columns, named(place, "place"), named(share, "share"), named(after, "next")
    )


def with_percentile(
    islands: exp.Select, rows: exp.Select, correlation: Correlation, dialect: Dialect
) -> exp.Select:
    """Put the percentile itself in the place of each island's measure."""
    columns = ("correlation", KEY, EVENT, TIME, "first_time", "last_time", "events")
    numbers = select(
        _numbers(rows, dialect), named(quoted(KEY), "of"), named(quoted(TIME), "at"), NUMBER
    ).where(exp.Not(this=is_null(quoted(NUMBER))), copy=False)
    since = earlier(quoted(TIME), correlation.span)
    inside = all_of(
        [
            exp.EQ(this=quoted("of"), expression=quoted(KEY)),
            exp.Between(this=quoted("at"), low=since, high=quoted(TIME)),
        ]
    )
    joined = select(islands, *columns, NUMBER).join(
        numbers.subquery("r", copy=False), on=inside, copy=False
    )
    ranked = select(
        joined,
        *columns,
        NUMBER,
        named(over(exp.RowNumber(), (KEY, TIME), (NUMBER,)), "rank"),
        named(over(exp.Count(this=exp.Star()), (KEY, TIME)), "numbers"),
    )
    placed = _placed(ranked, correlation, *columns, NUMBER, "rank", "numbers")
    sides = (
        named(fill(_AT, "trino", at=quoted(at)), name)
        for name, at in (("low", "place"), ("high", "next"))
    )
    found = grouped(placed, (*columns, "share"), *sides)
    return select(found, *columns, named(fill(_BETWEEN, "trino"), "measure"))
