"""Whole results as one Parquet file, written by Athena's UNLOAD and joined here."""

from __future__ import annotations

import io
from collections.abc import Iterator

import boto3
import pyarrow.parquet as pq
import pytest

from mantissa.adapters.aws.athena import Workgroup
from mantissa.adapters.aws.export import AthenaExport
from mantissa.errors import EngineRejected, EngineTimedOut, EngineTransient
from mantissa.model import QueryLimits
from support.athena.server import Endpoint
from support.athena.troubles import HELD, INTERNAL_ERROR, Fate
from support.aws_stores import environ
from support.emulators import Emulator
from support.engine_world import AwsLake, aws_lake
from support.lake_rows import TABLES, lake_files

LIMITS = QueryLimits(seconds=60)


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[AwsLake]:
    with aws_lake(ministack, TABLES, files=lake_files()) as made:
        yield made


@pytest.fixture
def export(lake: AwsLake, athena: Endpoint) -> Iterator[AthenaExport]:
    with environ(**athena.environ()):
        group = Workgroup(lake.database, lake.database)
        session = boto3.Session(region_name="us-east-1")
        yield AthenaExport(session, group, lake.lake(), f"s3://{lake.bucket}/exports")


def left(lake: AwsLake) -> list[str]:
    return [info.key for info in lake.objects.list("exports/")]


def test_an_export_has_the_rows_and_types_of_the_query(export: AthenaExport, lake: AwsLake) -> None:
    sink = io.BytesIO()
    done = export.write("SELECT * FROM logins", sink, limits=LIMITS)
    found = pq.read_table(sink).sort_by("event_id")
    assert found["event_id"].to_pylist() == ["1", "2", "3", "4", "5", "6"]
    assert found["src_ip"].to_pylist()[2:5] == ["10.1.2.3", "::ffff:10.9.9.9", "8.8.8.8"]
    assert found["event_time"].to_pylist()[0].isoformat() == "2026-01-01T01:00:00"
    assert (done.rows, done.files) == (6, 1)
    assert done.bytes_scanned > 0
    assert left(lake) == []


def test_many_rows_are_joined(export: AthenaExport) -> None:
    sink = io.BytesIO()
    sql = (
        "SELECT a.n * 1000 + b.n AS n, ARRAY['x'] AS x FROM UNNEST(sequence(0, 99)) AS a(n) "
        "CROSS JOIN UNNEST(sequence(0, 999)) AS b(n)"
    )
    assert export.write(sql, sink, limits=LIMITS).rows == 100_000
    assert sorted(pq.read_table(sink)["n"].to_pylist()) == list(range(100_000))


def test_a_result_without_rows_writes_nothing(export: AthenaExport) -> None:
    sink = io.BytesIO()
    done = export.write("SELECT * FROM logins WHERE event_id = 'x'", sink, limits=LIMITS)
    assert done.rows == 0
    assert sink.getvalue() == b"" or pq.read_table(sink).num_rows == 0


def test_a_row_limit_holds(export: AthenaExport) -> None:
    sink = io.BytesIO()
    limits = QueryLimits(seconds=60, rows=2)
    done = export.write("SELECT event_id FROM logins", sink, limits=limits)
    assert (done.rows, done.truncated) == (2, True)
    assert pq.read_table(sink).num_rows == 2
    done = export.write("SELECT n FROM empty_one", io.BytesIO(), limits=limits)
    assert (done.rows, done.truncated) == (0, False)


def test_an_order_is_refused_not_lost(export: AthenaExport) -> None:
    with pytest.raises(EngineRejected, match="no order"):
        export.write("SELECT event_id FROM logins ORDER BY 1", io.BytesIO(), limits=LIMITS)


@pytest.mark.parametrize("sql", ["SELECT nope FROM logins", "SELECT 1; SELECT 2", "DROP TABLE x"])
def test_bad_sql_is_rejected(export: AthenaExport, sql: str) -> None:
    sink = io.BytesIO()
    with pytest.raises(EngineRejected):
        export.write(sql, sink, limits=LIMITS)
    assert sink.getvalue() == b""


def test_an_export_over_its_time_is_stopped(export: AthenaExport, athena: Endpoint) -> None:
    athena.troubles.fate(Fate(running_polls=HELD))
    with pytest.raises(EngineTimedOut, match="time"):
        export.write("SELECT event_id FROM logins", io.BytesIO(), limits=QueryLimits(seconds=1))
    assert [name for name, _ in athena.calls if name == "StopQueryExecution"]


def test_an_error_of_athena_is_no_empty_file(export: AthenaExport, athena: Endpoint) -> None:
    athena.troubles.fate(INTERNAL_ERROR)
    sink = io.BytesIO()
    with pytest.raises(EngineTransient):
        export.write("SELECT event_id FROM logins", sink, limits=LIMITS)
    assert sink.getvalue() == b""
