"""Boots the ingest of the product on memory or on disk, and hashes what a lake holds."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from mantissa.adapters.memory import ManualClock, MemoryObjects, MemoryState
from mantissa.lake.ingest import Ingest, IngestSettings, LakePorts
from mantissa.lake.quarantine import Quarantine
from mantissa.lake.reconcile import Reconcile
from mantissa.ports import ObjectStore, StateStore
from mantissa.sources.registry import Sources, load_sources

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SOURCES: Sources = load_sources()


@dataclass
class Lake:
    """A lake in memory, with the folder its objects come from."""

    inputs: MemoryObjects = field(default_factory=lambda: MemoryObjects(ManualClock(NOW)))
    objects: Any = field(default_factory=lambda: MemoryObjects(ManualClock(NOW)))
    state: Any = field(default_factory=MemoryState)
    settings: IngestSettings = field(default_factory=lambda: IngestSettings(split_rows=3))
    sources: Sources = field(default_factory=lambda: SOURCES)

    @property
    def ports(self) -> LakePorts:
        return LakePorts(self.objects, self.state, ManualClock(NOW))

    def ingest(self) -> Ingest:
        return Ingest(self.inputs, self.ports, self.sources, self.settings)

    def deliver(self, key: str, data: bytes) -> None:
        self.inputs.delete(key)
        self.inputs.put_if_absent(key, data)


def cloudtrail(number: int, **changes: Any) -> dict[str, Any]:
    """Return one CloudTrail record of our own; `changes` replace or add top-level fields."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": "arn:aws:iam::111122223333:user/robin",
            "accountId": "111122223333",
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "userName": "robin",
        },
        "eventTime": f"2026-11-{18 + number % 2:02d}T08:{number % 60:02d}:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15",
        "requestParameters": {"bucketName": "reports", "key": f"{number}.csv"},
        "responseElements": None,
        "requestID": f"REQ{number}",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": False,
        "recipientAccountId": "111122223333",
        "eventCategory": "Data",
    } | changes


def records(events: Iterable[Mapping[str, Any]]) -> bytes:
    """Return events as CloudTrail delivers them."""
    return gzip.compress(json.dumps({"Records": list(events)}).encode(), mtime=0)


def rows_of(objects: ObjectStore, table: str = "") -> list[dict[str, Any]]:
    """Return every visible row of the lake, in a stable order."""
    found: list[dict[str, Any]] = []
    for info in objects.list(f"lake/{table}"):
        if info.key.endswith(".parquet") and not info.key.startswith("lake/findings/"):
            partition = info.key.split("event_date=")[1].split("/")[0]
            place = {"event_date": partition, "table": info.key.split("/")[1]}
            read = pq.read_table(io.BytesIO(objects.get(info.key))).to_pylist()
            found += [{**row, **place} for row in read]
    return sorted(found, key=lambda r: r["event_id"])


def fingerprint(objects: ObjectStore, state: StateStore) -> str:
    """Return a hash over the multiset of rows, the quarantine and the pending files."""
    whole = {
        "rows": [{k: str(v) for k, v in row.items()} for row in rows_of(objects)],
        "quarantine": [e.id + e.reason for e in Quarantine(objects, state).entries()],
        "pending": [[i.key, i.value["files"]] for i in state.query("pending")],
        "partitions": [[i.key, i.value["rows"]] for i in state.query("partitions")],
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def assert_reconciled(objects: ObjectStore, state: StateStore) -> None:
    """Fail with the differences if the lake's books do not balance."""
    assert Reconcile(objects, state).run() == []
