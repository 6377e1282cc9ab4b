from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mantissa.ask.export import TRIGGERS, original_text, rows, to_csv, to_parquet, type_name

TEXT = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]), st.sampled_from("=+-@'\"\t\r\n,;＝|\u200b\ufeff ")
    )
)


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


def parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@given(st.lists(TEXT, min_size=1, max_size=8))
@example(['=cmd|" /C calc"!A0'])
@example(["\t=1+1", "\r\n+1", " @SUM(1)", "\ufeff=1", "＝1"])
def test_no_text_is_a_formula_and_every_text_comes_back(texts: list[str]) -> None:
    found = [row[0] for row in parsed(to_csv(table(text=pa.array(texts, pa.string()))))]
    assert [original_text(cell) for cell in found[1:]] == texts
    for cell in found:
        visible = cell.strip().lstrip("".join(map(chr, range(33))) + "\u200b\ufeff")
        assert visible[:1] not in TRIGGERS or not visible


@given(TEXT)
def test_names_of_columns_are_as_safe_as_values(name: str) -> None:
    made = pa.table([pa.array([1])], names=[name])
    assert original_text(parsed(to_csv(made))[0][0]) == name


def test_text_is_quoted_and_null_is_not() -> None:
    assert to_csv(table(a=["x", "", None])) == '"a"\r\n"x"\r\n""\r\n\r\n'


def test_a_line_break_in_a_value_starts_no_row() -> None:
    made = table(a=["one\r\n=two", "three"], b=['say "hi", then', "x"])
    assert parsed(to_csv(made)) == [["a", "b"], ["one\r\n=two", 'say "hi", then'], ["three", "x"]]


def test_numbers_stay_numbers() -> None:
    made = table(n=[-5], f=[-0.5], t=[True], d=[Decimal("-1.50")])
    assert to_csv(made).splitlines()[1] == "-5,-0.5,true,-1.5"


WHEN = datetime(2026, 3, 1, 9, 5, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("array", "json_value", "cell", "name"),
    [
        (pa.array([WHEN.replace(tzinfo=None)], pa.timestamp("us")),
         "2026-03-01T09:05:00.123000Z", "2026-03-01T09:05:00.123000Z", "timestamp"),
        (pa.array([WHEN], pa.timestamp("ms", "UTC")),
         "2026-03-01T09:05:00.123000Z", "2026-03-01T09:05:00.123000Z", "timestamp"),
        (pa.array([1], pa.timestamp("ns")),
         "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "timestamp"),
        (pa.array([date(2026, 3, 1)]), "2026-03-01", "2026-03-01", "date"),
        (pa.array([time(9, 5)]), "09:05:00", "09:05:00", "time"),
        (pa.array([Decimal(14)], pa.decimal128(38, 0)), 14, "14", "decimal(38,0)"),
        (pa.array([Decimal("1.50")]), 1.5, "1.5", "decimal(3,2)"),
        (pa.array([Decimal("0.12345678901234567890")]), "0.12345678901234567890",
         "0.12345678901234567890", "decimal(20,20)"),
        (pa.array([10**30], pa.decimal128(38, 0)), 10**30, str(10**30), "decimal(38,0)"),
        (pa.array([b"\x00\xff"]), "00ff", "00ff", "binary"),
        (pa.array([float("nan")]), "NaN", "NaN", "double"),
        (pa.array([float("-inf")]), "-Infinity", "-Infinity", "double"),
        (pa.array([["=a", None]]), ["=a", None], '["=a", null]', "list<string>"),
        (pa.array([{"k": WHEN}]), {"k": "2026-03-01T09:05:00.123000Z"},
         '{"k": "2026-03-01T09:05:00.123000Z"}', "struct<k: timestamp>"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), [["a", 1]], '[["a", 1]]',
         "map<string, bigint>"),
        (pa.array([(1, 2, 3_500_000_000)], pa.month_day_nano_interval()),
         "P1M2DT3.5S", "P1M2DT3.5S", "interval"),
        (pa.array([7], pa.uint8()), 7, "7", "integer"),
        (pa.nulls(1), None, "", "null"),
    ],
)  # fmt: skip
def test_every_type_has_a_form(array: pa.Array, json_value: Any, cell: str, name: str) -> None:
    made = table(a=array)
    assert rows(made) == [[json_value]]
    assert json.loads(json.dumps(rows(made), allow_nan=False)) == [[json_value]]
    assert (parsed(to_csv(made))[1:] or [[""]])[0] == ([cell] if cell else [])
    assert type_name(array.type) == name
    assert pq.read_table(io.BytesIO(to_parquet(made))).num_rows == 1


def test_rows_keep_columns_of_equal_names_apart() -> None:
    made = pa.table([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "a_2"])
    assert rows(made) == [[1, 2, 3]]
    assert to_csv(made) == '"a","a","a_2"\r\n1,2,3\r\n'
    back = pq.read_table(io.BytesIO(to_parquet(made)))
    assert back.to_pydict() == {"a": [1], "a_2": [2], "a_2_2": [3]}


def test_parquet_comes_back_as_it_was() -> None:
    made = table(a=["=x", None], n=[1, -2], when=pa.array([WHEN, None], pa.timestamp("us", "UTC")))
    assert pq.read_table(io.BytesIO(to_parquet(made))).equals(made)


def test_an_empty_result_has_a_header() -> None:
    made = table(a=pa.array([], pa.string()))
    assert (rows(made), to_csv(made)) == ([], '"a"\r\n')
    assert rows(pa.table({})) == []
