"""SQL that a person wrote becomes an answer: guarded, estimated, run, with nothing invented."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mantissa.adapters.local.duckdb import DuckDBEngine
from mantissa.adapters.local.sandbox import IsolatedEngine
from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.adapters.memory_engine import MemoryEngine
from mantissa.ask.reads import Names
from mantissa.ask.service import Query
from mantissa.errors import EngineRejected, EngineTimedOut, GuardRefused
from mantissa.model import DataFile, QueryLimits
from mantissa.ports import QueryEngine
from support.ask_lake import CLOUDTRAIL, TABLES, VIEWS, write_lake
from support.ask_queries import attacks

NAMES = Names.of(TABLES, VIEWS)
LIMITS = QueryLimits(seconds=30, memory_bytes=256 << 20, rows=100)


def memory_engine(home: Path) -> MemoryEngine:
    store = MemoryObjects(ManualClock(datetime(2026, 3, 4, tzinfo=UTC)))
    for path in sorted((home / "lake").rglob("*.parquet")):
        store.put_if_absent(path.relative_to(home).as_posix(), path.read_bytes())
    return MemoryEngine(store, TABLES, VIEWS)


@pytest.fixture(params=["memory", "duckdb", "isolated"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> QueryEngine:
    write_lake(tmp_path)
    made: dict[str, Callable[[], QueryEngine]] = {
        "memory": lambda: memory_engine(tmp_path),
        "duckdb": lambda: DuckDBEngine(tmp_path, TABLES, VIEWS, threads=1),
        "isolated": lambda: IsolatedEngine(tmp_path, TABLES, VIEWS, threads=1),
    }
    return made[request.param]()


def query(engine: QueryEngine, **options: Any) -> Query:
    return Query(engine, NAMES, options.pop("limits", LIMITS), **options)


def test_an_answer_has_the_shape_of_the_contract(engine: QueryEngine) -> None:
    sql = (
        "SELECT eventname, event_time AS at, count(*) AS n FROM aws_cloudtrail "
        "WHERE event_date = '2026-03-02' -- who?\nGROUP BY 1, 2"
    )
    found = query(engine).run(sql).to_json()
    assert json.loads(json.dumps(found)) == found
    assert {k: found[k] for k in ("columns", "rows", "row_count", "truncated")} == {
        "columns": [
            {"name": "eventname", "type": "string"},
            {"name": "at", "type": "timestamp"},
            {"name": "n", "type": "bigint"},
        ],
        "rows": [["StopLogging", "2026-03-02T23:07:00Z", 1]],
        "row_count": 1,
        "truncated": False,
    }
    assert "who" not in found["sql"]
    assert found["estimated_bytes"] > 0
    assert found["bytes_scanned"] > 0
    assert found["seconds"] > 0


def test_a_dry_run_plans_and_reads_no_row(engine: QueryEngine) -> None:
    plan = query(engine).plan("SELECT raw FROM aws_cloudtrail JOIN okta_system USING (src_ip)")
    assert plan.to_json() == {
        "allowed": True,
        "sql": plan.sql,
        "tables": ["aws_cloudtrail", "okta_system"],
        "estimated_bytes": plan.estimated_bytes,
    }


def test_rows_are_cut_at_the_limit_and_said_to_be(engine: QueryEngine) -> None:
    few = query(engine, limits=QueryLimits(seconds=30, memory_bytes=256 << 20, rows=2))
    cut = few.run("SELECT event_id FROM aws_cloudtrail ORDER BY event_id").to_json()
    assert (cut["row_count"], cut["truncated"], len(cut["rows"])) == (2, True, 2)
    whole = few.run("SELECT event_id FROM aws_cloudtrail ORDER BY event_id LIMIT 2").to_json()
    assert (whole["rows"], whole["truncated"]) == (cut["rows"], False)


def test_a_view_answers_for_all_its_tables(engine: QueryEngine) -> None:
    sql = "SELECT outcome, count(*) FROM authentication GROUP BY outcome ORDER BY outcome"
    assert query(engine).run(sql).to_json()["rows"] == [["failure", 2], ["success", 2]]


def test_estimates_use_the_lakes_own_totals(engine: QueryEngine) -> None:
    def totals() -> list[DataFile]:
        sizes = {"raw": 5_000_000_000, "eventname": 70}
        return [
            DataFile("", CLOUDTRAIL.name, f"2026-03-0{day}", 9, 9, "", "", sizes) for day in (1, 2)
        ]

    asked = query(engine, files=totals, max_bytes=1_000_000_000)
    sql = "SELECT eventname FROM aws_cloudtrail WHERE event_date >= '2026-03-02'"
    assert asked.run(sql).plan.estimated_bytes == 70
    with pytest.raises(GuardRefused, match=r"10\.0 GB, more than the 1\.0 GB") as refused:
        asked.run("SELECT raw FROM aws_cloudtrail")
    assert refused.value.code == "too_many_bytes"
    assert asked.plan("SELECT raw FROM aws_cloudtrail").estimated_bytes == 10_000_000_000


def test_constants_need_no_table(engine: QueryEngine) -> None:
    found = query(engine).run("SELECT 1 AS one").to_json()
    assert (found["rows"], found["estimated_bytes"], found["bytes_scanned"]) == ([[1]], 0, 0)


def test_a_query_that_fails_is_no_empty_answer(engine: QueryEngine) -> None:
    with pytest.raises(EngineRejected) as refused:
        query(engine).run("SELECT CAST(eventname AS BIGINT) FROM aws_cloudtrail")
    assert "Logging" not in str(refused.value)


def test_a_slow_query_is_stopped(engine: QueryEngine) -> None:
    sql = (
        "WITH words AS (SELECT w, event_class AS k FROM aws_cloudtrail CROSS JOIN UNNEST(split("
        "event_id || '" + "x " * 5000 + "', ' ')) AS t (w)) SELECT count(*) "
        "FROM words a JOIN words b ON a.k = b.k "
        "JOIN words c ON b.k = c.k WHERE a.w || b.w || c.w = 'no'"
    )
    with pytest.raises(EngineTimedOut):
        query(engine, limits=QueryLimits(seconds=0.5, memory_bytes=256 << 20)).run(sql)


def test_no_attack_reaches_the_engine() -> None:
    class Untouchable:
        dialect = "duckdb"

        def run(self, sql: str, **_: Any) -> Any:
            raise AssertionError(f"ran {sql}")

        def estimate(self, sql: str) -> int:
            raise AssertionError(f"estimated {sql}")

    for _, sql in attacks():
        with pytest.raises(GuardRefused):
            query(Untouchable()).run(sql)
