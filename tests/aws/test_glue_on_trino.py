"""What the catalog writes to Glue is what Trino reads: grown tables, views, days of every kind."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.detection.findings import FINDINGS
from mantissa.model import Column, QueryLimits, Table
from mantissa.sources.presto_view import presto_views
from mantissa.sources.registry import load_sources
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake
from support.trino import Trino

LIMITS = QueryLimits(seconds=60)
OLD = Table("grown", (Column("event_id", "string"), Column("n", "bigint")))
NEW = Table("grown", (*OLD.columns, Column("added", "string"), Column("at", "timestamp")))


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def rows(lake: AwsLake, trino: Trino, sql: str) -> list[tuple[Any, ...]]:
    table = lake.trino(trino).run(sql, limits=LIMITS).table
    return [tuple(row.values()) for row in table.to_pylist()]


def test_a_day_from_before_a_column_shows_it_in_later_files(
    ministack: Emulator, trino: Trino
) -> None:
    old = {"lake/grown/event_date=2026-01-01/a.parquet": parquet(event_id=["1"], n=[1])}
    with aws_lake(ministack, [OLD], files=old) as lake:
        lake.catalog.ensure(NEW)
        lake.put(
            {
                "lake/grown/event_date=2026-01-01/b.parquet": parquet(event_id=["2"], added=["x"]),
                "lake/grown/event_date=2026-01-02/c.parquet": parquet(added=["y"], event_id=["3"]),
            }
        )
        sql = "SELECT event_id, n, added, at, event_date FROM grown ORDER BY 1"
        assert rows(lake, trino, sql) == [
            ("1", 1, None, None, "2026-01-01"),
            ("2", None, "x", None, "2026-01-01"),
            ("3", None, "y", None, "2026-01-02"),
        ]


def test_a_grown_number_is_read_from_narrow_files(ministack: Emulator, trino: Trino) -> None:
    narrow = pa.array([7], pa.int32())
    files = {"lake/grown/event_date=2026-01-01/a.parquet": parquet(event_id=["1"], n=narrow)}
    with aws_lake(ministack, [OLD], files=files) as lake:
        assert rows(lake, trino, "SELECT n FROM grown") == [(7,)]


def test_every_view_of_the_product_is_read(ministack: Emulator, trino: Trino) -> None:
    tables = [spec.table for spec in load_sources().values()]
    views = presto_views(tables)
    with aws_lake(ministack, [*tables, FINDINGS], views) as lake:
        assert lake.catalog.tables() == sorted({t.name for t in (*tables, FINDINGS, *views)})
        for view in views:
            table = lake.trino(trino).run(f"SELECT * FROM {view.name}", limits=LIMITS).table
            assert table.column_names == [column.name for column in view.columns]
            kinds = {"string": "string", "bigint": "int64", "timestamp": "timestamp[us]"}
            kinds |= {"json": "string", "double": "double", "boolean": "bool"}
            assert [str(t) for t in table.schema.types] == [kinds[c.type] for c in view.columns]
