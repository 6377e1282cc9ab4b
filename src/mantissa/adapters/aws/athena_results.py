"""The rows of an Athena query as an Arrow table, from result pages or from the result's CSV file.

Both hold text. A NULL is a cell without a value in a page, and nothing at all between two commas
in the file, where an empty text is `""`. What is inside an array, a map or a row cannot be told
from its text (`[a, b]` may be one text or two), so that such columns are fetched by a second
query, as JSON, with their full types.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mantissa.adapters.trino_types import (
    NESTED,
    TrinoType,
    arrow_type,
    clock_time,
    column,
    moment,
    parse_type,
    zoned,
)
from mantissa.errors import EngineRejected, EngineTimedOut, EngineTransient

if TYPE_CHECKING:
    import pyarrow as pa
    from types_boto3_athena.type_defs import ColumnInfoTypeDef, ResultSetTypeDef, RowTypeDef

_CAST = frozenset({"bigint", "integer", "smallint", "tinyint", "double", "real", "date"})
"""Types whose texts Arrow reads as Trino writes them."""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result as Athena describes it."""

    name: str
    kind: TrinoType

    @property
    def is_nested(self) -> bool:
        """Whether its texts cannot be read back."""
        return self.kind.name in NESTED


def described(columns: Sequence[ColumnInfoTypeDef]) -> list[ResultColumn]:
    """Return the columns of a result; of a nested one only the outermost type is known."""
    return [ResultColumn(info["Name"], _kind(info)) for info in columns]


def _kind(info: ColumnInfoTypeDef) -> TrinoType:
    name = info["Type"].lower()
    if name in NESTED:
        return TrinoType(name)
    if name == "decimal":
        return TrinoType(name, (info.get("Precision", 38), info.get("Scale", 0)))
    return parse_type(name)


def without_header(result: ResultSetTypeDef) -> Sequence[RowTypeDef]:
    """Return the rows of a SELECT's first page, which starts with the columns' names."""
    rows = result["Rows"]
    names = [info["Name"] for info in result["ResultSetMetadata"]["ColumnInfo"]]
    if not rows or [cell.get("VarCharValue", "") for cell in rows[0].get("Data", [])] != names:
        raise EngineRejected("Athena's result does not start with its columns' names")
    return rows[1:]


def texts_of_rows(rows: Iterable[RowTypeDef], width: int) -> list[pa.Array]:
    """Return the cells of result pages, column by column."""
    import pyarrow as pa

    columns: list[list[str | None]] = [[] for _ in range(width)]
    for row in rows:
        cells = row.get("Data", [])
        for place, values in enumerate(columns):
            values.append(cells[place].get("VarCharValue") if place < len(cells) else None)
    return [pa.array(values, pa.string()) for values in columns]


def texts_of_csv(data: bytes, width: int) -> list[pa.Array]:
    """Return the cells of a result's CSV file, column by column. Raises `EngineTransient`."""
    import pyarrow as pa
    from pyarrow import csv

    names = [f"c{number}" for number in range(width)]
    try:
        table = csv.read_csv(
            io.BytesIO(data),
            read_options=csv.ReadOptions(
                column_names=names, skip_rows_after_names=1, use_threads=False
            ),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as error:
        raise EngineTransient("the result file cannot be read", fix="ask again") from error
    return [chunked.combine_chunks() for chunked in table.columns]


def to_table(columns: Sequence[ResultColumn], texts: Sequence[pa.Array]) -> pa.Table:
    """Return texts as values of their columns' types."""
    import pyarrow as pa

    made = [_values(text, entry.kind) for entry, text in zip(columns, texts, strict=True)]
    schema = pa.schema([(entry.name, arrow_type(entry.kind)) for entry in columns])
    return pa.Table.from_arrays(made, schema=schema)


def _values(texts: pa.Array, kind: TrinoType) -> pa.Array:
    import pyarrow as pa

    wanted = arrow_type(kind)
    if wanted == pa.string():
        return texts
    if wanted == pa.null():
        return pa.nulls(len(texts))
    try:
        if kind.name in _CAST:
            return texts.cast(wanted)
        read = _READERS[kind.name]
        return pa.array([None if t is None else read(t) for t in texts.to_pylist()], wanted)
    except (ValueError, KeyError, ArithmeticError, pa.ArrowException) as error:
        raise EngineRejected(
            f"a value of type {kind.name} cannot be read", fix="cast the column to varchar"
        ) from error


_READERS: Mapping[str, Callable[[str], Any]] = {
    "boolean": {"true": True, "false": False}.__getitem__,
    "decimal": Decimal,
    "timestamp": moment,
    "timestamp with time zone": zoned,
    "time": clock_time,
    "varbinary": bytes.fromhex,
}


def exact_table(
    columns: Sequence[ResultColumn], texts: Sequence[pa.Array], types: Sequence[str]
) -> pa.Table:
    """Return texts as values of the columns' full types, those of nested columns from JSON.

    Args:
        types: what Trino's `typeof` says of each column.
    """
    import pyarrow as pa

    kinds = [parse_type(name) for name in types]
    made = [
        column(_parsed(text), kind) if kind.name in NESTED else _values(text, kind)
        for text, kind in zip(texts, kinds, strict=True)
    ]
    names = [entry.name for entry in columns]
    fields = [(name, arrow_type(kind)) for name, kind in zip(names, kinds, strict=True)]
    return pa.Table.from_arrays(made, schema=pa.schema(fields))


def _parsed(texts: pa.Array) -> list[Any]:
    """Return JSON texts as values; a number with a point stays text, so that no digit is lost."""
    return [None if t is None else json.loads(t, parse_float=str) for t in texts.to_pylist()]


def within(size: int, memory_bytes: int) -> None:
    """Raise `EngineTimedOut` if a result is larger than the memory limit."""
    if size > memory_bytes:
        raise EngineTimedOut(
            "the result is larger than the memory limit",
            fix="select fewer columns or rows, or raise the limit",
        )
