"""What a deployed lake is asked to do in a month, from a few volumes: numbers, no prices.

What is measured comes from `bench/volumes.py` and `bench/ingest.py` (docs/performance.md); what is
assumed says so. A month is a twelfth of 365 days; a GB is 10⁹ bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import ceil
from typing import Any, Literal

Origin = Literal["measured", "assumed", "deployed", "limit"]
MONTH = 365 / 12
"""Days."""
MB, GB = 1e6, 1e9
DAY = 86_400.0
"""Seconds."""


def _of(origin: Origin, doc: str, value: float) -> Any:
    return field(default=value, metadata={"origin": origin, "doc": doc})


@dataclass(frozen=True, slots=True)
class Volumes:
    """What a user knows of the own logs.

    Args:
        gb_per_day: logs, inflated.
        object_kb: one delivered object, packed, in thousands of bytes.
        sources: kinds of log, each a table.
    """

    gb_per_day: float = 10
    rules: float = 200
    queries_per_day: float = 20
    retention_days: float = 365
    alerts_per_day: float = 20
    sources: float = 3
    object_kb: float = 100


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Everything else that the estimate rests on."""

    packed: float = _of("measured", "packed bytes per byte of log (CloudTrail, gzip)", 0.080)
    parquet: float = _of("measured", "Parquet bytes per byte of log, footers apart", 0.1368)
    file_bytes: float = _of("measured", "Parquet bytes per file, whatever it holds", 23_300)
    scan: float = _of("measured", "bytes a detection query reads per byte of log", 0.0244)
    file_scan: float = _of("measured", "bytes it reads per file besides", 33_000)
    ingest_mb_s: float = _of("measured", "MB of log that a core ingests in a second", 49.2)
    puts: float = _of("measured", "S3 writes per object: files, plan, manifest", 2.05)
    writes: float = _of("measured", "DynamoDB write units per object, until it is judged", 16.2)
    reads: float = _of("measured", "DynamoDB read units per object, until it is judged", 5.3)
    sighting: float = _of("assumed", "units of either kind per object to recognise it", 2)
    run_seconds: float = _of("measured", "CPU seconds of a run of the embedded engine", 2.49)
    file_seconds: float = _of("measured", "CPU seconds it takes for a file besides", 0.0215)
    mb_seconds: float = _of("measured", "CPU seconds it takes for a MB of log besides", 0.186)
    slower: float = _of("assumed", "a core of Lambda's, as a part of the measured one", 0.5)
    object_seconds: float = _of("assumed", "seconds per object that ingest waits for AWS", 0.3)
    query_seconds: float = _of("assumed", "seconds that a query of detection takes", 8)
    user_days: float = _of("assumed", "days of one table that a person's query reads", 7)
    user_calls: float = _of("assumed", "API requests per query of a person", 4)
    file_gets: float = _of("assumed", "S3 reads per Parquet file and query", 3)
    trace_share: float = _of("assumed", "part of the calls that is traced (X-Ray's default)", 0.05)
    kms_share: float = _of("assumed", "KMS requests per S3 request, with bucket keys", 0.01)
    log_kb: float = _of("assumed", "KB of logs per object and per call of a function", 1.5)
    ledger_kb: float = _of("assumed", "KB that the state keeps per object, for good", 1.5)
    metrics: float = _of("assumed", "custom metrics", 25)
    alarms: float = _of("assumed", "alarms", 40)
    runs: float = _of("deployed", "detection runs a day (every 5 minutes)", 288)
    wakes: float = _of("deployed", "calls of delivery a day (every minute)", 1440)
    sweeps: float = _of("deployed", "sweeps a day", 4)
    batch: float = _of("deployed", "messages that one call of ingest takes", 10)
    ingest_gb: float = _of("deployed", "GB of memory of ingest", 2)
    detect_gb: float = _of("deployed", "GB of memory of detect", 2)
    small_gb: float = _of("deployed", "GB of memory of api", 1)
    gather: float = _of("deployed", "seconds for which commits are gathered into one run", 20)
    tiny_gb: float = _of("deployed", "GB of memory of alert and sweep", 0.5)
    keys: float = _of("deployed", "KMS keys", 6)
    secrets: float = _of("deployed", "secrets", 2)
    acls: float = _of("deployed", "web ACLs: one for the API, one for the UI", 2)
    acl_rules: float = _of("deployed", "rules of one web ACL", 4)
    infrequent_after: float = _of("deployed", "days until objects move to Infrequent Access", 30)
    query_rules: float = _of("deployed", "rules that one query of detection judges", 400)
    minimum_mb: float = _of("limit", "MB that Athena bills for a query at least", 10)
    infrequent_kb: float = _of("limit", "KB below which an object is not moved", 128)
    poll_seconds: float = _of("limit", "seconds of one long poll; Lambda polls with five", 20)

    def to_json(self) -> list[dict[str, Any]]:
        """Return every assumption with its value and where it comes from."""
        return [
            {
                "name": f.name,
                "value": getattr(self, f.name),
                "origin": f.metadata["origin"],
                "doc": f.metadata["doc"],
            }
            for f in fields(self)
        ]


