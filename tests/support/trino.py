"""Trino on a free loopback port over an emulator's S3 and Glue: the engine that Athena is.

Its one catalog is called `awsdatacatalog`, as Athena's is, so that qualified names and Presto
views resolve as they do there.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fetch_trino
from support import kept
from support.emulators import REGION, Emulator, bare_environ
from support.ministack import answers

if TYPE_CHECKING:
    from trino.dbapi import Connection

CATALOG = "awsdatacatalog"
START_SECONDS = 240.0
# Starts quickly and stays small; a benchmark wants another collector and the full compiler.
JVM = (
    "-Xmx1G",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


@dataclass(frozen=True)
class Trino:
    """Where a Trino listens, and over which emulator."""

    port: int
    log: str
    emulator: Emulator

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def connect(self, schema: str | None = None, **more: Any) -> Iterator[Connection]:
        """Yield a connection to the catalog; `more` goes to `trino.dbapi.connect`."""
        from trino.dbapi import connect

        connection = connect(
            host="127.0.0.1",
            port=self.port,
            user="test",
            catalog=CATALOG,
            schema=schema,
            timezone="UTC",
            **more,
        )
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def catalog_of(self, emulator: Emulator) -> Iterator[str]:
        """Yield the name of one more catalog, over another emulator or with another's keys."""
        name, settings = f"of_{uuid.uuid4().hex[:8]}", _catalog(emulator)
        kind = settings.pop("connector.name")
        given = ", ".join(f"\"{key}\" = '{value}'" for key, value in settings.items())
        self.rows(f"CREATE CATALOG {name} USING {kind} WITH ({given})")
        try:
            yield name
        finally:
            self.rows(f"DROP CATALOG {name}")

    def rows(self, sql: str, schema: str | None = None) -> Sequence[Sequence[Any]]:
        """Return the rows of one statement."""
        with self.connect(schema) as connection:
            answer: Sequence[Sequence[Any]] = connection.cursor().execute(sql).fetchall()
            return answer


@contextmanager
def running(root: Path, emulator: Emulator, name: str = "trino") -> Iterator[Trino]:
    """Yield the Trino called `name` under `root`, ready to query tables of `emulator`."""

    def start(place: kept.Place) -> kept.State:
        port = kept.free_port()
        keeper = place.run(_argv(place.folder, port, emulator), bare_environ(os.environ))
        place.until(lambda: answers(f"http://127.0.0.1:{port}/v1/info"), keeper, START_SECONDS)
        with _hive_table(emulator) as table:
            # It answers about itself, and lists itself as a node, before it can run this.
            place.until(lambda: _counts(Trino(port, "", emulator), table), keeper, START_SECONDS)
        return {"port": port, "log": str(place.log)}

    with kept.shared(root, name, start) as state:
        yield Trino(state["port"], state["log"], emulator)


def _argv(folder: Path, port: int, emulator: Emulator) -> list[str]:
    home = fetch_trino.home()
    catalogs = folder / "catalog"
    catalogs.mkdir()
    _write(catalogs / f"{CATALOG}.properties", _catalog(emulator))
    _write(folder / "config.properties", _config(port))
    node = {
        "node.environment": "test",
        "node.id": folder.name,
        "node.data-dir": str(folder / "data"),
        "node.bind-ip": "127.0.0.1",
        "node.internal-address": "127.0.0.1",
        "plugin.dir": str(home / "plugin"),
        "catalog.config-dir": str(catalogs),
        "config": str(folder / "config.properties"),
        "log.enable-console": "true",
        "java.io.tmpdir": str(folder),
    }
    settings = [f"-D{name}={value}" for name, value in node.items()]
    program = [str(fetch_trino.find_java()), "-cp", f"{home / 'lib'}/*", *JVM]
    return [*program, *settings, "io.trino.server.TrinoServer"]


def _config(port: int) -> dict[str, str]:
    return {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "catalog.management": "dynamic",
        "http-server.http.port": str(port),
        "discovery.uri": f"http://127.0.0.1:{port}",
        "query.max-memory": "300MB",
        "query.max-memory-per-node": "300MB",
        "memory.heap-headroom-per-node": "200MB",
    }


def _catalog(emulator: Emulator) -> dict[str, str]:
    return {
        "connector.name": "hive",
        "hive.metastore": "glue",
        "hive.metastore.glue.region": REGION,
        "hive.metastore.glue.endpoint-url": emulator.url,
        "hive.metastore.glue.aws-access-key": emulator.access_key,
        "hive.metastore.glue.aws-secret-key": emulator.secret_key,
        "fs.native-s3.enabled": "true",
        "s3.endpoint": emulator.url,
        "s3.region": REGION,
        "s3.path-style-access": "true",
        "s3.aws-access-key": emulator.access_key,
        "s3.aws-secret-key": emulator.secret_key,
        # As Athena does: what lies in folders below a partition is part of it.
        "hive.recursive-directories": "true",
        # moto answers column statistics with 500, and each query then tries for ten seconds.
        "hive.table-statistics-enabled": "false",
    }


def _write(path: Path, settings: dict[str, str]) -> None:
    path.write_text("".join(f"{k}={v}\n" for k, v in settings.items()), encoding="utf-8")


def _counts(trino: Trino, table: str) -> bool:
    import requests
    from trino.exceptions import Error

    try:
        return list(trino.rows(f"SELECT count(*), max(word) FROM {table}")) == [[1, "ready"]]
    except (Error, requests.RequestException):
        return False


@contextmanager
def _hive_table(emulator: Emulator) -> Iterator[str]:
    """Yield the name of a table of one Parquet row, which is gone afterwards."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = f"ready_{uuid.uuid4().hex[:12]}"
    bucket, file = name.replace("_", "-"), pa.BufferOutputStream()
    pq.write_table(pa.table({"word": ["ready"]}), file)
    s3, glue = emulator.client("s3"), emulator.client("glue")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="t/one.parquet", Body=file.getvalue().to_pybytes())
    glue.create_database(DatabaseInput={"Name": name})
    columns = [{"Name": "word", "Type": "string"}]
    glue.create_table(
        DatabaseName=name, TableInput=parquet_table("t", columns, f"s3://{bucket}/t/")
    )
    try:
        yield f"{name}.t"
    finally:
        glue.delete_table(DatabaseName=name, Name="t")
        glue.delete_database(Name=name)
        s3.delete_object(Bucket=bucket, Key="t/one.parquet")
        s3.delete_bucket(Bucket=bucket)


def parquet_table(
    name: str,
    columns: Sequence[dict[str, str]],
    location: str,
    partitions: Sequence[dict[str, str]] = (),
) -> dict[str, Any]:
    """Return Glue's TableInput of an external Parquet table, as Athena's own DDL makes it."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "PartitionKeys": list(partitions),
        "StorageDescriptor": parquet_storage(columns, location),
    }


def parquet_storage(columns: Sequence[dict[str, str]], location: str) -> dict[str, Any]:
    """Return Glue's storage descriptor of Parquet files under `location`."""
    hive = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Columns": list(columns),
        "Location": location,
        "InputFormat": f"{hive}.MapredParquetInputFormat",
        "OutputFormat": f"{hive}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{hive}.serde.ParquetHiveSerDe"},
    }
