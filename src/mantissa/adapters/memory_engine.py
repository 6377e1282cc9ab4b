"""An honest in-memory engine: DuckDB over Parquet objects of any object store."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mantissa.adapters.local.duckdb_functions import used
from mantissa.adapters.local.duckdb_run import Job, execute
from mantissa.adapters.local.relations import Relations
from mantissa.ask.cost import estimate
from mantissa.errors import EngineTransient, ObjectNotFound
from mantissa.lake.parquet import column_bytes
from mantissa.model import DataFile, QueryLimits, QueryResult, Table
from mantissa.ports import ObjectStore

if TYPE_CHECKING:
    import pyarrow as pa

NOWHERE = "/nonexistent"
"""The one folder this engine may read: there is none."""


class MemoryEngine:
    """A `QueryEngine` and `Catalog` that reads whole objects and keeps nothing.

    `bytes_scanned` is the size of the objects that were read.
    """

    def __init__(
        self, store: ObjectStore, tables: Sequence[Table], views: Mapping[str, str] | None = None
    ) -> None:
        self._store = store
        self._relations = Relations(tables, views)

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
        """Run one SELECT over the objects that there are now."""
        tables, _ = self._relations.mentioned(sql)
        chosen = {t.name: self._keys(t, files or {}) for t in tables}
        rows = {t.name: self._rows(t, chosen[t.name]) for t in tables}
        job = Job(
            sql=sql,
            views=self._relations.view_statements(sql),
            lake=NOWHERE,
            seconds=limits.seconds,
            memory_bytes=limits.memory_bytes,
            rows=limits.rows,
            threads=1,
            functions=used(sql),
        )
        result = execute(job, rows)
        read = sum(self._store.head(key).size for keys in chosen.values() for key in keys)
        return QueryResult(result.table, read, result.seconds, result.truncated)

    def estimate(self, sql: str) -> int:
        """Return the bytes of the referenced columns on the days that the SQL asks for."""
        reads = self._relations.reads(sql)
        tables = {read.table for read in reads}
        return estimate(reads, (f for table in tables for f in self._described(table))).bytes

    def ensure(self, table: Table) -> None:
        """Make the table known, with its present columns."""
        self._relations.add(table)

    def register(self, table: str, event_dates: Iterable[str]) -> None:
        """Do nothing: what lies in a table's folders is read."""

    def tables(self) -> list[str]:
        """Return the tables and views, sorted."""
        return self._relations.names()

    def _keys(self, table: Table, files: Mapping[str, Sequence[str]]) -> list[str]:
        if table.name in files:
            self._relations.check_keys(table.name, files[table.name])
            return list(files[table.name])
        every = self._store.list(f"lake/{table.name}/")
        return [info.key for info in every if info.key.endswith(".parquet")]

    def _rows(self, table: Table, keys: Sequence[str]) -> pa.Table:
        import pyarrow as pa

        parts = [_conformed(self._read(key), table, key) for key in keys]
        return pa.concat_tables([_schema(table).empty_table(), *parts])

    def _read(self, key: str) -> pa.Table:
        import pyarrow.parquet as pq

        try:
            data = self._store.get(key)
        except ObjectNotFound as error:
            raise EngineTransient("a file of the table is missing", where=key) from error
        return pq.ParquetFile(io.BytesIO(data)).read()

    def _described(self, table: str) -> Iterator[DataFile]:
        import pyarrow.parquet as pq

        for info in self._store.list(f"lake/{table}/"):
            footer = pq.read_metadata(io.BytesIO(self._store.get(info.key)))
            sizes = column_bytes(footer)
            yield DataFile(info.key, table, _day(info.key), 0, info.size, "", "", sizes)


def _day(key: str) -> str:
    return key.split("/")[2].partition("=")[2]


def _conformed(rows: pa.Table, table: Table, key: str) -> pa.Table:
    import pyarrow as pa

    columns = []
    for field in _schema(table):
        if field.name == table.partition:
            columns.append(pa.repeat(_day(key), rows.num_rows))
        elif field.name in rows.column_names:
            columns.append(rows[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(rows.num_rows, field.type))
    return pa.table(columns, schema=_schema(table))


def _schema(table: Table) -> pa.Schema:
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "json": pa.string(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us"),
    }
    names = [*((c.name, types[c.type]) for c in table.columns), (table.partition, pa.string())]
    return pa.schema(names)
