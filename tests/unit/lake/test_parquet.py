"""Rows become the same bytes every time, sorted, one file per partition."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.adapters.memory import ManualClock, MemoryObjects
from mantissa.errors import StoreError
from mantissa.lake.parquet import Part, describe, encode, write_part

START = datetime(2026, 11, 18, 22, tzinfo=UTC)
PART = Part("gate", "ab" * 16 + "-01234567-00000")


def table(hours: list[int], texts: list[str] | None = None) -> pa.Table:
    times = [START + timedelta(hours=h) for h in hours]
    return pa.table(
        {
            "event_id": [f"id{n:04d}" for n in range(len(hours))],
            "event_time": pa.array(times, pa.timestamp("ms", "UTC")),
            "text": texts or ["x"] * len(hours),
            "event_date": [f"{t:%Y-%m-%d}" for t in times],
        }
    )


def store() -> MemoryObjects:
    return MemoryObjects(ManualClock(START))


def read(objects: MemoryObjects, key: str) -> pa.Table:
    return pq.read_table(io.BytesIO(objects.get(key)))


def test_the_same_rows_are_the_same_bytes_however_they_are_chunked() -> None:
    rows = table(list(range(50)))
    pieces = pa.concat_tables([rows.slice(n, 7) for n in range(0, 50, 7)])
    first, second = store(), store()
    files = list(write_part(first, PART, rows))
    assert list(write_part(second, PART, pieces)) == files
    for file in files:
        assert first.get(file.key) == second.get(file.key)


@given(st.lists(st.integers(-60, 60), min_size=1, max_size=40))
def test_each_partition_has_its_rows_in_time_order(hours: list[int]) -> None:
    objects = store()
    rows = table(hours)
    files = list(write_part(objects, PART, rows))
    assert [f.event_date for f in files] == sorted(set(rows["event_date"].to_pylist()))
    seen = []
    for file in files:
        found = read(objects, file.key)
        assert "event_date" not in found.column_names
        times = found["event_time"].to_pylist()
        assert times == sorted(times)
        assert {f"{t:%Y-%m-%d}" for t in times} == {file.event_date}
        assert file.key == f"lake/gate/event_date={file.event_date}/{PART.stem}.parquet"
        assert file.rows == len(found)
        assert file.first_event == f"{times[0]:%Y-%m-%dT%H:%M:%S.000Z}"
        assert file.last_event == f"{times[-1]:%Y-%m-%dT%H:%M:%S.000Z}"
        seen += found["event_id"].to_pylist()
    assert sorted(seen) == rows["event_id"].to_pylist()


def test_rows_out_of_range_share_a_partition_from_both_ends_of_time() -> None:
    objects = store()
    rows = table([-90_000, 1, 90_000])
    dates = pa.array(["clock_skew", "2026-11-18", "clock_skew"])
    files = list(write_part(objects, PART, rows.set_column(3, "event_date", dates)))
    assert [(f.event_date, f.rows) for f in files] == [("2026-11-18", 1), ("clock_skew", 2)]
    assert read(objects, files[1].key)["event_id"].to_pylist() == ["id0000", "id0002"]


def test_column_bytes_are_those_of_the_footer() -> None:
    texts = [random.Random(n).randbytes(400).hex() for n in range(500)]
    data = encode(table([1] * 500, texts).drop_columns(["event_date"]))
    file = describe("k", "gate", "2026-11-18", data)
    footer = pq.read_metadata(io.BytesIO(data))
    group = footer.row_group(0)
    wanted = {
        group.column(n).path_in_schema: group.column(n).total_compressed_size
        for n in range(group.num_columns)
    }
    assert dict(file.column_bytes) == wanted
    assert file.bytes == len(data)
    assert 0.8 * len(data) < sum(file.column_bytes.values()) <= len(data)


def test_a_file_of_an_earlier_attempt_is_kept_as_it_is() -> None:
    objects = store()
    rows = table([1, 2, 3])
    made = list(write_part(objects, PART, rows))
    before = objects.get(made[0].key)
    assert list(write_part(objects, PART, rows)) == made
    assert objects.get(made[0].key) == before


@pytest.mark.parametrize("other", [encode(table([1, 2])), b"PAR1 cut short"])
def test_a_file_with_other_rows_is_never_taken_for_ours(other: bytes) -> None:
    objects = store()
    key = PART.key("2026-11-18")
    objects.put_if_absent(key, other)
    with pytest.raises(StoreError) as caught:
        list(write_part(objects, PART, table([0, 0, 0])))
    assert caught.value.where == key
