"""The embedded engine over copies of a lake's files that lie elsewhere.

What a query reads is copied into a scratch folder, with a bound on what lies there at a time, and
kept for the next query of the same run: the rules of one table are several queries. `release` takes
everything away.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.adapters.local.relations import Relations
from mantissa.errors import (
    EngineError,
    EngineRejected,
    EngineTransient,
    QueryTooLarge,
    StoreError,
)
from mantissa.model import ObjectInfo, QueryLimits, QueryResult, Table
from mantissa.ports import ObjectStore

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """Where copies may lie.

    Args:
        folder: a folder that exists; copies go into one of their own below it.
        most_bytes: of all copies together.
    """

    folder: Path
    most_bytes: int


class FetchedEngine:
    """A `QueryEngine` over `lake/<table>/event_date=…/*.parquet` of any object store.

    Without `files` a query reads the days that its conditions on the partition admit.

    Args:
        memory: most bytes that one query may use, whatever its limits allow.
    """

    def __init__(
        self, objects: ObjectStore, tables: Sequence[Table], room: Room, memory: int
    ) -> None:
        self._objects, self._room, self._memory = objects, room, memory
        self._tables = tuple(tables)
        self._relations = Relations(tables)
        self._home: Path | None = None
        self._engine: DuckDBEngine | None = None
        self._held: dict[str, int] = {}

    @property
    def dialect(self) -> str:
        """The sqlglot name of the SQL it takes."""
        return "duckdb"

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        """Copy what one SELECT reads, and run it.

        Raises `QueryTooLarge` for more than there is room for, `EngineTransient` where a file
        cannot be copied or is too large alone, and what the embedded engine raises.
        """
        given = files or {}
        for table, keys in given.items():
            self._relations.check_keys(table, keys)
        named = {t: tuple(keys) for t, keys in given.items()} | self._read(sql, given)
        engine = self._fetch([key for keys in named.values() for key in keys])
        memory = min(limits.memory_bytes, self._memory)
        return engine.run(sql, limits=replace(limits, memory_bytes=memory), files=named)

    def estimate(self, sql: str) -> int:
        """Return how many bytes of files `run` would copy."""
        return sum(info.size for table in self._reads(sql, {}) for info in table[1])

    def release(self) -> None:
        """Remove every copy."""
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
        self._home, self._engine, self._held = None, None, {}

    def _read(self, sql: str, given: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Return the files of tables that are read and not pinned."""
        return {t: tuple(info.key for info in infos) for t, infos in self._reads(sql, given)}

    def _reads(
        self, sql: str, given: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, list[ObjectInfo]]]:
        tables, _ = self._relations.mentioned(sql)
        others = [table.name for table in tables if table.name not in given]
        if given and not any(_is_read(name, sql) for name in others):
            # To take hundreds of rules apart again would cost more than to judge by them.
            return
        try:
            found = self._relations.reads(sql)
            for name in dict.fromkeys(read.table for read in found if read.table not in given):
                days = [read.days for read in found if read.table == name]
                listed = self._objects.list(f"lake/{name}/")
                yield name, [i for i in listed if any(d.admits(_day(i.key)) for d in days)]
        except StoreError as error:
            raise EngineTransient(error.message, where=error.where) from error

    def _fetch(self, keys: Sequence[str]) -> DuckDBEngine:
        """Copy what is not there yet. Raises `QueryTooLarge`, `EngineTransient`."""
        if self._home is None:
            self._home = Path(mkdtemp(prefix="mantissa-files-", dir=self._room.folder))
            (self._home / "lake").mkdir()
            self._engine = DuckDBEngine(self._home, self._tables)
        missing = [key for key in keys if key not in self._held]
        if missing:
            self._remove(self._held.keys() - set(keys))
        for key in missing:
            self._copy(key, self._home / key, len(keys))
        assert self._engine is not None
        return self._engine

    def _remove(self, keys: Iterable[str]) -> None:
        assert self._home is not None
        for key in list(keys):
            (self._home / key).unlink(missing_ok=True)
            del self._held[key]

    def _copy(self, key: str, place: Path, wanted: int) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        left = self._room.most_bytes - sum(self._held.values())
        size = 0
        try:
            with self._objects.open(key) as source, place.open("wb") as copy:
                while size <= left and (data := source.read(CHUNK)):
                    size += copy.write(data)
        except (StoreError, OSError) as error:
            place.unlink(missing_ok=True)
            raise EngineTransient("a file could not be copied", where=key) from error
        if size > left:
            place.unlink()
            raise _too_much(key, len(self._held), wanted)
        self._held[key] = size


def _too_much(key: str, fits: int, wanted: int) -> EngineError:
    message = "the files are more than there is room for here"
    if 0 < fits < wanted:
        return QueryTooLarge(message, fits=fits, where=key)
    return EngineTransient(message, where=key)


def _is_read(name: str, sql: str) -> bool:
    return re.search(rf'(?i)(\bfrom|\bjoin|,)\s*"?{re.escape(name)}\b', sql) is not None


def _day(key: str) -> str:
    """Return the partition value in a lake key. Raises `EngineRejected`."""
    parts = key.split("/")
    if len(parts) < 4 or "=" not in parts[2]:
        raise EngineRejected("the key is not a file of a table", where=key)
    return parts[2].partition("=")[2]
