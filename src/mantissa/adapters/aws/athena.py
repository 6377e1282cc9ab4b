"""Athena as an engine: queries of the product that are waited for, and jobs of people that are not.

A query is started under a token, so that a call which is made again, because the answer to the
first was lost, finds the query that is there. Whoever stops waiting stops the query, as it costs
money until it ends.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from mantissa.adapters.aws import athena_results as results
from mantissa.adapters.aws.athena_errors import asking, failure
from mantissa.adapters.aws.athena_nested import json_sql, types_sql
from mantissa.adapters.aws.errors import calling
from mantissa.adapters.aws.pauses import Pause, attempts, wait
from mantissa.adapters.lake_sql import DataFiles, Files, LakeSql
from mantissa.adapters.trino_errors import stopped
from mantissa.errors import EngineError, EngineRejected, EngineTransient, StoreError, StoreTransient
from mantissa.model import QueryLimits, QueryResult
from mantissa.ports import Clock

if TYPE_CHECKING:
    import pyarrow as pa
    from types_boto3_athena.client import AthenaClient
    from types_boto3_athena.type_defs import (
        GetQueryResultsOutputTypeDef,
        QueryExecutionTypeDef,
    )
    from types_boto3_s3.client import S3Client

CATALOG = "AwsDataCatalog"
PAGE_ROWS = 1_000
"""Most rows of one answer of GetQueryResults."""

STARTS = 8
"""How often a query is started that Athena has no room for."""

RUNS = 3
"""How often a query is run that failed through no fault of its own."""

FIRST_LOOK, LONGEST_LOOK, GROWTH = 0.1, 2.0, 1.5
"""Seconds between two looks at a query, and how they grow."""


class AthenaClients(Protocol):
    """The clients that the engine uses."""

    @property
    def athena(self) -> AthenaClient:
        """Queries."""
        ...

    @property
    def s3(self) -> S3Client:
        """Result files."""
        ...


@dataclass(frozen=True, slots=True)
class Workgroup:
    """Where queries run.

    Args:
        reuse_minutes: age up to which Athena may answer with an earlier result of the same text;
            it does not look whether files were added since. 0 asks for none.
        at_once: most queries that this process waits for at a time.
    """

    name: str
    database: str
    reuse_minutes: int = 0
    at_once: int = 8


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the engine waits: by which clock, and how it passes the time between two looks."""

    clock: Clock
    pause: Pause = wait


