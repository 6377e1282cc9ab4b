"""Takes quarantined records up again, after a parser, a source or a limit was mended.

A replay is pinned in the ledger before it works, like an ingest: a replay that dies is carried on
by the next one with the same specification and the same entries, so no record becomes two rows.
Records come from the object where it still is what it was, else from what quarantine kept.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from mantissa.errors import AccessDenied, ConfigError, Conflict, ObjectNotFound
from mantissa.lake.books import MOST_DAYS, Outcome
from mantissa.lake.ingest import Ingest, Inputs, LakePorts, extract_all
from mantissa.lake.ledger import DONE, Ledger
from mantissa.lake.manifest import encode_manifest, manifest_key
from mantissa.lake.parts import PartWriter, written
from mantissa.lake.quarantine import Entry, Quarantine, entry_id
from mantissa.lake.replays import How, PinnedReplay, Replays
from mantissa.lake.specs import SpecStore
from mantissa.model import Manifest
from mantissa.sources.decode import decode
from mantissa.sources.mapping import Envelope, Extracted, Extractor
from mantissa.sources.record import Batch, Limits
from mantissa.sources.registry import Sources
from mantissa.sources.spec import SourceSpec

BESIDE = 4
"""Writes of a replay's commit beside the released entries and the totals of its days."""


@dataclass(slots=True)
class ReplayReport:
    """What a replay did; `released` entries left quarantine, `rows` of them became rows."""

    tried: int = 0
    released: int = 0
    rows: int = 0
    filtered: int = 0
    remaining: int = 0
    tables: dict[str, int] = field(default_factory=dict)

    def add(self, tables: dict[str, int], filtered: int) -> None:
        """Count what became of entries that left quarantine."""
        self.rows += sum(tables.values())
        self.filtered += filtered
        for table, rows in tables.items():
            self.tables[table] = self.tables.get(table, 0) + rows


