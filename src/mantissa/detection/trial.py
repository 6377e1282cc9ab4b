"""Rules tried on records that are in no lake: the same mapping, the same SQL, an engine over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa

from mantissa.detection.dialects import Dialect
from mantissa.detection.execute import Evaluator, RuleFailure
from mantissa.detection.findings import hits
from mantissa.detection.fuse import FusedQuery
from mantissa.detection.matched import to_matches
from mantissa.detection.prepare import Predicate
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import QueryEngine
from mantissa.sources.definition import SourceSpec
from mantissa.sources.mapping import Envelope, Extractor
from mantissa.sources.record import Bad, Batch, Skipped

OpenRows = Callable[[Mapping[str, pa.Table]], QueryEngine]
"""Opens an engine over tables in memory; such an engine takes no notice of `files`."""
LIMITS = QueryLimits(seconds=600.0)
_NOW = datetime(2100, 1, 1, tzinfo=UTC)
"""When trial records arrive: late enough that a test may be dated at any time."""


@dataclass(slots=True)
class Trial:
    """What became of records and rules.

    Args:
        fired: number of a record → ids of the rules that fire on it.
        unread: number of a record that did not become a row → why.
        failures: rules that the engine could not run.
        matches: what members of correlations matched.
    """

    fired: dict[int, set[str]] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    failures: list[RuleFailure] = field(default_factory=list)
    matches: list[pa.Table] = field(default_factory=list)


class Rows:
    """Maps numbered records of one source to rows."""

    def __init__(self, spec: SourceSpec, name: str = "trial") -> None:
        self._extractor = Extractor(spec)
        self._envelope = Envelope("0" * 64, name, _NOW)

    def map(self, batch: Batch, trial: Trial) -> pa.Table:
        """Return the rows of a batch; records that are none go to `trial.unread`."""
        made = self._extractor.extract(batch, self._envelope)
        note_unread(trial, made.rejects, made.skipped)
        return made.table


def note_unread(trial: Trial, rejects: Iterable[Bad], skipped: Iterable[Skipped]) -> None:
    """Record why records did not become rows."""
    for bad in rejects:
        trial.unread[bad.position] = f"{bad.reason.value}: {bad.detail}"
    for skip in skipped:
        trial.unread[skip.position] = f"filtered: {skip.reason}"


def judge(
    rows: Mapping[str, pa.Table],
    predicates: Sequence[Predicate],
    dialect: Dialect,
    open_rows: OpenRows,
    trial: Trial,
) -> None:
    """Run predicates over rows by table and note which rules fire on which record."""

    def keep(query: FusedQuery, result: QueryResult) -> None:
        for predicate, event_id in hits(query, result.table):
            trial.fired.setdefault(number_of(event_id), set()).add(predicate.rule.info.id)
        trial.matches += to_matches(query, result, "trial")

    evaluator = Evaluator(open_rows(rows), dialect, LIMITS, keep)
    evaluator.evaluate(predicates, dict.fromkeys(rows, ("rows",)))
    trial.failures += evaluator.done.failures


def number_of(event_id: str) -> int:
    """Return a trial record's number, which ends its row's id."""
    return int(event_id[32:], 16)
