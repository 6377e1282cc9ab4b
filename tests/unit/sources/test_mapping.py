"""Rows get their identity, their time and their partition."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.model import Reason
from mantissa.sources.mapping import Envelope, Extractor
from mantissa.sources.record import Batch
from mantissa.sources.schema import arrow_schema
from mantissa.sources.times import believable, day_of, parse_time
from support.sources import ENVELOPE, MODIFIED, batch, builtin, extract, row, shop

SHOP = shop()
GOOD: dict[str, Any] = {"what": "sold", "when": "2026-03-04T12:00:00.123456Z"}
SKEWED = '{"_mantissa":{"flag":"clock_skew"}}'


def test_the_table_has_the_columns_of_the_source_and_the_partition_last() -> None:
    for records in ([], [GOOD], [{"what": 1}]):
        table = extract(SHOP, records).table
        schema = arrow_schema(SHOP.table).append(pa.field("event_date", pa.string()))
        assert table.schema == schema


def test_the_envelope_names_the_row_for_ever() -> None:
    found = Extractor(SHOP).extract(Batch([b"{}", *batch([GOOD]).raws], [6, 255]), ENVELOPE)
    values = found.table.to_pylist()[0]
    assert values["event_id"] == "ab" * 16 + "000000ff"
    assert values["source_line"] == 256
    assert values["source_object"] == "logs/object.json"
    assert values["ingest_time"] == MODIFIED
    assert values["event_time"] == datetime(2026, 3, 4, 12, 0, 0, 123000, tzinfo=UTC)
    assert values["event_date"] == "2026-03-04"
    assert values["digest_status"] is None


@pytest.mark.parametrize(
    ("when", "date", "extra"),
    [
        ("2026-03-06T12:00:00Z", "2026-03-06", None),
        ("2026-03-06T12:00:00.001Z", "clock_skew", SKEWED),
        ("2016-03-05T12:00:00Z", "2016-03-05", None),
        ("2016-03-05T11:59:59.999Z", "clock_skew", SKEWED),
        ("0001-01-01T00:00:00Z", "clock_skew", SKEWED),
        ("9999-12-31T23:59:59Z", "clock_skew", SKEWED),
        ("1969-12-31T23:59:59.999Z", "clock_skew", SKEWED),
    ],
)
def test_times_out_of_range_are_kept_and_flagged(when: str, date: str, extra: str | None) -> None:
    found = extract(SHOP, [{**GOOD, "when": when}]).table
    assert found["event_date"].to_pylist() == [date]
    assert found["extra"].to_pylist() == [extra]
    assert found["event_time"].cast(pa.int64()).to_pylist() == [parse_time(when)]


def test_the_flag_joins_the_fields_that_nobody_knows() -> None:
    found = row(SHOP, {**GOOD, "when": "2001-01-01", "new": {"a": 1}})
    assert found["extra"] == '{"new":{"a":1},"_mantissa":{"flag":"clock_skew"}}'


@given(st.integers(*believable(MODIFIED)))
def test_the_partition_is_the_utc_day(millis: int) -> None:
    found = extract(SHOP, [{"what": "x", "when": str(millis * 1_000_000)}])
    times = found.table["event_time"].cast(pa.int64()).to_pylist()
    assert found.table["event_date"].to_pylist() == [day_of(t) for t in times]


def test_the_same_bytes_give_the_same_rows_whatever_the_batches() -> None:
    raws = batch([{**GOOD, "port": i, "odd": i} if i % 3 else GOOD for i in range(10)]).raws
    whole = Extractor(SHOP).extract(Batch(raws, list(range(10))), ENVELOPE).table
    extractor = Extractor(SHOP)
    parts = [
        extractor.extract(Batch(raws[i : i + 4], list(range(i, min(i + 4, 10)))), ENVELOPE).table
        for i in range(0, 10, 4)
    ]
    assert pa.concat_tables(parts).combine_chunks().equals(whole.combine_chunks())


def test_an_envelope_may_change_between_objects() -> None:
    extractor = Extractor(SHOP)
    extractor.extract(batch([GOOD]), ENVELOPE)
    other = Envelope("cd" * 32, "other", MODIFIED)
    found = extractor.extract(batch([GOOD]), other).table
    assert found["event_id"].to_pylist() == ["cd" * 16 + "00000000"]


def test_a_header_holds_for_the_rest_of_the_object_only() -> None:
    spec = builtin("aws_vpcflow")
    extractor = Extractor(spec)
    header = b"dstaddr srcaddr action start"
    first = extractor.extract(batch([header, b"10.0.0.1 192.0.2.1 ACCEPT 1772625600"]), ENVELOPE)
    second = extractor.extract(batch([b"10.0.0.2 192.0.2.2 REJECT 1772625601"], 2), ENVELOPE)
    assert first.table["dstaddr"].to_pylist() == ["10.0.0.1"]
    assert second.table["outcome"].to_pylist() == ["failure"]
    fresh = extract(spec, [b"10.0.0.2 192.0.2.2 REJECT 1772625601"])
    assert [r.reason for r in fresh.rejects] == [Reason.BAD_FORMAT]


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    extract(SHOP, [GOOD])
    assert gc.isenabled()
    gc.disable()
    try:
        extract(SHOP, [GOOD])
        assert not gc.isenabled()
    finally:
        gc.enable()
