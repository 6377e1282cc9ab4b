"""Which rules fire on which record: the author's tool, without a lake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from mantissa.detection.correlate_rows import correlate, flat_members
from mantissa.detection.islands import Island
from mantissa.detection.prepare import Predicate, Prepared
from mantissa.detection.trial import OpenRows, Rows, Trial, judge, number_of
from mantissa.sources.definition import SourceSpec
from mantissa.sources.record import Bad, Batch, Skipped

Decoded = Iterable[Batch | Bad | Skipped]
"""One file's records, as `sources.decode` yields them."""
ROUND_BYTES = 256 << 20
"""Rows judged at once: planning many rules costs more than judging many rows."""


@dataclass(frozen=True, slots=True)
class MatchReport:
    """Which rules fire.

    Args:
        events: records, numbered from 0 over all files in order, bad ones included.
        rules: rules that were tried.
        matches: number of each record that became a row → sorted rule ids.
        unread: number of each record that did not → why.
        refused: (rule id, reason) of rules that could not be tried.
        correlated: where correlations fire; they are also in `matches`, at the record at which
            they do.
    """

    events: int
    rules: int
    matches: dict[int, tuple[str, ...]]
    unread: dict[int, str]
    refused: tuple[tuple[str, str], ...]
    correlated: tuple[Island, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the `rules match` command's JSON."""
        return {
            "events": self.events,
            "rules": self.rules,
            "matches": {str(number): list(ids) for number, ids in sorted(self.matches.items())},
            "unread": {str(number): reason for number, reason in sorted(self.unread.items())},
            "refused": [{"id": rule_id, "reason": reason} for rule_id, reason in self.refused],
            "correlations": [_island_json(island) for island in self.correlated],
        }


def match_events(
    files: Iterable[Decoded], spec: SourceSpec, prepared: Prepared, open_rows: OpenRows
) -> MatchReport:
    """Try every prepared rule of this source on every record of these files."""
    predicates = [p for p in prepared.predicates if p.source.name == spec.name]
    trial = Trial()
    matches: dict[int, tuple[str, ...]] = {}
    reader = _Reader(spec, trial)
    for rows in _rounds(reader.read(files)):
        _try(rows, predicates, prepared, open_rows, trial)
        for event_id in rows["event_id"].to_pylist():
            number = int(event_id[32:], 16)
            matches[number] = tuple(sorted(trial.fired.get(number, ())))
    known = {c.info.id: c for c in prepared.correlations}
    mine = {p.rule.info.id for p in predicates}
    whole = [i for i, c in known.items() if mine.issuperset(flat_members(c, known))]
    found = correlate(trial.matches, prepared, open_rows, whole)
    islands = [island for island, _ in found.islands]
    for island in islands:
        number = number_of(found.event_of(island))
        matches[number] = tuple(sorted({*matches[number], island.correlation.info.id}))
    failed = {f.rule_id: f.reason for f in trial.failures}
    failed |= {rule_id: str(error) for rule_id, error in found.failures.items()}
    refused = [(refusal.id, refusal.reason) for refusal in prepared.refused]
    return MatchReport(
        events=reader.records,
        rules=len(mine) + len(whole),
        matches=matches,
        unread=trial.unread,
        refused=(*refused, *sorted(failed.items())),
        correlated=tuple(islands),
    )


def _island_json(island: Island) -> dict[str, Any]:
    return {
        "id": island.correlation.info.id,
        "key": orjson.loads(island.key),
        "event_time": island.event_time.isoformat(),
        "first_time": island.first_time.isoformat(),
        "last_time": island.last_time.isoformat(),
        "events": island.events,
        "measure": island.measure,
    }


def _try(
    rows: pa.Table,
    predicates: list[Predicate],
    prepared: Prepared,
    open_rows: OpenRows,
    trial: Trial,
) -> None:
    if predicates and rows.num_rows:
        table = predicates[0].source.table.name
        judge({table: rows}, predicates, prepared.dialect, open_rows, trial)


class _Reader:
    """Numbers records over all files and maps them to rows."""

    def __init__(self, spec: SourceSpec, trial: Trial) -> None:
        self._spec, self._trial = spec, trial
        self.records = 0

    def read(self, files: Iterable[Decoded]) -> Iterator[pa.Table]:
        """Yield the rows of each batch."""
        for decoded in files:
            rows = Rows(self._spec)
            first = self.records
            for item in decoded:
                if isinstance(item, Batch):
                    positions = [first + p for p in item.positions]
                    self._count(positions)
                    yield rows.map(Batch(item.raws, positions), self._trial)
                else:
                    self._note(item, first)

    def _note(self, item: Bad | Skipped, first: int) -> None:
        number = first + item.position
        self._count([number])
        if isinstance(item, Bad):
            self._trial.unread[number] = f"{item.reason.value}: {item.detail}"
        else:
            self._trial.unread[number] = f"filtered: {item.reason}"

    def _count(self, numbers: list[int]) -> None:
        if numbers:
            self.records = max(self.records, max(numbers) + 1)


def _rounds(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Join tables until they are worth a round."""
    held: list[pa.Table] = []
    size = 0
    for table in tables:
        held.append(table)
        size += table.nbytes
        if size >= ROUND_BYTES:
            yield pa.concat_tables(held)
            held, size = [], 0
    if held:
        yield pa.concat_tables(held)
