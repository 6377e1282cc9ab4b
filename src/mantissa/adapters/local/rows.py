"""The embedded engine over rows in memory: rules tried on records that are in no lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mantissa.adapters.local.duckdb_functions import used
from mantissa.adapters.local.duckdb_run import Job, execute
from mantissa.ask.trino import shims
from mantissa.model import QueryLimits, QueryResult

if TYPE_CHECKING:
    import pyarrow as pa

_NOTHING = "/dev/null/nothing"
"""A folder that cannot exist, for the engine must be told of one that it may read."""


class RowsEngine:
    """A `QueryEngine` over Arrow tables; `files` says nothing to it.

    Args:
        threads: worker threads of one query; 0 lets DuckDB take every core.
    """

    def __init__(self, tables: Mapping[str, pa.Table], *, threads: int = 0) -> None:
        self._tables = dict(tables)
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
        """Run one SELECT over the tables."""
        job = Job(
            sql=sql,
            views=tuple(shims.statements(sql)),
            lake=_NOTHING,
            seconds=limits.seconds,
            memory_bytes=limits.memory_bytes,
            rows=limits.rows,
            threads=self._threads,
            functions=used(sql),
        )
        return execute(job, self._tables)

    def estimate(self, sql: str) -> int:
        """Return the bytes that the tables hold."""
        return sum(table.nbytes for table in self._tables.values())
