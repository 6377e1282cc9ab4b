"""One object to rows, exactly once, nothing dropped in silence.

The steps, each safe to die after:

    1  the ledger counts the attempt and pins the plan
    2  the object is decoded and mapped in order; parts are cut by rows and bytes, never by time
    3  each part's files and each quarantine file are put if absent, under names that the
       object's identity, the plan and the part's number determine
    4  the manifest is put if absent, and the days of its files are made known to the engines
    5  one transaction: ledger done, detection pending, partition totals

A later attempt repeats the steps, finds the files of the earlier one under the same names and
commits once. Rows become visible file by file, and each exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import BinaryIO, Protocol

import pyarrow as pa

from mantissa.errors import Conflict, MantissaError, StoreTransient
from mantissa.lake.ledger import DONE, QUARANTINED, SUPERSEDED, Entry, Ledger, Outcome
from mantissa.lake.manifest import encode_manifest, manifest_key
from mantissa.lake.parts import PartWriter, stem, written
from mantissa.lake.plan import PARSER_VERSION, Plan
from mantissa.lake.quarantine import (
    encode_entries,
    quarantine_key,
    whole_object_entry,
    whole_object_id,
)
from mantissa.lake.specs import SpecStore
from mantissa.model import Counts, DataFile, Manifest, ObjectInfo, Reason
from mantissa.ports import Clock, ObjectStore, StateStore
from mantissa.sources.decode import decode
from mantissa.sources.mapping import Envelope, Extracted, Extractor
from mantissa.sources.record import Bad, Batch, Limits, Skipped, bad
from mantissa.sources.registry import Claim, Sources

SAMPLE_RECORDS = 20
SAMPLE_FAULTS = 1_000
"""Unreadable records after which an object's beginning is taken to be unreadable."""
_CHANGING_TRIES = 3
_HEAD_BYTES = 64 << 10


class Inputs(Protocol):
    """Where objects to ingest are read from: the reading half of an object store."""

    def head(self, key: str) -> ObjectInfo:
        """Describe one object."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Open one object for streaming."""
        ...


