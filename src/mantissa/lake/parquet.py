"""Rows to Parquet files: one file per partition and part, zstd, sorted by time.

The same rows give the same bytes (measured for one pyarrow version, across processes), so a
repeated write finds its file already there and leaves it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mantissa.errors import StoreError
from mantissa.model import DataFile
from mantissa.ports import ObjectStore

PARTITION = "event_date"
ROW_GROUP_ROWS = 131_072
_ZSTD_LEVEL = 1
"""On CloudTrail and flow logs level 3 took a fifth more time and gave no smaller files."""
_FIX = "delete it and run the same command again"
_SMALL_COLUMN = 1024
"""Arrow bytes below which a column is not compressed: setting up zstd costs more than it saves."""
_STATISTICS = frozenset(
    ("event_time", "activity", "actor_user", "src_ip", "dst_ip", "device_host", "cloud_account")
)
"""Columns whose least and greatest value a reader may skip a file by; all others cost footers."""
_FEW_ROWS = 64
"""Rows up to which no dictionary is built: it would be as large as the values."""


@dataclass(frozen=True, slots=True)
class Part:
    """Where the files of one part go.

    Args:
        table: table name.
        stem: `<identity32>-<plan8>-<part05>`.
    """

    table: str
    stem: str

    def key(self, event_date: str) -> str:
        """Return the lake key of this part's file in one partition."""
        return f"lake/{self.table}/{PARTITION}={event_date}/{self.stem}.parquet"


def write_part(store: ObjectStore, part: Part, rows: pa.Table) -> Iterator[DataFile]:
    """Write one file per partition found in the rows and describe each."""
    partitions = _by_partition(rows)
    del rows  # a part is large: only the sorted copy of it is needed while it is written
    for event_date, ordered in partitions:
        data = encode(ordered)
        key = part.key(event_date)
        if not store.put_if_absent(key, data):
            data = _earlier(store, key, ordered)
        found = describe(key, part.table, event_date, data)
        yield replace(found, empty=empty_columns(ordered))


def _by_partition(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield each partition's rows by time, rows of one time in the order they came.

    Sorted by time, a day's rows lie together; only rows whose time is out of range, which share
    one partition, lie at both ends. So slices do, and nothing is copied twice.
    """
    rows = rows.combine_chunks()
    ordered = rows.take(pc.sort_indices(rows["event_time"]))
    del rows
    runs = pc.run_end_encode(ordered[PARTITION].combine_chunks())
    slices: dict[str, list[pa.Table]] = {}
    start = 0
    columns = ordered.drop_columns([PARTITION])
    for event_date, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        slices.setdefault(event_date, []).append(columns.slice(start, end - start))
        start = end
    for event_date in sorted(slices):
        yield event_date, pa.concat_tables(slices[event_date])


def _earlier(store: ObjectStore, key: str, rows: pa.Table) -> bytes:
    """Return the file that an earlier attempt put there, if it holds these very rows."""
    data = store.get(key)
    name = rows.column_names[0]
    try:
        found = pq.read_table(io.BytesIO(data), columns=[name])[name]
    except pa.ArrowInvalid as error:
        raise StoreError(f"a damaged file: {error}", where=key, fix=_FIX) from error
    if not found.equals(rows[name]):
        detail = f"a file of this name holds {len(found)} other rows than the {len(rows)} due"
        raise StoreError(detail, where=key, fix=_FIX)
    return data


def encode(rows: pa.Table) -> bytes:
    """Return the rows as one Parquet file."""
    sink = io.BytesIO()
    large = [n for n in rows.column_names if rows.column(n).nbytes >= _SMALL_COLUMN]
    pq.write_table(
        rows,
        sink,
        compression=dict.fromkeys(rows.column_names, "none") | dict.fromkeys(large, "zstd"),
        compression_level=dict.fromkeys(large, _ZSTD_LEVEL) or None,
        use_dictionary=rows.num_rows > _FEW_ROWS,
        write_statistics=[n for n in rows.column_names if n in _STATISTICS],
        row_group_size=ROW_GROUP_ROWS,
        write_page_index=False,
        store_schema=False,
    )
    return sink.getvalue()


def describe(key: str, table: str, event_date: str, data: bytes) -> DataFile:
    """Describe a Parquet file from its own footer."""
    footer = pq.read_metadata(io.BytesIO(data))
    first, last = _span(footer)
    return DataFile(
        key=key,
        table=table,
        event_date=event_date,
        rows=footer.num_rows,
        bytes=len(data),
        first_event=first,
        last_event=last,
        column_bytes=column_bytes(footer),
    )


def empty_columns(rows: pa.Table) -> tuple[str, ...]:
    """Return the columns without any value, sorted; the footer's statistics say it of a few only."""
    counts = ((name, rows.column(name).null_count) for name in rows.column_names)
    return tuple(sorted(name for name, nulls in counts if nulls == rows.num_rows))


def column_bytes(footer: pq.FileMetaData) -> dict[str, int]:
    """Return the compressed bytes of each column's chunks, a nested column's taken together."""
    sizes: dict[str, int] = {}
    for group in range(footer.num_row_groups):
        chunks = footer.row_group(group)
        for index in range(footer.num_columns):
            chunk = chunks.column(index)
            name = chunk.path_in_schema.split(".", 1)[0]
            sizes[name] = sizes.get(name, 0) + chunk.total_compressed_size
    return sizes


def _span(footer: pq.FileMetaData) -> tuple[str, str]:
    """Return first and last event time as ISO text, from the footer's statistics."""
    index = footer.schema.names.index("event_time")
    spans = [footer.row_group(g).column(index).statistics for g in range(footer.num_row_groups)]
    known = [s for s in spans if s is not None and s.has_min_max]
    if not known:
        return "", ""
    return _iso(min(s.min for s in known)), _iso(max(s.max for s in known))


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
