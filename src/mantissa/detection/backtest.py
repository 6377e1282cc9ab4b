"""What rules would have found in a span of the lake: counted day by day, with a few events.

The rules of a table are judged in the same fused scan as by `detect`, over every row of the span
instead of the new files. Nothing is written, and a rule that an engine refuses is a failure with
its name, never a rule without matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlglot import exp

from mantissa.detection.execute import Evaluator, RuleFailure, merged
from mantissa.detection.findings import RunStamp, to_findings
from mantissa.detection.fuse import ENVELOPE, FusedQuery, fuse
from mantissa.detection.prepare import Prepared
from mantissa.detection.table import ENTITIES
from mantissa.detection.tally import counting, read
from mantissa.model import Finding, QueryLimits, QueryResult, TimeRange
from mantissa.ports import QueryEngine

SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Scan:
    """One query of a backtest: the table and the stored columns that it reads."""

    table: str
    columns: frozenset[str]


@dataclass(slots=True)
class Past:
    """What one rule would have found.

    Args:
        days: day of the events → how many of them matched; days without any are left out.
        samples: the newest of them.
    """

    rule_id: str
    title: str
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


def scans(prepared: Prepared) -> list[Scan]:
    """Return what the queries of a backtest read, if the engine refuses none of them."""
    return [_scan(query) for query in fuse(prepared.predicates, prepared.dialect)]


def backtest(
    engine: QueryEngine,
    prepared: Prepared,
    span: TimeRange,
    limits: QueryLimits,
    samples: int = SAMPLES,
) -> Backtest:
    """Judge every row of a span. Raises `EngineTransient` and `EngineTimedOut` as `detect` does."""
    rules = {i: Past(i, rule.info.title) for i, rule in prepared.rules.items()}
    done = Backtest(span, rules)
    stamp = RunStamp("backtest", span.end)

    def keep(query: FusedQuery, result: QueryResult) -> None:
        done.scanned.append(result.bytes_scanned)
        for tally in read(query, result.table):
            rules[tally.predicate.rule.info.id].days[tally.day] += tally.events
        for finding in to_findings(query, result, stamp):
            rules[finding.rule_id].samples.append(finding)

    frame = counting(span, max(samples, 1))
    evaluator = Evaluator(WholeTables(engine), prepared.dialect, limits, keep, frame=frame)
    tables = dict.fromkeys((p.source.table.name for p in prepared.predicates), ("every file",))
    evaluator.evaluate(prepared.predicates, tables)
    for rule in rules.values():
        rule.samples.sort(key=lambda f: (f.event_time, f.event_id), reverse=True)
        del rule.samples[samples:]
    done.failed = tuple(merged(evaluator.done.failures))
    done.seconds = evaluator.done.seconds
    return done


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
        used |= {binding.column for binding in predicate.bindings.values()}
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
