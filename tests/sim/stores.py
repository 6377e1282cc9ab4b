"""What makes ten thousand worlds quick: records and findings as JSON, SQL made once.

`QuickState` keeps the promises of every state store (`tests/contracts/test_state_store.py`).
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from mantissa.detection import commit, execute, findings, islands
from mantissa.detection.table import ENTITIES
from mantissa.errors import Conflict, StoreError
from mantissa.model import Finding, Severity
from mantissa.ports import Delete, Item, Put, Write

Place = tuple[str, str]


class QuickState:
    """A state store in a dict of JSON texts.

    Args:
        most_writes: how many writes one transaction may hold; more are refused.
    """

    def __init__(self, most_writes: int | None = None) -> None:
        self.most_writes = most_writes
        self._items: dict[Place, tuple[bytes, int]] = {}
        self._order: list[Place] = []
        self.tables_written: set[str] = set()

    def get(self, table: str, key: str) -> Item | None:
        """Read one record."""
        found = self._items.get((table, key))
        return None if found is None else Item(table, key, orjson.loads(found[0]), found[1])

    def put(self, write: Put) -> None:
        """Write one record if its condition holds."""
        self.transact([write])

    def transact(self, writes: Sequence[Write]) -> None:
        """Carry out all writes or none."""
        if self.most_writes is not None and len(writes) > self.most_writes:
            raise StoreError(f"{len(writes)} writes are too many for one transaction")
        for write in writes:
            found = self._items.get((write.table, write.key))
            if (found[1] if found else None) != write.version:
                raise Conflict("another writer was first", where=f"{write.table}/{write.key}")
        if len({(write.table, write.key) for write in writes}) < len(writes):
            raise Conflict("one record twice in a transaction", where=writes[0].table)
        for write in writes:
            self._apply((write.table, write.key), write)

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        """Yield a table's records by key."""
        start = bisect.bisect_left(self._order, (table, max(prefix, after)))
        for place in self._order[start:]:
            if place[0] != table or not (place[1].startswith(prefix) or place[1] < prefix):
                return
            if place[1] > after and place in self._items:
                value, version = self._items[place]
                yield Item(*place, orjson.loads(value), version)

    def _apply(self, place: Place, write: Write) -> None:
        self.tables_written.add(place[0])
        if isinstance(write, Delete):
            del self._items[place]
            self._order.remove(place)
        else:
            if place not in self._items:
                bisect.insort(self._order, place)
            self._items[place] = (orjson.dumps(write.value), (write.version or 0) + 1)


def read_rows(data: bytes) -> list[dict[str, Any]]:
    """Return the rows of a file of findings written while `quick` holds."""
    rows: list[dict[str, Any]] = orjson.loads(data)
    return rows


def _encode(rows: list[Mapping[str, Any]]) -> bytes:
    return orjson.dumps(rows)


def _rows(found: Sequence[Finding]) -> list[Mapping[str, Any]]:
    return [findings._row(finding) for finding in found]


def _from_file(data: bytes) -> Iterator[Finding]:
    for row in read_rows(data):
        own = {name: row.get(name) for name in Finding.__dataclass_fields__}
        own["entities"] = {name: row[name] for name in ENTITIES if row.get(name) is not None}
        own["fields"], own["tags"] = orjson.loads(row["fields"]), tuple(orjson.loads(row["tags"]))
        own["level"] = Severity(row["level"])
        for name in ("event_time", "detected_at", "object_time", "row_time"):
            own[name] = row[name] and datetime.fromisoformat(row[name]).astimezone(UTC)
        yield Finding(**own)


class _Remembered:
    """A pure function of rules that is asked once for the same ones."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self._known: dict[tuple[int, ...], tuple[Any, Any]] = {}

    def __call__(self, rules: Any, *rest: Any) -> Any:
        several = isinstance(rules, Iterable)
        key = (*(map(id, rules) if several else (id(rules),)), *map(id, rest))
        if key not in self._known:
            kept = (list(rules) if several else rules, rest)
            self._known[key] = (self._function(rules, *rest), kept)
        return self._known[key][0]


@dataclass(frozen=True)
class _Query:
    """A query whose text is made when it is first asked for."""

    name: Any
    make: Callable[[], Any]

    def sql(self, *, dialect: str) -> str:
        if self.name not in _TEXTS:
            _TEXTS[self.name] = self.make().sql(dialect=dialect)
        return _TEXTS[self.name]


_TEXTS: dict[Any, str] = {}
_SELECT, _UNION, _EVIDENCE = islands.Look._select, islands._union, islands.evidence_sql


def _select(look: Any, correlation: Any, found: Sequence[Any]) -> _Query:
    name = ("select", correlation.info.id, correlation.info.version, *found)
    return _Query(name, lambda: _SELECT(look, correlation, found))


def _union(selects: Sequence[_Query]) -> _Query:
    return _Query(tuple(s.name for s in selects), lambda: _UNION([s.make() for s in selects]))


def _evidence(matches: Any, windows: Sequence[Any]) -> _Query:
    return _Query(("evidence", *windows), lambda: _EVIDENCE(matches, windows))


_FUSE, _SQL = _Remembered(execute.fuse), _Remembered(commit.rule_sql)
_MATCHES = _Remembered(commit.matches_sql)


@contextmanager
def quick() -> Iterator[None]:
    """Let SQL be made once for the same rules, and files of findings be JSON instead of Parquet."""
    changes = (
        (execute, "fuse", _FUSE),
        (commit, "rule_sql", _SQL),
        (commit, "matches_sql", _MATCHES),
        (islands.Look, "_select", _select),
        (islands, "_union", _union),
        (islands, "evidence_sql", _evidence),
        (commit, "from_file", _from_file),
        (findings, "to_table", _rows),
        (findings, "encode", _encode),
    )
    before = [getattr(module, name) for module, name, _ in changes]
    for module, name, value in changes:
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name, _), value in zip(changes, before, strict=True):
            setattr(module, name, value)