class ReplayQuarantine:
    """The use case: try quarantined records and objects again with today's sources."""

    def __init__(self, ingest: Ingest, inputs: Inputs, ports: LakePorts, sources: Sources) -> None:
        self._ingest = ingest
        self._inputs = inputs
        self._ports = ports
        self._sources = sources
        self._ledger = Ledger(ports.state)
        self._replays = Replays(ports.state)
        self._quarantine = Quarantine(ports.objects, ports.state)
        self._specs = SpecStore(ports.objects, sources)

    def run(self, *, reason: str | None = None) -> ReplayReport:
        """Try every entry, or those of one reason; what still fails stays in quarantine."""
        report = ReplayReport()
        for pinned in list(self._replays.pinned()):
            self._carry_out(pinned, report)
        for identity, entries in _by_object(self._quarantine.entries(reason=reason)).items():
            report.tried += len(entries)
            if entries[0].line == 0:
                self._whole(entries[0], report)
            else:
                self._records(identity, entries, report)
        report.remaining = sum(1 for _ in self._quarantine.entries(reason=reason))
        return report

    def _whole(self, entry: Entry, report: ReplayReport) -> None:
        """Ingest an object again that was quarantined whole, if it is still what it was."""
        identity = self._ledger.by_prefix(entry.id[:32]).identity
        if not self._is_there(entry.source_object, identity):
            return
        done = self._ingest.one(entry.source_object, again=True)
        report.released += not done.already
        report.add(done.tables, done.counts.filtered)

    def _records(self, identity: str, entries: list[Entry], report: ReplayReport) -> None:
        recorded = self._ledger.by_prefix(identity)
        spec = self._sources.get(recorded.plan.source)
        if spec is None:
            return
        positions = [e.position for e in entries]
        stored = not self._is_there(recorded.plan.source_object, recorded.identity)
        how = How(self._specs.save(spec), asdict(self._ingest.limits), stored)
        for some in self._bounded(positions):
            pinned = self._replays.pin(recorded.identity, some, how)
            if pinned is not None:
                self._carry_out(pinned, report)

    def _bounded(self, positions: Sequence[int]) -> Iterator[Sequence[int]]:
        """Divide what is released at once, where a transaction holds a limited number of writes."""
        most = self._ports.state.most_writes
        size = len(positions) if most is None else max(1, most - MOST_DAYS - BESIDE)
        for start in range(0, len(positions), size):
            yield positions[start : start + size]

    def _carry_out(self, pinned: PinnedReplay, report: ReplayReport) -> None:
        """Write and commit a pinned replay; from quarantine's copies once the object is gone."""
        source_object, identity = pinned.plan.source_object, pinned.entry.identity
        if not pinned.how.stored and not self._is_there(source_object, identity):
            self._carry_out_stored(pinned, report)
            return
        try:
            self._write(pinned, report)
        except Conflict:
            self._carry_out_stored(pinned, report)

    def _carry_out_stored(self, pinned: PinnedReplay, report: ReplayReport) -> None:
        fixed = self._replays.again(pinned)
        self._discard(pinned)
        if fixed is not None:
            self._write(fixed, report)

    def _write(self, pinned: PinnedReplay, report: ReplayReport) -> None:
        spec = self._specs.load(pinned.plan.source, pinned.plan.spec)
        identity = pinned.entry.identity
        writer = PartWriter(self._ports.objects, identity, pinned.plan, spec.table.name)
        released: list[int] = []
        seen = 0
        for extracted in self._extracted(pinned, spec):
            seen += extracted.table.num_rows + len(extracted.rejects) + len(extracted.skipped)
            chosen = _only(extracted, identity, pinned.positions)
            released += _released(chosen)
            writer.add(replace(chosen, rejects=[]))
        if not pinned.how.stored and seen != pinned.entry.counts.records:
            # The object falls into other records now: a position no longer means the same one.
            self._replays.drop(pinned)
            self._discard(pinned)
            return
        manifest = writer.finish()
        if self._commit(pinned, manifest, released):
            rows = manifest.counts.rows
            report.released += len(released)
            report.add({spec.table.name: rows} if rows else {}, manifest.counts.filtered)
        elif not self._replays.is_current(pinned):
            self._discard(pinned)

    def _commit(self, pinned: PinnedReplay, manifest: Manifest, released: list[int]) -> bool:
        identity = pinned.entry.identity
        key = manifest_key(identity, pinned.plan.short)
        self._ports.objects.put_if_absent(key, encode_manifest(manifest))
        self._ports.publish(manifest.files)
        now = self._ports.clock.now().isoformat()
        ids = [entry_id(identity, position) for position in released]
        entries = self._quarantine.entries(identity=identity)
        lost = Counter(e.reason for e in entries if e.id in set(ids))
        return self._replays.commit(pinned, Outcome(DONE, manifest, key, now, ids), lost)

    def _discard(self, pinned: PinnedReplay) -> None:
        """Delete what a replay wrote that nobody will ever commit."""
        identity = pinned.entry.identity
        claimed = self._ledger.by_prefix(identity).keys
        files = written(self._ports.objects, identity, pinned.plan)
        for key in [*files, manifest_key(identity, pinned.plan.short)]:
            if key not in claimed:
                self._ports.objects.delete(key)

    def _extracted(self, pinned: PinnedReplay, spec: SourceSpec) -> Iterator[Extracted]:
        plan, identity = pinned.plan, pinned.entry.identity
        envelope = Envelope(identity, plan.source_object, plan.ingest_time)
        limits = Limits(**plan.limits)
        if pinned.how.stored:
            yield from extract_all([self._kept(pinned, spec, limits)], Extractor(spec), envelope)
            return
        with self._inputs.open(plan.source_object) as stream:
            decoded = decode(stream, plan.source_object, limits)
            yield from extract_all(decoded, Extractor(spec), envelope)

    def _kept(self, pinned: PinnedReplay, spec: SourceSpec, limits: Limits) -> Batch:
        """Return the records that quarantine kept whole and that stand on their own."""
        if spec.lines is not None and spec.lines.header:
            # What a line means was said by a header that only the object has.
            return Batch([], [])
        batch = Batch([], [])
        for entry in self._quarantine.entries(identity=pinned.entry.identity):
            if entry.line > 0 and not entry.truncated and entry.position in pinned.positions:
                raws = _decoded(entry, limits)
                if len(raws) == 1:
                    batch.raws += raws
                    batch.positions.append(entry.position)
        return batch

    def _is_there(self, source_object: str, identity: str) -> bool:
        try:
            return self._inputs.head(source_object).identity == identity
        except (ObjectNotFound, AccessDenied, ConfigError, Conflict):
            return False


def _decoded(entry: Entry, limits: Limits) -> list[bytes]:
    """Return the good records in an entry's text: one, if decoding has nothing against it."""
    raws: list[bytes] = []
    for item in decode(io.BytesIO(entry.data()), entry.source_object, limits):
        if not isinstance(item, Batch):
            return []
        raws += item.raws
    return raws


def _by_object(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    grouped: dict[str, list[Entry]] = {}
    for entry in entries:
        grouped.setdefault(entry.id[:32], []).append(entry)
    return grouped


def _only(extracted: Extracted, identity: str, positions: Iterable[int]) -> Extracted:
    """Keep what came of the chosen positions."""
    chosen = set(positions)
    ids = pa.array([entry_id(identity, p) for p in sorted(chosen)], pa.string())
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
