"""A source's table in other tongues: Arrow for files, Glue for Athena."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from mantissa.model import Column, ColumnType, Table

ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms", "UTC"),
    "json": pa.string(),
}
HIVE: dict[ColumnType, str] = {
    "string": "string",
    "bigint": "bigint",
    "double": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "json": "string",
}
TRINO: dict[ColumnType, str] = {
    "string": "varchar",
    "bigint": "bigint",
    "double": "double",
    "boolean": "boolean",
    "timestamp": "timestamp(3)",
    "json": "varchar",
}
"""Trino's type of a column that Glue describes with `HIVE`: JSON is text, and times have
milliseconds and no zone."""
COMMENT_LIMIT = 255
"""Glue's longest column comment (Glue API, `Column.Comment`)."""


def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema of a table's Parquet files, without the partition column."""
    return pa.schema([pa.field(c.name, ARROW[c.type]) for c in table.columns])


def glue_table(table: Table, location: str) -> dict[str, Any]:
    """Return the `TableInput` of Glue's CreateTable for a table whose files lie under `location`.

    Partitions are registered, not projected: compaction swaps a partition's location.
    """
    return {
        "Name": table.name,
        "Description": table.comment[:2048],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": [
            {
                "Name": table.partition,
                "Type": "string",
                "Comment": "UTC date of event_time as YYYY-MM-DD, or clock_skew",
            }
        ],
        "StorageDescriptor": {
            "Columns": glue_columns(table.columns),
            "Location": location.rstrip("/") + "/",
            "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": (
                    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                ),
                "Parameters": {"serialization.format": "1"},
            },
            "Compressed": True,
        },
    }


def glue_columns(columns: Sequence[Column]) -> list[dict[str, str]]:
    """Return the `Columns` of a Glue storage descriptor."""
    return [_glue_column(c) for c in columns]


def _glue_column(column: Column) -> dict[str, str]:
    return {
        "Name": column.name,
        "Type": HIVE[column.type],
        "Comment": column.comment[:COMMENT_LIMIT],
    }
