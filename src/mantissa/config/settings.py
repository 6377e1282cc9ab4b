"""Every setting of the product, with its default, its limits and what it is for.

The reader, the commented `mantissa.toml` that `mantissa init` writes and the reference page are
all derived from these classes, so a key that stands here is accepted, explained and documented.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Unit = Literal["", "bytes", "seconds"]
LEVELS = ("informational", "low", "medium", "high", "critical")
"""Sigma's levels, lowest first."""
ENGINES = ("auto", "athena", "duckdb")
VERDICTS = ("true_positive", "false_positive", "benign")
DESTINATION_TYPES = ("slack", "pagerduty", "webhook")


def _key(doc: str, default: Any = dataclasses.MISSING, **rules: Any) -> Any:
    metadata = {"doc": doc, **rules}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class LakeSettings:
    """How rows are cut into Parquet files. A change applies to objects not yet ingested."""

    split_rows: int = _key("Rows after which a new file of one object begins.", 50_000, low=1)
    split_bytes: int = _key(
        "Uncompressed bytes after which a new file begins.", 48 << 20, unit="bytes", low=1 << 20
    )


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """What one input object may cost; what is over a limit goes to quarantine with a reason."""

    sources: tuple[Path, ...] = _key(
        "Folders with log sources of your own, relative to the home.", (Path("sources"),)
    )
    max_bytes: int = _key("Bytes one object may unpack to.", 4 << 30, unit="bytes", low=1)
    max_ratio: float = _key("How many times its packed size an object may unpack to.", 200.0, low=1)
    max_line: int = _key("Bytes one line may have.", 16 << 20, unit="bytes", low=1)
    max_document: int = _key(
        "Bytes one JSON document that is not lines may have.", 64 << 20, unit="bytes", low=1
    )
    max_depth: int = _key("Levels that JSON may be nested.", 64, low=1, high=512)
    max_members: int = _key("Members one zip or tar may have.", 10_000, low=1)
    batch_records: int = _key("Records taken through memory at a time.", 8192, low=1)
    batch_bytes: int = _key("Bytes taken through memory at a time.", 8 << 20, unit="bytes", low=1)


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """Which rules run."""

    rules: tuple[Path, ...] = _key(
        "Folders with Sigma rules of your own, relative to the home.", (Path("rules"),)
    )
    library: bool = _key("Whether the rules that come with the product run too.", True)
    placeholders: Mapping[str, tuple[str, ...]] = _key(
        "What Sigma's placeholders stand for: name → patterns or networks, in `[detection.placeholders]`.",
        {},
    )
    engine: str = _key(
        "What judges new files: a deployed lake's own engine (athena), the embedded one (duckdb), "
        "or whichever is due for what is pending (auto). On a laptop it is always duckdb.",
        "auto",
        choices=ENGINES,
    )
    small_bytes: int = _key(
        "With auto, the embedded engine judges up to so many bytes of Parquet files at a time.",
        64 << 20,
        unit="bytes",
        low=0,
        high=256 << 20,
    )
    small_files: int = _key("With auto, it judges up to so many files at a time.", 200, low=0)
    immediate: bool = _key(
        "Whether a deployed lake judges new files as soon as they are committed; else on schedule.",
        True,
    )
    look_back: float = _key(
        "A rule that needs a field which held no value for so long is said to be unable to fire.",
        30 * 86400.0,
        unit="seconds",
        low=86400,
        high=366 * 86400,
    )
    silent_after: float = _key(
        "A source that brought no rows for so long is said to be silent; 0 for never.",
        86400.0,
        unit="seconds",
        low=0,
    )


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """What one query may use before it is stopped."""

    seconds: float = _key("Time after which a query is stopped.", 60.0, unit="seconds", low=0.1)
    memory: int = _key("Memory the engine may use.", 1 << 30, unit="bytes", low=64 << 20)
    max_rows: int = _key("Rows returned at most; more are cut and said to be.", 10_000, low=1)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How findings become alerts."""

    window: float = _key(
        "Findings of one rule about the same entities within this span are one alert.",
        3600.0,
        unit="seconds",
        low=60,
        high=86400,
    )
    reopen: tuple[str, ...] = _key(
        "Verdicts after which a closed alert opens again when its rule fires again.",
        VERDICTS,
        choices=VERDICTS,
    )
    link: str = _key("Address of the web UI, for links in messages; empty for none.", "")
    tenant: str = _key("Part of every alert's id; a change makes new alerts of old ones.", "local")


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """The parts of a deployed lake, as `terraform output` names them; region and credentials are the SDK's own."""

    lake_bucket: str = _key("Bucket of the lake.", "")
    raw_buckets: tuple[str, ...] = _key("Buckets that logs are delivered to.", ())
    results_bucket: str = _key("Bucket of query results.", "")
    state_table: str = _key("DynamoDB table of the state.", "")
    database: str = _key("Glue database of the tables.", "")
    workgroup: str = _key("Athena workgroup that queries run in.", "")
    reuse_minutes: int = _key(
        "Age up to which a person's query may be answered by an earlier answer; 0 for none.",
        0,
        low=0,
        high=10080,
    )
    ingest_queue: str = _key("URL of the queue of objects to ingest.", "")
    alert_queue: str = _key("URL of the queue that wakes delivery.", "")
    detect_queue: str = _key("URL of the queue that wakes detection; empty for none.", "")
    secret_prefix: str = _key("What the names of our secrets begin with.", "mantissa-log/")


