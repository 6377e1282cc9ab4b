"""Correlations asked of the engine: where they fire, and what they fired on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from sqlglot import exp

from mantissa.detection.asking import ask
from mantissa.detection.correlate_sql import Span, correlation_sql
from mantissa.detection.correlation import Correlation
from mantissa.detection.dialects import Dialect
from mantissa.detection.evidence_sql import Window, evidence_sql
from mantissa.detection.findings import rows_of
from mantissa.detection.table import ENTITIES, MATCHES
from mantissa.detection.template import quoted
from mantissa.errors import EngineError, EngineTransient
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import QueryEngine

TOGETHER = 8
"""Correlations of one query: Athena bills 10 MB at least for each query, not for each part."""
ISLANDS = 300
"""Islands whose events one query fetches."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Island:
    """Events in a row at which a correlation's condition holds; it fires at the first of them.

    Args:
        key: the group, as in `matches`.
        first_time: of the earliest match in the window at the crossing.
        last_time: of the island's last event.
        events: matches in the window at the crossing.
        measure: the number that was compared.
    """

    correlation: Correlation
    key: str
    event_id: str
    event_time: datetime
    first_time: datetime
    last_time: datetime
    events: int
    measure: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the matches of an island's first window have to say.

    Args:
        event_ids: the latest of them, newest first.
        entities: values that all of them share, or that only one value is known of.
    """

    event_ids: tuple[str, ...]
    source: str = ""
    source_object: str = ""
    entities: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Look:
    """Asks correlations of an engine, and remembers which of them failed.

    Args:
        hold: called before every query.
        reserve: the engine that is asked, from then on, when the first one fails.
    """

    engine: QueryEngine
    dialect: Dialect
    limits: QueryLimits
    hold: Callable[[], None] = field(default=lambda: None)
    failures: dict[str, EngineError] = field(default_factory=dict)
    bytes_scanned: int = 0
    seconds: float = 0.0
    reserve: tuple[QueryEngine, Dialect] | None = None
    fell_back: bool = False

    def at(self, due: Mapping[Correlation, Sequence[Span]]) -> list[Island]:
        """Return the islands of these correlations in their spans, by time.

        Raises `EngineTransient` when the engine gives no answer.
        """
        every = [(c, found) for c, found in due.items() if found]
        known = {c.info.id: c for c, _ in every}
        islands: list[Island] = []
        for start in range(0, len(every), TOGETHER):
            for table in self._ask(every[start : start + TOGETHER]):
                islands += _islands(table, known)
        return sorted(islands, key=lambda i: (i.event_time, i.correlation.info.id, i.key))

    def _ask(self, due: Sequence[tuple[Correlation, Sequence[Span]]]) -> Iterator[pa.Table]:
        """Ask together; when that is refused, in halves, until the culprit stands alone."""
        try:
            yield self._run(lambda: _union([self._select(c, f) for c, f in due])).table
        except EngineTransient:
            raise
        except EngineError as error:
            if len(due) == 1:
                self.failures[due[0][0].info.id] = error
                return
            middle = len(due) // 2
            yield from self._ask(due[:middle])
            yield from self._ask(due[middle:])

    def _select(self, correlation: Correlation, found: Sequence[Span]) -> exp.Select:
        margin = 2 * correlation.span
        days = [(s.start - margin, s.end + correlation.span) for s in found]
        rows = _matches(days).where(
            _is("correlation", correlation.info.id),
            _is("grouping", correlation.grouping),
            copy=False,
        )
        return correlation_sql(correlation, self.dialect, rows.subquery("matches"), found)

    def evidence(self, islands: Sequence[Island]) -> Iterator[tuple[Island, Evidence]]:
        """Yield each island with what its first window holds.

        An island stands without it: where the engine refuses, only its crossing is known.
        Raises `EngineTransient` when the engine gives no answer.
        """
        for start in range(0, len(islands), ISLANDS):
            yield from self._evidence(islands[start : start + ISLANDS])

    def _evidence(self, islands: Sequence[Island]) -> Iterator[tuple[Island, Evidence]]:
        windows = [Window(i.correlation, i.key, i.first_time, i.event_time) for i in islands]
        days = [(window.first, window.last) for window in windows]
        try:
            matches = _matches(days).subquery("matches")
            table = self._run(lambda: evidence_sql(matches, windows)).table
        except EngineTransient:
            raise
        except EngineError:
            if len(islands) == 1:
                yield islands[0], Evidence((islands[0].event_id,))
                return
            middle = len(islands) // 2
            yield from self._evidence(islands[:middle])
            yield from self._evidence(islands[middle:])
            return
        found: dict[int, list[Mapping[str, Any]]] = {}
        for row in rows_of(table):
            found.setdefault(row["island"], []).append(row)
        for number, island in enumerate(islands):
            rows = sorted(found.get(number, ()), key=lambda row: row["place"])
            yield island, _evidence(rows) if rows else Evidence((island.event_id,))

    def _run(self, query: Callable[[], exp.Query]) -> QueryResult:
        """Ask what `query` builds for the present dialect; once more of the reserve if need be."""
        try:
            return self._run_here(query())
        except EngineError:
            if self.reserve is None:
                raise
        (self.engine, self.dialect), self.reserve, self.fell_back = self.reserve, None, True
        return self._run_here(query())

    def _run_here(self, query: exp.Query) -> QueryResult:
        sql = query.sql(dialect=self.dialect.name)
        result = ask(self.engine, sql, self.limits, self.hold)
        self.bytes_scanned += result.bytes_scanned
        self.seconds += result.seconds
        return result


def _matches(days: Sequence[tuple[datetime, datetime]]) -> exp.Select:
    """Select the matches of whole days, so that partitions are pruned."""
    wanted = sorted(
        {
            (first + n * _DAY).date().isoformat()
            for first, last in days
            for n in range((last.date() - first.date()).days + 1)
        }
    )
    place = exp.Table(this=exp.to_identifier(MATCHES.name, quoted=True))
    texts = [exp.Literal.string(day) for day in wanted]
    return (
        exp.select("*")
        .from_(place)
        .where(exp.In(this=quoted(MATCHES.partition), expressions=texts))
    )


def _is(column: str, text: str) -> exp.EQ:
    return exp.EQ(this=quoted(column), expression=exp.Literal.string(text))


def _union(selects: Sequence[exp.Select]) -> exp.Query:
    wrapped = [exp.select("*").from_(s.subquery(f"s{n}")) for n, s in enumerate(selects)]
    return wrapped[0] if len(wrapped) == 1 else exp.union(*wrapped, distinct=False, copy=False)


def _islands(table: pa.Table, known: Mapping[str, Correlation]) -> Iterator[Island]:
    for row in rows_of(table):
        yield Island(
            known[row["correlation"]],
            row["key"],
            row["event_id"],
            row["event_time"],
            row["first_time"],
            row["last_time"],
            int(row["events"]),
            None if row["measure"] is None else float(row["measure"]),
        )


def _evidence(rows: Sequence[Mapping[str, Any]]) -> Evidence:
    newest = rows[0]
    entities = {
        name: newest[f"least_{name}"]
        for name in ENTITIES
        if newest[f"least_{name}"] and newest[f"least_{name}"] == newest[f"most_{name}"]
    }
    ids = tuple(dict.fromkeys(row["event_id"] for row in rows))
    return Evidence(ids, newest["source"] or "", newest["source_object"] or "", entities)
