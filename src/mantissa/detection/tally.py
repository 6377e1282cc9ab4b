"""What a backtest asks of a fused query's rows: how many there are, and a few of the newest.

    SELECT * FROM (
      SELECT *, COUNT(*) OVER g AS "n$", ROW_NUMBER() OVER (g ORDER BY event_time DESC) AS "k$"
      FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY event_id) AS "d$" FROM (…) AS base) AS base
      WHERE "d$" = 1                                          -- an event that came twice is one
    ) AS base WHERE "k$" <= 5                                            -- g: day, b0, b1, …

A month's matches may be millions of rows; rows with the same day and the same bits differ in
nothing that is counted, so that one row of each such group could tell everything. Only what members
of correlations matched is wanted row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from mantissa.detection.findings import hits
from mantissa.detection.fuse import Bitmap, Frame, FusedQuery
from mantissa.detection.prepare import Predicate
from mantissa.detection.template import all_of, any_of, quoted
from mantissa.lake.parquet import PARTITION
from mantissa.model import TimeRange
from mantissa.sources.definition import CLOCK_SKEW

COUNT, PLACE, TWIN = "n$", "k$", "d$"
"""No stored column's name holds a `$`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many events of one day a predicate matched, together with some other predicates."""

    predicate: Predicate
    day: date
    events: int


def counting(span: TimeRange, samples: int, margin: timedelta = timedelta(0)) -> Frame:
    """Return the frame of queries that count a span's events and keep some of each group.

    Args:
        margin: how much earlier the matches of members of correlations are wanted from.
    """
    early = TimeRange(span.start - margin, span.end)
    return Frame(_within(early), lambda query, bits: _counted(query, bits, samples, span.start))


def read(query: FusedQuery, rows: pa.Table) -> Iterator[Tally]:
    """Yield the counts of an answer: each group's once for each predicate that matched it."""
    first = rows.filter(pc.equal(rows[PLACE], 1))
    days = first["event_time"].cast(pa.timestamp("us")).cast(pa.date32()).to_pylist()
    found = zip(days, first[COUNT].to_pylist(), strict=True)
    groups = dict(zip(first["event_id"].to_pylist(), found, strict=True))
    for predicate, event_id in hits(query, first):
        yield Tally(predicate, *groups[event_id])


def _within(span: TimeRange) -> exp.Expr:
    """Admit the span's rows; the condition on the partition keeps other days from being read.

    Rows of any time may lie in the partition of those that came too early or too late.
    """
    day, when = quoted(PARTITION), quoted("event_time")
    first, last = (exp.Literal.string(day.isoformat()) for day in _ends(span))
    days: list[exp.Expr] = [
        exp.Between(this=day, low=first, high=last),
        exp.EQ(this=day.copy(), expression=exp.Literal.string(CLOCK_SKEW)),
    ]
    tests: list[exp.Expr] = [
        exp.Paren(this=any_of(days)),
        exp.GTE(this=when, expression=_moment(span.start)),
        exp.LT(this=when.copy(), expression=_moment(span.end)),
    ]
    return all_of(tests)


def days_of(span: TimeRange) -> tuple[str, ...]:
    """Return the partitions in which a span's rows lie."""
    first, last = _ends(span)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return (*(day.isoformat() for day in days), CLOCK_SKEW)


def _ends(span: TimeRange) -> tuple[date, date]:
    """Return the first and the last day of which a span holds something."""
    return span.start.date(), (span.end - timedelta(microseconds=1)).date()


def _moment(time: datetime) -> exp.Expr:
    text = time.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
    return exp.cast(exp.Literal.string(text), "timestamp")


def sampled(rows: pa.Table, samples: int, start: datetime) -> pa.Table:
    """Return the rows of an answer that are counted or shown, of those of the span itself."""
    kept = rows.filter(pc.less_equal(rows[PLACE], samples))
    times = kept["event_time"].cast(pa.timestamp("us")).cast(pa.int64())
    return kept.filter(pc.greater_equal(times, _micros(start)))


def _micros(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _counted(
    query: exp.Select, bitmaps: Sequence[Bitmap], samples: int, start: datetime
) -> exp.Select:
    each = _window([quoted("event_id")], exp.RowNumber())
    numbered = _rows(query, [_named(each, TWIN)])
    early = exp.LT(this=quoted("event_time"), expression=_moment(start))
    bits = [quoted(f"b{number}") for number in range(len(bitmaps))]
    group = [exp.cast(quoted("event_time"), "date"), early, *bits]
    newest = [
        exp.Ordered(this=quoted("event_time"), desc=True),
        exp.Ordered(this=quoted("event_id")),
    ]
    place = _window(group, exp.RowNumber(), newest)
    counted = _rows(numbered, [_named(_window(group, _COUNT), COUNT), _named(place, PLACE)])
    counted.set("where", exp.Where(this=exp.EQ(this=quoted(TWIN), expression=_number(1))))
    few: exp.Expr = exp.LTE(this=quoted(PLACE), expression=_number(samples))
    kept = _rows(counted, [])
    kept.set("where", exp.Where(this=any_of([few, *_of_members(bitmaps)])))
    return kept


def _of_members(bitmaps: Sequence[Bitmap]) -> Iterator[exp.Expr]:
    """Yield the conditions under which a row is a match of some member of a correlation."""
    for number, bitmap in enumerate(bitmaps):
        mask = sum(1 << place for place, predicate in enumerate(bitmap) if predicate.parts)
        if mask:
            both = exp.BitwiseAnd(this=quoted(f"b{number}"), expression=_number(mask))
            yield exp.NEQ(this=exp.Paren(this=both), expression=_number(0))


def _window(
    group: Sequence[exp.Expr], function: exp.Expr, order: Sequence[exp.Expr] = ()
) -> exp.Window:
    window = exp.Window(this=function.copy(), partition_by=[part.copy() for part in group])
    if order:
        window.set("order", exp.Order(expressions=list(order)))
    return window


def _rows(query: exp.Select, added: Sequence[exp.Expr]) -> exp.Select:
    """Select all columns of a query, and more, without copying it: it may be large."""
    place = exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("base")))
    select = exp.Select(expressions=[exp.Star(), *added])
    select.set("from_", exp.From(this=place))
    return select


def _named(value: exp.Expr, name: str) -> exp.Expr:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


_COUNT = exp.Count(this=exp.Star())
