"""Clears away what interrupted ingests left behind and no later one will ever finish.

A half-ingested object whose file has changed or gone leaves visible rows that the ledger does not
vouch for. Its plan is given up, and every file that no plan in the ledger claims is deleted. That
is safe beside running ingests: files are listed first and the ledger is read after, and a plan is
in the ledger before its first file is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mantissa.errors import ConfigError, ObjectNotFound
from mantissa.lake.ingest import Inputs
from mantissa.lake.ledger import Entry, Ledger
from mantissa.lake.manifest import MANIFESTS
from mantissa.lake.parts import stem
from mantissa.lake.reconcile import ours
from mantissa.lake.replays import Replays
from mantissa.ports import ObjectStore, StateStore


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was cleared away: unfinished objects by key, and files."""

    objects: tuple[str, ...]
    files: tuple[str, ...]


class Repair:
    """The use case: drop unfinished plans without an object, and files without a plan."""

    def __init__(self, inputs: Inputs, store: ObjectStore, state: StateStore) -> None:
        self._inputs = inputs
        self._store = store
        self._ledger = Ledger(state)
        self._replays = Replays(state)

    def run(self) -> Repaired:
        """Clear away; rows of finished objects and of those that can be finished stay."""
        given_up = list(self._give_up())
        present = [i.key for i in (*ours(self._store), *self._store.list(MANIFESTS))]
        entries = list(self._ledger.entries())
        claimed = {key for entry in entries for key in entry.keys}
        alive = {stem(e.identity, e.plan)[:-1] for e in entries if not e.finished}
        alive |= {stem(r.entry.identity, r.plan)[:-1] for r in self._replays.pinned()}
        dead = [k for k in present if k not in claimed and not _name(k).startswith(tuple(alive))]
        for key in dead:
            self._store.delete(key)
        return Repaired(tuple(given_up), tuple(dead))

    def _give_up(self) -> Iterator[str]:
        for entry in self._ledger.entries():
            if not entry.finished and not self._is_there(entry):
                self._ledger.supersede(entry)
                yield entry.plan.source_object

    def _is_there(self, entry: Entry) -> bool:
        try:
            return self._inputs.head(entry.plan.source_object).identity == entry.identity
        except (ObjectNotFound, ConfigError):
            return False


def _name(key: str) -> str:
    return key.rpartition("/")[2]
