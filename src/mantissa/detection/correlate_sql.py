"""A correlation as one SELECT over `matches`, the same for every engine.

    matches ─▶ rows, each once ─▶ moments: (key, time) with measure and hit ─▶ islands

A moment's window is the timespan that ends there, both ends included. An island is a run of hits
of one key of which none lies more than a timespan after the one before; a moment in between that
is no hit ends it. New matches at a time t change windows in [t, t + span], and with a condition
that can turn false they change where islands begin up to a span later: that far islands are
returned, so that every island which is new or begins elsewhere comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from mantissa.detection.correlate_counts import event_count, value_count
from mantissa.detection.correlate_numbers import average, percentile, total, with_percentile
from mantissa.detection.correlate_temporal import temporal, temporal_ordered
from mantissa.detection.correlate_windows import (
    EVENT,
    KEY,
    MEMBER,
    TIME,
    VALUE,
    double,
    earlier,
    flag,
    integer,
    moment_literal,
    named,
    over,
    select,
    where,
)
from mantissa.detection.correlation import Correlation, Kind, Threshold
from mantissa.detection.dialects import Dialect
from mantissa.detection.template import all_of, any_of, is_null, quoted

__all__ = ["Span", "correlation_sql", "moment_literal"]

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_KINDS: dict[Kind, Callable[[exp.Select, Correlation, Dialect], exp.Select]] = {
    Kind.EVENT_COUNT: event_count,
    Kind.VALUE_COUNT: value_count,
    Kind.VALUE_SUM: total,
    Kind.VALUE_AVG: average,
    Kind.VALUE_MEDIAN: percentile,
    Kind.VALUE_PERCENTILE: percentile,
    Kind.TEMPORAL: temporal,
    Kind.TEMPORAL_ORDERED: temporal_ordered,
}
_COMPARISONS: dict[str, type[exp.Binary]] = {
    "lt": exp.LT,
    "lte": exp.LTE,
    "gt": exp.GT,
    "gte": exp.GTE,
    "eq": exp.EQ,
    "neq": exp.NEQ,
}
_MOMENT = (KEY, TIME, EVENT, "events", "first_time", "measure", "hit")
"""Columns that every kind makes; `hit` is left out by those that compare the measure."""


@dataclass(frozen=True, slots=True)
class Span:
    """Times of events, aware, whose trailing windows are to be judged; both ends are inside."""

    start: datetime
    end: datetime


def correlation_sql(
    correlation: Correlation,
    dialect: Dialect,
    matches: exp.Table | exp.Subquery,
    spans: Sequence[Span],
) -> exp.Select:
    """Select the islands of a correlation that begin in spans, or up to its timespan after them.

    Columns: correlation, key, event_id and event_time of the crossing (of several events at that
    time the smallest id), first_time (earliest match in the window at the crossing), last_time
    (the island's last hit among what is read), events (matches in the window at the crossing) and
    measure (what was compared; for temporal kinds the different members in the window).

    Args:
        matches: has the columns of `MATCHES`; rows needed are those of the correlation from two
            timespans before each span to one after it. Days are to be chosen there, if at all:
            nothing here names a partition.
        spans: disjoint and sorted; each is an OR, so some dozens at most.
    """
    zones = _zones(spans, correlation.span)
    rows = _rows(correlation, matches, zones)
    moments = _KINDS[correlation.kind](rows.copy(), correlation, dialect)
    if correlation.threshold is not None and correlation.kind is not Kind.TEMPORAL_ORDERED:
        columns = (name for name in _MOMENT if name != "hit")
        moments = select(moments, *columns, named(_compared(correlation.threshold), "hit"))
    islands = _islands(_numbered(moments, zones, correlation.span), correlation, spans)
    if correlation.kind in (Kind.VALUE_MEDIAN, Kind.VALUE_PERCENTILE):
        return with_percentile(islands, rows, correlation, dialect)
    return islands


def _zones(spans: Sequence[Span], length: timedelta) -> list[Span]:
    """Return the stretches over which hits are known exactly, disjoint."""
    zones: list[Span] = []
    for span in spans:
        zone = Span(_shifted(span.start, -length), _shifted(span.end, length))
        if zones and zone.start <= zones[-1].end:
            zones[-1] = Span(zones[-1].start, max(zones[-1].end, zone.end))
        else:
            zones.append(zone)
    return zones


def _shifted(time: datetime, by: timedelta) -> datetime:
    """Shift a time, but not out of the calendar."""
    if by < timedelta():
        return time + by if time - _FIRST > -by else _FIRST
    return time + by if _LAST - time > by else _LAST


def _rows(
    correlation: Correlation, matches: exp.Table | exp.Subquery, zones: Sequence[Span]
) -> exp.Select:
    """Select what the zones need of the correlation's matches, each member's event once."""
    read = [Span(_shifted(zone.start, -correlation.span), zone.end) for zone in zones]
    members = [exp.Literal.string(member.id) for member in correlation.members]
    plain = exp.cast(quoted(TIME), exp.DataType.build("TIMESTAMP"))
    columns = [named(exp.Min(this=plain), TIME), named(exp.Min(this=quoted(KEY)), KEY)]
    if correlation.value_fields:
        columns.append(named(exp.Min(this=quoted(VALUE)), VALUE))
    return (
        exp.select(quoted(MEMBER), quoted(EVENT), *columns)
        .from_(matches.copy())
        .where(
            exp.EQ(this=quoted("correlation"), expression=_text(correlation.info.id)),
            exp.In(this=quoted(MEMBER), expressions=members),
            _within(read),
            exp.Not(this=is_null(quoted(KEY))),
            exp.Not(this=is_null(quoted(EVENT))),
            copy=False,
        )
        .group_by(quoted(MEMBER), quoted(EVENT), copy=False)
    )


def _within(spans: Sequence[Span]) -> exp.Expr:
    tests = any_of([_inside(span) for span in spans])
    return exp.Paren(this=tests) if isinstance(tests, exp.Or) else tests


def _inside(span: Span) -> exp.Between:
    low, high = moment_literal(span.start), moment_literal(span.end)
    return exp.Between(this=quoted(TIME), low=low, high=high)


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _compared(threshold: Threshold) -> exp.Expr:
    """Compare the measure; where there is none, nothing is to be said."""
    compare = _COMPARISONS[threshold.operator]
    test = compare(this=quoted("measure"), expression=double(threshold.number))
    return exp.Coalesce(this=test, expressions=[exp.false()])


def _numbered(moments: exp.Select, zones: Sequence[Span], length: timedelta) -> exp.Select:
    """Number the islands of each key and zone."""
    zone = exp.Case()
    for number, span in enumerate(zones):
        zone = zone.when(_inside(span), integer(number))
    placed = select(moments, *_MOMENT, named(zone, "zone"))
    exact = select(placed, *_MOMENT, "zone").where(
        exp.Not(this=is_null(quoted("zone"))), copy=False
    )
    before = {n: over(_lag(n), (KEY, "zone"), (TIME,)) for n in ("hit", TIME)}
    near = exp.GTE(this=before[TIME], expression=earlier(quoted(TIME), length))
    goes_on = exp.Coalesce(this=all_of([before["hit"], near]), expressions=[exp.false()])
    begins = all_of([quoted("hit"), exp.Not(this=goes_on)])
    begun = select(exact, *_MOMENT, "zone", named(begins, "begins"))
    island = over(exp.Sum(this=flag(quoted("begins"))), (KEY, "zone"), (TIME,), _so_far())
    return select(begun, *_MOMENT, "zone", "begins", named(island, "island"))


def _lag(name: str) -> exp.Lag:
    return exp.Lag(this=quoted(name))


def _so_far() -> exp.WindowSpec:
    return exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")


def _islands(numbered: exp.Select, correlation: Correlation, spans: Sequence[Span]) -> exp.Select:
    """Reduce each island that begins in time to its crossing, with the time of its last hit."""
    last = exp.Max(this=where(quoted("hit"), quoted(TIME)))
    ended = over(last, (KEY, "zone", "island"))
    whole = select(numbered, *_MOMENT, "begins", named(ended, "last_time"))
    told = [Span(span.start, _shifted(span.end, correlation.span)) for span in spans]
    name = exp.cast(_text(correlation.info.id), exp.DataType.build("VARCHAR"))
    columns = (KEY, EVENT, TIME, "first_time", "last_time", "events", "measure")
    chosen = select(whole, named(name, "correlation"), *columns)
    return chosen.where(quoted("begins"), _within(told), copy=False)
