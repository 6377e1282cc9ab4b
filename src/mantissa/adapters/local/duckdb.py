"""The embedded engine: DuckDB over the lake's Parquet files, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mantissa.adapters.local.duckdb_functions import used
from mantissa.adapters.local.duckdb_run import Job, execute
from mantissa.adapters.local.footers import estimate_bytes
from mantissa.adapters.local.relations import LakeFiles, Relations
from mantissa.ask.trino import shims
from mantissa.model import QueryLimits, QueryResult, Table


class DuckDBEngine:
    """A `QueryEngine` and `Catalog` over `<home>/lake/<table>/event_date=…/*.parquet`.

    Args:
        views: DuckDB SELECTs by view name; they may name tables and earlier views.
        threads: worker threads of one query; 0 lets DuckDB take every core.
    """

    def __init__(
        self,
        home: Path,
        tables: Sequence[Table],
        views: Mapping[str, str] | None = None,
        *,
        threads: int = 0,
    ) -> None:
        self._relations = Relations(tables, views)
        self._files = LakeFiles(home, self._relations)
        self._threads = threads

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
        """Run one SELECT; `bytes_scanned` is what was read from files, footers included."""
        return self._execute(self.job(sql, limits, files))

    def job(
        self, sql: str, limits: QueryLimits, files: Mapping[str, Sequence[str]] | None = None
    ) -> Job:
        """Return the query with the views, functions and limits that it needs."""
        return Job(
            sql=sql,
            views=(*shims.statements(sql), *self._files.statements(sql, files)),
            lake=str(self._files.lake),
            seconds=limits.seconds,
            memory_bytes=limits.memory_bytes,
            rows=limits.rows,
            threads=self._threads,
            functions=used(sql),
        )

    def estimate(self, sql: str) -> int:
        """Return about how many bytes of columns `run` would read, from the files' footers."""
        return estimate_bytes(self._files.lake, self._relations.reads(sql))

    def ensure(self, table: Table) -> None:
        """Make the table known, with its present columns."""
        self._relations.add(table)

    def register(self, table: str, event_dates: Iterable[str]) -> None:
        """Do nothing: what lies in a table's folders is read."""

    def tables(self) -> list[str]:
        """Return the tables and views, sorted."""
        return self._relations.names()

    def _execute(self, job: Job) -> QueryResult:
        return execute(job)
