"""A small lake for query tests: two tables, files of three schema generations, awkward values."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from mantissa.model import Column, Table

LOGINS = Table(
    "logins",
    (
        Column("event_id", "string"),
        Column("event_time", "timestamp"),
        Column("src_ip", "string"),
        Column("port", "bigint"),
        Column("ok", "boolean"),
        Column("score", "double"),
        Column("details", "json"),
    ),
)
FLOWS = Table(
    "flows",
    (
        Column("event_id", "string"),
        Column("event_time", "timestamp"),
        Column("bytes", "bigint"),
        Column("filename", "string"),
    ),
)
EMPTY = Table("empty_one", (Column("event_id", "string"), Column("n", "bigint")))
TABLES = (LOGINS, FLOWS, EMPTY)
VIEWS = {
    "everything": "SELECT event_id, event_time, event_date FROM logins "
    "UNION ALL SELECT event_id, event_time, event_date FROM flows",
    "recent": "SELECT event_id FROM everything WHERE event_date >= '2026-01-02'",
}
_EVENT = (
    Column("event_id", "string"),
    Column("event_time", "timestamp"),
    Column("event_date", "string"),
)
VIEW_COLUMNS = {"everything": _EVENT, "recent": _EVENT[:1]}

DAY1 = "lake/logins/event_date=2026-01-01/a.parquet"
DAY2 = "lake/logins/event_date=2026-01-02/b.parquet"
SKEW = "lake/logins/event_date=clock_skew/c.parquet"
FLOW = "lake/flows/event_date=2026-01-02/d.parquet"


def parquet(table: pa.Table) -> bytes:
    """Return the table as one Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _times(hours: list[int]) -> pa.Array:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = pa.array([start + timedelta(hours=h) for h in hours], pa.timestamp("ms", "UTC"))
    return found.cast(pa.timestamp("ms"))


def lake_files() -> dict[str, bytes]:
    """Return key → Parquet bytes; the first file is older and lacks columns, one is narrower."""
    old = pa.table({"event_id": ["1", "2"], "event_time": _times([1, 2]), "gone": ["x", "y"]})
    new = pa.table(
        {
            "details": ['{"user":{"name":"ada"},"n":[1,2]}', None, "not json"],
            "event_id": ["3", "4", "5"],
            "event_time": _times([25, 26, 27]),
            "src_ip": ["10.1.2.3", "::ffff:10.9.9.9", "8.8.8.8"],
            "port": [22, 443, None],
            "ok": [True, False, None],
            "score": [0.5, None, 2.0],
        }
    )
    narrow = pa.table(
        {"event_id": ["6"], "event_time": _times([3]), "port": pa.array([7], pa.int32())}
    )
    flows = pa.table(
        {"event_id": ["f1"], "event_time": _times([30]), "bytes": [1 << 40], "filename": ["n"]}
    )
    made = {DAY1: old, DAY2: new, SKEW: narrow, FLOW: flows}
    return {key: parquet(table) for key, table in made.items()}
