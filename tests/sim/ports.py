"""The product's ports as one simulated process sees them: every call goes through the scheduler."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from mantissa.adapters.memory import MemoryObjects
from mantissa.errors import EngineTransient, StoreTransient
from mantissa.model import ObjectInfo, QueryLimits, QueryResult
from mantissa.ports import Item, Put, Write
from sim.scheduler import Process, Scheduler
from sim.stores import QuickState


class SimState:
    """A state store far away; a query is read page by page, as things are by then.

    Args:
        page: records of one page.
    """

    def __init__(self, scheduler: Scheduler, me: Process, store: QuickState, page: int) -> None:
        self._scheduler, self._me, self._store, self._page = scheduler, me, store, page

    @property
    def most_writes(self) -> int | None:
        return self._store.most_writes

    def get(self, table: str, key: str) -> Item | None:
        return self._call(f"{table}.get", lambda: self._store.get(table, key))

    def put(self, write: Put) -> None:
        self._call(f"{write.table}.put", lambda: self._store.put(write))

    def transact(self, writes: Sequence[Write]) -> None:
        self._call("state.transact", lambda: self._store.transact(writes))

    def query(self, table: str, prefix: str = "", after: str = "") -> Iterator[Item]:
        while True:
            page = self._call(
                f"{table}.query",
                lambda after=after: list(
                    islice(self._store.query(table, prefix, after), self._page)
                ),
            )
            yield from page
            if len(page) < self._page:
                return
            after = page[-1].key

    def _call(self, name: str, effect: Any) -> Any:
        return self._scheduler.call(self._me, name, effect, StoreTransient)


class SimObjects:
    """An object store far away."""

    def __init__(self, scheduler: Scheduler, me: Process, store: MemoryObjects) -> None:
        self._scheduler, self._me, self._store = scheduler, me, store

    def get(self, key: str) -> bytes:
        return self._call("objects.get", lambda: self._store.get(key))

    def put_if_absent(self, key: str, data: bytes) -> bool:
        return self._call("objects.put", lambda: self._store.put_if_absent(key, data))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        yield from self._call("objects.list", lambda: list(self._store.list(prefix)))

    def delete(self, key: str) -> None:
        self._call("objects.delete", lambda: self._store.delete(key))

    def _call(self, name: str, effect: Any) -> Any:
        return self._scheduler.call(self._me, name, effect, StoreTransient)


class SimEngine:
    """An engine far away."""

    dialect = "duckdb"

    def __init__(self, scheduler: Scheduler, me: Process, engine: Any) -> None:
        self._scheduler, self._me, self._engine = scheduler, me, engine

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        def effect() -> QueryResult:
            return self._engine.run(sql, files or {})

        return self._scheduler.call(self._me, "engine.run", effect, EngineTransient)

    def estimate(self, sql: str) -> int:
        return 0


class SimCatalog:
    """A catalogue far away that remembers which days it was told of."""

    def __init__(self, scheduler: Scheduler, me: Process, known: set[tuple[str, str]]) -> None:
        self._scheduler, self._me, self._known = scheduler, me, known

    def register(self, table: str, days: Iterable[str]) -> None:
        """Make days known."""
        named = {(table, day) for day in days}
        self._scheduler.call(
            self._me, "catalog.register", lambda: self._known.update(named), StoreTransient
        )
