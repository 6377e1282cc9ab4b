"""Rows in memory as tables on Trino, in the form in which rules are tried: `OpenRows`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.model import QueryLimits, QueryResult, Table
from mantissa.ports import QueryEngine
from mantissa.sources.schema import arrow_schema
from support.emulators import Emulator
from support.engine_world import AwsLake
from support.trino import Trino

DAY = "2026-01-01"


class OnTrino:
    """Opens Trino over rows: each time a new lake, one file for each table.

    `queries` counts what was run.
    """

    def __init__(self, server: Trino, emulator: Emulator, tables: Sequence[Table]) -> None:
        self.server, self.emulator = server, emulator
        self.tables = {table.name: table for table in tables}
        self.queries = 0

    def __call__(self, rows: Mapping[str, pa.Table]) -> QueryEngine:
        lake = AwsLake(self.emulator, [self.tables[name] for name in rows])
        lake.make()
        files = {n: f"lake/{n}/event_date={DAY}/rows.parquet" for n in rows}
        lake.put({files[name]: _parquet(self.tables[name], rows[name]) for name in rows})
        return _Rows(self, lake.trino(self.server), files)


class _Rows:
    """An engine whose tables are pinned to their one file, whatever the caller's file names."""

    dialect = "athena"

    def __init__(self, counter: OnTrino, engine: QueryEngine, files: Mapping[str, str]) -> None:
        self._counter, self._engine, self._files = counter, engine, files

    def run(
        self,
        sql: str,
        *,
        limits: QueryLimits,
        files: Mapping[str, Sequence[str]] | None = None,
    ) -> QueryResult:
        self._counter.queries += 1
        pinned = {name: [self._files[name]] for name in files or {}}
        return self._engine.run(sql, limits=limits, files=pinned)

    def estimate(self, sql: str) -> int:
        return self._engine.estimate(sql)


def _parquet(table: Table, rows: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(rows.select(arrow_schema(table).names), sink, compression="zstd")
    return sink.getvalue()
