"""What rules would have found in a span of the lake: counted day by day, with a few events.

The rules of a table are judged in the same fused scan as by `detect`, over every row of the span
instead of the new files. What members of correlations matched comes back row by row, from as much
earlier as the longest timespan reaches, and is correlated in memory. Nothing is written, and a rule
that an engine refuses is a failure with its name, never a rule without matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
from sqlglot import exp

from mantissa.detection.correlate_rows import correlate, flat_members
from mantissa.detection.dialects import DUCKDB
from mantissa.detection.evidence import correlation_finding
from mantissa.detection.execute import Evaluation, Evaluator, RuleFailure, merged
from mantissa.detection.findings import RunStamp, to_findings
from mantissa.detection.fuse import ENVELOPE, FusedQuery, fuse
from mantissa.detection.matched import to_matches
from mantissa.detection.prepare import Prepared
from mantissa.detection.table import ENTITIES, MATCHES
from mantissa.detection.tally import counting, read, sampled
from mantissa.detection.trial import OpenRows
from mantissa.model import Finding, QueryLimits, QueryResult, RuleInfo, TimeRange
from mantissa.ports import QueryEngine

SAMPLES = 5
PIECE_BYTES = 20_000_000_000
"""Bytes of one scan: few enough for an engine's time limit, many enough to cost no more for it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One query of a backtest: the table and the stored columns that it reads."""

    table: str
    columns: frozenset[str]


@dataclass(slots=True)
class Past:
    """What one rule would have found.

    Args:
        kind: `rule`, or `correlation`, whose matches are the times at which it fired.
        reports: whether its matches are findings by themselves.
        days: day of the events → how many of them matched; days without any are left out.
        samples: the newest of them.
    """

    rule_id: str
    title: str
    kind: str = "rule"
    reports: bool = True
    days: Counter[date] = field(default_factory=Counter)
    samples: list[Finding] = field(default_factory=list)

    @property
    def matches(self) -> int:
        """How many events matched."""
        return self.days.total()

    def to_json(self) -> dict[str, Any]:
        """Return the rule's part of the command's JSON."""
        return {
            "id": self.rule_id,
            "title": self.title,
            "kind": self.kind,
            "reports": self.reports,
            "matches": self.matches,
            "days": {day.isoformat(): n for day, n in sorted(self.days.items())},
            "samples": [_sample(finding) for finding in self.samples],
        }


@dataclass(slots=True)
class Backtest:
    """What rules would have found in a span.

    Args:
        scanned: bytes that each query read.
    """

    span: TimeRange
    rules: dict[str, Past]
    failed: tuple[RuleFailure, ...] = ()
    scanned: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the command's JSON, but for what it costs."""
        failed = {failure.rule_id: failure for failure in self.failed}
        past = [rule for rule in self.rules.values() if rule.rule_id not in failed]
        return {
            "from": self.span.start.isoformat(),
            "to": self.span.end.isoformat(),
            "rules": [rule.to_json() for rule in sorted(past, key=_noisy_first)],
            "failed": [_failure(self.rules[f.rule_id], f) for f in failed.values()],
            "bytes_scanned": sum(self.scanned),
            "seconds": round(self.seconds, 3),
        }


def reach(prepared: Prepared, span: TimeRange) -> TimeRange:
    """Return the span of the rows that are read: correlations look back over their timespans."""
    return TimeRange(span.start - _margin(prepared), span.end)


def _margin(prepared: Prepared) -> timedelta:
    return max((2 * c.span for c in prepared.correlations), default=timedelta(0))


def pieces(span: TimeRange, sizes: Mapping[str, int], most: int = PIECE_BYTES) -> list[TimeRange]:
    """Cut a span between days into parts of which a query reads a bounded number of bytes.

    Args:
        sizes: partition → bytes that its scans read.
        most: bytes of one part, unless a single day has more.
    """
    cut = [span.start]
    size = 0
    midnight = datetime.combine(span.start.date(), time(), UTC)
    while midnight < span.end:
        day = sizes.get(midnight.date().isoformat(), 0)
        if size and day and size + day > most:
            cut.append(midnight)
            size = 0
        size += day
        midnight += timedelta(days=1)
    return [TimeRange(first, last) for first, last in pairwise([*cut, span.end])]


def scans(prepared: Prepared) -> list[Scan]:
    """Return what the queries of a backtest read, if the engine refuses none of them."""
    return [_scan(query) for query in fuse(prepared.predicates, prepared.dialect)]


@dataclass(frozen=True, slots=True)
class Judges:
    """What judges: an engine over the lake, and one over rows in memory.

    Args:
        open_rows: opens the embedded engine, which correlates what the other found.
        scanned: told of each part of the span that was scanned.
    """

    engine: QueryEngine
    open_rows: OpenRows
    limits: QueryLimits
    scanned: Callable[[], object] = field(default=lambda: None)


