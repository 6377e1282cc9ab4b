"""Rules on a real Trino for `bench/detect.py`: its processor time is the server's, JIT and all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JVM = (
    "-Xmx3G",
    "-XX:+UseG1GC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
"""The compiler without the limit that tests set, and a collector that servers have."""


@contextmanager
def serving(home: Path, files: Iterable[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield where a Trino listens whose lake holds these (table, key)s."""
    from mantissa.sources.registry import load_sources
    from support import ministack, trino
    from support.engine_world import AwsLake

    tables = [load_sources()[name].table for name in ("windows", "aws_cloudtrail")]
    trino.JVM = JVM
    with (
        tempfile.TemporaryDirectory() as folder,
        ministack.running(Path(folder)) as emulator,
        trino.running(Path(folder), emulator) as server,
    ):
        lake = AwsLake(emulator, tables)
        lake.make()
        lake.put({key: (home / key).read_bytes() for _, key in files})
        yield {
            "port": server.port,
            "pid": _listener(server.port),
            "database": lake.database,
            "bucket": lake.bucket,
            "emulator": {"port": emulator.port, "log": emulator.log},
        }


def _listener(port: int) -> int:
    """Return the process of the server that listens on a port."""
    wanted = f"http-server.http.port={port}"
    for place in Path("/proc").iterdir():
        program, *arguments = (_command(place) if place.name.isdigit() else "").split("\0")
        if Path(program).name == "java" and arguments[-1:] == ["io.trino.server.TrinoServer"]:
            config = [a for a in arguments if a.startswith("-Dconfig=")]
            if config and wanted in Path(config[0].partition("=")[2]).read_text():
                return int(place.name)
    raise SystemExit("no Trino of this benchmark runs")


def _command(place: Path) -> str:
    try:
        return (place / "cmdline").read_text().rstrip("\0")
    except OSError:
        return ""


def server_cpu(pid: int) -> float:
    """Return the processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def engine(job: dict[str, Any], predicates: Sequence[Any]) -> Any:
    """Return the product's engine over the served lake."""
    from mantissa.adapters.aws.glue import GlueCatalog
    from mantissa.adapters.aws.s3 import S3Objects
    from mantissa.adapters.lake_sql import LakeSql
    from mantissa.adapters.memory import MemorySecrets
    from mantissa.adapters.trino import Cluster, TrinoEngine
    from support.emulators import Emulator

    given = job["trino"]
    emulator = Emulator(**given["emulator"])
    table = predicates[0].source.table
    bucket = given["bucket"]
    lake = LakeSql(
        location=f"s3://{bucket}/",
        tables={table.name: table},
        views={},
        objects=S3Objects(emulator.client("s3"), bucket),
        catalog=GlueCatalog(emulator.client("glue"), given["database"], f"s3://{bucket}/lake"),
        max_bytes=1_000_000,
    )
    cluster = Cluster("127.0.0.1", given["port"], given["database"], scheme="http")
    return TrinoEngine(cluster, lake, MemorySecrets())
