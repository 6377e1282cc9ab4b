"""Trino's types, values and errors in our words."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from mantissa.adapters.trino_errors import split_name, translate
from mantissa.adapters.trino_types import arrow_type, column, parse_type
from mantissa.errors import (
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    QueryTooLarge,
)

TYPES = {
    "bigint": "int64",
    "integer": "int32",
    "smallint": "int16",
    "tinyint": "int8",
    "double": "double",
    "real": "float",
    "float": "float",
    "boolean": "bool",
    "varchar": "string",
    "varchar(10)": "string",
    "char(3)": "string",
    "json": "string",
    "ipaddress": "string",
    "uuid": "string",
    "interval day to second": "string",
    "interval year to month": "string",
    "date": "date32[day]",
    "time(3)": "time64[us]",
    "timestamp": "timestamp[us]",
    "timestamp(9)": "timestamp[us]",
    "timestamp(3) with time zone": "timestamp[us, tz=UTC]",
    "timestamp with time zone": "timestamp[us, tz=UTC]",
    "varbinary": "binary",
    "unknown": "null",
    "decimal(10, 2)": "decimal128(10, 2)",
    "decimal(38,0)": "decimal128(38, 0)",
    "ARRAY(BIGINT)": "list<item: int64>",
    "array(array(varchar))": "list<item: list<item: string>>",
    "map(varchar, decimal(5,1))": "map<string, decimal128(5, 1)>",
    "row(a bigint, b varchar(3))": "struct<a: int64, b: string>",
    "row(bigint, timestamp(3) with time zone)": "struct<field0: int64, field1: timestamp[us, tz=UTC]>",
    'row("a b" bigint, "x""y" date)': 'struct<a b: int64, x"y: date32[day]>',
    "row(a b bigint, type varchar)": "struct<a b: int64, type: string>",
    "row(timestamp timestamp(3), time time(0))": "struct<timestamp: timestamp[us], time: time64[us]>",
    "array(row(k map(varchar, array(row(v double)))))":
        "list<item: struct<k: map<string, list<item: struct<v: double>>>>>",
}  # fmt: skip


@pytest.mark.parametrize("text", TYPES)
def test_every_type_has_its_arrow_type(text: str) -> None:
    assert str(arrow_type(parse_type(text))) == TYPES[text]


@pytest.mark.parametrize(
    "text",
    ["", "array", "row", "array(bigint, bigint)", "array(", "array(x", "row(a)", "map(varchar", "HyperLogLog", "array(HyperLogLog)",
     "geometry", "bigint)", "row(a HyperLogLog)", "decimal(x, y)", "a, b"],
)  # fmt: skip
def test_what_is_no_type_of_values_is_refused(text: str) -> None:
    with pytest.raises(EngineRejected):
        arrow_type(parse_type(text))


VALUES: list[tuple[str, Any, Any]] = [
    ("bigint", 9223372036854775807, 9223372036854775807),
    ("bigint", "-1", -1),
    ("double", 1.5, 1.5),
    ("double", "Infinity", math.inf),
    ("double", "-Infinity", -math.inf),
    ("real", "1.5", 1.5),
    ("boolean", True, True),
    ("boolean", "false", False),
    ("decimal(20,2)", "123456789012345678.25", Decimal("123456789012345678.25")),
    ("varchar", "", ""),
    ("varchar", "null", "null"),
    ("date", "2026-01-01", date(2026, 1, 1)),
    ("date", "1582-10-04", date(1582, 10, 4)),
    ("time(3)", "10:00:00.500", time(10, 0, 0, 500_000)),
    ("timestamp(3)", "2026-01-01 10:00:00.123", datetime.fromisoformat("2026-01-01T10:00:00.123")),
    ("timestamp(0)", "2026-01-01 10:00:00", datetime.fromisoformat("2026-01-01T10:00:00")),
    ("timestamp(12)", "2026-01-01 10:00:00.123456789012", datetime.fromisoformat("2026-01-01T10:00:00.123456")),
    ("timestamp(3) with time zone", "2026-01-01 10:00:00.000 UTC", datetime(2026, 1, 1, 10, tzinfo=UTC)),
    ("timestamp(3) with time zone", "2026-07-01 10:00:00.000 Europe/Paris", datetime(2026, 7, 1, 8, tzinfo=UTC)),
    ("timestamp(3) with time zone", "2026-01-01 10:00:00.000 +05:30", datetime(2026, 1, 1, 4, 30, tzinfo=UTC)),
    ("varbinary", "AP8=", b"\x00\xff"),
    ("array(bigint)", [1, None], [1, None]),
    ("map(bigint, varchar)", {"1": "a", "2": None}, [(1, "a"), (2, None)]),
    ("row(a bigint, b array(varchar))", [1, ["x"]], {"a": 1, "b": ["x"]}),
    ("row(a bigint, b array(varchar))", {"a": 1, "b": None}, {"a": 1, "b": None}),
    ("unknown", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "wanted"), VALUES)
def test_every_value_is_read(kind: str, value: Any, wanted: Any) -> None:
    assert column([None, value], parse_type(kind)).to_pylist() == [None, wanted]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", "x"),
        ("bigint", 2**63),
        ("boolean", "yes"),
        ("date", "+12345-01-01"),
        ("timestamp(3)", "not a time"),
        ("timestamp(3) with time zone", "2026-01-01 10:00:00 Nowhere/Land"),
        ("varbinary", "~"),
        ("decimal(4,2)", "12345.00"),
        ("row(a bigint, b bigint)", {"a": 1}),
        ("row(a bigint)", [1, 2]),
        ("array(bigint)", 5),
    ],
)
def test_a_value_unlike_its_type_is_no_other_value(kind: str, value: Any) -> None:
    with pytest.raises(EngineRejected, match="cannot be read"):
        column([value], parse_type(kind))


ERRORS = [
    ("SYNTAX_ERROR", "line 1:8: mismatched input 'topsecret'", "USER_ERROR", EngineRejected),
    ("COLUMN_NOT_FOUND", "line 1:8: Column 'nope' cannot be resolved", "USER_ERROR", EngineRejected),
    ("INVALID_CAST_ARGUMENT", "Cannot cast 'topsecret' to INT", "", EngineRejected),
    ("PERMISSION_DENIED", "Access Denied: Cannot select from table x", "", EngineRejected),
    ("EXCEEDED_TIME_LIMIT", "Query exceeded the maximum run time", "INSUFFICIENT_RESOURCES", EngineTimedOut),
    ("EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exceeded per-node memory", "", EngineTimedOut),
    ("EXCEEDED_SCAN_LIMIT", "Exceeded scan limit", "", EngineTimedOut),
    ("A_NEW_RESOURCE", "ran out", "INSUFFICIENT_RESOURCES", EngineTimedOut),
    ("QUERY_TEXT_TOO_LARGE", "Query text length exceeds", "USER_ERROR", QueryTooLarge),
    ("COMPILER_ERROR", "Compiler failed", "INTERNAL_ERROR", EngineRejected),
    ("GENERIC_INTERNAL_ERROR", "null", "INTERNAL_ERROR", EngineTransient),
    ("PAGE_TRANSPORT_TIMEOUT", "exchange", "INTERNAL_ERROR", EngineTransient),
    ("HIVE_METASTORE_ERROR", "Rate exceeded", "EXTERNAL", EngineTransient),
    ("HIVE_METASTORE_ERROR", "AccessDeniedException: no", "EXTERNAL", EngineRejected),
    ("HIVE_CANNOT_OPEN_SPLIT", "Error opening", "EXTERNAL", EngineTransient),
    ("HIVE_BAD_DATA", "Malformed", "EXTERNAL", EngineRejected),
    ("QUERY_QUEUE_FULL", "Too many queued", "INSUFFICIENT_RESOURCES", EngineTransient),
    ("A_NEW_USER_ERROR", "no", "USER_ERROR", EngineRejected),
    ("", "who knows", "", EngineTransient),
]  # fmt: skip


@pytest.mark.parametrize(("name", "message", "kind", "wanted"), ERRORS)
def test_every_error_has_its_class(
    name: str, message: str, kind: str, wanted: type[EngineError]
) -> None:
    error = translate(name, message, kind)
    assert type(error) is wanted
    assert "topsecret" not in str(error)


def test_names_of_things_stay_in_the_message() -> None:
    assert "'nope'" in str(translate(*ERRORS[1][:3]))


def test_a_long_message_is_cut() -> None:
    assert len(str(translate("NOT_SUPPORTED", "x" * 10_000))) <= 500


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        ("COLUMN_NOT_FOUND: line 1:8: x", "COLUMN_NOT_FOUND", "line 1:8: x"),
        ("Query failed: SYNTAX_ERROR: y", "SYNTAX_ERROR", "y"),
        ("com.amazonaws.Exception: x", "", "com.amazonaws.Exception: x"),
        ("Query timeout", "", "Query timeout"),
        ("", "", ""),
    ],
)
def test_the_name_stands_before_the_message(text: str, name: str, rest: str) -> None:
    assert split_name(text) == (name, rest)