class AthenaEngine:
    """A `QueryEngine` and `QueryJobs` on Athena.

    `limits.memory_bytes` bounds the answer only: Athena's own memory has no setting.

    Args:
        files: the lake's files with their column sizes, for estimates.
    """

    def __init__(
        self,
        clients: AthenaClients,
        workgroup: Workgroup,
        lake: LakeSql,
        waiting: Waiting,
        *,
        files: DataFiles | None = None,
    ) -> None:
        self._clients = clients
        self._workgroup = workgroup
        self._lake = lake
        self._clock = waiting.clock
        self._pause = waiting.pause
        self._files = files
        self._room = threading.BoundedSemaphore(workgroup.at_once)

    @property
    def dialect(self) -> str:
        """The sqlglot name of the SQL it takes."""
        return "athena"

    def estimate(self, sql: str) -> int:
        """Return about how many bytes `run` would scan."""
        return self._lake.estimate(sql, self._files)

    def run(self, sql: str, *, limits: QueryLimits, files: Files | None = None) -> QueryResult:
        """Run one SELECT; the time limit counts from here, waiting for room included."""
        text = self._lake.ready(sql, limits.rows, files)
        deadline = self._clock.now() + timedelta(seconds=limits.seconds)
        with self._turn(limits.seconds):
            for number in attempts(RUNS, self._pause):
                job = self._start(text, uuid.uuid4().hex)
                try:
                    return self._answered(job, limits, deadline)
                except EngineTransient:
                    if number == RUNS - 1 or self._clock.now() >= deadline:
                        raise
        raise AssertionError("unreachable")

    def start(self, sql: str, *, limits: QueryLimits, token: str) -> str:
        """Start one SELECT and return Athena's id of the query."""
        return self._start(self._lake.ready(sql, limits.rows), token)

    def result(self, job: str, *, limits: QueryLimits) -> QueryResult | None:
        """Return a query's answer, or None while it runs."""
        return self._look(job, limits, [])

    def cancel(self, job: str) -> None:
        """Stop a query; one that has ended stays as it is."""
        if _has_ended(self._execution(job)):
            return
        try:
            with asking("athena:StopQueryExecution", self._workgroup.name):
                self._clients.athena.stop_query_execution(QueryExecutionId=job)
        except EngineRejected:
            # It may have ended in between, which is no error.
            if not _has_ended(self._execution(job)):
                raise

    @contextmanager
    def _turn(self, seconds: float) -> Iterator[None]:
        if not self._room.acquire(timeout=seconds):
            raise stopped()
        try:
            yield
        finally:
            self._room.release()

    def _answered(self, job: str, limits: QueryLimits, deadline: datetime) -> QueryResult:
        """Wait for a query's answer, and stop it if this call does not get there."""
        jobs = [job]
        seconds, found = FIRST_LOOK, None
        try:
            while (found := self._look(job, limits, jobs)) is None:
                left = (deadline - self._clock.now()).total_seconds()
                if left <= 0:
                    raise stopped()
                self._pause(min(seconds, left))
                seconds = min(seconds * GROWTH, LONGEST_LOOK)
            return found
        finally:
            if found is None:
                self._abandon(jobs)

    def _abandon(self, jobs: list[str]) -> None:
        for job in jobs:
            with suppress(EngineError):
                self.cancel(job)

    def _start(self, text: str, token: str) -> str:
        for number in attempts(STARTS, self._pause):
            try:
                with asking("athena:StartQueryExecution", self._workgroup.name):
                    answer = self._clients.athena.start_query_execution(
                        **self._request(text, token)
                    )
                return answer["QueryExecutionId"]
            except EngineTransient:
                if number == STARTS - 1:
                    raise
        raise AssertionError("unreachable")

    def _request(self, text: str, token: str) -> Any:
        group = self._workgroup
        named = orjson.dumps([text, token, group.name, group.database])
        request: dict[str, Any] = {
            "QueryString": text,
            "ClientRequestToken": sha256(named).hexdigest(),
            "QueryExecutionContext": {"Database": group.database, "Catalog": CATALOG},
            "WorkGroup": group.name,
        }
        if group.reuse_minutes:
            by_age = {"Enabled": True, "MaxAgeInMinutes": group.reuse_minutes}
            request["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": by_age}
        return request

    def _look(self, job: str, limits: QueryLimits, begun: list[str]) -> QueryResult | None:
        """Return an answer if it is there; queries that this starts are added to `begun`."""
        execution = self._ended(job, limits)
        if execution is None:
            return None
        page = self._page(job)
        columns = results.described(page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"])
        if any(column.is_nested for column in columns):
            return self._nested(execution, columns, limits, begun)
        return _result(
            results.to_table(columns, self._texts(execution, page, limits)), [execution], limits
        )

    def _nested(
        self,
        execution: QueryExecutionTypeDef,
        columns: list[results.ResultColumn],
        limits: QueryLimits,
        begun: list[str],
    ) -> QueryResult | None:
        """Fetch nested values by two further queries, which have the first one's id for token."""
        sql, job = execution["Query"], execution["QueryExecutionId"]
        texts = types_sql(sql, len(columns)), json_sql(sql, [c.is_nested for c in columns])
        jobs = [self._start(text, job) for text in texts]
        begun += [made for made in jobs if made not in begun]
        ended = [self._ended(made, limits) for made in jobs]
        if ended[0] is None or ended[1] is None:
            return None
        types, values = (
            self._texts(e, self._page(e["QueryExecutionId"]), limits) for e in ended if e
        )
        exact = results.exact_table(columns, values, [text[0].as_py() for text in types])
        return _result(exact, [execution, ended[0], ended[1]], limits)

    def _ended(self, job: str, limits: QueryLimits) -> QueryExecutionTypeDef | None:
        """Return a query that succeeded, or None while it runs. One that failed raises."""
        execution = self._execution(job)
        status = execution["Status"]
        if not _has_ended(execution):
            if self._clock.now() - status["SubmissionDateTime"] > timedelta(seconds=limits.seconds):
                self.cancel(job)
                raise stopped()
            return None
        if status["State"] != "SUCCEEDED":
            raise failure(execution)
        return execution

    def _execution(self, job: str) -> QueryExecutionTypeDef:
        with asking("athena:GetQueryExecution", self._workgroup.name):
            found = self._clients.athena.get_query_execution(QueryExecutionId=job)
        execution = found["QueryExecution"]
        if execution.get("WorkGroup", self._workgroup.name) != self._workgroup.name:
            raise EngineRejected("there is no such query", where=self._workgroup.name)
        return execution

    def _page(self, job: str) -> GetQueryResultsOutputTypeDef:
        with asking("athena:GetQueryResults", self._workgroup.name):
            return self._clients.athena.get_query_results(
                QueryExecutionId=job, MaxResults=PAGE_ROWS
            )

    def _texts(
        self,
        execution: QueryExecutionTypeDef,
        page: GetQueryResultsOutputTypeDef,
        limits: QueryLimits,
    ) -> list[pa.Array]:
        """Return a result's cells: those of its first page, or of its file if there are more."""
        width = len(page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"])
        if "NextToken" not in page:
            return results.texts_of_rows(results.without_header(page["ResultSet"]), width)
        place = execution["ResultConfiguration"]["OutputLocation"]
        return results.texts_of_csv(self._file(place, limits.memory_bytes), width)

    def _file(self, place: str, memory_bytes: int) -> bytes:
        bucket, _, key = place.removeprefix("s3://").partition("/")
        try:
            with calling("s3:GetObject", place):
                answer = self._clients.s3.get_object(Bucket=bucket, Key=key)
                results.within(answer["ContentLength"], memory_bytes)
                return answer["Body"].read()
        except StoreError as error:
            kind = EngineTransient if isinstance(error, StoreTransient) else EngineRejected
            raise kind(error.message, where=error.where, fix=error.fix) from error


def _has_ended(execution: QueryExecutionTypeDef) -> bool:
    return execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED")


def _result(
    table: pa.Table, executions: list[QueryExecutionTypeDef], limits: QueryLimits
) -> QueryResult:
    """Return the table cut at its limits, with what all its queries took."""
    results.within(table.nbytes, limits.memory_bytes)
    statistics = [execution.get("Statistics", {}) for execution in executions]
    read = sum(each.get("DataScannedInBytes", 0) for each in statistics)
    took = sum(each.get("TotalExecutionTimeInMillis", 0) for each in statistics)
    cut = limits.rows is not None and table.num_rows > limits.rows
    return QueryResult(table.slice(0, limits.rows) if cut else table, read, took / 1000, cut)
