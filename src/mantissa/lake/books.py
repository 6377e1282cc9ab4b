"""What one commit writes beside the ledger: pending files for detection, partition totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mantissa.lake.plan import Plan
from mantissa.model import DataFile, Manifest
from mantissa.ports import Item, JSONValue, Put, StateStore

PENDING = "pending"
PARTITIONS = "partitions"
"""`<table>/<day>/<first digit of the identity>`, or `<table>/many/<identity>`."""
MANY_DAYS = "many"
MOST_DAYS = 60


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
        "bytes": sum(file.bytes for file in outcome.manifest.files),
        "manifest": outcome.manifest_key,
    }
    return [Put(PENDING, key, value, None)]


@dataclass(frozen=True, slots=True)
class Share:
    """What some objects added to one partition; a partition's totals are the sum of its shares.

    Args:
        empty: those of `columns` that hold no value in any row; None when that is not known.
        committed_at: when the last of the objects was committed; empty when that is not known.
    """

    table: str
    event_date: str
    rows: int
    files: int
    bytes: int
    columns: Mapping[str, int]
    first_event: str
    last_event: str
    empty: frozenset[str] | None = None
    committed_at: str = ""


def shares(state: StateStore) -> Iterator[Share]:
    """Yield the shares of every partition, by table."""
    return _shares(state.query(PARTITIONS))


def recent_shares(state: StateStore, table: str, first_day: str) -> Iterator[Share]:
    """Yield the shares of a table's partitions from a day on, without reading earlier days'."""
    found = state.query(PARTITIONS, f"{table}/", f"{table}/{first_day}")
    return (share for share in _shares(found) if share.event_date >= first_day)


def holds_rows(state: StateStore, table: str) -> bool:
    """Tell whether a table has ever got rows."""
    return any(True for _ in state.query(PARTITIONS, f"{table}/"))


def _shares(items: Iterable[Item]) -> Iterator[Share]:
    for item in items:
        table, day, _ = item.key.split("/")
        days = item.value["days"] if day == MANY_DAYS else {day: item.value}
        for name, value in days.items():
            values = {k: v for k, v in value.items() if k not in ("generation", "empty")}
            empty = value.get("empty")
            yield Share(table, name, **values, empty=None if empty is None else frozenset(empty))


def partition_writes(
    state: StateStore, identity: str, files: Sequence[DataFile], committed_at: str
) -> list[Put]:
    """Add an object's files to the totals of their partitions.

    Totals are kept in sixteen shares, chosen by the object's identity, so that workers that
    commit at the same moment seldom meet. An object of more than `MOST_DAYS` days gets one record
    for itself: a transaction holds a limited number of writes (100 in DynamoDB).
    """
    tables: dict[str, dict[str, list[DataFile]]] = {}
    for file in files:
        tables.setdefault(file.table, {}).setdefault(file.event_date, []).append(file)
    writes = []
    for table, days in sorted(tables.items()):
        if len(days) > MOST_DAYS:
            key = f"{table}/{MANY_DAYS}/{identity[:32]}"
            writes.append(_many_days(state, key, days, committed_at))
            continue
        for day, group in sorted(days.items()):
            key = f"{table}/{day}/{identity[:1]}"
            writes.append(_one_day(state, key, group, committed_at))
    return writes


def _one_day(state: StateStore, key: str, files: Sequence[DataFile], committed_at: str) -> Put:
    item = state.get(PARTITIONS, key)
    value = _added(item.value if item else {}, files, committed_at)
    return Put(PARTITIONS, key, value, item.version if item else None)


def _many_days(
    state: StateStore, key: str, days: Mapping[str, Sequence[DataFile]], committed_at: str
) -> Put:
    item = state.get(PARTITIONS, key)
    before: Mapping[str, JSONValue] = item.value["days"] if item else {}
    added = {
        day: _added(before.get(day, {}), files, committed_at) for day, files in sorted(days.items())
    }
    return Put(PARTITIONS, key, {"days": {**before, **added}}, item.version if item else None)


def _added(
    old: Mapping[str, JSONValue], files: Sequence[DataFile], committed_at: str
) -> dict[str, JSONValue]:
    columns = dict(old.get("columns", {}))
    for file in files:
        for name, size in file.column_bytes.items():
            columns[name] = columns.get(name, 0) + size
    return {
        "generation": old.get("generation", 0) + 1,
        "rows": old.get("rows", 0) + sum(f.rows for f in files),
        "files": old.get("files", 0) + len(files),
        "bytes": old.get("bytes", 0) + sum(f.bytes for f in files),
        "columns": columns,
        "first_event": min(
            [*filter(None, [old.get("first_event")]), *(f.first_event for f in files)]
        ),
        "last_event": max([*filter(None, [old.get("last_event")]), *(f.last_event for f in files)]),
        "empty": _still_empty(old, files),
        "committed_at": max(old.get("committed_at", ""), committed_at),
    }


def _still_empty(old: Mapping[str, JSONValue], files: Sequence[DataFile]) -> list[str] | None:
    """Return the columns that hold no value, earlier rows included; None when it is not known."""
    empty, seen = set(old.get("empty") or ()), set(old.get("columns", ()))
    if any(file.empty is None for file in files) or (old and old.get("empty") is None):
        return None
    filled = seen - empty
    for file in files:
        own = set(file.empty or ())
        filled |= file.column_bytes.keys() - own
        empty |= own
    return sorted(empty - filled)
