"""A small lake in an emulator, in the product's shape: Parquet in S3, registered partitions in Glue.

Every type that a table of the product has is in it, and the values that are told apart badly:
NULL and the empty text, quotes, line breaks, commas, large and tiny numbers.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from support.emulators import Emulator
from support.trino import parquet_storage, parquet_table

SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("event_time", pa.timestamp("ms", "UTC")),
        ("source_line", pa.int64()),
        ("score", pa.float64()),
        ("is_root", pa.bool_()),
        ("eventname", pa.string()),
        ("requestparameters", pa.string()),
    ]
)
COLUMNS = [
    {"Name": "event_id", "Type": "string"},
    {"Name": "event_time", "Type": "timestamp"},
    {"Name": "source_line", "Type": "bigint"},
    {"Name": "score", "Type": "double"},
    {"Name": "is_root", "Type": "boolean"},
    {"Name": "eventname", "Type": "string"},
    {"Name": "requestparameters", "Type": "string"},
]
DATE = {"Name": "event_date", "Type": "string"}
JSON_TEXT = json.dumps({"bucketName": "a,b", "n": [1, 2]})

Row = tuple[Any, ...]
DAYS: Mapping[str, Sequence[Row]] = {
    "2026-01-01": [
        ("e1", datetime(2026, 1, 1, 10, 0, 0, 1000, UTC), 1, 0.1, True, "ConsoleLogin", JSON_TEXT),
        ("e2", datetime(2026, 1, 1, 10, 7, tzinfo=UTC), 2**63 - 1, 1e10, False, "", None),
    ],
    "2026-01-02": [
        ("e3", datetime(2026, 1, 2, 23, 59, 59, 999000, UTC), -5, -2.5e-7, None, 'say "hi"\n', ""),
        ("e4", None, None, None, True, None, "ünïcode 🦉"),
    ],
}


@dataclass
class EventLake:
    """Where one test's tables are. `sizes` has the bytes of each partition's files."""

    emulator: Emulator
    name: str
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def bucket(self) -> str:
        return self.name.replace("_", "-")

    @property
    def results(self) -> str:
        return f"s3://{self.bucket}/athena/"

    def add_table(self, table: str, days: Mapping[str, Sequence[Row]]) -> None:
        """Write a table's files and register it with its partitions."""
        glue, s3 = self.emulator.client("glue"), self.emulator.client("s3")
        root = f"s3://{self.bucket}/lake/{table}/"
        glue.create_table(
            DatabaseName=self.name, TableInput=parquet_table(table, COLUMNS, root, [DATE])
        )
        for day, rows in days.items():
            prefix = f"lake/{table}/event_date={day}/"
            data = parquet(rows)
            s3.put_object(Bucket=self.bucket, Key=f"{prefix}one.parquet", Body=data)
            self.sizes[day] = len(data)
            storage = parquet_storage(COLUMNS, f"s3://{self.bucket}/{prefix}")
            glue.create_partition(
                DatabaseName=self.name,
                TableName=table,
                PartitionInput={"Values": [day], "StorageDescriptor": storage},
            )

    def object(self, uri: str) -> bytes:
        """Return the bytes behind an S3 URI."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        data: bytes = self.emulator.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return data


def parquet(rows: Sequence[Row]) -> bytes:
    columns = [pa.array([row[i] for row in rows], type=kind) for i, kind in enumerate(SCHEMA.types)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=SCHEMA), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


@contextmanager
def event_lake(emulator: Emulator, label: str) -> Iterator[EventLake]:
    """Yield a lake with the table `events`; its names are its own, and it is left to the emulator."""
    lake = EventLake(emulator, f"{label}_{uuid.uuid4().hex[:8]}")
    emulator.client("s3").create_bucket(Bucket=lake.bucket)
    emulator.client("glue").create_database(DatabaseInput={"Name": lake.name})
    lake.add_table("events", DAYS)
    yield lake