@dataclass(frozen=True, slots=True)
class LakePorts:
    """What the lake's use cases need of the world.

    Args:
        register: makes days of a table known to the engines (`Catalog.register`).
    """

    objects: ObjectStore
    state: StateStore
    clock: Clock
    register: Callable[[str, Iterable[str]], None] = field(default=lambda table, days: None)

    def publish(self, files: Iterable[DataFile]) -> None:
        """Make the days of files known, so that whoever learns of the files can read them."""
        days: dict[str, set[str]] = {}
        for file in files:
            days.setdefault(file.table, set()).add(file.event_date)
        for table, dates in sorted(days.items()):
            self.register(table, sorted(dates))


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """What decides how objects are cut, and what they may cost."""

    split_rows: int = 50_000
    split_bytes: int = 48 << 20
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one object in this run; `already` when an earlier run had finished it."""

    source_object: str
    source: str
    counts: Counts
    tables: dict[str, int]
    bytes_in: int
    already: bool = False


class Ingest:
    """The use case: take objects, leave rows, quarantine entries and a balanced ledger."""

    def __init__(
        self,
        inputs: Inputs,
        ports: LakePorts,
        sources: Sources,
        settings: IngestSettings,
    ) -> None:
        self._inputs = inputs
        self._ports = ports
        self._lake = ports.objects
        self._clock = ports.clock
        self._sources = sources
        self._settings = settings
        self._ledger = Ledger(ports.state)
        self._specs = SpecStore(ports.objects, sources)

    @property
    def limits(self) -> Limits:
        """What an object taken up now may cost."""
        return self._settings.limits

    def one(self, key: str, *, source: str | None = None, again: bool = False) -> Ingested:
        """Ingest one object unless the ledger says that it is done.

        Args:
            key: the object's key among the inputs.
            source: overrides recognition, also for an object quarantined whole before.
            again: ask the sources once more about an object quarantined whole before.
        """
        for _ in range(_CHANGING_TRIES):
            try:
                return self._once(key, source, again=again)
            except Conflict:
                continue
        raise StoreTransient(
            "the object keeps changing while it is read",
            where=key,
            fix="ingest it when its writer has finished",
        )

    def _once(self, key: str, source: str | None, *, again: bool) -> Ingested:
        info = self._inputs.head(key)
        known = self._ledger.find(info.identity)
        if known is not None and known.finished and not _taken_up(known, source, again=again):
            return _already(known)
        plan = known.plan if known and not known.finished else self._plan(info, source, known)
        if known is not None and known.state == QUARANTINED and not plan.source:
            return _already(known)
        entry = self._ledger.begin(info.identity, plan)
        if entry.finished:
            return _already(entry)
        try:
            return self._attempt(entry, key)
        except (KeyboardInterrupt, MantissaError):
            # Not the object's fault: only attempts that end without a word make it poison.
            self._ledger.forgive(info.identity)
            raise

    def _plan(self, info: ObjectInfo, source: str | None, known: Entry | None) -> Plan:
        claim = Claim(source, ()) if source else self._claim(info.key)
        spec = self._sources[claim.source] if claim.source else None
        return Plan(
            source=claim.source or "",
            spec=self._specs.save(spec) if spec else "",
            nearest=tuple(claim.nearest),
            parser=PARSER_VERSION,
            split_rows=self._settings.split_rows,
            split_bytes=self._settings.split_bytes,
            limits=asdict(self._settings.limits),
            writer=f"pyarrow {pa.__version__}",
            source_object=info.key,
            etag=info.etag,
            size=info.size,
            modified=info.modified.isoformat(),
            generation=known.plan.generation + 1 if known else 0,
        )

    def _claim(self, key: str) -> Claim:
        with self._inputs.open(key) as stream:
            sample, _ = beginning(stream, key, self._settings.limits)
        return self._sources.claim(key, sample)

    def _attempt(self, entry: Entry, key: str) -> Ingested:
        if entry.poisoned:
            return self._poison(entry, key)
        if not entry.plan.source:
            return self._commit(entry, self._unclaimed(entry, key))
        return self._commit(entry, self._parse(entry, key))

    def _poison(self, entry: Entry, key: str) -> Ingested:
        """Quarantine an object that kills whoever parses it; its rows so far are taken back."""
        detail = f"{entry.attempts - 1} attempts began and none finished"
        manifest = self._quarantine_whole(entry, key, Reason.POISON, detail)
        done = self._commit(entry, manifest)
        self._discard(entry, written(self._lake, entry.identity, entry.plan))
        return done

    def _parse(self, entry: Entry, key: str) -> Manifest:
        plan = entry.plan
        envelope = Envelope(entry.identity, plan.source_object, plan.ingest_time)
        spec = self._specs.load(plan.source, plan.spec)
        writer = PartWriter(self._lake, entry.identity, plan, spec.table.name)
        try:
            with self._inputs.open(key) as stream:
                decoded = decode(stream, plan.source_object, Limits(**plan.limits))
                for extracted in extract_all(decoded, Extractor(spec), envelope):
                    writer.add(extracted)
        except Conflict:
            self._ledger.supersede(entry)
            self._discard(entry, writer.keys)
            raise
        return writer.finish()

    def _unclaimed(self, entry: Entry, key: str) -> Manifest:
        """Say what is wrong with an object of no source: nothing, its content, or its kind."""
        plan = entry.plan
        with self._inputs.open(key) as stream:
            sample, last = beginning(stream, plan.source_object, Limits(**plan.limits))
        if not sample and last is None:
            return Manifest(entry.identity, "", plan.source_object, (), Counts(), (), plan.size)
        near = f"no source claims this object; nearest: {', '.join(plan.nearest) or 'none'}"
        if sample or not isinstance(last, Bad):
            return self._quarantine_whole(entry, key, Reason.UNKNOWN_SOURCE, near)
        return self._quarantine_whole(entry, key, last.reason, f"{last.detail}; {near}")

    def _quarantine_whole(self, entry: Entry, key: str, reason: Reason, detail: str) -> Manifest:
        plan = entry.plan
        with self._inputs.open(key) as stream:
            head = stream.read(_HEAD_BYTES)
        name = whole_object_id(entry.identity, plan.generation)
        line = whole_object_entry(name, plan.source_object, reason, detail, head)
        file = quarantine_key("", f"{stem(entry.identity, plan)}00000")
        self._lake.put_if_absent(file, encode_entries([line]))
        counts = Counts(records=1, quarantined=1, reasons={str(reason): 1})
        return Manifest(entry.identity, "", plan.source_object, (), counts, (file,), plan.size)

    def _commit(self, entry: Entry, manifest: Manifest) -> Ingested:
        key = manifest_key(entry.identity, entry.plan.short)
        self._lake.put_if_absent(key, encode_manifest(manifest))
        self._ports.publish(manifest.files)
        whole = bool(manifest.quarantine) and not manifest.source
        earlier = entry.plan.generation - 1
        outcome = Outcome(
            state=QUARANTINED if whole else DONE,
            manifest=manifest,
            manifest_key=key,
            committed_at=self._clock.now().isoformat(),
            released=[whole_object_id(entry.identity, earlier)] if earlier >= 0 else [],
        )
        if self._ledger.commit(entry, outcome):
            return _ingested(manifest)
        self._discard(entry, outcome.keys)
        raise Conflict("another worker was first", where=entry.plan.source_object)

    def _discard(self, entry: Entry, keys: Iterable[str]) -> None:
        """Delete what an attempt wrote and nobody will ever commit."""
        for key in self._ledger.unclaimed(entry, keys):
            self._lake.delete(key)


def _taken_up(known: Entry, source: str | None, *, again: bool) -> bool:
    """Whether a finished object is to be ingested anew, under its next generation."""
    if known.state == SUPERSEDED:
        return True
    return known.state == QUARANTINED and (again or source is not None)


def beginning(
    stream: BinaryIO, name: str, limits: Limits
) -> tuple[list[bytes], Bad | Skipped | None]:
    """Return the first good records of an object, and the last of the others.

    Where nothing is good, it is the last that tells why: the end of a bomb, or of a cut stream.
    """
    sample: list[bytes] = []
    last: Bad | Skipped | None = None
    others = 0
    for item in decode(stream, name, replace(limits, batch_records=SAMPLE_RECORDS)):
        if isinstance(item, Batch):
            sample += item.raws[: SAMPLE_RECORDS - len(sample)]
        else:
            others += 1
            last = item if isinstance(item, Bad) or last is None else last
        if len(sample) >= SAMPLE_RECORDS or others >= SAMPLE_FAULTS:
            break
    return sample, last


def extract_all(
    decoded: Iterable[Batch | Bad | Skipped], extractor: Extractor, envelope: Envelope
) -> Iterator[Extracted]:
    """Map decoded records in order; what decoding refused passes through."""
    empty: pa.Table | None = None
    for item in decoded:
        if isinstance(item, Batch):
            yield _extract(item, extractor, envelope)
            continue
        if empty is None:
            empty = extractor.extract(Batch([], []), envelope).table
        if isinstance(item, Skipped):
            yield Extracted(empty, [], [item])
        else:
            yield Extracted(empty, [item], [])


def _extract(batch: Batch, extractor: Extractor, envelope: Envelope) -> Extracted:
    try:
        return extractor.extract(batch, envelope)
    except (ValueError, TypeError, KeyError, AttributeError, pa.ArrowException):
        return _extract_singly(batch, extractor, envelope)


def _extract_singly(batch: Batch, extractor: Extractor, envelope: Envelope) -> Extracted:
    """Find the record that the mapping did not foresee, so that its neighbours are kept."""
    found: list[Extracted] = []
    for raw, position in zip(batch.raws, batch.positions, strict=True):
        try:
            found.append(extractor.extract(Batch([raw], [position]), envelope))
        except Exception as error:  # noqa: BLE001 - one hostile record must not stop its object
            detail = f"the mapping failed: {type(error).__name__}"
            refused = bad(position, Reason.SCHEMA_DRIFT, detail, raw)
            empty = extractor.extract(Batch([], []), envelope).table
            found.append(Extracted(empty, [refused], []))
    return joined(found)


def joined(parts: Sequence[Extracted]) -> Extracted:
    """Join extracted batches in order."""
    return Extracted(
        pa.concat_tables([p.table for p in parts]),
        [r for p in parts for r in p.rejects],
        [s for p in parts for s in p.skipped],
    )


def _already(entry: Entry) -> Ingested:
    nothing = Counts()
    return Ingested(entry.plan.source_object, entry.plan.source, nothing, {}, 0, already=True)


def _ingested(manifest: Manifest) -> Ingested:
    tables: dict[str, int] = {}
    for file in manifest.files:
        tables[file.table] = tables.get(file.table, 0) + file.rows
    return Ingested(
        manifest.source_object, manifest.source, manifest.counts, tables, manifest.bytes_in
    )
