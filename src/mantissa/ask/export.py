"""A result's rows as CSV, JSON values or Parquet.

CSV opens in spreadsheets, and a log may hold what a spreadsheet would run. A text cell that
starts with `= + - @` (or their full-width forms), with whatever white space, control or invisible
character before them, gets an apostrophe in front, and so does a text that starts with an
apostrophe: taking one leading apostrophe away gives every text back. Text is always quoted and
NULL is empty and unquoted, so that both are told apart. Numbers, booleans and times are written
bare and never start with anything else than a digit, a sign or a letter.
"""

from __future__ import annotations

import io
import json
import math
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mantissa.ports import JSONValue

if TYPE_CHECKING:
    import pyarrow as pa

TRIGGERS = frozenset("=+-@＝＋－＠﹢﹣﹦﹫")
"""First characters that make a spreadsheet take a cell for a formula."""

_SKIPPED = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Unicode categories that a spreadsheet may trim before it looks."""


def rows(table: pa.Table) -> list[list[JSONValue]]:
    """Return the rows as JSON values: times ISO 8601 with `Z`, bytes in hexadecimal.

    A decimal is a number where JSON's numbers hold it exactly, else text; what JSON has no
    number for is `"NaN"`, `"Infinity"` or `"-Infinity"`; a map is a list of [key, value].
    """
    columns = [[_plain(value) for value in _values(column)] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else []


def to_csv(table: pa.Table) -> str:
    """Return the rows as CSV (RFC 4180) with a header, safe to open in a spreadsheet."""
    return "".join(csv_lines(table))


def csv_lines(table: pa.Table) -> Iterator[str]:
    """Yield the CSV of a result line by line, for one that is large."""
    yield ",".join(_quoted(name) for name in table.column_names) + "\r\n"
    for batch in table.to_batches(max_chunksize=4096):
        columns = [list(_values(column)) for column in batch.columns]
        for row in zip(*columns, strict=True):
            yield ",".join(_cell(value) for value in row) + "\r\n"


def to_parquet(table: pa.Table) -> bytes:
    """Return the result as one Parquet file; intervals become text, equal names are numbered."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [_storable(column) for column in table.columns]
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, names=_distinct(table.column_names)), sink, compression="zstd")
    return sink.getvalue()


def type_name(kind: pa.DataType) -> str:
    """Return a result column's type in the words of the catalog."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(f'{f.name}: {type_name(f.type)}' for f in kind)}>"
    if pa.types.is_map(kind):
        return f"map<{type_name(kind.key_type)}, {type_name(kind.item_type)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return next((name for test, name in _kinds() if test(kind)), str(kind))


def safe_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    first = next((c for c in text if unicodedata.category(c) not in _SKIPPED), "")
    return f"'{text}" if first in TRIGGERS or text[:1] == "'" else text


def original_text(cell: str) -> str:
    """Undo `safe_text`."""
    return cell.removeprefix("'")


def _kinds() -> list[tuple[Any, str]]:
    from pyarrow import types

    return [
        (types.is_string, "string"),
        (types.is_large_string, "string"),
        (types.is_int64, "bigint"),
        (types.is_integer, "integer"),
        (types.is_floating, "double"),
        (types.is_boolean, "boolean"),
        (types.is_timestamp, "timestamp"),
        (types.is_date, "date"),
        (types.is_time, "time"),
        (types.is_binary, "binary"),
        (types.is_interval, "interval"),
        (types.is_null, "null"),
    ]


def _values(column: pa.Array | pa.ChunkedArray) -> Iterator[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    yield from column.to_pylist()


def _plain(value: Any) -> JSONValue:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _odd(value)
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "nanoseconds"):
        return [_plain(member) for member in value]
    return _scalar(value)


def _scalar(value: Any) -> JSONValue:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return _duration(value)


def _number(value: Decimal) -> JSONValue:
    if value == value.to_integral_value():
        return int(value)
    close = float(value)
    return close if Decimal(repr(close)) == value else str(value)


def _odd(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _duration(value: Any) -> str:
    """Return Arrow's interval of months, days and nanoseconds as an ISO 8601 duration."""
    seconds = Decimal(value.nanoseconds) / 1_000_000_000
    return f"P{value.months}M{value.days}DT{seconds.normalize():f}S"


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(plain, dict | list):
        return _quoted(json.dumps(plain, ensure_ascii=False))
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def _quoted(text: str) -> str:
    return '"' + safe_text(text).replace('"', '""') + '"'


def _storable(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    if not pa.types.is_interval(column.type):
        return column
    return pa.chunked_array([[_plain(value) for value in column.to_pylist()]], pa.string())


def _distinct(names: list[str]) -> list[str]:
    """Return the names with a number behind those that were there before."""
    taken: list[str] = []
    for name in names:
        number, fresh = 2, name
        while fresh in taken:
            number, fresh = number + 1, f"{name}_{number}"
        taken.append(fresh)
    return taken
