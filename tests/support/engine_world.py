"""One lake in an emulator's S3 and Glue, and the engines that read it: Trino, and Athena's API."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow.parquet as pq

from mantissa.adapters.aws.athena import AthenaEngine, Waiting, Workgroup
from mantissa.adapters.aws.glue import GlueCatalog
from mantissa.adapters.aws.s3 import S3Objects
from mantissa.adapters.lake_sql import LakeSql
from mantissa.adapters.local.clock import SystemClock
from mantissa.adapters.memory import MemorySecrets
from mantissa.adapters.trino import Cluster, TrinoEngine
from mantissa.lake.parquet import column_bytes
from mantissa.model import DataFile, Table
from mantissa.sources.presto_view import PrestoView
from support.athena.server import Endpoint
from support.emulators import Emulator
from support.trino import Trino


@dataclass(frozen=True)
class Clients:
    """Athena at the endpoint, objects at the emulator."""

    athena: Any
    s3: Any


class AwsLake:
    """A bucket, a Glue database and a workgroup of their own.

    `views` are (name, SQL, columns); the SQL is Trino's.
    """

    def __init__(
        self, emulator: Emulator, tables: Sequence[Table], views: Sequence[PrestoView] = ()
    ) -> None:
        self.emulator, self.tables, self.views = emulator, tables, views
        self.database = f"lake_{uuid.uuid4().hex[:12]}"
        self.bucket = self.database.replace("_", "-")
        self.s3 = emulator.client("s3")
        self.glue = emulator.client("glue")
        self.objects = S3Objects(self.s3, self.bucket)
        self.files: list[DataFile] = []

    def make(self) -> None:
        self.s3.create_bucket(Bucket=self.bucket)
        self.glue.create_database(DatabaseInput={"Name": self.database})
        for table in self.tables:
            self.catalog.ensure(table)
        for view in self.views:
            self.catalog.ensure_view(view)
        location = f"s3://{self.bucket}/athena/"
        self.emulator.client("athena").create_work_group(
            Name=self.database,
            Configuration={"ResultConfiguration": {"OutputLocation": location}},
        )

    @cached_property
    def catalog(self) -> GlueCatalog:
        return GlueCatalog(self.glue, self.database, f"s3://{self.bucket}/lake")

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files and register their days, as an ingest does."""
        for key, data in files.items():
            assert self.objects.put_if_absent(key, data)
            _, table, place, _ = key.split("/", 3)
            day = place.partition("=")[2]
            self.catalog.register(table, [day])
            sizes = column_bytes(pq.read_metadata(io.BytesIO(data)))
            self.files.append(DataFile(key, table, day, 0, len(data), "", "", sizes))

    def lake(self, **more: Any) -> LakeSql:
        return LakeSql(
            location=f"s3://{self.bucket}/",
            tables={table.name: table for table in self.tables},
            views={view.name: view.sql for view in self.views},
            objects=self.objects,
            catalog=self.catalog,
            **more,
        )

    def trino(self, server: Trino, **more: Any) -> TrinoEngine:
        cluster = Cluster("127.0.0.1", server.port, self.database, scheme="http")
        lake = self.lake(max_bytes=1_000_000, **more)
        return TrinoEngine(cluster, lake, MemorySecrets(), files=lambda: self.files)

    def athena(self, endpoint: Endpoint, **more: Any) -> AthenaEngine:
        group = Workgroup(self.database, self.database, **more)
        return AthenaEngine(
            Clients(endpoint.client(), self.s3),
            group,
            self.lake(),
            Waiting(SystemClock()),
            files=lambda: self.files,
        )


@contextmanager
def aws_lake(
    emulator: Emulator,
    tables: Sequence[Table],
    views: Sequence[PrestoView] = (),
    files: Mapping[str, bytes] | None = None,
) -> Iterator[AwsLake]:
    """Yield a lake; its name is its own, so that nothing needs to be taken away."""
    lake = AwsLake(emulator, tables, views)
    lake.make()
    lake.put(files or {})
    yield lake
