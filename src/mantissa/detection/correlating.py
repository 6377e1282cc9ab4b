"""The part of a run in which new matches are seen together with earlier ones.

    1  the run's matches are written to the lake's `matches` table
    2  each correlation that has new ones looks at the spans of time that they touch
    3  an island that holds no crossing which was told before is a finding
    4  what inner correlations found is written as matches of the outer ones, and so on from 1

Which crossings were told is in the state store and changes in the run's own transaction: late
matches may move a crossing or join two islands, and what was told stays told.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mantissa.detection.correlate_sql import Span
from mantissa.detection.correlation import Correlation
from mantissa.detection.crossings import Crossings
from mantissa.detection.evidence import correlation_finding, inner_match
from mantissa.detection.execute import RuleFailure
from mantissa.detection.findings import RunStamp
from mantissa.detection.islands import Island, Look
from mantissa.detection.matched import SCHEMA, match_files
from mantissa.detection.output import OutputPorts, stem, write_files
from mantissa.detection.prepare import Prepared
from mantissa.detection.table import MATCHES
from mantissa.detection.ways import Way
from mantissa.model import Finding, QueryLimits
from mantissa.ports import QueryEngine, StateStore

SPANS = 40
"""Most separate spans of one look; more are joined, which reads more and finds the same."""


class CorrelatingPorts(OutputPorts, Protocol):
    """What correlating needs of the world."""

    @property
    def engine(self) -> QueryEngine:
        """Judges correlations."""
        ...

    @property
    def state(self) -> StateStore:
        """Remembers what was told."""
        ...


@dataclass(slots=True)
class Together:
    """What correlating came to.

    Args:
        crossings: what is to be remembered of crossings.
        evaluated: ids of the correlations that looked.
        fell_back: whether the lake's own engine had to help the embedded one.
    """

    crossings: Crossings
    findings: list[Finding] = field(default_factory=list)
    failures: list[RuleFailure] = field(default_factory=list)
    evaluated: set[str] = field(default_factory=set)
    bytes_scanned: int = 0
    seconds: float = 0.0
    fell_back: bool = False


@dataclass(slots=True)
class Correlating:
    """Correlates the matches of one run.

    Args:
        hold: called before each step; raises `Conflict` when another run took over.
        quick: the embedded engine, where it is asked first.
    """

    ports: CorrelatingPorts
    prepared: Prepared
    limits: QueryLimits
    hold: Callable[[], None]
    quick: Way | None = None

    def run(
        self, fresh: Sequence[pa.Table], again: Mapping[str, Sequence[str]], stamp: RunStamp
    ) -> Together:
        """Judge what new matches, and those of files that were not looked at, mean together.

        Args:
            again: id of a correlation → keys of files of matches that it failed on before.
        """
        together = Together(Crossings(self.ports.state))
        rows = list(fresh)
        touched = {c: self._times_in(keys, c) for c, keys in again.items()}
        for level, correlations in enumerate(levels(self.prepared.correlations)):
            wanted = {c.info.id for c in correlations}
            mine = [table for table in rows if table.column("correlation")[0].as_py() in wanted]
            keys = self._write(
                mine, stem(stamp.run_id, stamp.taken, f"{self.prepared.version}-m{level}")
            )
            for table in mine:
                name = table.column("correlation")[0].as_py()
                touched[name] = [*touched.get(name, ()), *table.column("event_time").to_pylist()]
            due = {
                c: spans(touched[c.info.id], c.span) for c in correlations if c.info.id in touched
            }
            look = self._look(together)
            islands = look.at(due)
            self._note(look, due, keys, again, together)
            rows += list(self._tell(look, islands, stamp, together))
        return together

    def _look(self, together: Together) -> Look:
        own = self.ports.engine, self.prepared.dialect
        if self.quick is None or together.fell_back:
            return Look(*own, self.limits, self.hold)
        quick = self.quick.engine, self.quick.prepared.dialect
        return Look(*quick, self.limits, self.hold, reserve=own)

    def _write(self, rows: Sequence[pa.Table], stem: str) -> list[str]:
        self.hold()
        return write_files(self.ports, MATCHES.name, match_files(rows, stem)) if rows else []

    def _times_in(self, keys: Iterable[str], correlation: str) -> list[datetime]:
        times: list[datetime] = []
        for key in keys:
            data = io.BytesIO(self.ports.objects.get(key))
            rows = pq.read_table(data, columns=["correlation", "event_time"], partitioning=None)
            own = rows.filter(pc.equal(rows.column("correlation"), correlation))
            times += (
                own.cast(pa.schema([SCHEMA.field(n) for n in own.column_names]))
                .column("event_time")
                .to_pylist()
            )
        return times

    def _note(
        self,
        look: Look,
        due: Mapping[Correlation, Sequence[Span]],
        keys: Sequence[str],
        again: Mapping[str, Sequence[str]],
        together: Together,
    ) -> None:
        """Keep what the engine was asked and which correlations failed, with their files."""
        together.evaluated |= {c.info.id for c in due}
        together.bytes_scanned += look.bytes_scanned
        together.seconds += look.seconds
        together.fell_back |= look.fell_back
        for name, error in look.failures.items():
            files = tuple(dict.fromkeys((*again.get(name, ()), *keys)))
            together.failures.append(RuleFailure(name, error.code, str(error), MATCHES.name, files))

    def _tell(
        self, look: Look, islands: Iterable[Island], stamp: RunStamp, together: Together
    ) -> Iterator[pa.Table]:
        """Make findings of islands that are new; yield them as matches of outer correlations."""
        new = [island for island in islands if together.crossings.tell(island)]
        for island, evidence in look.evidence(new):
            finding = correlation_finding(island, evidence, stamp)
            if island.correlation.info.id not in self.prepared.silent:
                together.findings.append(finding)
            for outer in self.prepared.correlations:
                if any(m.id == island.correlation.info.id for m in outer.members):
                    row = inner_match(outer, island, finding)
                    if row is not None:
                        yield row


def levels(correlations: Sequence[Correlation]) -> list[list[Correlation]]:
    """Sort correlations by depth: those of one level refer only to rules and to earlier levels."""
    depth: dict[str, int] = {}
    found: list[list[Correlation]] = []
    for correlation in correlations:
        own = 1 + max((depth.get(m.id, -1) for m in correlation.members), default=-1)
        depth[correlation.info.id] = own
        found += [[] for _ in range(own + 1 - len(found))]
        found[own].append(correlation)
    return found


def spans(times: Iterable[datetime], length: timedelta) -> list[Span]:
    """Return the spans of time in which new matches can change an answer.

    A match is in the trailing window of every event from its own time to `length` later.
    """
    joined: list[Span] = []
    for time in sorted(set(times)):
        if joined and time <= joined[-1].end + 2 * length:
            joined[-1] = Span(joined[-1].start, time + length)
        else:
            joined.append(Span(time, time + length))
    return _fewer(joined)


def _fewer(joined: list[Span]) -> list[Span]:
    while len(joined) > SPANS:
        gaps = [b.start - a.end for a, b in pairwise(joined)]
        place = gaps.index(min(gaps))
        joined[place : place + 2] = [Span(joined[place].start, joined[place + 1].end)]
    return joined
