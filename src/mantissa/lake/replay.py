"""Takes quarantined records up again, after a parser, a source or a limit was mended.

A replay is pinned in the ledger before it works, like an ingest: a replay that dies is carried on
by the next one with the same specification and the same entries, so no record becomes two rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from mantissa.errors import ObjectNotFound
from mantissa.lake.ingest import Ingest, Inputs, LakePorts, extract_all
from mantissa.lake.ledger import Entry as Recorded
from mantissa.lake.ledger import Ledger, Outcome, PinnedReplay
from mantissa.lake.manifest import encode_manifest, manifest_key
from mantissa.lake.parts import PartWriter
from mantissa.lake.quarantine import Entry, Quarantine
from mantissa.lake.specs import SpecStore
from mantissa.model import Manifest
from mantissa.sources.decode import decode
from mantissa.sources.mapping import Envelope, Extracted, Extractor
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import Sources


@dataclass(slots=True)
class ReplayReport:
    """What a replay did; `released` entries left quarantine, `rows` of them became rows."""

    tried: int = 0
    released: int = 0
    rows: int = 0
    filtered: int = 0
    remaining: int = 0
    tables: dict[str, int] = field(default_factory=dict)


class ReplayQuarantine:
    """The use case: try quarantined records and objects again with today's sources."""

    def __init__(self, ingest: Ingest, inputs: Inputs, ports: LakePorts, sources: Sources) -> None:
        self._ingest = ingest
        self._inputs = inputs
        self._ports = ports
        self._sources = sources
        self._ledger = Ledger(ports.state)
        self._quarantine = Quarantine(ports.objects, ports.state)
        self._specs = SpecStore(ports.objects, sources)

    def run(self, *, reason: str | None = None) -> ReplayReport:
        """Try every entry, or those of one reason; what still fails stays in quarantine."""
        report = ReplayReport()
        for pinned in list(self._ledger.pinned_replays()):
            self._finish(pinned, report)
        for identity, entries in _by_object(self._quarantine.entries(reason=reason)).items():
            report.tried += len(entries)
            if entries[0].line == 0:
                self._whole(entries[0], report)
            else:
                self._records(identity, entries, report)
        report.remaining = sum(1 for _ in self._quarantine.entries(reason=reason))
        return report

    def _whole(self, entry: Entry, report: ReplayReport) -> None:
        try:
            done = self._ingest.one(entry.source_object, again=True)
        except ObjectNotFound:
            return
        report.released += not done.already
        report.rows += done.counts.rows
        report.filtered += done.counts.filtered
        _add_tables(report, done.tables)

    def _records(self, identity: str, entries: list[Entry], report: ReplayReport) -> None:
        recorded = self._ledger.by_prefix(identity)
        spec = self._sources.get(recorded.plan.source)
        if spec is not None:
            positions = tuple(sorted(e.position for e in entries))
            version = self._specs.save(spec)
            self._finish(self._ledger.pin_replay(recorded, version, positions), report)

    def _finish(self, pinned: PinnedReplay, report: ReplayReport) -> None:
        recorded, plan = pinned.entry, pinned.plan
        spec = self._specs.load(plan.source, plan.spec)
        writer = PartWriter(self._ports.objects, recorded.identity, plan, spec.table.name)
        released: list[int] = []
        for extracted in self._extracted(pinned, Extractor(spec)):
            chosen = _only(extracted, recorded.identity, pinned.positions)
            released += _released(chosen)
            writer.add(replace(chosen, rejects=[]))
        manifest = writer.finish()
        self._commit(pinned, manifest, released)
        kept = manifest.counts
        report.released += kept.rows + kept.filtered
        report.rows += kept.rows
        report.filtered += kept.filtered
        _add_tables(report, {spec.table.name: kept.rows} if kept.rows else {})

    def _commit(self, pinned: PinnedReplay, manifest: Manifest, released: list[int]) -> None:
        key = manifest_key(pinned.entry.identity, pinned.plan.short)
        self._ports.objects.put_if_absent(key, encode_manifest(manifest))
        now = self._ports.clock.now().isoformat()
        ids = [f"{pinned.entry.identity[:32]}{p:08x}" for p in released]
        lost = self._reasons(pinned.entry.identity, set(ids))
        self._ledger.commit_replay(pinned, Outcome("DONE", manifest, key, now, ids), lost)

    def _reasons(self, identity: str, ids: set[str]) -> dict[str, int]:
        """Count the reasons of the entries that are about to leave quarantine."""
        entries = self._quarantine.entries(identity=identity)
        return dict(Counter(e.reason for e in entries if e.id in ids))

    def _extracted(self, pinned: PinnedReplay, extractor: Extractor) -> Iterator[Extracted]:
        recorded, plan = pinned.entry, pinned.plan
        envelope = Envelope(recorded.identity, plan.source_object, plan.ingest_time)
        if self._unchanged(recorded):
            with self._inputs.open(plan.source_object) as stream:
                decoded = decode(stream, plan.source_object, Limits(**plan.limits))
                yield from extract_all(decoded, extractor, envelope)
        else:
            yield from extract_all([self._stored(recorded)], extractor, envelope)

    def _unchanged(self, recorded: Recorded) -> bool:
        try:
            return self._inputs.head(recorded.plan.source_object).identity == recorded.identity
        except ObjectNotFound:
            return False

    def _stored(self, recorded: Recorded) -> Batch:
        entries = self._quarantine.entries(identity=recorded.identity)
        whole = [e for e in entries if not e.truncated and e.line > 0]
        return Batch([e.data() for e in whole], [e.position for e in whole])


def _by_object(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.id[:32], []).append(entry)
    return grouped


def _only(extracted: Extracted, identity: str, positions: Iterable[int]) -> Extracted:
    """Keep what came of the chosen positions."""
    chosen = set(positions)
    ids = pa.array([f"{identity[:32]}{p:08x}" for p in sorted(chosen)], pa.string())
    rows = extracted.table.filter(pc.is_in(extracted.table["event_id"], value_set=ids))
    return Extracted(
        rows,
        [r for r in extracted.rejects if r.position in chosen],
        [s for s in extracted.skipped if s.position in chosen],
    )


def _released(extracted: Extracted) -> list[int]:
    """Return the positions that are rows, or filtered, now."""
    rows = [int(event_id[32:], 16) for event_id in extracted.table["event_id"].to_pylist()]
    return rows + [s.position for s in extracted.skipped]


def _add_tables(report: ReplayReport, tables: dict[str, int]) -> None:
    for table, rows in tables.items():
        report.tables[table] = report.tables.get(table, 0) + rows
