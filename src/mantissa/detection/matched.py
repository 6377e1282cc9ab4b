"""What members of correlations matched, as rows of the lake's `matches` table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mantissa.detection.findings import text_of
from mantissa.detection.fuse import FusedQuery
from mantissa.detection.members import Part
from mantissa.detection.prepare import Predicate
from mantissa.detection.table import ENTITIES, MATCHES
from mantissa.lake.parquet import PARTITION, encode
from mantissa.model import QueryResult, Table
from mantissa.sources.definition import Binding
from mantissa.sources.schema import arrow_schema

SCHEMA = arrow_schema(MATCHES)
PART_ROWS = 200_000
_ORDER = [("correlation", "ascending"), ("event_time", "ascending"), ("event_id", "ascending")]


def to_matches(query: FusedQuery, result: QueryResult, run_id: str) -> Iterator[pa.Table]:
    """Yield the rows that members of correlations matched, for each part that they play."""
    for number, bitmap in enumerate(query.bitmaps):
        wanted = [(place, p) for place, p in enumerate(bitmap) if p.parts]
        bits = result.table.column(f"b{number}").cast(pa.int64()) if wanted else None
        for place, predicate in wanted:
            mask = pc.not_equal(pc.bit_wise_and(bits, 1 << place), 0)
            rows = result.table.filter(pc.and_(mask, result.table.column("event_time").is_valid()))
            if rows.num_rows:
                yield from _of_parts(query, predicate, rows, run_id)


def _of_parts(
    query: FusedQuery, predicate: Predicate, rows: pa.Table, run_id: str
) -> Iterator[pa.Table]:
    for part in predicate.parts:
        keys = _together(_texts(query, rows, part.key), rows.num_rows)
        values = _values(query, part, rows)
        kept = pa.array([key is not None for key in keys])
        columns = {
            "correlation": pa.repeat(part.correlation, rows.num_rows),
            "grouping": pa.repeat(part.grouping, rows.num_rows),
            "member": pa.repeat(part.member, rows.num_rows),
            "event_id": rows.column("event_id"),
            "event_time": rows.column("event_time"),
            "key": pa.array(keys, pa.string()),
            "value": pa.array(values, pa.string()),
            "source": pa.repeat(predicate.source.name, rows.num_rows),
            "source_object": rows.column("source_object"),
            "run_id": pa.repeat(run_id, rows.num_rows),
        } | {n: rows.column(n) for n in ENTITIES if query.table.column(n)}
        found = conformed(columns, rows.num_rows).filter(kept)
        if found.num_rows:
            yield found


def conformed(columns: dict[str, Any], rows: int) -> pa.Table:
    """Return columns as a table of the `matches` schema; what is not there is NULL."""
    made = []
    for field in SCHEMA:
        values = columns.get(field.name)
        if values is None:
            values = pa.nulls(rows, field.type)
        elif pa.types.is_timestamp(field.type):
            values = _utc(values)
        made.append(values.cast(field.type))
    return pa.table(made, schema=SCHEMA)


def _utc(values: Any) -> Any:
    """Say that times without a zone are UTC, which is how engines give them back."""
    if values.type.tz is None:
        return values.cast(pa.timestamp(values.type.unit)).cast(pa.timestamp("ms", "UTC"))
    return values


def _values(query: FusedQuery, part: Part, rows: pa.Table) -> list[str | None]:
    columns = _texts(query, rows, part.value)
    if len(columns) == 1:
        return columns[0]
    return _together(columns, rows.num_rows) if columns else [None] * rows.num_rows


def _texts(
    query: FusedQuery, rows: pa.Table, bindings: Sequence[Binding]
) -> list[list[str | None]]:
    shown = [rows.column(query.shown[binding]).to_pylist() for binding in bindings]
    return [[None if value is None else text_of(value) for value in column] for column in shown]


def _together(columns: Sequence[Sequence[str | None]], rows: int) -> list[str | None]:
    """Write each row's values as one JSON list; None where one of them is missing."""
    if not columns:
        return ["[]"] * rows
    return [key_of(row) for row in zip(*columns, strict=True)]


def key_of(values: Sequence[str | None]) -> str | None:
    """Return group-by values as one text, or None where one of them is missing."""
    return None if None in values else orjson.dumps(list(values)).decode()


def match_files(rows: Iterable[pa.Table], stem: str) -> Iterator[tuple[str, bytes]]:
    """Yield lake key and Parquet bytes; the same rows give the same files."""
    return day_files(MATCHES, pa.concat_tables([SCHEMA.empty_table(), *rows]).sort_by(_ORDER), stem)


def day_files(table: Table, rows: pa.Table, stem: str) -> Iterator[tuple[str, bytes]]:
    """Yield rows as the lake's files: by day of their time, so many rows a file."""
    days = pc.strftime(rows.column("event_time"), "%Y-%m-%d")
    for day in sorted(pc.unique(days).to_pylist()):
        chosen = rows.filter(pc.equal(days, day))
        for start in range(0, chosen.num_rows, PART_ROWS):
            key = f"lake/{table.name}/{PARTITION}={day}/{stem}-{start // PART_ROWS:05d}.parquet"
            yield key, encode(chosen.slice(start, PART_ROWS))