@dataclass(frozen=True, slots=True)
class TrinoSettings:
    """A Trino cluster of your own over the same Glue catalog and buckets."""

    url: str = _key("Address of the coordinator, like https://trino.example:8443.", "")
    catalog: str = _key("Trino's catalog of the lake.", "awsdatacatalog")
    schema: str = _key("Schema of the tables; the Glue database unless given.", "")
    user: str = _key("Who asks.", "mantissa")
    auth: str = _key("How to sign in.", "none", choices=("none", "basic", "jwt"))
    secret: str = _key("Name of the secret with the password or token.", "trino")
    verify: str = _key("File with the authorities to trust; empty for the system's.", "")


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How the HTTP API behaves towards its clients."""

    origins: tuple[str, ...] = _key("Web origins that may read answers, spelt exactly.", ())
    concurrent: int = _key("Queries that one person may have running at a time.", 5, low=1)
    per_day: int = _key("Queries that one person may ask in a day.", 500, low=1)
    max_scan: int = _key("Bytes one query may read.", 100 << 30, unit="bytes", low=10 << 20)


@dataclass(frozen=True, slots=True)
class DestinationSettings:
    """Somewhere an alert goes."""

    name: str = _key("What routes and commands call it.")
    type: str = _key("What it is.", choices=DESTINATION_TYPES)
    secret: str = _key("Name of its credential in the secret store.")
    url: str = _key("Where to send to, unless the secret says so.", "")
    allow: tuple[str, ...] = _key("Only these fields of an alert are sent; empty for all.", ())
    mask: tuple[str, ...] = _key("Fields sent as a stable placeholder.", ())
    drop: tuple[str, ...] = _key("Fields that are not sent.", ())
    options: Mapping[str, Any] = _key("What only this type knows.", {})


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """Which alerts go to which destinations; every route that fits is taken."""

    destinations: tuple[str, ...] = _key("Names of the destinations; at least one.")
    min_level: str = _key("The lowest level that is sent.", "informational", choices=LEVELS)
    sources: tuple[str, ...] = _key("Only alerts of these log sources; empty for all.", ())
    tags: tuple[str, ...] = _key("Only alerts with one of these tags; empty for all.", ())
    rules: tuple[str, ...] = _key("Only alerts of these rules, by id; empty for all.", ())
    hours: str = _key('Only at these hours, UTC, like "08:00-18:00"; empty for all.', "")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one home.

    Args:
        home: the folder of the lake, absolute.
        file: the `mantissa.toml` they were read from; None when the home has none.
    """

    home: Path
    file: Path | None = None
    lake: LakeSettings = field(default_factory=LakeSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    query: QuerySettings = field(default_factory=QuerySettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    aws: AwsSettings = field(default_factory=AwsSettings)
    trino: TrinoSettings = field(default_factory=TrinoSettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    destinations: tuple[DestinationSettings, ...] = ()
    routes: tuple[RouteSettings, ...] = ()


SECTIONS: Mapping[str, type[Any]] = {
    "lake": LakeSettings,
    "ingest": IngestSettings,
    "detection": DetectionSettings,
    "query": QuerySettings,
    "alerts": AlertSettings,
    "aws": AwsSettings,
    "trino": TrinoSettings,
    "api": ApiSettings,
}
"""`[section]` → its class."""

LISTS: Mapping[str, type[Any]] = {
    "destinations": DestinationSettings,
    "routes": RouteSettings,
}
"""`[[list]]` → the class of its entries."""
