"""Rows in memory as tables on Trino, in the form in which rules are tried: `OpenRows`."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mantissa.model import QueryLimits, QueryResult, Table
from mantissa.ports import QueryEngine
from mantissa.sources.schema import arrow_schema
from support.emulators import Emulator
from support.engine_world import AwsLake
from support.trino import Trino

DAY = "2026-01-01"


class OnTrino:
    """Opens Trino over rows: each time a new lake, one file for each table, and for each day where
    the rows say theirs.

    `queries` counts what was run.
    """

    def __init__(self, server: Trino, emulator: Emulator, tables: Sequence[Table]) -> None:
        self.server, self.emulator = server, emulator
        self.tables = {table.name: table for table in tables}
        self.queries = 0

    def __call__(self, rows: Mapping[str, pa.Table]) -> QueryEngine:
        lake = AwsLake(self.emulator, [self.tables[name] for name in rows])
        lake.make()
        files: dict[str, list[str]] = {}
        for name, table in rows.items():
            for day, own in _by_day(self.tables[name], table):
                key = f"lake/{name}/event_date={day}/rows.parquet"
                lake.put({key: _parquet(self.tables[name], own)})
                files.setdefault(name, []).append(key)
        return _Rows(self, lake.trino(self.server), files)


class _Rows:
    """An engine whose tables are pinned to their files, whatever the caller's file names."""

    dialect = "athena"

    def __init__(
        self, counter: OnTrino, engine: QueryEngine, files: Mapping[str, Sequence[str]]
    ) -> None:
        self._counter, self._engine, self._files = counter, engine, files

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        self._counter.queries += 1
        pinned = {name: self._files[name] for name in files or {}}
        return self._engine.run(sql, limits=limits, files=pinned)

    def estimate(self, sql: str) -> int:
        return self._engine.estimate(sql)


def _by_day(table: Table, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    if table.partition not in rows.column_names:
        yield DAY, rows
        return
    days = rows.column(table.partition)
    for day in sorted(set(days.to_pylist())):
        yield day, rows.filter(pc.equal(days, day))


def _parquet(table: Table, rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows.select(arrow_schema(table).names), sink, compression="zstd")
    return sink.getvalue()
