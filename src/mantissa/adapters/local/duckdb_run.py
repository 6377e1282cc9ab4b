"""One SELECT on a fresh, hardened, in-memory DuckDB: shared by the engine and the sandbox.

This module is what the sandbox's child process imports, so it needs nothing but duckdb, pyarrow
and the error tree. A database lives for one query: nothing that one query does (a variable, a
temporary table) is there for the next, and the memory limit holds for each query alone.
"""

from __future__ import annotations

import glob
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from mantissa.adapters.local.duckdb_errors import translated
from mantissa.errors import EngineRejected, EngineTimedOut
from mantissa.model import QueryResult

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH_ROWS = 65_536
"""Rows in one Arrow batch of a result."""

LONG_SQL = 20_000
"""Characters from which planning a query costs more than copying its answer."""

INTERRUPT_EVERY = 0.05
"""Seconds between interrupts once time is up: one sent between two statements is lost."""


@dataclass(frozen=True, slots=True)
class Job:
    """One query with all it needs, so that it can be sent to another process.

    Args:
        views: CREATE VIEW statements to run first.
        lake: the only folder that may be read.
        rows: most rows returned, or None for all.
        functions: names of our own scalar functions that the SQL uses.
    """

    sql: str
    views: tuple[str, ...]
    lake: str
    seconds: float
    memory_bytes: int
    rows: int | None = None
    threads: int = 0
    functions: tuple[str, ...] = ()


def execute(job: Job, tables: Mapping[str, pa.Table] | None = None) -> QueryResult:
    """Run the job's SELECT over its views and over the given Arrow tables.

    Raises `EngineRejected`, `EngineTimedOut` or `EngineTransient`.
    """
    started = time.monotonic()
    with translated(), _database(job) as connection:
        for name, table in (tables or {}).items():
            connection.register(name, table)
        with _stopped_after(connection, job.seconds):
            for view in job.views:
                connection.execute(view)
            _check_select(connection, job.sql)
            relation, read = _planned(connection, job)
            table, truncated = _fetch(relation, job)
        read += _bytes_read(connection)
    return QueryResult(table, read, time.monotonic() - started, truncated)


@contextmanager
def _database(job: Job) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    from mantissa.adapters.local.duckdb_functions import register

    connection = duckdb.connect(":memory:", config=_options(job))
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_profiling = 'no_output'")
        register(connection, job.functions)
        connection.execute("SET allowed_directories = $1", [_readable(job.lake)])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _readable(lake: str) -> list[str]:
    """Return the folder as DuckDB sees it when it opens a file and when it expands a pattern."""
    return [f"{lake}/", f"{glob.escape(lake)}/"]


def _options(job: Job) -> dict[str, Any]:
    options: dict[str, Any] = {
        "memory_limit": f"{max(job.memory_bytes // 1024, 1)}KiB",
        "temp_directory": "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",
    }
    return options | ({"threads": job.threads} if job.threads else {})


@contextmanager
def _stopped_after(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    done = threading.Event()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            connection.interrupt()
            wait = INTERRUPT_EVERY

    watcher = threading.Thread(target=watch, name="query-timer", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _check_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    import duckdb

    statements = connection.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise EngineRejected(
            "the embedded engine runs exactly one SELECT",
            fix="send one SELECT statement, without a second one after a semicolon",
        )


def _planned(
    connection: duckdb.DuckDBPyConnection, job: Job
) -> tuple[duckdb.DuckDBPyRelation, int]:
    """Return what answers the query, and the bytes read so far.

    A relation is planned for its names and again when it runs, so a long query runs into a table.
    What people write does not: a table renames columns of equal names.
    """
    if job.rows is not None or len(job.sql) < LONG_SQL:
        return connection.sql(job.sql), 0
    connection.execute(f"CREATE TEMP TABLE answer AS {job.sql}")
    return connection.table("answer"), _bytes_read(connection)


def _fetch(relation: duckdb.DuckDBPyRelation, job: Job) -> tuple[pa.Table, bool]:
    import pyarrow as pa

    names = relation.columns
    if job.rows is not None:
        relation = relation.limit(job.rows + 1)
    reader = relation.to_arrow_reader(BATCH_ROWS)
    batches = list(_within_memory(reader, job.memory_bytes))
    table = pa.Table.from_batches(batches, schema=reader.schema).rename_columns(names)
    truncated = job.rows is not None and table.num_rows > job.rows
    return (table.slice(0, job.rows) if truncated else table), truncated


def _within_memory(reader: Any, limit: int) -> Iterator[pa.RecordBatch]:
    held = 0
    for batch in reader:
        held += batch.nbytes
        if held > limit:
            raise EngineTimedOut(
                "the result is larger than the memory limit",
                fix="select fewer columns or rows, or raise the limit",
            )
        yield batch


def _bytes_read(connection: duckdb.DuckDBPyConnection) -> int:
    """Return what DuckDB's profiler says it read from files, Parquet footers included."""
    profile = orjson.loads(connection.get_profiling_information("json"))
    return int(profile["io"]["total_bytes_read"])
