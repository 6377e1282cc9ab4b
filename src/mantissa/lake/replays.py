"""Replays in the ledger: pinned before they work, committed in one transaction.

A pin says which records, with which specification, and where their text comes from: the object,
or what quarantine kept of it. All three decide what files a replay writes, so none may change
between two attempts; if the object vanishes in between, the pin is replaced by one with another
number, and the files of the old one have names that nobody will commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from mantissa.errors import ObjectNotFound
from mantissa.lake.books import Outcome, partition_writes, pending_writes
from mantissa.lake.ledger import Entry, entry_of, insist
from mantissa.lake.manifest import add_counts, file_summary
from mantissa.lake.plan import Plan
from mantissa.lake.quarantine import LEDGER, RELEASED, entry_id
from mantissa.model import Counts
from mantissa.ports import Item, JSONValue, Put, StateStore, Write

REPLAYS = 1_000_000
"""Added to a plan's generation by its replays, so that their file names never meet."""
PIN = "replay"


@dataclass(frozen=True, slots=True)
class How:
    """What decides, with the object, which rows a replay makes.

    Args:
        spec: version of the source's specification.
        limits: the `Limits` of decoding, by name.
        stored: whether the records come from quarantine, not from the object.
    """

    spec: str
    limits: Mapping[str, JSONValue]
    stored: bool


@dataclass(frozen=True, slots=True)
class PinnedReplay:
    """A replay of some quarantined records of one object, fixed before it works.

    Args:
        plan: the object's, made this replay's own.
        positions: of the records, ascending.
        number: counts the object's replays.
    """

    entry: Entry
    plan: Plan
    positions: tuple[int, ...]
    number: int
    how: How


class Replays:
    """Reads and conditional writes of the pins."""

    def __init__(self, state: StateStore) -> None:
        self._state = state

    def pinned(self) -> Iterator[PinnedReplay]:
        """Yield the replays that were pinned and have not been committed."""
        for item in self._state.query(LEDGER):
            if PIN in item.value:
                yield _pinned(item)

    def pin(self, identity: str, positions: Iterable[int], how: How) -> PinnedReplay | None:
        """Fix a replay of those records that still wait, or return the one that is fixed already.

        None if none waits any more.
        """
        return insist(lambda: self._pin(self._item(identity), positions, how), identity)

    def again(self, pinned: PinnedReplay) -> PinnedReplay | None:
        """Fix it anew with the records that quarantine kept; None if somebody was first."""

        def fix() -> PinnedReplay | None:
            item = self._item(pinned.entry.identity)
            if not _is_current(item, pinned):
                return None
            value = {k: v for k, v in item.value.items() if k != PIN}
            bare = replace(item, value=value)
            return self._pin(bare, pinned.positions, replace(pinned.how, stored=True))

        return insist(fix, pinned.entry.identity)

    def drop(self, pinned: PinnedReplay) -> None:
        """Give a replay up for good."""

        def give_up() -> None:
            item = self._item(pinned.entry.identity)
            if _is_current(item, pinned):
                value = {k: v for k, v in item.value.items() if k != PIN}
                self._state.put(Put(LEDGER, item.key, value, item.version))

        insist(give_up, pinned.entry.identity)

    def is_current(self, pinned: PinnedReplay) -> bool:
        """Whether this pin can still be committed."""
        return _is_current(self._item(pinned.entry.identity), pinned)

    def commit(self, pinned: PinnedReplay, outcome: Outcome, lost: Mapping[str, int]) -> bool:
        """Publish a replay in one transaction; False if another worker was first.

        Args:
            lost: reason → entries of it that leave quarantine.
        """

        def publish() -> bool:
            item = self._item(pinned.entry.identity)
            if not _is_current(item, pinned):
                return False
            self._state.transact(_writes(self._state, item, pinned.plan, outcome, lost))
            return True

        return insist(publish, pinned.entry.identity)

    def _pin(self, item: Item, positions: Iterable[int], how: How) -> PinnedReplay | None:
        if PIN in item.value:
            return _pinned(item)
        # Read after the item: whoever releases an entry in between makes the write below fail.
        released = {i.key for i in self._state.query(RELEASED, item.key[:32])}
        waiting = [p for p in sorted(positions) if entry_id(item.key, p) not in released]
        if not waiting:
            return None
        number = item.value.get("replays", 0) + 1
        pin = {"positions": waiting, "number": number, "how": asdict(how)}
        value = {**item.value, PIN: pin, "replays": number}
        self._state.put(Put(LEDGER, item.key, value, item.version))
        return _pinned(replace(item, value=value))

    def _item(self, identity: str) -> Item:
        item = self._state.get(LEDGER, identity)
        if item is None:
            raise ObjectNotFound("the ledger has no such object", where=identity)
        return item


def _is_current(item: Item, pinned: PinnedReplay) -> bool:
    return bool(item.value.get(PIN, {}).get("number") == pinned.number)


def _pinned(item: Item) -> PinnedReplay:
    entry, pin = entry_of(item), item.value[PIN]
    how, number = How(**pin["how"]), pin["number"]
    generation = entry.plan.generation + REPLAYS + number
    plan = replace(entry.plan, spec=how.spec, limits=how.limits, generation=generation)
    return PinnedReplay(entry, plan, tuple(pin["positions"]), number, how)


def _writes(
    state: StateStore, item: Item, plan: Plan, outcome: Outcome, lost: Mapping[str, int]
) -> list[Write]:
    manifest, before = outcome.manifest, entry_of(item)
    value: dict[str, JSONValue] = {k: v for k, v in item.value.items() if k != PIN} | {
        "counts": asdict(_after(before.counts, manifest.counts, lost)),
        "files": [*before.files, *(file_summary(f) for f in manifest.files)],
        "manifests": [*before.manifests, outcome.manifest_key],
    }
    return [
        Put(LEDGER, item.key, value, item.version),
        *pending_writes(f"{item.key}-{plan.short}", plan, outcome),
        *partition_writes(state, item.key, manifest.files, outcome.committed_at),
        *(Put(RELEASED, i, {"by": outcome.manifest_key}, None) for i in outcome.released),
    ]


def _after(before: Counts, gained: Counts, lost: Mapping[str, int]) -> Counts:
    left = {reason: n - lost.get(reason, 0) for reason, n in before.reasons.items()}
    after = add_counts(before, replace(gained, records=0))
    return replace(
        after,
        quarantined=before.quarantined - gained.rows - gained.filtered,
        reasons={reason: n for reason, n in left.items() if n},
    )
