"""What the API takes and gives, as types: checked on the way in, described in the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from mantissa.alerts.triage import NOTE
from mantissa.ask.history import JobState
from mantissa.model import AlertStatus, Severity, Verdict

Limit = Annotated[int, Meta(ge=1, le=200)]
Rows = Annotated[int, Meta(ge=1, le=10_000)]
Cursor = Annotated[str, Meta(max_length=512)]
Name = Annotated[str, Meta(max_length=200)]


class NewQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A query to run; `wait` is how many seconds to wait for its answer."""

    sql: Annotated[str, Meta(min_length=1)]
    wait: Annotated[float, Meta(ge=0, le=20)] = 0.0


class PlannedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A query to plan without running it."""

    sql: Annotated[str, Meta(min_length=1)]


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """What a closed alert turned out to be, and why."""

    verdict: Verdict
    note: Annotated[str, Meta(max_length=NOTE)] = ""


class Assignment(Struct, frozen=True, forbid_unknown_fields=True):
    """Who looks after an alert; empty for nobody."""

    assignee: Name


class Comment(Struct, frozen=True, forbid_unknown_fields=True):
    """Something to say about an alert."""

    text: Annotated[str, Meta(min_length=1, max_length=NOTE)]


class PageParams(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list."""

    limit: Limit = 50
    cursor: Cursor = ""


class RowParams(Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of an answer; a page may end earlier when its rows are large."""

    limit: Rows = 1_000
    cursor: Cursor = ""


class AlertParams(Struct, frozen=True, forbid_unknown_fields=True):
    """Which alerts; `level` is the lowest, `entity` stands in an entity's value."""

    status: AlertStatus | None = None
    level: Severity = Severity.INFORMATIONAL
    rule: Name | None = None
    source: Name | None = None
    entity: Name | None = None
    assignee: Name | None = None
    verdict: Verdict | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None
    limit: Limit = 50
    cursor: Cursor = ""


class Health(Struct, frozen=True):
    """The API is up."""

    status: Literal["ok"] = "ok"


class Me(Struct, frozen=True):
    """Who is signed in, and what they may do."""

    subject: str
    name: str
    groups: list[str]
    actions: list[str]


class ColumnDocument(Struct, frozen=True, omit_defaults=True):
    """A column, its type in the words of the catalog."""

    name: str
    type: str
    comment: str = ""


class PlanDocument(Struct, frozen=True):
    """What would run, and about how many bytes it would read."""

    allowed: Literal[True]
    sql: str
    tables: list[str]
    estimated_bytes: int


class FailureDocument(Struct, frozen=True):
    """Why a query gave no answer."""

    code: str
    message: str
    fix: str


class QueryDocument(Struct, frozen=True, kw_only=True):
    """A query as it stands, without rows; what it took is there once it has ended."""

    id: str
    state: JobState
    asked: str
    sql: str
    tables: list[str]
    estimated_bytes: int
    created_at: datetime
    finished_at: datetime | None = None
    bytes_scanned: int | None = None
    row_count: int | None = None
    truncated: bool | None = None
    seconds: float | None = None
    error: FailureDocument | None = None


class AnswerDocument(QueryDocument, frozen=True, kw_only=True):
    """A query's rows; `row_count` is of the whole answer, `next` the cursor of further rows."""

    columns: list[ColumnDocument]
    rows: list[list[Any]]
    next: str | None = None


class QueryList(Struct, frozen=True):
    """One's own queries, the latest first."""

    queries: list[QueryDocument]
    next: str | None = None


class DeliveryDocument(Struct, frozen=True):
    """What became of an alert's message to one destination."""

    destination: str
    state: str
    attempts: int
    kind: str
    status: int
    error: str
    provider_id: str
    next_at: datetime | None
    at: datetime | None


class AlertSummary(Struct, frozen=True, kw_only=True):
    """An alert in a list."""

    id: str
    title: str
    level: Severity
    status: AlertStatus
    rule: str
    source: str
    entities: dict[str, list[str]]
    first_event: datetime
    last_event: datetime
    count: int
    verdict: Verdict | None
    assignee: str
    tags: list[str]
    deliveries: list[DeliveryDocument]


class SampleDocument(Struct, frozen=True):
    """One event of an alert."""

    event_id: str
    event_time: datetime
    summary: dict[str, str]


class AlertDocument(AlertSummary, frozen=True, kw_only=True):
    """An alert whole."""

    note: str
    samples: list[SampleDocument]
    history: list[dict[str, Any]]
    description: str
    false_positives: list[str]
    references: list[str]
    rule_version: str
    stages: dict[str, str | None]
    window_start: datetime
    created_at: datetime
    updated_at: datetime


class AlertList(Struct, frozen=True):
    """Alerts, the latest event first."""

    alerts: list[AlertSummary]
    next: str | None = None


class TableDocument(Struct, frozen=True):
    """Something to SELECT from."""

    name: str
    kind: Literal["table", "view"]
    comment: str
    columns: list[ColumnDocument]


class TableList(Struct, frozen=True):
    """Every table and view that a query may name."""

    tables: list[TableDocument]


class SourceDocument(Struct, frozen=True):
    """A kind of log; `sigma` holds the log sources of the rules that run on it."""

    name: str
    table: str
    title: str
    description: str
    formats: list[str]
    sigma: list[dict[str, str | None]]


class SourceList(Struct, frozen=True):
    """Every kind of log."""

    sources: list[SourceDocument]
