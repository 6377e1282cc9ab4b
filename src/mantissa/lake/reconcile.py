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

from mantissa.errors import ObjectNotFound, StoreError
from mantissa.lake.books import shares
from mantissa.lake.ledger import Entry, Ledger
from mantissa.lake.quarantine import Quarantine
from mantissa.model import ObjectInfo
from mantissa.ports import JSONValue, ObjectStore, StateStore

Files = dict[str, Mapping[str, JSONValue]]

OTHERS = ("lake/findings/", "lake/matches/")
"""What lies under `lake/` and is not this core's: detection keeps its own books."""
OURS = ("lake/", "quarantine/")
_DEFECT = "report this: it is a defect"
_REPAIR = "run mantissa ingest on its object; if that is gone: mantissa lake reconcile --repair"
_RESTORE = "restore the file from a copy"


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
        present = {info.key: info.size for info in ours(self._store)}
        entries = list(Ledger(self._state).entries())
        files: Files = {f["key"]: f for e in entries for f in e.files}
        claimed = {key for e in entries for key in e.keys}
        return [
            *_unfinished(entries),
            *_unbalanced(entries),
            *self._missing(files, present),
            *(_stranger(key, present[key]) for key in sorted(present.keys() - claimed)),
            *self._totals(files),
            *self._quarantined(entries),
        ]

    def _missing(self, files: Files, present: Mapping[str, int]) -> Iterator[Difference]:
        for key, file in files.items():
            found, size = self._rows(key), present.get(key, file["bytes"])
            if found != file["rows"]:
                detail = f"the ledger says {file['rows']} rows, the file has {found}"
                yield Difference("R2", key, detail, _RESTORE)
            elif size != file["bytes"]:
                detail = f"the ledger says {file['bytes']} bytes, the file has {size}"
                yield Difference("R2", key, detail, _RESTORE)

    def _rows(self, key: str) -> int | str:
        try:
            with self._store.open(key) as stream:
                return int(pq.read_metadata(stream).num_rows)
        except ObjectNotFound:
            return "none: it is gone"
        except (pa.ArrowException, OSError):
            return "no readable footer"

    def _totals(self, files: Files) -> Iterator[Difference]:
        rows: Counter[str] = Counter()
        for file in files.values():
            rows[f"{file['table']}/{file['event_date']}"] += file["rows"]
        stored: Counter[str] = Counter()
        for share in shares(self._state):
            stored[f"{share.table}/{share.event_date}"] += share.rows
        for key in sorted({*rows, *stored}):
            if rows[key] != stored[key]:
                detail = f"the files hold {rows[key]} rows, the total says {stored[key]}"
                yield Difference("R3", key, detail, _DEFECT)

    def _quarantined(self, entries: list[Entry]) -> Iterator[Difference]:
        quarantine = Quarantine(self._store, self._state)
        for entry in entries:
            try:
                found = sum(1 for _ in quarantine.entries(identity=entry.identity))
            except StoreError as error:
                detail = f"{entry.plan.source_object}: {error.message}"
                yield Difference("R4", error.where or "quarantine/", detail, _RESTORE)
                continue
            if found != entry.counts.quarantined:
                detail = f"{entry.counts.quarantined} quarantined, {found} in quarantine"
                yield Difference("R4", entry.plan.source_object, detail, _RESTORE)


def ours(store: ObjectStore) -> Iterator[ObjectInfo]:
    """Yield every file of the lake that the ledger has to vouch for."""
    for prefix in OURS:
        for info in store.list(prefix):
            if not info.key.startswith(OTHERS):
                yield info


def _unfinished(entries: list[Entry]) -> Iterator[Difference]:
    for entry in entries:
        if not entry.finished:
            detail = f"{entry.attempts} attempts began and none has finished"
            yield Difference("R1", entry.plan.source_object, detail, _REPAIR)


def _unbalanced(entries: list[Entry]) -> Iterator[Difference]:
    for entry in entries:
        counts = entry.counts
        if not counts.balanced or counts.rows != sum(f["rows"] for f in entry.files):
            detail = (
                f"{counts.records} records, {counts.rows} rows, "
                f"{counts.quarantined} quarantined, {counts.filtered} filtered"
            )
            yield Difference("R1", entry.plan.source_object, detail, _DEFECT)


def _stranger(key: str, size: int) -> Difference:
    check = "R4" if key.startswith("quarantine/") else "R2"
    return Difference(check, key, f"{size} bytes that no object claims", _REPAIR)
