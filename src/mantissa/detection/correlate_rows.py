"""Correlations over matches that are in no lake: tests, trials and backtests see them whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from mantissa.detection.correlate_sql import Span
from mantissa.detection.correlating import levels
from mantissa.detection.correlation import Correlation
from mantissa.detection.evidence import correlation_finding, inner_match
from mantissa.detection.findings import RunStamp
from mantissa.detection.islands import Evidence, Island, Look
from mantissa.detection.matched import SCHEMA
from mantissa.detection.prepare import Prepared
from mantissa.detection.table import MATCHES
from mantissa.detection.trial import LIMITS, OpenRows
from mantissa.errors import EngineError
from mantissa.model import Finding

_STAMP = RunStamp("trial", datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(slots=True)
class Found:
    """Where correlations fire.

    Args:
        origins: id of an inner correlation's finding → the event at which it fired.
        failures: id of a correlation that the engine could not run → its error.
    """

    islands: list[tuple[Island, Evidence]] = field(default_factory=list)
    failures: dict[str, EngineError] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def event_of(self, island: Island) -> str:
        """Return the id of the event at which a correlation fires, through inner ones too."""
        return self.origins.get(island.event_id, island.event_id)


def correlate(
    matches: Sequence[pa.Table],
    prepared: Prepared,
    open_rows: OpenRows,
    wanted: Collection[str] | None = None,
) -> Found:
    """Judge correlations over all of these matches at once.

    Args:
        wanted: ids of the correlations to judge, inner ones included; else all that run.
    """
    found = Found()
    rows = list(matches)
    chosen = [c for c in prepared.correlations if wanted is None or c.info.id in wanted]
    for level in levels(chosen):
        mine = _of(level, rows)
        if not mine.num_rows:
            continue
        engine = open_rows({MATCHES.name: mine.append_column(MATCHES.partition, _days(mine))})
        look = Look(engine, prepared.dialect, LIMITS)
        islands = look.at(_everything(level, mine))
        found.failures |= look.failures
        for island, evidence in look.evidence(islands):
            found.islands.append((island, evidence))
            finding = correlation_finding(island, evidence, _STAMP)
            found.origins[finding.finding_id] = found.event_of(island)
            rows += _outer(chosen, island, finding)
    return found


def flat_members(correlation: Correlation, known: Mapping[str, Correlation]) -> tuple[str, ...]:
    """Return the ids of the rules that a correlation rests on, through inner ones too."""
    found: dict[str, None] = {}
    for member in correlation.members:
        inner = known.get(member.id)
        found |= dict.fromkeys(flat_members(inner, known) if inner else (member.id,))
    return tuple(found)


def with_inner(correlation: Correlation, known: Mapping[str, Correlation]) -> set[str]:
    """Return the ids of a correlation and of the correlations inside it."""
    inner = (known[m.id] for m in correlation.members if m.id in known)
    return {correlation.info.id}.union(*(with_inner(c, known) for c in inner))


def _of(correlations: Sequence[Correlation], rows: Sequence[pa.Table]) -> pa.Table:
    ids = pa.array([c.info.id for c in correlations], pa.string())
    every = pa.concat_tables([SCHEMA.empty_table(), *rows])
    return every.filter(pc.is_in(every.column("correlation"), ids))


def _days(rows: pa.Table) -> pa.ChunkedArray:
    return pc.strftime(rows.column("event_time"), "%Y-%m-%d")


def _everything(
    correlations: Sequence[Correlation], rows: pa.Table
) -> dict[Correlation, list[Span]]:
    due = {}
    for correlation in correlations:
        own = rows.filter(pc.equal(rows.column("correlation"), correlation.info.id))
        if own.num_rows:
            edges = pc.min_max(own.column("event_time")).as_py()
            due[correlation] = [Span(edges["min"], edges["max"] + correlation.span)]
    return due


def _outer(chosen: Sequence[Correlation], island: Island, finding: Finding) -> list[pa.Table]:
    inner = island.correlation.info.id
    outer = [c for c in chosen if any(member.id == inner for member in c.members)]
    made = (inner_match(correlation, island, finding) for correlation in outer)
    return [row for row in made if row is not None]
