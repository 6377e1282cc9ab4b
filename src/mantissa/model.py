"""The words of the product as frozen values, shared by every core.

Nothing here knows a vendor, a file system or a clock. All timestamps are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

ColumnType = Literal["string", "bigint", "double", "boolean", "timestamp", "json"]
"""`json` is text in storage that holds one JSON value; `timestamp` is UTC with milliseconds."""


class Severity(StrEnum):
    """Sigma's levels, lowest first."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position from 0 (informational) to 4 (critical)."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Severity)}


class Reason(StrEnum):
    """Why a record or an object is in quarantine (closed set, `docs/reference/quarantine.md`)."""

    TRUNCATED_GZIP = "truncated_gzip"
    NOT_GZIP = "not_gzip"
    BOMB_RATIO = "bomb_ratio"
    BOMB_BYTES = "bomb_bytes"
    LINE_TOO_LONG = "line_too_long"
    BAD_UTF8 = "bad_utf8"
    BAD_JSON = "bad_json"
    BAD_FORMAT = "bad_format"
    DEPTH = "depth"
    BIGINT = "bigint"
    WRONG_TYPE = "wrong_type"
    MISSING_REQUIRED = "missing_required"
    SCHEMA_DRIFT = "schema_drift"
    BAD_TIME = "bad_time"
    CLOCK_SKEW = "clock_skew"
    UNKNOWN_SOURCE = "unknown_source"
    POISON = "poison"
    KMS_DENIED = "kms_denied"
    NOT_FOUND = "not_found"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Args:
        name: lower-case SQL name.
        type: storage type.
        comment: one line for people and for language models.
        path: the vendor's spelling, dotted for nested fields; empty for envelope columns.
    """

    name: str
    type: ColumnType
    comment: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the lake: its columns in storage order, without the partition column."""

    name: str
    columns: tuple[Column, ...]
    comment: str = ""
    partition: str = "event_date"

    def column(self, name: str) -> Column | None:
        """Return the column of that name, if there is one."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """A half-open interval [start, end) of aware UTC times."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a store knows of one object without reading it.

    Args:
        key: name within the store, with forward slashes.
        size: bytes as stored.
        etag: changes when the content changes.
        modified: last modification, UTC.
        identity: 64 hex digits that name this content for ever; the key of the ledger.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    identity: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of the lake, as its manifest records it.

    Args:
        column_bytes: compressed bytes of each column's chunks, the basis of cost estimates.
        empty: columns that hold no value in any row; None when that is not known.
    """

    key: str
    table: str
    event_date: str
    rows: int
    bytes: int
    first_event: str
    last_event: str
    column_bytes: Mapping[str, int] = field(default_factory=dict)
    empty: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of an object's records; `records = rows + quarantined + filtered`, always."""

    records: int = 0
    rows: int = 0
    quarantined: int = 0
    filtered: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    filtered_by: Mapping[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether every record is accounted for."""
        return self.records == self.rows + self.quarantined + self.filtered


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one input object became."""

    identity: str
    source: str
    source_object: str
    files: tuple[DataFile, ...]
    counts: Counts
    quarantine: tuple[str, ...]
    bytes_in: int


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may use.

    Args:
        seconds: wall time after which the engine stops it.
        memory_bytes: engine memory.
        rows: most rows returned; one more row is fetched to know whether it was cut.
    """

    seconds: float = 60.0
    memory_bytes: int = 1 << 30
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows of a query as an Arrow table, with what it took to get them."""

    table: pa.Table
    bytes_scanned: int
    seconds: float
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule matched one event.

    Args:
        finding_id: the same for the same rule version and event, for ever.
        rule_version: first 12 hex digits of the SHA-256 of the rule's text.
        entities: who and what is involved, by common column (`actor_user`, `src_ip`, …).
        fields: the values of the fields that the rule names, as text.
        detected_at: when the run that found it started.
        object_time: when the input object was last modified; None when that is not known.
        row_time: when the object's rows were committed; None when that is not known.
    """

    finding_id: str
    rule_id: str
    rule_title: str
    rule_version: str
    level: Severity
    tags: tuple[str, ...]
    source: str
    event_id: str
    event_time: datetime
    source_object: str
    entities: Mapping[str, str]
    fields: Mapping[str, str]
    run_id: str
    detected_at: datetime
    object_time: datetime | None = None
    row_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What people are told of a rule; made from its YAML, carried with its findings.

    Args:
        group_by: entities or fields whose values make one alert; empty for the usual ones.
    """

    id: str
    title: str
    level: Severity
    description: str = ""
    tags: tuple[str, ...] = ()
    false_positives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    version: str = ""
    major: int = 1
    sql: str = ""
    group_by: tuple[str, ...] = ()


class AlertStatus(StrEnum):
    """The life of an alert."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Verdict(StrEnum):
    """What a closed alert turned out to be."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    BENIGN = "benign"


@dataclass(frozen=True, slots=True)
class Sample:
    """One event shown with an alert."""

    event_id: str
    event_time: datetime
    summary: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stages:
    """When the finding that opened an alert passed each stage, UTC; what is not known is None.

    The fifth time, when the first message was sent, stands with the alert's deliveries.

    Args:
        object: the input object was last modified.
        row: its rows were committed.
        finding: the detection run that judged them started.
        alert: the alert was made.
    """

    object: datetime | None
    row: datetime | None
    finding: datetime
    alert: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person is told: findings of one rule over one group of entities and one window.

    Args:
        entities: each kind of entity with the distinct values seen, sorted and bounded.
        sequence: how often destinations were told of a change; orders their messages.
        last_run: the detection run whose findings were counted last, so that none counts twice.
    """

    id: str
    rule: RuleInfo
    level: Severity
    status: AlertStatus
    source: str
    entities: Mapping[str, tuple[str, ...]]
    window_start: datetime
    first_event: datetime
    last_event: datetime
    count: int
    samples: tuple[Sample, ...]
    created_at: datetime
    updated_at: datetime
    verdict: Verdict | None = None
    note: str = ""
    assignee: str = ""
    sequence: int = 0
    history: tuple[Mapping[str, Any], ...] = ()
    stages: Stages | None = None
    last_run: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A neutral message about an alert: plain text only, not yet escaped for any destination.

    Args:
        kind: `trigger`, `acknowledge` or `resolve`, following the alert's state; `test` for a harmless one.
        dedup_key: the alert's id; the same for every message about one alert.
        fields: label → text, in the order to show.
    """

    kind: Literal["trigger", "acknowledge", "resolve", "test"]
    dedup_key: str
    title: str
    level: Severity
    text: str
    fields: tuple[tuple[str, str], ...] = ()
    samples: tuple[str, ...] = ()
    source: str = ""
    entities: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    link: str = ""
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a destination answered when it took a message."""

    status: int
    provider_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential that never shows itself in a repr, a log or an error."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `mantissa doctor` looked at; `fix` says what mends it."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
