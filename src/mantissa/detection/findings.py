"""Matched rows as findings, and findings as rows of the lake's `findings` table."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.detection.fuse import FusedQuery
from mantissa.detection.prepare import Predicate
from mantissa.detection.table import ENTITIES, FINDINGS
from mantissa.lake.parquet import PARTITION, encode
from mantissa.model import Finding, QueryResult, Severity
from mantissa.sources.schema import arrow_schema

TEXT = 4096
"""Most characters of one field's value that travel with a finding; the event has it whole."""
PART_ROWS = 50_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


Arrival = tuple[datetime | None, datetime | None]
"""When an input object was last modified, and when it became rows."""
UNKNOWN: Arrival = (None, None)


@dataclass(frozen=True, slots=True)
class RunStamp:
    """What every finding of one run carries.

    Args:
        arrivals: input object → when it was last modified and when it became rows.
        taken: version of the pin with which this worker took up the run; names its files.
    """

    run_id: str
    detected_at: datetime
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)
    taken: int = 0


class _Rows:
    """A query's result whose columns become Python values only when asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._columns: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._columns:
            self._columns[name] = _values(self._table.column(name))
        return self._columns[name]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values; times without a zone are UTC."""
    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
        return [
            None if value is None else _EPOCH + timedelta(microseconds=value) for value in micros
        ]
    values: list[Any] = column.to_pylist()
    return values


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return an answer's rows; times are aware UTC whatever the engine says of their zone."""
    columns = {name: _values(table.column(name)) for name in table.column_names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def hits(query: FusedQuery, table: pa.Table) -> Iterator[tuple[Predicate, str]]:
    """Yield which predicate matched which event."""
    rows = _Rows(table)
    for predicate, place in _matches(query, rows):
        yield predicate, rows["event_id"][place]


def to_findings(query: FusedQuery, result: QueryResult, stamp: RunStamp) -> Iterator[Finding]:
    """Yield one finding for each rule and event that matched, of rules that report."""
    rows = _Rows(result.table)
    for predicate, place in _matches(query, rows):
        if predicate.reports:
            yield _finding(predicate, query, rows, place, stamp)


def _matches(query: FusedQuery, rows: _Rows) -> Iterator[tuple[Predicate, int]]:
    for number, bitmap in enumerate(query.bitmaps):
        for place, bits in enumerate(rows[f"b{number}"]):
            while bits:
                lowest = bits & -bits
                yield bitmap[lowest.bit_length() - 1], place
                bits ^= lowest


def _finding(
    predicate: Predicate, query: FusedQuery, rows: _Rows, place: int, stamp: RunStamp
) -> Finding:
    info, event_id = predicate.rule.info, rows["event_id"][place]
    source_object = rows["source_object"][place] or ""
    object_time, row_time = stamp.arrivals.get(source_object, UNKNOWN)
    return Finding(
        finding_id=finding_id(info.id, info.version, event_id),
        rule_id=info.id,
        rule_title=info.title,
        rule_version=info.version,
        level=info.level,
        tags=info.tags,
        source=predicate.source.name,
        event_id=event_id,
        event_time=rows["event_time"][place] or stamp.detected_at,
        source_object=source_object,
        entities=_entities(query, rows, place),
        fields=_fields(predicate, query, rows, place),
        run_id=stamp.run_id,
        detected_at=stamp.detected_at,
        object_time=object_time,
        row_time=row_time,
    )


def finding_id(rule_id: str, rule_version: str, event_id: str) -> str:
    """Name a finding: 64 hex digits, the same for ever for the same rule version and event."""
    return sha256("\0".join((rule_id, rule_version, event_id)).encode()).hexdigest()


def _entities(query: FusedQuery, rows: _Rows, place: int) -> dict[str, str]:
    named = ((n, rows[n][place]) for n in ENTITIES if query.table.column(n))
    return {name: str(value)[:TEXT] for name, value in named if value not in (None, "")}


def _fields(predicate: Predicate, query: FusedQuery, rows: _Rows, place: int) -> dict[str, str]:
    values = ((n, rows[query.shown[b]][place]) for n, b in predicate.bindings.items())
    return {name: clip(text_of(value)) for name, value in values if value is not None}


def clip(text: str) -> str:
    """Shorten what travels with a finding."""
    return text[:TEXT]


def text_of(value: Any) -> str:
    """Write a field's value as text, the same for every engine."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def parts(findings: Iterable[Finding], stem: str) -> Iterator[tuple[str, bytes]]:
    """Yield lake key and Parquet bytes; the same findings give the same files.

    Args:
        stem: what every file's name begins with, `<run id>-<taken>-<rules8>`.
    """
    days: dict[str, list[Finding]] = {}
    for finding in findings:
        days.setdefault(day_of(finding), []).append(finding)
    for day, found in sorted(days.items()):
        found.sort(key=lambda f: f.finding_id)
        for number in range(0, len(found), PART_ROWS):
            chunk = found[number : number + PART_ROWS]
            key = f"lake/{FINDINGS.name}/{PARTITION}={day}/{stem}-{number // PART_ROWS:05d}.parquet"
            yield key, encode(to_table(chunk))


def day_of(finding: Finding) -> str:
    """Return the partition that a finding belongs to."""
    return finding.event_time.astimezone(UTC).date().isoformat()


def to_table(findings: Sequence[Finding]) -> pa.Table:
    """Return findings as rows of the `findings` table."""
    return pa.Table.from_pylist([_row(f) for f in findings], schema=arrow_schema(FINDINGS))


def _row(finding: Finding) -> Mapping[str, Any]:
    own = {
        name: getattr(finding, name)
        for name in Finding.__dataclass_fields__
        if name not in ("entities", "fields", "tags", "level")
    }
    return {
        **own,
        **finding.entities,
        "level": finding.level.value,
        "tags": orjson.dumps(list(finding.tags)).decode(),
        "fields": orjson.dumps(dict(finding.fields)).decode(),
    }


def from_file(data: bytes) -> Iterator[Finding]:
    """Yield the findings of one Parquet file that `parts` made."""
    for row in pq.read_table(io.BytesIO(data), partitioning=None).to_pylist():
        entities = {name: row[name] for name in ENTITIES if row.get(name) is not None}
        own = {name: row.get(name) for name in Finding.__dataclass_fields__}
        own |= {"entities": entities, "fields": orjson.loads(row["fields"])}
        own |= {"level": Severity(row["level"]), "tags": tuple(orjson.loads(row["tags"]))}
        yield Finding(**own)
