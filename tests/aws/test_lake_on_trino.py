"""What the layout of the lake relies on, asked of the engine itself.

Files that come and go, partitions that are registered or not, columns that are added later: each
of these is a promise of Hive tables that Athena and Trino share.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from trino.exceptions import TrinoExternalError, TrinoQueryError

from support.emulators import Emulator
from support.event_lake import COLUMNS, DATE, SCHEMA, EventLake, Row, event_lake, parquet
from support.trino import Trino, parquet_storage, parquet_table

ROW: Row = ("a1", datetime(2026, 1, 1, tzinfo=UTC), 1, 0.5, True, "One", None)


@pytest.fixture(scope="module")
def lake(ministack: Emulator) -> Iterator[EventLake]:
    with event_lake(ministack, "layout") as lake:
        yield lake


def put(lake: EventLake, key: str, data: bytes) -> str:
    lake.emulator.client("s3").put_object(Bucket=lake.bucket, Key=f"lake/{key}", Body=data)
    return f"s3://{lake.bucket}/lake/{key}"


def written(**columns: pa.Array) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def register(lake: EventLake, table: str, day: str, columns: list[dict[str, str]]) -> None:
    place = f"s3://{lake.bucket}/lake/{table}/event_date={day}/"
    lake.emulator.client("glue").create_partition(
        DatabaseName=lake.name,
        TableName=table,
        PartitionInput={"Values": [day], "StorageDescriptor": parquet_storage(columns, place)},
    )


def one(lake: EventLake, trino: Trino, sql: str) -> Any:
    (row,) = trino.rows(sql, lake.name)
    return row[0]


def test_a_file_is_seen_at_once_and_gone_at_once(lake: EventLake, trino: Trino) -> None:
    lake.add_table("moving", {"2026-01-01": [ROW]})
    put(lake, "moving/event_date=2026-01-01/two.parquet", parquet([ROW]))
    assert one(lake, trino, "SELECT count(*) FROM moving") == 2
    key = "lake/moving/event_date=2026-01-01/one.parquet"
    lake.emulator.client("s3").delete_object(Bucket=lake.bucket, Key=key)
    assert one(lake, trino, "SELECT count(*) FROM moving") == 1


def test_a_day_is_seen_once_it_is_registered(lake: EventLake, trino: Trino) -> None:
    lake.add_table("days", {"2026-01-01": [ROW]})
    put(lake, "days/event_date=2026-01-02/one.parquet", parquet([ROW]))
    assert one(lake, trino, "SELECT count(*) FROM days") == 1
    register(lake, "days", "2026-01-02", COLUMNS)
    assert one(lake, trino, "SELECT count(*) FROM days") == 2


def test_a_registered_day_without_files_is_empty(lake: EventLake, trino: Trino) -> None:
    lake.add_table("idle", {"2026-01-01": [ROW]})
    register(lake, "idle", "2026-01-02", COLUMNS)
    assert one(lake, trino, "SELECT count(*) FROM idle WHERE event_date = '2026-01-02'") == 0
    assert one(lake, trino, "SELECT count(*) FROM idle") == 1


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("underscore", "_two.parquet"),
        ("dot", ".two.parquet"),
        ("folder", "_tmp/two.parquet"),
    ],
)
def test_hidden_names_are_not_read(lake: EventLake, trino: Trino, table: str, name: str) -> None:
    lake.add_table(table, {"2026-01-01": [ROW]})
    put(lake, f"{table}/event_date=2026-01-01/{name}", b"not Parquet")
    assert one(lake, trino, f"SELECT count(*) FROM {table}") == 1


def test_folders_below_a_day_belong_to_it(lake: EventLake, trino: Trino) -> None:
    lake.add_table("nested", {"2026-01-01": [ROW]})
    put(lake, "nested/event_date=2026-01-01/hour=01/two.parquet", parquet([ROW]))
    assert one(lake, trino, "SELECT count(*) FROM nested") == 2


def test_what_is_no_parquet_fails_the_query(lake: EventLake, trino: Trino) -> None:
    lake.add_table("broken", {"2026-01-01": [ROW]})
    place = put(lake, "broken/event_date=2026-01-01/two.parquet", b"not Parquet, but long enough")
    with pytest.raises((TrinoExternalError, TrinoQueryError)) as caught:
        one(lake, trino, "SELECT count(eventname) FROM broken")
    assert caught.value.error_name in ("HIVE_BAD_DATA", "HIVE_CANNOT_OPEN_SPLIT")
    assert place in caught.value.message


def test_an_empty_object_is_no_rows(lake: EventLake, trino: Trino) -> None:
    lake.add_table("empty", {"2026-01-01": [ROW]})
    put(lake, "empty/event_date=2026-01-01/two.parquet", b"")
    put(lake, "empty/event_date=2026-01-01/", b"")
    assert one(lake, trino, "SELECT count(*) FROM empty") == 1


def test_a_column_that_came_later_is_null_in_what_came_before(
    lake: EventLake, trino: Trino
) -> None:
    lake.add_table("grown", {"2026-01-01": [ROW]})
    glue = lake.emulator.client("glue")
    wider = [*COLUMNS, {"Name": "added", "Type": "string"}]
    place = f"s3://{lake.bucket}/lake/grown/"
    glue.update_table(
        DatabaseName=lake.name, TableInput=parquet_table("grown", wider, place, [DATE])
    )
    row = pa.table([[value] for value in ROW], schema=SCHEMA).append_column("added", [["new"]])
    sink = pa.BufferOutputStream()
    pq.write_table(row, sink)
    put(lake, "grown/event_date=2026-01-02/one.parquet", sink.getvalue().to_pybytes())
    register(lake, "grown", "2026-01-02", wider)
    found = trino.rows("SELECT event_date, eventname, added FROM grown ORDER BY 1", lake.name)
    assert list(map(list, found)) == [["2026-01-01", "One", None], ["2026-01-02", "One", "new"]]
    # A file with the new column in a partition that was registered before it.
    put(lake, "grown/event_date=2026-01-01/two.parquet", sink.getvalue().to_pybytes())
    found = trino.rows(
        "SELECT added FROM grown WHERE event_date = '2026-01-01' ORDER BY added", lake.name
    )
    assert list(map(list, found)) == [["new"], [None]]


def test_columns_are_found_by_name_whatever_their_order(lake: EventLake, trino: Trino) -> None:
    lake.add_table("mixed", {})
    data = written(EventName=pa.array(["x"]), event_id=pa.array(["m1"]))
    put(lake, "mixed/event_date=2026-01-01/one.parquet", data)
    register(lake, "mixed", "2026-01-01", COLUMNS)
    found = trino.rows("SELECT event_id, eventname, score FROM mixed", lake.name)
    assert list(map(list, found)) == [["m1", "x", None]]


def test_a_file_of_another_type_fails_and_is_named(lake: EventLake, trino: Trino) -> None:
    lake.add_table("typed", {})
    data = written(event_id=pa.array(["t1"]), score=pa.array(["high"]))
    put(lake, "typed/event_date=2026-01-01/one.parquet", data)
    register(lake, "typed", "2026-01-01", COLUMNS)
    assert one(lake, trino, "SELECT event_id FROM typed") == "t1"
    with pytest.raises(TrinoQueryError) as caught:
        one(lake, trino, "SELECT score FROM typed")
    # Trino's own words; Athena's page on errors calls it HIVE_BAD_DATA.
    assert caught.value.error_name == "NOT_SUPPORTED"
    assert "score" in caught.value.message


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", None])
def test_times_are_utc_to_the_millisecond(
    lake: EventLake, trino: Trino, unit: str, zone: str | None
) -> None:
    table = f"times_{unit}_{(zone or 'none').lower()}"
    lake.add_table(table, {})
    time = pa.array([datetime(2026, 3, 29, 1, 30, 0, 123000)], pa.timestamp(unit, zone))  # noqa: DTZ001
    put(lake, f"{table}/event_date=2026-03-29/one.parquet", written(event_time=time))
    register(lake, table, "2026-03-29", COLUMNS)
    sql = f"SELECT CAST(event_time AS varchar), typeof(event_time) FROM {table}"
    assert list(trino.rows(sql, lake.name)[0]) == ["2026-03-29 01:30:00.123", "timestamp(3)"]


def scanned(trino: Trino, sql: str, schema: str) -> int:
    with trino.connect(schema) as connection:
        cursor = connection.cursor()
        cursor.execute(sql).fetchall()
        return int(cursor.stats["physicalInputBytes"])


def test_a_file_that_is_named_is_all_that_is_read(lake: EventLake, trino: Trino) -> None:
    lake.add_table("named", {"2026-01-01": [ROW], "2026-01-02": [ROW, ROW]})
    files = [f"s3://{lake.bucket}/lake/named/event_date={d}/one.parquet" for d in lake.sizes]
    place = next(f for f in files if "2026-01-02" in f)
    sql = f"""SELECT max(eventname) FROM named WHERE "$path" IN ('{place}')"""
    assert scanned(trino, sql, lake.name) == lake.sizes["2026-01-02"]
    assert one(lake, trino, sql.replace("max(eventname)", "count(*)")) == 2


def test_more_days_than_one_page_of_glue_are_all_found(lake: EventLake, trino: Trino) -> None:
    lake.add_table("years", {})
    days = [f"{2020 + n // 360:04}-{n % 360 // 30 + 1:02}-{n % 30 + 1:02}" for n in range(1100)]
    glue = lake.emulator.client("glue")
    for start in range(0, len(days), 100):
        inputs = [
            {
                "Values": [day],
                "StorageDescriptor": parquet_storage(
                    COLUMNS, f"s3://{lake.bucket}/lake/years/event_date={day}/"
                ),
            }
            for day in days[start : start + 100]
        ]
        glue.batch_create_partition(
            DatabaseName=lake.name, TableName="years", PartitionInputList=inputs
        )
    put(lake, f"years/event_date={days[-1]}/one.parquet", parquet([ROW]))
    put(lake, f"years/event_date={days[0]}/one.parquet", parquet([ROW]))
    found = one(lake, trino, 'SELECT count(*) FROM "years$partitions"')
    assert found == 1100
    sql = f"SELECT count(*) FROM years WHERE event_date >= '{days[-1]}'"
    assert one(lake, trino, sql) == 1
