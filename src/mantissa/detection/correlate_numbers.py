"""Correlations that reckon with values: sums, averages, medians and percentiles.

A value is text; what is no decimal number is ignored. Sums are kept in whole millionths, since
sums of DOUBLE depend on the order of the rows: values count with six decimals, and one beyond
10^18 counts as that.
"""

from __future__ import annotations

from sqlglot import exp

from mantissa.detection.correlate_counts import window
from mantissa.detection.correlate_windows import (
    EVENT,
    KEY,
    TIME,
    VALUE,
    double,
    grouped,
    named,
    select,
    trailing,
)
from mantissa.detection.correlation import Correlation, Kind
from mantissa.detection.dialects import Dialect
from mantissa.detection.template import fill, quoted

_WHOLE = "CASE WHEN number < 0 THEN CEIL(number) ELSE FLOOR(number) END"
_LIMITED = "CASE WHEN number > most THEN most WHEN number < least THEN least ELSE number END"
_MILLIONTHS = """CAST(CAST(whole AS BIGINT) AS DECIMAL(38, 0)) * CAST(1000000 AS DECIMAL(7, 0))
    + CAST(CAST(CASE WHEN number < 0 THEN -FLOOR((whole - number) * million + half)
                     ELSE FLOOR((number - whole) * million + half) END AS BIGINT)
           AS DECIMAL(38, 0))"""
_TOTAL = 'CASE WHEN "numbers" > 0 THEN CAST("sum" AS DOUBLE) / million END'
_AVERAGE = 'CASE WHEN "numbers" > 0 THEN CAST("sum" AS DOUBLE) / million / "numbers" END'
_BASE = (KEY, TIME, EVENT, "events", "first_time")


def total(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the sum of the numbers in their windows; NULL without any."""
    return _added(rows, correlation, dialect, _TOTAL)


def average(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by the mean of the numbers in their windows; NULL without any."""
    return _added(rows, correlation, dialect, _AVERAGE)


def _added(
    rows: exp.Select, correlation: Correlation, dialect: Dialect, measure: str
) -> exp.Select:
    limits = {"most": double(1e18), "least": double(-1e18)}
    read = select(rows, KEY, TIME, EVENT, named(dialect.number(quoted(VALUE)), "number"))
    limited = fill(_LIMITED, "trino", number=quoted("number"), **limits)
    numbers = select(read, KEY, TIME, EVENT, named(limited, "number"))
    whole = fill(_WHOLE, "trino", number=quoted("number"))
    parts = select(numbers, KEY, TIME, EVENT, "number", named(whole, "whole"))
    moments = grouped(
        parts,
        (KEY, TIME),
        named(exp.Min(this=quoted(EVENT)), EVENT),
        named(exp.Count(this=exp.Star()), "n"),
        named(exp.Count(this=quoted("number")), "numbers"),
        named(exp.Sum(this=_millionths()), "sum"),
    )
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


def _millionths() -> exp.Expr:
    return fill(
        _MILLIONTHS,
        "trino",
        number=quoted("number"),
        whole=quoted("whole"),
        million=double(1e6),
        half=double(0.5),
    )


def percentile(rows: exp.Select, correlation: Correlation, dialect: Dialect) -> exp.Select:
    """Return moments measured by a percentile of the numbers in their windows, interpolated."""
    share = 50 if correlation.kind is Kind.VALUE_MEDIAN else correlation.percentile
    raise NotImplementedError(share)
