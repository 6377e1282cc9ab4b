"""The whole API on honest in-memory ports, asked through API Gateway's own events."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from mantissa.adapters.local.jobs import LocalJobs
from mantissa.adapters.memory import ManualClock, MemoryObjects, MemoryState
from mantissa.adapters.memory_engine import MemoryEngine
from mantissa.alerts.record import TABLE as ALERTS
from mantissa.alerts.record import alert_value
from mantissa.alerts.route import AlertSettings
from mantissa.alerts.triage import Triage
from mantissa.ask.jobs import JobPorts, JobSettings, Queries
from mantissa.ask.quota import Quota
from mantissa.ask.reads import Names
from mantissa.ask.service import Query
from mantissa.audit.trail import TABLE as AUDIT
from mantissa.audit.trail import Trail
from mantissa.entrypoints.api.application import Api
from mantissa.entrypoints.api.messages import Outcome
from mantissa.entrypoints.api.needs import ApiSettings, Product
from mantissa.entrypoints.api.proxy import respond
from mantissa.errors import MantissaError
from mantissa.model import (
    Alert,
    AlertStatus,
    QueryLimits,
    QueryResult,
    RuleInfo,
    Sample,
    Severity,
)
from mantissa.ports import Put, QueryEngine, QueryJobs
from mantissa.sources.registry import Sources, load_sources
from support.ask_lake import TABLES, VIEWS, write_lake
from support.requirements import ROOT

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LIMITS = QueryLimits(seconds=30, memory_bytes=256 << 20, rows=100)
EVENTS = ROOT / "tests/events"
ORIGIN = "https://logs.example.org"
HOSTILE = "<script data-pwn>alert(1)</script>\u202e\x1b[31m=cmd|'/c calc'!A1"


@dataclass
class Jobs:
    """An engine that takes its time, and fails as it is told.

    Args:
        looks: how often an answer is asked for in vain.
        start_error: raised by every start; `result_error` by every look at a result.
    """

    inner: QueryJobs
    looks: int = 0
    start_error: MantissaError | None = None
    result_error: MantissaError | None = None
    started: dict[str, str] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)

    def start(self, sql: str, *, limits: QueryLimits, token: str) -> str:
        if self.start_error is not None:
            raise self.start_error
        self.started[token] = sql
        return self.inner.start(sql, limits=limits, token=token)

    def result(self, job: str, *, limits: QueryLimits) -> QueryResult | None:
        if self.result_error is not None:
            raise self.result_error
        if self.looks > 0:
            self.looks -= 1
            return None
        return self.inner.result(job, limits=limits)

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)


@cache
def sources() -> Sources:
    return load_sources([])


class World:
    """The API, its state and its engine; provides what `needs.ApiApp` asks for."""

    tables = TABLES
    views = VIEWS

    def __init__(
        self, home: Path, *, quota: Quota | None = None, max_bytes: int | None = None
    ) -> None:
        self.clock = ManualClock(NOW)
        self.pause: Callable[[float], None] = self.clock.advance
        self.state: Any = MemoryState()
        numbers = itertools.count(1)
        self.trail = Trail(self.clock, lambda: f"{next(numbers):032x}")
        self.engine: QueryEngine = engine(home)
        self.jobs = Jobs(LocalJobs(self.engine))
        self.settings = JobSettings(LIMITS, quota or Quota(), max_bytes)
        self.api_settings = ApiSettings(origins=(ORIGIN,))
        self.outcomes: list[Outcome] = []

    def boot(self) -> Product:
        return Product(self, self.api_settings)

    @property
    def sources(self) -> Sources:
        return sources()

    @property
    def triage(self) -> Triage:
        return Triage(self.state, self.clock, AlertSettings())

    @property
    def queries(self) -> Queries:
        query = Query(self.engine, Names.of(TABLES, VIEWS), LIMITS)
        ports = JobPorts(self.state, self.jobs, self.trail, self.pause)
        return Queries(query, ports, self.settings)

    def ask(
        self, method: str, path: str, who: str = "analyst", body: Any = None, **query: Any
    ) -> Reply:
        """Send one request as that person and return the answer."""
        text = body if isinstance(body, str) else None if body is None else json.dumps(body)
        return self.send(event(method, path, who, text, {k: str(v) for k, v in query.items()}))

    def send(self, given: dict[str, Any]) -> Reply:
        """Answer one raw event."""
        return Reply(respond(Api(self.boot, self.outcomes.append), given))

    def add_alert(self, number: int = 1, **changes: Any) -> str:
        """Keep an alert and return its id."""
        alert = an_alert(number, **changes)
        self.put(ALERTS, alert.id, alert_value(alert))
        return alert.id

    def put(self, table: str, key: str, value: dict[str, Any]) -> None:
        self.state.put(Put(table, key, value, None))

    def audit(self) -> list[dict[str, Any]]:
        """Return the audit trail in order."""
        return [dict(item.value) for item in self.state.query(AUDIT)]


class Reply:
    """An answer as API Gateway would send it."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.status: int = raw["statusCode"]
        self.headers: dict[str, str] = raw["headers"]
        self.text: str = raw["body"]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@cache
def shape(name: str) -> dict[str, Any]:
    """Return an event as API Gateway sends it."""
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


PEOPLE = {
    "viewer": ["viewer"],
    "analyst": ["analyst"],
    "other": ["analyst"],
    "admin": ["admin"],
    "nobody": [],
}
"""Who there is → the groups of their token; `anon` has no token."""


def event(
    method: str,
    path: str,
    who: str = "analyst",
    body: str | None = None,
    query: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return a REST proxy event of that person."""
    found = copy.deepcopy(shape("api_gateway_rest"))
    found |= {"httpMethod": method, "path": path, "body": body}
    found["queryStringParameters"] = query or None
    found["multiValueQueryStringParameters"] = {k: [v] for k, v in (query or {}).items()} or None
    context = found["requestContext"]
    context |= {"httpMethod": method, "path": f"/live{path}"}
    if who == "anon":
        del context["authorizer"]
    else:
        claims = context["authorizer"]["claims"]
        claims |= {"sub": f"sub-{who}", "cognito:username": who}
        claims["cognito:groups"] = ",".join(PEOPLE[who])
        if not PEOPLE[who]:
            del claims["cognito:groups"]
    return found


def engine(home: Path) -> MemoryEngine:
    write_lake(home)
    store = MemoryObjects(ManualClock(NOW))
    for path in sorted((home / "lake").rglob("*.parquet")):
        store.put_if_absent(path.relative_to(home).as_posix(), path.read_bytes())
    return MemoryEngine(store, TABLES, VIEWS)


def an_alert(number: int = 1, **changes: Any) -> Alert:
    when = NOW - timedelta(hours=1) + timedelta(minutes=number)
    rule = RuleInfo(f"rule-{number % 3}", HOSTILE, Severity.HIGH, tags=("attack.t1078",))
    facts: dict[str, Any] = {
        "id": f"{number:040x}",
        "rule": rule,
        "level": Severity.HIGH,
        "status": AlertStatus.OPEN,
        "source": "aws_cloudtrail",
        "entities": {"actor_user": (f"ada-{number}", HOSTILE)},
        "window_start": when,
        "first_event": when,
        "last_event": when,
        "count": number,
        "samples": (Sample(f"e{number}", when, {"user_agent": HOSTILE}),),
        "created_at": when,
        "updated_at": when,
    }
    return Alert(**facts | changes)