@dataclass(frozen=True, slots=True)
class Case:
    """One month of a lake of these volumes, in its steady state: all of the retention is there."""

    volumes: Volumes
    assumed: Assumptions = field(default_factory=Assumptions)

    @property
    def objects(self) -> float:
        """Delivered objects a day."""
        packed = self.volumes.gb_per_day * self.assumed.packed
        return packed * GB / (self.volumes.object_kb * 1000)

    @property
    def raw_gb(self) -> float:
        """GB a day in the raw bucket."""
        return self.volumes.gb_per_day * self.assumed.packed

    @property
    def lake_gb(self) -> float:
        """GB a day of Parquet, a file for each object."""
        return self.volumes.gb_per_day * self.assumed.parquet + (
            self.objects * self.assumed.file_bytes / GB
        )

    def kept(self, gb_per_day: float, object_bytes: float) -> tuple[float, float]:
        """Return the GB that lie in Standard and in Infrequent Access."""
        days = self.volumes.retention_days
        if object_bytes < self.assumed.infrequent_kb * 1000:
            return gb_per_day * days, 0.0
        early = min(days, self.assumed.infrequent_after)
        return gb_per_day * early, gb_per_day * (days - early)

    @property
    def stored(self) -> tuple[float, float]:
        """GB in Standard and in Infrequent Access, of both buckets."""
        per_file = self.lake_gb * GB / self.objects if self.objects else 0.0
        raw = self.kept(self.raw_gb, self.volumes.object_kb * 1000)
        lake = self.kept(self.lake_gb, per_file)
        return raw[0] + lake[0], raw[1] + lake[1]

    @property
    def ingest_calls(self) -> float:
        """Calls of ingest a day."""
        return self.objects / self.assumed.batch

    @property
    def ingest_seconds(self) -> float:
        """Seconds of ingest a day."""
        rate = self.assumed.ingest_mb_s * self.assumed.slower
        work = self.volumes.gb_per_day * GB / MB / rate
        return work + self.objects * self.assumed.object_seconds

    @property
    def busy_runs(self) -> float:
        """Detection runs a day that find new rows in a table."""
        sources = max(self.volumes.sources, 1)
        return min(self.assumed.runs, self.objects / sources)

    @property
    def immediate_runs(self) -> float:
        """Detection runs a day that commits start: each gathers those of some seconds."""
        return min(self.ingest_calls, DAY / self.assumed.gather)

    @property
    def embedded_seconds(self) -> float:
        """Seconds of the function a day in which the embedded engine judges what is new at once."""
        given = self.assumed
        work = self.immediate_runs * given.run_seconds + self.objects * given.file_seconds
        return (work + self.volumes.gb_per_day * GB / MB * given.mb_seconds) / given.slower

    @property
    def fused(self) -> float:
        """Queries that one run asks of one table."""
        per_table = self.volumes.rules / max(self.volumes.sources, 1)
        return ceil(per_table / self.assumed.query_rules)

    @property
    def detection_queries(self) -> float:
        """Athena queries of detection a day."""
        return self.busy_runs * self.volumes.sources * self.fused

    @property
    def detection_tb(self) -> float:
        """TB a day that Athena bills for detection: every new row once for each fused query."""
        read = self._scanned(self.volumes.gb_per_day, self.objects) * self.fused
        least = self.detection_queries * self.assumed.minimum_mb * MB
        return max(read, least) / 1e12

    @property
    def query_tb(self) -> float:
        """TB a day that Athena bills for people's queries."""
        days = min(self.assumed.user_days, self.volumes.retention_days)
        share = days / max(self.volumes.sources, 1)
        read = self._scanned(self.volumes.gb_per_day * share, self.objects * share)
        return self.volumes.queries_per_day * max(read, self.assumed.minimum_mb * MB) / 1e12

    @property
    def athena_gets(self) -> float:
        """S3 reads a day that queries cause."""
        days = min(self.assumed.user_days, self.volumes.retention_days)
        people = self.volumes.queries_per_day * days / max(self.volumes.sources, 1)
        return self.objects * self.assumed.file_gets * (self.fused + people)

    def _scanned(self, gb: float, files: float) -> float:
        return gb * GB * self.assumed.scan + files * self.assumed.file_scan
