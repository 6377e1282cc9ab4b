"""Was anything lost? Recounts the lake from its files and holds the ledger against them.

R1  every finished object: records = rows + quarantined + filtered
R2  every file the ledger names exists with that many rows, and no other file does
R3  the partition totals are the sums of the files
R4  every quarantined record is in quarantine, replayable, or released
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.errors import ObjectNotFound
from mantissa.lake.ledger import PARTITIONS, Entry, Ledger
from mantissa.lake.quarantine import RELEASED, Quarantine
from mantissa.model import ObjectInfo
from mantissa.ports import JSONValue, ObjectStore, StateStore

Files = dict[str, Mapping[str, JSONValue]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two counts that must agree do not."""

    check: str
    where: str
    detail: str
    fix: str


class Reconcile:
    """The use case: compare ledger, files, totals and quarantine."""

    def __init__(self, store: ObjectStore, state: StateStore) -> None:
        self._store = store
        self._state = state

    def run(self) -> list[Difference]:
        """Return every difference; empty means that every record is accounted for."""
        entries = list(Ledger(self._state).entries())
        files: Files = {f["key"]: f for e in entries if e.finished for f in e.files}
        tables = {str(f["table"]) for f in files.values()}
        return [
            *_unfinished(entries),
            *_unbalanced(entries),
            *self._missing(files),
            *self._strangers(files, tables),
            *self._totals(files),
            *self._quarantined(entries),
        ]

    def _missing(self, files: Files) -> Iterator[Difference]:
        for key, file in files.items():
            found = self._rows(key)
            if found != file["rows"]:
                detail = f"the ledger says {file['rows']} rows, the file has {found}"
                yield Difference("R2", key, detail, "restore the file, or ingest its object again")

    def _rows(self, key: str) -> int | str:
        try:
            with self._store.open(key) as stream:
                return int(pq.read_metadata(stream).num_rows)
        except ObjectNotFound:
            return "gone"
        except pa.ArrowInvalid:
            return "no readable footer"

    def _strangers(self, files: Files, tables: set[str]) -> Iterator[Difference]:
        for table in sorted(tables):
            for info in self._store.list(f"lake/{table}/"):
                if info.key not in files:
                    yield _stranger(info)

    def _totals(self, files: Files) -> Iterator[Difference]:
        rows: Counter[str] = Counter()
        for file in files.values():
            rows[f"{file['table']}/{file['event_date']}"] += file["rows"]
        stored = {item.key: item.value["rows"] for item in self._state.query(PARTITIONS)}
        for key in sorted({*rows, *stored}):
            if rows[key] != stored.get(key, 0):
                detail = f"the files hold {rows[key]} rows, the total says {stored.get(key, 0)}"
                yield Difference("R3", key, detail, "report this: it is a defect")

    def _quarantined(self, entries: list[Entry]) -> Iterator[Difference]:
        waiting = Counter(e.id[:32] for e in Quarantine(self._store, self._state).entries())
        for entry in entries:
            found = waiting[entry.identity[:32]]
            if entry.finished and found != entry.counts.quarantined:
                detail = f"{entry.counts.quarantined} quarantined, {found} in quarantine"
                yield Difference("R4", entry.plan.source_object, detail, "restore quarantine/")

    @property
    def released(self) -> int:
        """How many quarantine entries have since become rows."""
        return sum(1 for _ in self._state.query(RELEASED))


def _unfinished(entries: list[Entry]) -> Iterator[Difference]:
    for entry in entries:
        if not entry.finished:
            detail = f"{entry.attempts} attempts began and none has finished"
            yield Difference("R1", entry.plan.source_object, detail, "run mantissa ingest on it")


def _unbalanced(entries: list[Entry]) -> Iterator[Difference]:
    for entry in entries:
        counts = entry.counts
        if not counts.balanced or counts.rows != sum(f["rows"] for f in entry.files):
            detail = (
                f"{counts.records} records, {counts.rows} rows, "
                f"{counts.quarantined} quarantined, {counts.filtered} filtered"
            )
            yield Difference("R1", entry.plan.source_object, detail, "report this: it is a defect")


def _stranger(info: ObjectInfo) -> Difference:
    detail = f"{info.size} bytes that no finished object claims"
    return Difference("R2", info.key, detail, "finish the ingest that was interrupted")
