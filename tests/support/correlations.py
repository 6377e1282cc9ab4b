"""Correlations in short form, matches as rows of the lake, and the islands that SQL finds in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from sqlglot import exp

from mantissa.detection.correlate_sql import Span, correlation_sql
from mantissa.detection.correlation import Correlation, Expression, Kind, Member, Threshold
from mantissa.detection.dialects import Dialect
from mantissa.detection.findings import rows_of
from mantissa.detection.table import MATCHES
from mantissa.detection.trial import LIMITS, OpenRows
from mantissa.model import RuleInfo, Severity
from mantissa.sources.schema import arrow_schema
from support.correlation_reference import Found, Match, Times, rounded

START = datetime(2026, 3, 4, 23, 59, tzinfo=UTC)
"""Zero of the times of matches, a minute before midnight."""
EVERYTHING = ((-10_000_000, 10_000_000),)
_SCHEMA = arrow_schema(MATCHES)

Judged = Sequence[tuple[Correlation, Times]]


def correlation(
    kind: str,
    operator: str = "gte",
    number: float = 1,
    *,
    members: str = "a",
    seconds: int = 300,
    expression: Expression | None = None,
    percentile: float = 50,
) -> Correlation:
    """Make a correlation of members that are called by one letter each."""
    counted = kind in ("event_count", "temporal", "temporal_ordered")
    words = [kind, operator, str(number), members, str(seconds), str(percentile), repr(expression)]
    return Correlation(
        info=RuleInfo(id=" ".join(words), title=kind, level=Severity.HIGH),
        kind=Kind(kind),
        members=tuple(Member(name, name) for name in members),
        span=timedelta(seconds=seconds),
        threshold=None if expression else Threshold(operator, number),
        expression=expression,
        value_fields=() if counted else ("v",),
        percentile=percentile,
    )


def moment(milliseconds: int) -> datetime:
    """Return a time of a match as a datetime."""
    return START + timedelta(milliseconds=milliseconds)


def matches_table(rows: Mapping[str, Sequence[Match]]) -> pa.Table:
    """Return matches by id of the correlation as rows of the lake's table."""
    made = [
        {
            "correlation": name,
            "member": match.member,
            "event_id": match.event_id,
            "event_time": moment(match.time),
            "key": match.key,
            "value": match.value,
        }
        for name, matches in rows.items()
        for match in matches
    ]
    return pa.Table.from_pylist(made, schema=_SCHEMA)


def judge(
    judged: Judged, rows: Mapping[str, Sequence[Match]], dialect: Dialect, open_rows: OpenRows
) -> dict[str, list[Found]]:
    """Judge correlations in one query; return what was found by id of the correlation."""
    selects = [_select(correlation, spans, dialect) for correlation, spans in judged]
    query = selects[0] if len(selects) == 1 else exp.union(*selects, distinct=False)
    engine = open_rows({MATCHES.name: matches_table(rows)})
    answer = engine.run(query.sql(dialect=dialect.name), limits=LIMITS)
    assert not answer.truncated
    found: dict[str, list[Found]] = {c.info.id: [] for c, _ in judged}
    for row in rows_of(answer.table):
        assert list(row) == _COLUMNS
        found[row["correlation"]].append(
            Found(
                row["key"],
                _milliseconds(row["event_time"]),
                row["event_id"],
                _milliseconds(row["first_time"]),
                _milliseconds(row["last_time"]),
                row["events"],
                rounded(row["measure"]),
            )
        )
    return {name: sorted(islands) for name, islands in found.items()}


_COLUMNS = [
    "correlation",
    "key",
    "event_id",
    "event_time",
    "first_time",
    "last_time",
    "events",
    "measure",
]


def _select(correlation: Correlation, spans: Times, dialect: Dialect) -> exp.Select:
    place = exp.Table(this=exp.to_identifier(MATCHES.name, quoted=True))
    given = [Span(moment(start), moment(end)) for start, end in spans]
    select = correlation_sql(correlation, dialect, place, given)
    return exp.select("*").from_(select.subquery("one"))


def _milliseconds(time: datetime) -> int:
    return (time - START) // timedelta(milliseconds=1)
