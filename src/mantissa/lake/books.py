"""What one commit writes beside the ledger: pending files for detection, partition totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mantissa.lake.plan import Plan
from mantissa.model import DataFile, Manifest
from mantissa.ports import JSONValue, Put, StateStore

PENDING = "pending"
PARTITIONS = "partitions"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt produced and is about to commit."""

    state: str
    manifest: Manifest
    manifest_key: str
    committed_at: str
    released: Sequence[str] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every store key that the attempt wrote."""
        files = (f.key for f in self.manifest.files)
        return (*files, *self.manifest.quarantine, self.manifest_key)


def pending_writes(key: str, plan: Plan, outcome: Outcome) -> list[Put]:
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


def partition_writes(state: StateStore, files: Sequence[DataFile]) -> list[Put]:
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
        "first_event": min(
            [*filter(None, [old.get("first_event")]), *(f.first_event for f in files)]
        ),
        "last_event": max([*filter(None, [old.get("last_event")]), *(f.last_event for f in files)]),
    }
    return Put(PARTITIONS, key, value, item.version if item else None)
