"""Cuts an object's rows and refusals into parts and writes each part once."""

from __future__ import annotations

import pyarrow as pa

from mantissa.lake.manifest import add_counts
from mantissa.lake.parquet import Part, write_part
from mantissa.lake.plan import Plan
from mantissa.lake.quarantine import encode_entries, entry_of, quarantine_key
from mantissa.model import Counts, DataFile, Manifest
from mantissa.ports import ObjectStore
from mantissa.sources.mapping import Extracted
from mantissa.sources.record import Bad, Skipped

_REJECT_BYTES = 16 << 20


class PartWriter:
    """Collects what extraction yields in order; `finish` returns the object's manifest."""

    def __init__(self, store: ObjectStore, identity: str, plan: Plan, table: str) -> None:
        self._store = store
        self._identity = identity
        self._plan = plan
        self._table = table
        self._rows: list[pa.Table] = []
        self._rejects: list[Bad] = []
        self._files: list[DataFile] = []
        self._quarantine: list[str] = []
        self._counts = Counts()
        self._parts = 0

    def add(self, extracted: Extracted) -> None:
        """Take one batch; write a part when the plan's limits are reached."""
        self._counts = add_counts(self._counts, _count(extracted))
        if extracted.table.num_rows:
            self._rows.append(extracted.table)
        self._rejects += extracted.rejects
        if self._full():
            self._write_rows()
        if extracted.rejects and self._rejects_are_large():
            self._write_rejects()

    def finish(self) -> Manifest:
        """Write what is left and describe the object."""
        self._write_rows()
        self._write_rejects()
        return Manifest(
            identity=self._identity,
            source=self._plan.source,
            source_object=self._plan.source_object,
            files=tuple(self._files),
            counts=self._counts,
            quarantine=tuple(self._quarantine),
            bytes_in=self._plan.size,
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The store keys written so far."""
        return (*(f.key for f in self._files), *self._quarantine)

    def _full(self) -> bool:
        rows = sum(t.num_rows for t in self._rows)
        size = sum(t.nbytes for t in self._rows)
        return bool(rows >= self._plan.split_rows or size >= self._plan.split_bytes)

    def _rejects_are_large(self) -> bool:
        return sum(len(r.raw) for r in self._rejects) >= _REJECT_BYTES

    def _write_rows(self) -> None:
        if self._rows:
            part = Part(self._table, self._stem(self._parts))
            batches, self._rows = self._rows, []
            whole = [pa.concat_tables(batches).combine_chunks()]
            del batches
            self._files.extend(write_part(self._store, part, whole.pop()))
            self._parts += 1

    def _write_rejects(self) -> None:
        if self._rejects:
            plan = self._plan
            key = quarantine_key(plan.source, self._stem(len(self._quarantine)))
            entries = [
                entry_of(self._identity, plan.source, plan.source_object, r) for r in self._rejects
            ]
            self._store.put_if_absent(key, encode_entries(entries))
            self._quarantine.append(key)
            self._rejects = []

    def _stem(self, number: int) -> str:
        return f"{stem(self._identity, self._plan)}{number:05d}"


def stem(identity: str, plan: Plan) -> str:
    """Return how the names of all files begin that an attempt with this plan writes."""
    return f"{identity[:32]}-{plan.short}-"


def written(store: ObjectStore, identity: str, plan: Plan) -> list[str]:
    """Return the keys of all row and quarantine files that attempts with this plan have written."""
    name = f"/{stem(identity, plan)}"
    prefixes = ("lake/", "quarantine/")
    return [info.key for p in prefixes for info in store.list(p) if name in info.key]


def _count(extracted: Extracted) -> Counts:
    rows, rejects, skipped = extracted.table.num_rows, extracted.rejects, extracted.skipped
    return Counts(
        records=rows + len(rejects) + len(skipped),
        rows=rows,
        quarantined=len(rejects),
        filtered=len(skipped),
        reasons=_tally(rejects),
        filtered_by=_tally(skipped),
    )


def _tally(items: list[Bad] | list[Skipped]) -> dict[str, int]:
    tally: dict[str, int] = {}
    for item in items:
        tally[str(item.reason)] = tally.get(str(item.reason), 0) + 1
    return tally
