"""The `queries` use case: a person's SQL as a job that outlives the call that asked for it.

An API ends a call long before an engine ends a query. So a query is written down before it begins,
begins under its own id (a repeated start is the same job), and is looked at again by whoever asks
for it. A call that dies anywhere between leaves a record that the next look goes on with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mantissa.ask import history, quota
from mantissa.ask.cost import format_bytes
from mantissa.ask.history import Failure, Held, JobState, QueryRecord
from mantissa.ask.quota import Quota
from mantissa.ask.service import Query, QueryPlan
from mantissa.audit.access import permits
from mantissa.audit.trail import Caller, Trail
from mantissa.errors import (
    Conflict,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    GuardRefused,
    MantissaError,
    NotFound,
    StoreTransient,
)
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import Put, QueryJobs, StateStore

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ASKED_BYTES = 100_000
"""UTF-8 bytes of the SQL as asked."""

MAX_RUN_BYTES = 250_000
"""UTF-8 bytes of the SQL as run: Athena takes 262,144 bytes, a DynamoDB item 400 KB in all."""

TRIES = 20
"""How often a change is tried against other writers of the same records."""

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 1.0
"""Seconds between two looks at a query while its caller waits."""


@dataclass(frozen=True, slots=True)
class JobPorts:
    """What the use case needs of the world.

    Args:
        pause: waits so many seconds while a caller waits for an answer.
    """

    state: StateStore
    jobs: QueryJobs
    trail: Trail
    pause: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What queries of people may use.

    Args:
        limits: what one query may use; `rows` bounds its whole answer.
        max_bytes: a query that would read more is refused.
        grace: seconds beyond the time limit that a query may wait for its turn.
    """

    limits: QueryLimits = field(default_factory=lambda: QueryLimits(rows=10_000))
    quota: Quota = field(default_factory=Quota)
    max_bytes: int | None = None
    grace: float = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it stands; `result` is there when this look has read the whole answer."""

    record: QueryRecord
    result: QueryResult | None = None


class Queries:
    """Takes, watches and stops the queries of people."""

    def __init__(self, query: Query, ports: JobPorts, settings: JobSettings) -> None:
        self._query = query
        self._ports = ports
        self._settings = settings

    def plan(self, sql: str, caller: Caller) -> QueryPlan:
        """Return what would run, and leave an audit record. Raises `GuardRefused`."""
        with self._refusals_told(sql, caller, "query.plan"):
            plan = self._admitted(sql)
        details = {"sql": sql, "run": plan.sql, "estimated_bytes": plan.estimated_bytes}
        self._ports.state.put(self._entry(caller, "query.plan", "queries", **details))
        return plan

    def submit(self, sql: str, caller: Caller, wait: float = 0.0) -> Asked:
        """Take a query and begin it; wait so many seconds for its answer.

        Raises `GuardRefused`, `QuotaExceeded` and `StoreError`. That a query fails is part of
        what is returned, not raised: `record.error`.
        """
        end = self._now() + timedelta(seconds=wait)
        with self._refusals_told(sql, caller, "query.submit"):
            written = self._written(sql, self._admitted(sql), caller)
        held = self._begun(written)
        return self._awaited(held, end) if wait > 0 else Asked(held.record)

    def look(self, query: str, caller: Caller) -> Asked:
        """Return a query as it stands now. Raises `NotFound`, for another's query too."""
        return self._looked(self._found(query, caller, "query.show"))

    def rows(self, query: str, caller: Caller, first: int, count: int) -> pa.Table:
        """Return some rows of a finished query's answer, read from the engine again."""
        record = self._found(query, caller, "query.show").record
        last = min(first + count, record.row_count)
        try:
            result = self._ports.jobs.result(
                record.job, limits=replace(self._settings.limits, rows=max(last, 1))
            )
        except EngineRejected as error:
            raise NotFound(
                "the answer is no longer kept",
                code="expired",
                where=f"queries/{query}",
                fix="ask the query again",
            ) from error
        if result is None:
            raise EngineTransient("the engine has not written the answer yet")
        return result.table.slice(first, count)

    def cancel(self, query: str, caller: Caller) -> QueryRecord:
        """Stop a query; one that has ended stays as it is. Raises as `look` does."""
        held = self._found(query, caller, "query.cancel")
        if held.record.is_finished:
            return held.record
        if held.record.job:
            self._ports.jobs.cancel(held.record.job)
        entry = self._entry(caller, "query.cancel", f"queries/{query}")
        return self._finished(held, JobState.CANCELLED, entry=entry).record

    def history(
        self, caller: Caller, limit: int = 50, after: str = ""
    ) -> tuple[list[QueryRecord], str]:
        """Return the caller's own queries, the latest first, and where to go on."""
        return history.own(self._ports.state, caller.subject, limit, after)

    @contextmanager
    def _refusals_told(self, sql: str, caller: Caller, action: str) -> Iterator[None]:
        """Write a refusal of the block to the audit trail: the query text is told either way."""
        try:
            yield
        except GuardRefused as refusal:
            asked = sql.encode("utf-8", "replace")[:MAX_ASKED_BYTES].decode("utf-8", "ignore")
            entry = self._entry(caller, action, "queries", sql=asked, refused=refusal.code)
            self._ports.state.put(entry)
            raise

    def _admitted(self, sql: str) -> QueryPlan:
        _check_length(sql, MAX_ASKED_BYTES)
        plan = self._query.plan(sql)
        _check_length(plan.sql, MAX_RUN_BYTES)
        self._check_cost(plan)
        return plan

    def _check_cost(self, plan: QueryPlan) -> None:
        most = self._settings.max_bytes
        if most is not None and plan.estimated_bytes > most:
            raise GuardRefused(
                f"the query would read {format_bytes(plan.estimated_bytes)}, more than the "
                f"{format_bytes(most)} allowed",
                code="too_many_bytes",
                fix="ask for fewer days (event_date) or fewer columns",
            )

    def _written(self, sql: str, plan: QueryPlan, caller: Caller) -> Held:
        """Write a query down with its audit record and its place in the quota: all or none."""
        now = self._now()
        record = QueryRecord(
            id=self._ports.trail.new_id(),
            owner=caller.subject,
            asked=sql,
            sql=plan.sql,
            tables=plan.tables,
            estimated_bytes=plan.estimated_bytes,
            created_at=now,
            deadline=now + timedelta(seconds=self._settings.limits.seconds + self._settings.grace),
        )
        details = {"sql": sql, "run": plan.sql, "estimated_bytes": plan.estimated_bytes}
        entry = self._entry(caller, "query.submit", f"queries/{record.id}", **details)
        for _ in range(TRIES):
            used, version = quota.load(self._ports.state, caller.subject)
            until = record.deadline
            used = quota.begin(used, self._settings.quota, record.id, now, until)
            counted = quota.write(caller.subject, used, version)
            try:
                self._ports.state.transact(
                    [history.write(record, None), history.index(record), counted, entry]
                )
            except Conflict:
                continue
            return Held(record, 1)
        raise _busy(record.id)

    def _begun(self, held: Held) -> Held:
        """Hand the query to the engine; one that has no room now is tried at the next look."""
        record, ports = held.record, self._ports
        try:
            job = ports.jobs.start(record.sql, limits=self._settings.limits, token=record.id)
        except (EngineTransient, StoreTransient) as error:
            return self._failed(held, error) if self._is_late(record) else held
        except MantissaError as error:
            return self._failed(held, error)
        running = replace(record, job=job, state=JobState.RUNNING)
        try:
            ports.state.put(history.write(running, held.version))
        except Conflict:
            now = self._again(record.id)
            if now.record.state in (JobState.CANCELLED, JobState.FAILED):
                ports.jobs.cancel(job)
            return now
        return Held(running, held.version + 1)

    def _awaited(self, held: Held, end: datetime) -> Asked:
        pause = FIRST_PAUSE
        while True:
            asked = self._looked(held)
            left = (end - self._now()).total_seconds()
            if asked.record.is_finished or left <= 0:
                return asked
            self._ports.pause(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE)
            held = self._again(held.record.id)

    def _looked(self, held: Held) -> Asked:
        if held.record.state is JobState.STARTING:
            held = self._begun(held)
        if held.record.state is not JobState.RUNNING:
            return Asked(held.record)
        try:
            result = self._ports.jobs.result(held.record.job, limits=self._settings.limits)
        except (EngineTransient, StoreTransient) as error:
            late = self._is_late(held.record)
            return Asked(self._failed(held, error).record if late else held.record)
        except MantissaError as error:
            return Asked(self._failed(held, error).record)
        if result is not None:
            done = self._finished(held, JobState.SUCCEEDED, result=result).record
            return Asked(done, result if done.state is JobState.SUCCEEDED else None)
        return Asked(self._stopped(held).record if self._is_late(held.record) else held.record)

    def _stopped(self, held: Held) -> Held:
        self._ports.jobs.cancel(held.record.job)
        late = EngineTimedOut(
            "the query ran longer than its time limit",
            fix="narrow the time window, or raise the time limit",
        )
        return self._failed(held, late)

    def _failed(self, held: Held, error: MantissaError) -> Held:
        failure = Failure(error.code, error.message, error.fix or "")
        return self._finished(held, JobState.FAILED, failure=failure)

    def _finished(
        self,
        held: Held,
        state: JobState,
        *,
        result: QueryResult | None = None,
        failure: Failure | None = None,
        entry: Put | None = None,
    ) -> Held:
        """Write how a query ended, once: whoever comes later gets what stands there."""
        for _ in range(TRIES):
            if held.record.is_finished:
                return held
            done = replace(held.record, state=state, finished_at=self._now(), error=failure)
            done = _measured(done, result) if result is not None else done
            used, version = quota.load(self._ports.state, done.owner)
            left = quota.write(done.owner, quota.end(used, done.id), version)
            writes = [history.write(done, held.version), left, *([entry] if entry else [])]
            try:
                self._ports.state.transact(writes)
            except Conflict:
                held = self._again(done.id)
                continue
            return Held(done, held.version + 1)
        raise _busy(held.record.id)

    def _found(self, query: str, caller: Caller, action: str) -> Held:
        held = history.load(self._ports.state, query)
        if held is None or not permits(caller, action, held.record.owner):
            raise NotFound("no such query", where=f"queries/{query}")
        return held

    def _again(self, query: str) -> Held:
        held = history.load(self._ports.state, query)
        if held is None:
            raise NotFound("no such query", where=f"queries/{query}")
        return held

    def _entry(self, caller: Caller, action: str, resource: str, **details: object) -> Put:
        return self._ports.trail.entry(caller, action, resource, **details)

    def _is_late(self, record: QueryRecord) -> bool:
        return self._now() >= record.deadline

    def _now(self) -> datetime:
        return self._ports.trail.clock.now()


def _measured(record: QueryRecord, result: QueryResult) -> QueryRecord:
    return replace(
        record,
        bytes_scanned=result.bytes_scanned,
        seconds=result.seconds,
        row_count=result.table.num_rows,
        truncated=result.truncated,
    )


def _check_length(sql: str, most: int) -> None:
    if len(sql.encode("utf-8", "replace")) > most:
        raise GuardRefused(f"longer than {most} bytes", code="too_long")


def _busy(query: str) -> StoreTransient:
    return StoreTransient(
        "others change the same records", where=f"queries/{query}", fix="try again"
    )
