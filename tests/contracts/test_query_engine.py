"""What every query engine promises, held against each adapter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.adapters.local.sandbox import IsolatedEngine
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.adapters.memory_engine import MemoryEngine
from mantissa.errors import EngineRejected, EngineTimedOut, EngineTransient
from mantissa.model import Column, QueryLimits, QueryResult, Table
from mantissa.ports import QueryEngine
from mantissa.sources.presto_view import PrestoView
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake
from support.lake_rows import (
    DAY1,
    DAY2,
    EMPTY,
    SKEW,
    TABLES,
    VIEW_COLUMNS,
    VIEWS,
    lake_files,
)

LIMITS = QueryLimits(seconds=60, memory_bytes=512 << 20)
LOCAL = ("memory", "duckdb", "isolated")
REMOTE = ("trino", "athena")


def write(home: Path) -> None:
    for key, data in lake_files().items():
        path = home / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[AwsLake]:
    """The same files and views as S3 objects and Glue tables."""
    views = [PrestoView(name, sql, VIEW_COLUMNS[name]) for name, sql in VIEWS.items()]
    with aws_lake(ministack, TABLES, views, lake_files()) as made:
        yield made


def remote(request: pytest.FixtureRequest) -> QueryEngine:
    server = request.getfixturevalue(request.param)
    lake = request.getfixturevalue("lake")
    return lake.trino(server) if request.param == "trino" else lake.athena(server)


@pytest.fixture(params=[*LOCAL, *REMOTE])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> QueryEngine:
    if request.param in REMOTE:
        return remote(request)
    if request.param == "memory":
        store = MemoryObjects(ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
        for key, data in lake_files().items():
            store.put_if_absent(key, data)
        return MemoryEngine(store, TABLES, VIEWS)
    home = tmp_path / "a home [with] 'odd' * signs"
    write(home)
    made = {"duckdb": DuckDBEngine, "isolated": IsolatedEngine}
    return made[request.param](home, TABLES, VIEWS, threads=1)


def rows(engine: QueryEngine, sql: str, **options: Any) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in answer(engine, sql, **options).table.to_pylist()]


def answer(engine: QueryEngine, sql: str, **options: Any) -> QueryResult:
    return engine.run(sql, limits=options.pop("limits", LIMITS), **options)


def test_a_table_has_exactly_its_columns_and_the_partition(engine: QueryEngine) -> None:
    schema = answer(engine, "SELECT * FROM logins").table.schema
    assert schema.names == [
        "event_id", "event_time", "src_ip", "port", "ok", "score", "details", "event_date",
    ]  # fmt: skip
    assert [str(kind) for kind in schema.types] == [
        "string", "timestamp[us]", "string", "int64", "bool", "double", "string", "string",
    ]  # fmt: skip


def test_columns_that_old_files_lack_are_null(engine: QueryEngine) -> None:
    sql = "SELECT event_id, src_ip, port, ok, score FROM logins ORDER BY event_id"
    found = rows(engine, sql)
    assert found[0] == ("1", None, None, None, None)
    assert found[2] == ("3", "10.1.2.3", 22, True, 0.5)
    assert found[5] == ("6", None, 7, None, None)


def test_the_partition_is_text_whatever_its_value(engine: QueryEngine) -> None:
    sql = "SELECT event_date, count(*) FROM logins GROUP BY 1 ORDER BY 1"
    assert rows(engine, sql) == [("2026-01-01", 2), ("2026-01-02", 3), ("clock_skew", 1)]


def test_a_partition_filter_reads_no_more_bytes(engine: QueryEngine) -> None:
    every = answer(engine, "SELECT event_id, details FROM logins")
    one = answer(engine, "SELECT event_id, details FROM logins WHERE event_date = '2026-01-01'")
    assert 0 < one.bytes_scanned <= every.bytes_scanned


def test_estimates_follow_columns_and_days(engine: QueryEngine) -> None:
    all_days = engine.estimate("SELECT event_id, details FROM logins")
    assert 0 < engine.estimate("SELECT event_id FROM logins") < all_days
    one_day = "SELECT event_id, details FROM logins WHERE event_date = '2026-01-02'"
    assert 0 < engine.estimate(one_day) < all_days
    footers = engine.estimate("SELECT count(*) FROM logins")
    assert 0 < footers < engine.estimate("SELECT event_id FROM logins")
    assert engine.estimate("SELECT n FROM empty_one") == 0
    assert engine.estimate("SELECT event_id FROM everything") > 0
    with pytest.raises(EngineRejected):
        engine.estimate("SELECT nope FROM logins")


def test_a_table_without_files_is_empty_and_typed(engine: QueryEngine) -> None:
    table = answer(engine, "SELECT * FROM empty_one").table
    assert table.num_rows == 0
    assert table.schema == pa.schema(
        [("event_id", pa.string()), ("n", pa.int64()), ("event_date", pa.string())]
    )


def test_a_column_may_have_any_name(engine: QueryEngine) -> None:
    assert rows(engine, "SELECT filename, event_date FROM flows") == [("n", "2026-01-02")]


def test_views_read_tables_and_views(engine: QueryEngine) -> None:
    assert rows(engine, "SELECT count(*) FROM everything") == [(7,)]
    assert rows(engine, 'SELECT event_id FROM "recent" ORDER BY 1') == [
        ("3",), ("4",), ("5",), ("6",), ("f1",),
    ]  # fmt: skip


def test_files_restrict_a_table_and_only_that_table(engine: QueryEngine) -> None:
    sql = "SELECT (SELECT count(*) FROM logins), (SELECT count(*) FROM flows)"
    assert rows(engine, sql, files={"logins": [DAY1]}) == [(2, 1)]
    assert rows(engine, sql, files={"logins": [DAY2, SKEW]}) == [(4, 1)]
    assert rows(engine, sql, files={"logins": []}) == [(0, 1)]


def test_files_restrict_what_views_see(engine: QueryEngine) -> None:
    assert rows(engine, "SELECT count(*) FROM everything", files={"logins": [DAY1]}) == [(3,)]


def test_a_listed_file_that_is_missing_is_no_empty_answer(engine: QueryEngine) -> None:
    gone = "lake/logins/event_date=2026-01-01/gone.parquet"
    with pytest.raises(EngineTransient):
        answer(engine, "SELECT count(*) FROM logins", files={"logins": [gone]})


@pytest.mark.parametrize("key", ["lake/flows/event_date=2026-01-02/d.parquet", "lake/logins/../x"])
def test_files_of_another_place_are_refused(engine: QueryEngine, key: str) -> None:
    with pytest.raises(EngineRejected):
        answer(engine, "SELECT count(*) FROM logins", files={"logins": [key]})


def test_row_limit_cuts_and_says_so(engine: QueryEngine) -> None:
    sql = "SELECT event_id FROM logins ORDER BY event_id DESC"
    cut = answer(engine, sql, limits=QueryLimits(rows=4))
    assert (cut.table.column(0).to_pylist(), cut.truncated) == (["6", "5", "4", "3"], True)
    assert answer(engine, sql, limits=QueryLimits(rows=6)).truncated is False


def test_result_columns_keep_their_names(engine: QueryEngine) -> None:
    table = answer(engine, "SELECT 1 AS a, 2 AS a", limits=QueryLimits(rows=1)).table
    assert table.column_names == ["a", "a"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELEC 1",
        "SELECT nope FROM logins",
        "SELECT 1 FROM nope",
        "SELECT nofunction(1)",
        "SELECT CAST('topsecret' AS INTEGER)",
        "SELECT CAST(details AS INTEGER) FROM logins",
        "SELECT 1; SELECT 2",
        "",
        "CREATE TABLE x (a INTEGER)",
        "COPY logins TO 'lake/logins/x.csv'",
        "EXPORT DATABASE 'lake/x'",
        "ATTACH ':memory:' AS other",
        "SET threads = 9",
        "INSTALL httpfs",
        "PRAGMA database_list",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT event_id FROM logins WHERE port = CAST('topsecret' AS BIGINT)",
        "SELECT * FROM '/etc/passwd'",
        "SELECT getenv('HOME')",
        "DROP VIEW logins",
    ],
)
def test_bad_sql_is_rejected_without_its_values(engine: QueryEngine, sql: str) -> None:
    with pytest.raises(EngineRejected) as refusal:
        answer(engine, sql)
    assert "topsecret" not in str(refusal.value)
    assert "not json" not in str(refusal.value)


def test_python_variables_are_not_tables(engine: QueryEngine) -> None:
    hidden = pa.table({"a": [1]})
    with pytest.raises(EngineRejected):
        answer(engine, "SELECT * FROM hidden")
    assert hidden.num_rows == 1


def is_duckdb(engine: QueryEngine) -> bool:
    return engine.dialect == "duckdb"


def numbers(engine: QueryEngine, count: int) -> str:
    """Return a FROM with so many rows and a column `n`."""
    if is_duckdb(engine):
        return f"(SELECT range AS n FROM range({count}))"
    return (
        "(SELECT a.n * 1000 + b.n AS n FROM UNNEST(sequence(1, "
        f"{count // 1000})) AS a(n) CROSS JOIN UNNEST(sequence(1, 1000)) AS b(n))"
    )


def test_the_time_limit_stops_a_query(engine: QueryEngine) -> None:
    many = numbers(engine, 10_000_000)
    endless = f"SELECT count(*) FROM {many} a, {many} b WHERE a.n % 7 = b.n"
    with pytest.raises(EngineTimedOut, match="time"):
        answer(engine, endless, limits=QueryLimits(seconds=0.3))


def test_the_memory_limit_stops_a_query(engine: QueryEngine) -> None:
    text = "n || repeat('x', 200)" if is_duckdb(engine) else "rpad(CAST(n AS varchar), 500, 'x')"
    hungry = f"SELECT count(DISTINCT {text}) FROM {numbers(engine, 10_000_000)} a"
    with pytest.raises(EngineTimedOut, match="memory"):
        answer(engine, hungry, limits=QueryLimits(seconds=60, memory_bytes=64 << 20))


def test_a_large_result_stops_at_the_memory_limit(engine: QueryEngine) -> None:
    local = is_duckdb(engine)
    text = "repeat('x', 1000)" if local else "rpad('x', 1000, 'x')"
    wide = f"SELECT {text} FROM {numbers(engine, 100_000_000 if local else 8_000)}"
    most = 64 << 20 if local else 4 << 20
    with pytest.raises(EngineTimedOut, match="memory"):
        answer(engine, wide, limits=QueryLimits(seconds=60, memory_bytes=most))


def test_queries_leave_nothing_behind(engine: QueryEngine) -> None:
    with pytest.raises(EngineRejected):
        answer(engine, "CREATE VIEW mine AS SELECT 1")
    with pytest.raises(EngineRejected):
        answer(engine, "SELECT * FROM mine")


def test_cidr_follows_trino(engine: QueryEngine) -> None:
    inside = "contains('10.0.0.0/8', TRY_CAST(src_ip AS IPADDRESS))"
    if is_duckdb(engine):
        inside = "mantissa_cidr(src_ip, '10.0.0.0/8')"
    sql = f"SELECT {inside} FROM logins ORDER BY event_id"
    assert rows(engine, sql) == [(None,), (None,), (True,), (True,), (False,), (None,)]


@pytest.mark.parametrize("engine", LOCAL, indirect=True)
def test_an_embedded_engine_is_its_own_catalog(engine: Any) -> None:
    assert engine.tables() == ["empty_one", "everything", "flows", "logins", "recent"]
    engine.ensure(Table("later", (Column("event_id", "string"),)))
    engine.ensure(Table(EMPTY.name, (*EMPTY.columns, Column("added", "boolean"))))
    engine.register("later", ["2026-01-01"])
    assert "later" in engine.tables()
    assert answer(engine, "SELECT added FROM empty_one, later").table.num_rows == 0
