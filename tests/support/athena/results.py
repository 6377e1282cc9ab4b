"""What a finished query leaves in S3, and how its rows are given out."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from support.athena import values
from support.athena.settings import as_put_arguments
from support.athena.statement import Unload

Row = Sequence[str | None]


class NotWritten(Exception):
    """The result could not be written; the message is Athena's reason."""


@dataclass(frozen=True)
class Result:
    """A result that stands in S3. `rows` are texts, without the header."""

    location: str
    columns: Sequence[Mapping[str, Any]] = ()
    rows: Sequence[Row] = ()
    manifest: str = ""
    has_header: bool = False

    @property
    def all_rows(self) -> Sequence[Row]:
        """What GetQueryResults pages through: a SELECT's first row is its header."""
        if not self.has_header:
            return self.rows
        return [[column["Name"] for column in self.columns], *self.rows]


@dataclass(frozen=True)
class Writer:
    """Writes results as one workgroup wants them."""

    s3: Any
    encryption: Mapping[str, str] = field(default_factory=dict)

    def query(self, location: str, columns: Sequence[Any], rows: Sequence[Any]) -> Result:
        """Write CSV: NULL is nothing between the commas, an empty text is two quotes."""
        result = _printed(location, columns, rows, has_header=True)
        self._put(location, "".join(map(_csv_line, result.all_rows)).encode())
        self._put_metadata(result)
        return result

    def utility(self, location: str, columns: Sequence[Any], rows: Sequence[Any]) -> Result:
        """Write tab-separated lines without a header, as for SHOW and DESCRIBE."""
        result = _printed(location, columns, rows, has_header=False)
        lines = ["\t".join(value or "" for value in row) + "\n" for row in result.rows]
        self._put(location, "".join(lines).encode())
        self._put_metadata(result)
        return result

    def unload(
        self, location: str, unload: Unload, columns: Sequence[Any], rows: Sequence[Any]
    ) -> Result:
        """Write one Parquet file into the empty target, and the manifest that names it."""
        if unload.options.get("format", "").upper() != "PARQUET" or unload.is_partitioned:
            raise NotWritten("NOT_SUPPORTED: UNLOAD writes unpartitioned PARQUET here")
        bucket, prefix = split(unload.target.rstrip("/") + "/")
        if self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
            raise NotWritten(
                f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{unload.target}' "
                "already exists"
            )
        name = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_00000_{uuid.uuid4()}"
        file = f"s3://{bucket}/{prefix}{name}"
        data, codec = io.BytesIO(), unload.options.get("compression", "gzip").lower()
        pq.write_table(values.table(columns, rows), data, compression=codec)
        self._put(file, data.getvalue())
        result = Result(location, manifest=f"{location}-manifest.csv")
        self._put(result.manifest, f"{file}\n".encode())
        self._put_metadata(result)
        return result

    def _put_metadata(self, result: Result) -> None:
        # Athena's own is protobuf, which no client library reads.
        self._put(f"{result.location}.metadata", json.dumps(list(result.columns)).encode())

    def _put(self, uri: str, data: bytes) -> None:
        bucket, key = split(uri)
        more = as_put_arguments(self.encryption)
        try:
            self.s3.put_object(Bucket=bucket, Key=key, Body=data, **more)
        except ClientError as error:
            raise NotWritten(f"Unable to write the result to {uri}: {error}") from error


def exists(s3: Any, uri: str) -> bool:
    bucket, key = split(uri)
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return False
    return True


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an `s3://` URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _printed(location: str, columns: Sequence[Any], rows: Sequence[Any], **more: Any) -> Result:
    kinds = [column["typeSignature"] for column in columns]
    printed = [[values.text(v, kind) for v, kind in zip(row, kinds, strict=True)] for row in rows]
    return Result(location, [values.column_info(c) for c in columns], printed, **more)


def _csv_line(row: Row) -> str:
    cells = ("" if value is None else '"' + value.replace('"', '""') + '"' for value in row)
    return ",".join(cells) + "\n"
