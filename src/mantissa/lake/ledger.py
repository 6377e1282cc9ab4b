"""What became of every input object: the authority on what has been ingested.

State of an object: `PLANNED → DONE | QUARANTINED`. The record is keyed by the object's identity,
never expires, and is written before work begins, so that attempts are counted even when each
of them dies. Every change is a conditional write; whoever loses reads again and decides anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from mantissa.errors import Conflict, ObjectNotFound, StoreTransient
from mantissa.lake.manifest import add_counts, counts_from_json, file_summary
from mantissa.lake.plan import Plan, plan_from_json
from mantissa.lake.quarantine import LEDGER, RELEASED
from mantissa.model import Counts, DataFile, Manifest
from mantissa.ports import Delete, Item, JSONValue, Put, StateStore, Write

PENDING = "pending"
PARTITIONS = "partitions"
PLANNED, DONE, QUARANTINED = "PLANNED", "DONE", "QUARANTINED"
MAX_ATTEMPTS = 5
REPLAYS = 1_000_000
"""Added to a plan's generation by its replays, so that their file names never meet."""
_RETRIES = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One object's record in the ledger, as read at `version`."""

    identity: str
    state: str
    attempts: int
    plan: Plan
    counts: Counts
    files: tuple[Mapping[str, JSONValue], ...]
    quarantine: tuple[str, ...]
    committed_at: str
    version: int

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do for this object."""
        return self.state != PLANNED

    @property
    def poisoned(self) -> bool:
        """Whether every allowed attempt has begun and none has finished."""
        return self.attempts > MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt produced and is about to commit."""

    state: str
    manifest: Manifest
    manifest_key: str
    committed_at: str
    released: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PinnedReplay:
    """A replay of some quarantined records of one object, fixed before it works."""

    entry: Entry
    plan: Plan
    positions: tuple[int, ...]
    number: int


class Ledger:
    """Reads and conditional writes of the ledger."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def find(self, identity: str) -> Entry | None:
        """Return an object's record, if it has one."""
        item = self._state.get(LEDGER, identity)
        return None if item is None else _entry(item)

    def begin(self, identity: str, plan: Plan) -> Entry:
        """Count an attempt, pinning the plan unless one is pinned already."""
        for _ in range(_RETRIES):
            entry = self.find(identity)
            if entry is not None and entry.finished and plan.generation <= entry.plan.generation:
                return entry
            try:
                return self._count_attempt(identity, entry, plan)
            except Conflict:
                continue
        raise StoreTransient("the ledger is contended", where=plan.source_object, fix="try again")

    def forgive(self, identity: str) -> None:
        """Take back the attempt of a run that was stopped on purpose, not by the object."""
        item = self._state.get(LEDGER, identity)
        if item is not None and item.value["state"] == PLANNED:
            value = {**item.value, "attempts": max(0, item.value["attempts"] - 1)}
            self._state.put(Put(LEDGER, identity, value, item.version))

    def forget(self, identity: str) -> None:
        """Drop the record of an attempt whose object changed under it."""
        item = self._state.get(LEDGER, identity)
        if item is not None and item.value["state"] == PLANNED:
            self._state.transact([Delete(LEDGER, identity, item.version)])

    def entries(self) -> Iterator[Entry]:
        """Yield every object's record, by identity."""
        for item in self._state.query(LEDGER):
            yield _entry(item)

    def by_prefix(self, prefix: str) -> Entry:
        """Return the one record whose identity starts with prefix."""
        for item in self._state.query(LEDGER, prefix):
            return _entry(item)
        raise ObjectNotFound("the ledger has no such object", where=prefix)

    def pinned_replays(self) -> Iterator[PinnedReplay]:
        """Yield the replays that were pinned and have not been committed."""
        for item in self._state.query(LEDGER):
            if "replay" in item.value:
                yield _replay(item)

    def pin_replay(self, entry: Entry, spec: str, positions: tuple[int, ...]) -> PinnedReplay:
        """Fix a replay; if another worker has fixed one, return that."""
        for _ in range(_RETRIES):
            item = self._state.get(LEDGER, entry.identity)
            if item is None:
                raise ObjectNotFound("the ledger has no such object", where=entry.identity)
            if "replay" in item.value:
                return _replay(item)
            number = item.value.get("replays", 0) + 1
            pin = {"spec": spec, "positions": list(positions), "number": number}
            value = {**item.value, "replay": pin, "replays": number}
            with contextlib.suppress(Conflict):
                self._state.put(Put(LEDGER, entry.identity, value, item.version))
        raise StoreTransient("the ledger is contended", where=entry.identity, fix="try again")

    def commit_replay(
        self, pinned: PinnedReplay, outcome: Outcome, reasons: Mapping[str, int]
    ) -> bool:
        """Publish a replay in one transaction; False if another worker was first."""
        for _ in range(_RETRIES):
            item = self._state.get(LEDGER, pinned.entry.identity)
            if item is None or item.value.get("replay", {}).get("number") != pinned.number:
                return False
            try:
                self._state.transact(_replay_writes(self._state, item, pinned, outcome, reasons))
            except Conflict:
                continue
            return True
        raise StoreTransient("the ledger is contended", where=pinned.entry.identity, fix="again")

    def commit(self, entry: Entry, outcome: Outcome) -> bool:
        """Publish an attempt in one transaction; False if another worker was first."""
        for _ in range(_RETRIES):
            current = self.find(entry.identity)
            if current is None or current.finished or current.plan != entry.plan:
                return False
            try:
                self._state.transact(self._commit_writes(current, outcome))
            except Conflict:
                continue
            return True
        raise StoreTransient("the ledger is contended", where=entry.identity, fix="try again")

    def _count_attempt(self, identity: str, entry: Entry | None, plan: Plan) -> Entry:
        fresh = entry is None or entry.finished
        pinned = plan if entry is None or fresh else entry.plan
        attempts = 1 if entry is None or fresh else entry.attempts + 1
        value = ledger_value(PLANNED, attempts, pinned)
        version = None if entry is None else entry.version
        self._state.put(Put(LEDGER, identity, value, version))
        return Entry(identity, PLANNED, attempts, pinned, Counts(), (), (), "", 1 + (version or 0))

    def _commit_writes(self, entry: Entry, outcome: Outcome) -> list[Write]:
        manifest = outcome.manifest
        value = ledger_value(outcome.state, entry.attempts, entry.plan) | {
            "counts": asdict(manifest.counts),
            "files": [file_summary(f) for f in manifest.files],
            "quarantine": list(manifest.quarantine),
            "manifest": outcome.manifest_key,
            "bytes_in": manifest.bytes_in,
            "committed_at": outcome.committed_at,
        }
        writes: list[Write] = [Put(LEDGER, entry.identity, value, entry.version)]
        writes += pending_writes(entry.identity, entry.plan, outcome)
        writes += partition_writes(self._state, manifest.files)
        writes += [
            Put(RELEASED, key, {"by": outcome.manifest_key}, None) for key in outcome.released
        ]
        return writes


