"""What became of every input object: the authority on what has been ingested.

State of an object: `PLANNED → DONE | QUARANTINED | SUPERSEDED`. The record is keyed by the
object's identity, never expires, and is written before work begins, so that attempts are counted
even when each of them dies. Every change is a conditional write; whoever loses reads again and
decides anew.

`SUPERSEDED` is a plan given up because its object changed or vanished while it was read. Nobody
can commit that plan any more, so its files may be deleted at any time; the same content is taken
up again under the next generation, whose files have other names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from mantissa.errors import Conflict, ObjectNotFound, StoreError, StoreTransient
from mantissa.lake.books import PARTITIONS, PENDING, Outcome, partition_writes, pending_writes
from mantissa.lake.manifest import counts_from_json, file_summary
from mantissa.lake.plan import Plan, plan_from_json, require_runnable
from mantissa.lake.quarantine import LEDGER, RELEASED
from mantissa.model import Counts
from mantissa.ports import Item, JSONValue, Put, StateStore, Write

T = TypeVar("T")

__all__ = ["PARTITIONS", "PENDING", "Entry", "Ledger", "Outcome"]

PLANNED, DONE, QUARANTINED, SUPERSEDED = "PLANNED", "DONE", "QUARANTINED", "SUPERSEDED"
MAX_ATTEMPTS = 5
RETRIES = 100
"""Times that a lost conditional write is decided anew."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One object's record in the ledger, as read at `version`.

    Args:
        manifests: keys of the manifests that committed its files, replays included.
        retired: keys that earlier generations committed, kept for the record.
    """

    identity: str
    state: str
    attempts: int
    plan: Plan
    counts: Counts = field(default_factory=Counts)
    files: tuple[Mapping[str, JSONValue], ...] = ()
    quarantine: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    committed_at: str = ""
    version: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do for this object as it was."""
        return self.state != PLANNED

    @property
    def poisoned(self) -> bool:
        """Whether every allowed attempt has begun and none has finished."""
        return self.attempts > MAX_ATTEMPTS

    @property
    def keys(self) -> frozenset[str]:
        """Every store key that the ledger vouches for on this object's behalf."""
        own = (*(f["key"] for f in self.files), *self.quarantine, *self.manifests)
        return frozenset((*own, *self.retired))


class Ledger:
    """Reads and conditional writes of the ledger."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def find(self, identity: str) -> Entry | None:
        """Return an object's record, if it has one."""
        item = self._state.get(LEDGER, identity)
        return None if item is None else entry_of(item)

    def entries(self) -> Iterator[Entry]:
        """Yield every object's record, by identity."""
        for item in self._state.query(LEDGER):
            yield entry_of(item)

    def by_prefix(self, prefix: str) -> Entry:
        """Return the one record whose identity starts with prefix. Raises `ObjectNotFound`."""
        for item in self._state.query(LEDGER, prefix):
            return entry_of(item)
        raise ObjectNotFound("the ledger has no such object", where=prefix)

    def begin(self, identity: str, plan: Plan) -> Entry:
        """Count an attempt, pinning the plan unless one is pinned already.

        Raises `SourceError` when the pinned plan is of another parser.
        """

        def attempt() -> Entry:
            entry = self.find(identity)
            if entry is not None and entry.finished and plan.generation <= entry.plan.generation:
                return entry
            return self._count_attempt(identity, entry, plan)

        return insist(attempt, plan.source_object)

    def forgive(self, identity: str) -> None:
        """Take back the attempt of a run that ended for another reason than its object.

        Best effort: it is called on the way out of a failure, which must stay the one reported.
        """

        def take_back() -> None:
            item = self._state.get(LEDGER, identity)
            if item is not None and item.value["state"] == PLANNED:
                value = {**item.value, "attempts": max(0, item.value["attempts"] - 1)}
                self._state.put(Put(LEDGER, identity, value, item.version))

        with contextlib.suppress(StoreError):
            insist(take_back, identity)

    def supersede(self, entry: Entry) -> None:
        """Give up an unfinished plan for good, unless somebody has finished it."""

        def give_up() -> None:
            current = self.find(entry.identity)
            if current is None or current.finished or current.plan != entry.plan:
                return
            value = _value(SUPERSEDED, current)
            self._state.put(Put(LEDGER, entry.identity, value, current.version))

        insist(give_up, entry.plan.source_object)

    def unclaimed(self, entry: Entry, keys: Iterable[str]) -> list[str]:
        """Return those of an attempt's files that nobody will ever commit."""
        current = self.find(entry.identity)
        if current is not None and not current.finished and current.plan == entry.plan:
            return []
        claimed = frozenset() if current is None else current.keys
        return [key for key in keys if key not in claimed]

    def commit(self, entry: Entry, outcome: Outcome) -> bool:
        """Publish an attempt in one transaction; False if another worker was first."""

        def publish() -> bool:
            current = self.find(entry.identity)
            if current is None or current.finished or current.plan != entry.plan:
                return False
            self._state.transact(self._commit_writes(current, outcome))
            return True

        return insist(publish, entry.plan.source_object)

    def _count_attempt(self, identity: str, entry: Entry | None, plan: Plan) -> Entry:
        if entry is None:
            begun = Entry(identity, PLANNED, 1, plan)
        elif entry.finished:
            retired = tuple(sorted(entry.keys))
            begun = Entry(identity, PLANNED, 1, plan, retired=retired, version=entry.version)
        else:
            begun = replace(entry, attempts=entry.attempts + 1)
        require_runnable(begun.plan)
        self._state.put(Put(LEDGER, identity, _value(PLANNED, begun), begun.version or None))
        return replace(begun, version=begun.version + 1)

    def _commit_writes(self, entry: Entry, outcome: Outcome) -> list[Write]:
        manifest = outcome.manifest
        value = _value(outcome.state, entry) | {
            "counts": asdict(manifest.counts),
            "files": [file_summary(f) for f in manifest.files],
            "quarantine": list(manifest.quarantine),
            "manifests": [outcome.manifest_key],
            "bytes_in": manifest.bytes_in,
            "committed_at": outcome.committed_at,
        }
        return [
            Put(LEDGER, entry.identity, value, entry.version),
            *pending_writes(entry.identity, entry.plan, outcome),
            *partition_writes(self._state, entry.identity, manifest.files, outcome.committed_at),
            *(Put(RELEASED, key, {"by": outcome.manifest_key}, None) for key in outcome.released),
        ]


def insist(decide: Callable[[], T], where: str) -> T:
    """Decide anew as long as another writer is first."""
    for _ in range(RETRIES):
        with contextlib.suppress(Conflict):
            return decide()
    raise StoreTransient("the ledger is contended", where=where, fix="try again")


def _value(state: str, entry: Entry) -> dict[str, JSONValue]:
    """Return the part of a ledger record that is there from the start."""
    return {
        "state": state,
        "attempts": entry.attempts,
        "source": entry.plan.source,
        "source_object": entry.plan.source_object,
        "plan": entry.plan.to_json(),
        "retired": list(entry.retired),
    }


def entry_of(item: Item) -> Entry:
    """Read a ledger record."""
    value = item.value
    return Entry(
        identity=item.key,
        state=value["state"],
        attempts=value["attempts"],
        plan=plan_from_json(value["plan"]),
        counts=counts_from_json(value.get("counts", {})),
        files=tuple(value.get("files", ())),
        quarantine=tuple(value.get("quarantine", ())),
        manifests=tuple(value.get("manifests", ())),
        retired=tuple(value.get("retired", ())),
        committed_at=value.get("committed_at", ""),
        version=item.version,
    )
