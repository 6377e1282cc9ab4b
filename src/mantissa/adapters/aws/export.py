"""Results too large for memory: Athena writes them as Parquet, which is joined into one file here.

The one place that uses awswrangler, and only from a laptop: it words the UNLOAD, waits for it and
lists what was written (docs/adr/0009). The files come in no order, so that a query with an ORDER
BY is refused rather than answered without it.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from mantissa.adapters.aws.athena import Workgroup
from mantissa.adapters.aws.athena_errors import asking
from mantissa.adapters.aws.errors import calling
from mantissa.adapters.lake_sql import LakeSql, select
from mantissa.adapters.trino_errors import split_name, stopped, translate
from mantissa.errors import EngineError, EngineRejected, EngineTransient, StoreError
from mantissa.model import QueryLimits

if TYPE_CHECKING:
    import boto3
    import pyarrow as pa

ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export took.

    Args:
        files: how many Athena wrote; it may be none for a result without rows.
        truncated: whether there are more rows than the limit.
    """

    rows: int
    files: int
    bytes_scanned: int
    seconds: float
    truncated: bool = False


@dataclass(slots=True)
class _Watched:
    """The queries that a session started, and whether they ran out of time."""

    ids: list[str] = field(default_factory=list)
    late: bool = False


class AthenaExport:
    """Writes whole results of Athena as Parquet.

    Args:
        session: the boto3 session to use; its credentials write to `location`.
        location: a folder in S3 that nobody else writes to, `s3://bucket/exports`.
    """

    def __init__(
        self, session: boto3.Session, workgroup: Workgroup, lake: LakeSql, location: str
    ) -> None:
        self._session = session
        self._workgroup = workgroup
        self._lake = lake
        self._location = location.rstrip("/")

    def write(self, sql: str, sink: BinaryIO, *, limits: QueryLimits) -> Exported:
        """Run one SELECT and write its rows as one Parquet file; `limits.seconds` holds.

        Nothing is written to `sink` when there are no rows, as there is no file to take the
        columns from. Raises what a `QueryEngine` raises.
        """
        tree = select(sql)
        if tree.args.get("order"):
            raise EngineRejected(
                "an export comes in no order", fix="leave ORDER BY out, or ask for fewer rows"
            )
        text = self._lake.ready(sql, limits.rows)
        started = time.monotonic()
        folder = f"{self._location}/{uuid.uuid4().hex}/"
        try:
            scanned = self._unload(text, folder, limits.seconds)
            files = self._listed(folder)
            rows, cut = self._join(files, sink, limits.rows)
        finally:
            self._remove(folder)
        return Exported(rows, len(files), scanned, time.monotonic() - started, cut)

    def _unload(self, text: str, folder: str, seconds: float) -> int:
        """Have Athena write the result; return the bytes that it scanned."""
        import awswrangler as wr

        with self._stopped_after(seconds) as watched, self._translated(watched):
            done = wr.athena.unload(
                sql=text,
                path=folder,
                database=self._workgroup.database,
                file_format="PARQUET",
                compression="snappy",
                workgroup=self._workgroup.name,
                boto3_session=self._session,
            )
        statistics: dict[str, Any] = done.raw_payload.get("Statistics", {})
        return int(statistics.get("DataScannedInBytes", 0))

    @contextmanager
    def _translated(self, watched: _Watched) -> Iterator[None]:
        from awswrangler import exceptions

        try:
            with asking("athena:StartQueryExecution", self._workgroup.name):
                yield
        except (exceptions.QueryFailed, exceptions.QueryCancelled) as error:
            if watched.late or isinstance(error, exceptions.QueryCancelled):
                raise stopped() from error
            raise translate(*split_name(str(error))) from error

    @contextmanager
    def _stopped_after(self, seconds: float) -> Iterator[_Watched]:
        """Stop what the block starts when time is up, or when the block does not end well."""
        watched = _Watched()
        event, note = "after-call.athena.StartQueryExecution", _noting(watched)
        self._session.events.register(event, note)

        def stop() -> None:
            watched.late = True
            self._stop(watched)

        timer = threading.Timer(seconds, stop)
        timer.start()
        ended = False
        try:
            yield watched
            ended = True
        finally:
            timer.cancel()
            self._session.events.unregister(event, note)
            if not ended:
                self._stop(watched)

    def _stop(self, watched: _Watched) -> None:
        client = self._session.client("athena")
        for job in watched.ids:
            with suppress(EngineError), asking("athena:StopQueryExecution", self._workgroup.name):
                client.stop_query_execution(QueryExecutionId=job)

    def _listed(self, folder: str) -> list[str]:
        import awswrangler as wr

        with _stored(folder):
            found: list[str] = wr.s3.list_objects(folder, boto3_session=self._session)
        return found

    def _join(self, files: list[str], sink: BinaryIO, most: int | None) -> tuple[int, bool]:
        """Write the files' rows as one, when all of them were read; say how many, and if cut."""
        rows, cut = 0, False
        with tempfile.TemporaryFile() as joined:
            with _Writer(joined) as writer:
                for batch in self._batches(files):
                    room = batch.num_rows if most is None else most - rows
                    cut = cut or batch.num_rows > room
                    writer.write(batch.slice(0, room))
                    rows += min(batch.num_rows, room)
            joined.seek(0)
            shutil.copyfileobj(joined, sink)
        return rows, cut

    def _batches(self, files: list[str]) -> Iterator[pa.RecordBatch]:
        import awswrangler as wr
        import pyarrow.parquet as pq

        for file in files:
            with tempfile.TemporaryFile() as copy:
                with _stored(file):
                    wr.s3.download(file, copy, boto3_session=self._session)
                copy.seek(0)
                parquet = pq.ParquetFile(copy, coerce_int96_timestamp_unit="us")
                yield from parquet.iter_batches(ROWS_AT_ONCE)

    def _remove(self, folder: str) -> None:
        """Remove what Athena wrote; what stays behind expires with the bucket's lifecycle."""
        import awswrangler as wr

        with suppress(EngineError), _stored(folder):
            wr.s3.delete_objects(folder, boto3_session=self._session)


class _Writer:
    """A Parquet file that takes its columns from its first rows."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._writer: Any = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self._sink, batch.schema, compression="zstd")
        self._writer.write_batch(batch)


def _noting(watched: _Watched) -> Any:
    """Return what writes down the queries that are started; the SDK calls it with each answer."""

    def note(parsed: Any, **_: Any) -> None:
        if "QueryExecutionId" in parsed:
            watched.ids.append(parsed["QueryExecutionId"])

    return note


@contextmanager
def _stored(where: str) -> Iterator[None]:
    """Put S3's errors in an engine's words."""
    from awswrangler import exceptions

    try:
        with calling("s3:GetObject", where):
            yield
    except (StoreError, exceptions.ServiceApiError) as error:
        raise EngineTransient(f"the export cannot be read: {error}", where=where) from error