def _replay(item: Item) -> PinnedReplay:
    entry, pin = _entry(item), item.value["replay"]
    plan = replace(
        entry.plan, spec=pin["spec"], generation=entry.plan.generation + REPLAYS + pin["number"]
    )
    return PinnedReplay(entry, plan, tuple(pin["positions"]), pin["number"])


def _replay_writes(
    state: StateStore,
    item: Item,
    pinned: PinnedReplay,
    outcome: Outcome,
    reasons: Mapping[str, int],
) -> list[Write]:
    manifest = outcome.manifest
    value = {k: v for k, v in item.value.items() if k != "replay"} | {
        "counts": asdict(_after_replay(pinned.entry.counts, manifest.counts, reasons)),
        "files": [*item.value["files"], *(file_summary(f) for f in manifest.files)],
    }
    key = f"{item.key}-{pinned.plan.short}"
    return [
        Put(LEDGER, item.key, value, item.version),
        *pending_writes(key, pinned.plan, outcome),
        *partition_writes(state, manifest.files),
        *(Put(RELEASED, i, {"by": outcome.manifest_key}, None) for i in outcome.released),
    ]


def _after_replay(before: Counts, gained: Counts, reasons: Mapping[str, int]) -> Counts:
    left = {reason: n - reasons.get(reason, 0) for reason, n in before.reasons.items()}
    after = add_counts(before, replace(gained, records=0))
    return replace(
        after,
        quarantined=before.quarantined - gained.rows - gained.filtered,
        reasons={reason: n for reason, n in left.items() if n},
    )


def ledger_value(state: str, attempts: int, plan: Plan) -> dict[str, JSONValue]:
    """Return the part of a ledger record that is there from the start."""
    return {
        "state": state,
        "attempts": attempts,
        "source": plan.source,
        "source_object": plan.source_object,
        "plan": plan.to_json(),
    }


def pending_writes(key: str, plan: Plan, outcome: Outcome) -> list[Write]:
    """Record that detection has yet to judge these files."""
    files: dict[str, list[str]] = {}
    for file in outcome.manifest.files:
        files.setdefault(file.table, []).append(file.key)
    if not files:
        return []
    value = {
        "source": plan.source,
        "source_object": plan.source_object,
        "modified": plan.modified,
        "committed_at": outcome.committed_at,
        "files": files,
        "manifest": outcome.manifest_key,
    }
    return [Put(PENDING, key, value, None)]


def partition_writes(state: StateStore, files: Sequence[DataFile]) -> list[Write]:
    """Add files to the totals of their partitions, each with its generation counted up."""
    grouped: dict[str, list[DataFile]] = {}
    for file in files:
        grouped.setdefault(f"{file.table}/{file.event_date}", []).append(file)
    return [_partition_write(state, key, group) for key, group in sorted(grouped.items())]


def _partition_write(state: StateStore, key: str, files: Sequence[DataFile]) -> Put:
    item = state.get(PARTITIONS, key)
    old: Mapping[str, JSONValue] = item.value if item else {}
    columns = dict(old.get("columns", {}))
    for file in files:
        for name, size in file.column_bytes.items():
            columns[name] = columns.get(name, 0) + size
    value = {
        "generation": old.get("generation", 0) + 1,
        "rows": old.get("rows", 0) + sum(f.rows for f in files),
        "files": old.get("files", 0) + len(files),
        "bytes": old.get("bytes", 0) + sum(f.bytes for f in files),
        "columns": columns,
        "first_event": min(filter(None, [old.get("first_event"), *(f.first_event for f in files)])),
        "last_event": max(filter(None, [old.get("last_event"), *(f.last_event for f in files)])),
    }
    return Put(PARTITIONS, key, value, item.version if item else None)


def _entry(item: Item) -> Entry:
    value = item.value
    return Entry(
        identity=item.key,
        state=value["state"],
        attempts=value["attempts"],
        plan=plan_from_json(value["plan"], runnable=value["state"] == PLANNED),
        counts=counts_from_json(value.get("counts", {})),
        files=tuple(value.get("files", ())),
        quarantine=tuple(value.get("quarantine", ())),
        committed_at=value.get("committed_at", ""),
        version=item.version,
    )