def backtest(
    judges: Judges, prepared: Prepared, parts: Sequence[TimeRange], samples: int = SAMPLES
) -> Backtest:
    """Judge every row of a span. Raises `EngineTransient` and `EngineTimedOut` as `detect` does.

    Args:
        parts: the span, in the pieces in which it is scanned.
    """
    look = _Look(prepared, TimeRange(parts[0].start, parts[-1].end), samples)
    every = [replace(predicate, reports=True) for predicate in prepared.predicates]
    tables = dict.fromkeys((p.source.table.name for p in every), ("every file",))
    engine, done = WholeTables(judges.engine), Evaluation()
    for number, part in enumerate(parts):
        frame = counting(part, max(samples, 1), timedelta(0) if number else _margin(prepared))
        Evaluator(
            engine, prepared.dialect, judges.limits, look.keep, done=done, frame=frame
        ).evaluate(every, tables)
        judges.scanned()
    failures = merged(done.failures)
    failures += look.correlate(judges.open_rows, {failure.rule_id for failure in failures})
    return look.done(failures, done.seconds)


class _Look:
    """One backtest while it runs."""

    def __init__(self, prepared: Prepared, span: TimeRange, samples: int) -> None:
        self._prepared, self._span, self._samples = prepared, span, samples
        self._stamp = RunStamp("backtest", span.end)
        self._matches: list[pa.Table] = []
        self._found = Backtest(span, {i: self._past(info) for i, info in prepared.infos.items()})

    def _past(self, info: RuleInfo) -> Past:
        kind = "rule" if info.id in self._prepared.rules else "correlation"
        return Past(info.id, info.title, kind, info.id not in self._prepared.silent)

    def keep(self, query: FusedQuery, result: QueryResult) -> None:
        """Take one query's answer."""
        self._found.scanned.append(result.bytes_scanned)
        self._matches += to_matches(query, result, self._stamp.run_id)
        own = sampled(result.table, max(self._samples, 1), self._span.start)
        for tally in read(query, own):
            self._found.rules[tally.predicate.rule.info.id].days[tally.day] += tally.events
        for finding in to_findings(query, replace(result, table=own), self._stamp):
            self._found.rules[finding.rule_id].samples.append(finding)

    def correlate(self, open_rows: OpenRows, failed: Collection[str]) -> list[RuleFailure]:
        """Correlate what members matched; return what failed, by a member's failure too."""
        here = replace(self._prepared, dialect=DUCKDB)
        known = {c.info.id: c for c in self._prepared.correlations}
        found = correlate(self._matches, here, open_rows)
        for island, evidence in found.islands:
            if self._span.start <= island.event_time < self._span.end:
                past = self._found.rules[island.correlation.info.id]
                past.days[island.event_time.date()] += 1
                past.samples.append(correlation_finding(island, evidence, self._stamp))
        failures = [_no_answer(i, error.code, str(error)) for i, error in found.failures.items()]
        for name, correlation in known.items():
            if broken := sorted(set(flat_members(correlation, known)) & set(failed)):
                failures.append(_no_answer(name, "member_failed", f"rule {broken[0]} failed"))
        return failures

    def done(self, failures: Sequence[RuleFailure], seconds: float) -> Backtest:
        """Return what was found, the newest samples of each rule first."""
        for past in self._found.rules.values():
            past.samples.sort(key=lambda f: (f.event_time, f.event_id), reverse=True)
            del past.samples[self._samples :]
        self._found.failed, self._found.seconds = tuple(failures), seconds
        return self._found


def _no_answer(rule_id: str, code: str, reason: str) -> RuleFailure:
    return RuleFailure(rule_id, code, reason, MATCHES.name, ())


class WholeTables:
    """An engine that reads tables whole, whatever files it is told of."""

    def __init__(self, engine: QueryEngine) -> None:
        self._engine = engine

    @property
    def dialect(self) -> str:
        """The engine's own."""
        return self._engine.dialect

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        """Run one SELECT over every file of its tables."""
        return self._engine.run(sql, limits=limits)

    def estimate(self, sql: str) -> int:
        """Return the engine's own estimate."""
        return self._engine.estimate(sql)


def _scan(query: FusedQuery) -> Scan:
    table = query.table
    used = {*ENVELOPE, *ENTITIES, table.partition}
    for predicate in query.predicates:
        trees = (predicate.condition, *predicate.derived.values())
        used |= {column.name for tree in trees for column in tree.find_all(exp.Column)}
        used |= {binding.column for binding in predicate.shown}
    stored = {column.name for column in table.columns}
    return Scan(table.name, frozenset(used & stored))


def _noisy_first(rule: Past) -> tuple[int, str]:
    return -rule.matches, rule.rule_id


def _sample(finding: Finding) -> dict[str, Any]:
    return {
        "event_id": finding.event_id,
        "event_time": finding.event_time.isoformat(),
        "source": finding.source,
        "entities": dict(finding.entities),
        "fields": dict(finding.fields),
    }


def _failure(rule: Past, failure: RuleFailure) -> dict[str, Any]:
    return {"id": rule.rule_id, "title": rule.title, "code": failure.code, "reason": failure.reason}
