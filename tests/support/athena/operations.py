"""The operations of Athena's API that run here; every other one belongs to the emulator."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from support.athena import results, settings
from support.athena import statement as statements
from support.athena.execution import Execution, Request
from support.athena.refusal import TOO_MANY_QUERIES, Refused, invalid
from support.athena.results import Writer
from support.athena.troubles import Troubles
from support.athena.wire import Running, Session, TrinoFailed
from support.emulators import Emulator

Body = Mapping[str, Any]
PAGE = 1000
MAX_REUSE_MINUTES = 10_080
CATALOG = "AwsDataCatalog"


@dataclass(frozen=True)
class Behalf:
    """In whose name Athena reads and writes: a caller's keys, and Trino's catalog that has them."""

    caller: Emulator
    catalog: str


class Athena:
    """The state of one endpoint: its executions and their tokens."""

    def __init__(
        self,
        trino_url: str,
        emulator: Emulator,
        troubles: Troubles,
        behalf: Behalf | None = None,
    ) -> None:
        self._behalf = behalf
        self.trino_url, self.troubles = trino_url, troubles
        self.concurrent: int | None = None
        """Queries that may be queued or running, like the account's quota; None for any number."""
        self.executions: dict[str, Execution] = {}
        caller = behalf.caller if behalf else emulator
        self._s3, self._athena = caller.client("s3"), emulator.client("athena")
        self._tokens: dict[str, tuple[str, str]] = {}
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.operations: Mapping[str, Callable[[Body], dict[str, Any]]] = {
            "StartQueryExecution": self.start,
            "GetQueryExecution": self.get,
            "GetQueryResults": self.get_results,
            "GetQueryRuntimeStatistics": self.get_statistics,
            "StopQueryExecution": self.stop,
            "ListQueryExecutions": self.list,
            "BatchGetQueryExecution": self.get_many,
            "GetWorkGroup": self.get_workgroup,
        }

    def stop_all(self) -> None:
        """Stop what runs and wait for it."""
        for execution in self.executions.values():
            execution.stop()
        while self._threads:
            self._threads.pop().join()

    def start(self, body: Body) -> dict[str, Any]:
        with self._starting:
            token = body.get("ClientRequestToken")
            same = json.dumps({**body, "ClientRequestToken": None}, sort_keys=True)
            if (known := self._known(token, same)) is not None:
                return {"QueryExecutionId": known}
            request = self._request(body)
            self._verify_output(request)
            self._refuse_too_many()
            execution = self._begin(request)
            if token:
                self._tokens[token] = (execution.id, same)
            return {"QueryExecutionId": execution.id}

    def _known(self, token: str | None, same: str) -> str | None:
        """Return the id that this token got before, for the same request only."""
        if token is None:
            return None
        if not 32 <= len(token) <= 128:
            raise invalid(
                "1 validation error detected: Value at 'clientRequestToken' failed to satisfy "
                "constraint: Member must have length between 32 and 128"
            )
        id_, was = self._tokens.get(token, (None, same))
        if was != same:
            raise invalid("Idempotent parameters do not match")
        return id_

    def _request(self, body: Body) -> Request:
        statement = statements.read(body.get("QueryString") or "")
        context = body.get("QueryExecutionContext") or {}
        workgroup = body.get("WorkGroup") or "primary"
        request = Request(
            statement,
            settings.of_query(self._athena, workgroup, body.get("ResultConfiguration") or {}),
            workgroup,
            context.get("Database") or "default",
            context.get("Catalog") or CATALOG,
            tuple(body.get("ExecutionParameters") or ()),
            _reuse_minutes(body),
        )
        if statement.is_query:
            self._parse(request)
        return request

    def _parse(self, request: Request) -> None:
        """Refuse at once what does not parse; a wrong name or type fails later."""
        running = Running(self._session(request), statements.to_prepare(request.statement))
        try:
            running.run()
        except TrinoFailed as failure:
            if failure.name == "SYNTAX_ERROR":
                raise invalid(_one_line_up(failure.message), "MALFORMED_QUERY") from failure
            raise

    def _session(self, request: Request) -> Session:
        cutoff = request.settings.cutoff
        limits = {"query_max_scan_physical_bytes": f"{cutoff}B"} if cutoff else {}
        return Session(
            self.trino_url,
            self._behalf.catalog if self._behalf else request.catalog.lower(),
            request.database,
            f"athena-{request.workgroup}",
            {"query_max_run_time": "30m", **limits},
        )

    def _verify_output(self, request: Request) -> None:
        """Refuse when the caller may not ask where the bucket of results is, as Athena does."""
        bucket, _ = results.split(request.settings.location)
        try:
            if self._behalf:
                self._s3.get_bucket_location(Bucket=bucket)
        except ClientError as error:
            raise invalid(f"Unable to verify/create output bucket {bucket}") from error

    def workgroup_of(self, body: Body) -> str:
        """Return the workgroup that a call is about; nothing for an unknown query."""
        known = self.executions.get(body.get("QueryExecutionId", ""))
        return body.get("WorkGroup") or (known.request.workgroup if known else "")

    def _refuse_too_many(self) -> None:
        active = sum(not execution.is_final for execution in self.executions.values())
        if self.concurrent is not None and active >= self.concurrent:
            raise Refused(TOO_MANY_QUERIES)

    def _begin(self, request: Request) -> Execution:
        fate = self.troubles.fate_of(request.statement.text)
        execution = Execution(request, self._session(request), fate)
        earlier = self._reusable(request)
        self.executions[execution.id] = execution
        if earlier is not None and not fate.state:
            execution.reuse(earlier)
            return execution
        writer = Writer(self._s3, request.settings.encryption)
        thread = threading.Thread(target=execution.run, args=(writer,), daemon=True)
        self._threads.append(thread)
        thread.start()
        return execution

    def _reusable(self, request: Request) -> Execution | None:
        """Return the latest result that is young enough and still in S3, as it was written."""
        if request.reuse_minutes is None or request.statement.keyword not in ("SELECT", "WITH"):
            return None
        oldest = time.time() - 60 * request.reuse_minutes
        for earlier in reversed(self.executions.values()):
            fits = earlier.request.same_as == request.same_as and not earlier.reused
            if fits and earlier.state == "SUCCEEDED" and earlier.completed >= oldest:
                return earlier if results.exists(self._s3, earlier.location) else None
        return None

    def _find(self, body: Body) -> Execution:
        id_ = body.get("QueryExecutionId", "")
        if id_ not in self.executions:
            raise invalid(f"QueryExecution {id_} was not found")
        return self.executions[id_]

    def get(self, body: Body) -> dict[str, Any]:
        execution = self._find(body)
        described = execution.describe()
        execution.poll()
        return {"QueryExecution": described}

    def get_many(self, body: Body) -> dict[str, Any]:
        ids = body["QueryExecutionIds"]
        known = [self.executions[id_] for id_ in ids if id_ in self.executions]
        described = [execution.describe() for execution in known]
        for execution in known:
            execution.poll()
        missing = [
            {"QueryExecutionId": id_, "ErrorCode": "QUERY_EXECUTION_NOT_FOUND"}
            for id_ in ids
            if id_ not in self.executions
        ]
        return {"QueryExecutions": described, "UnprocessedQueryExecutionIds": missing}

    def get_statistics(self, body: Body) -> dict[str, Any]:
        return {"QueryRuntimeStatistics": self._find(body).runtime_statistics()}

    def stop(self, body: Body) -> dict[str, Any]:
        self._find(body).stop()
        return {}

    def list(self, body: Body) -> dict[str, Any]:
        workgroup, size = body.get("WorkGroup") or "primary", body.get("MaxResults") or 50
        ids = [e.id for e in reversed(self.executions.values()) if e.request.workgroup == workgroup]
        start = _offset(body.get("NextToken"), "list")
        return {"QueryExecutionIds": ids[start : start + size]} | _next("list", ids, start + size)

    def get_workgroup(self, body: Body) -> dict[str, Any]:
        found = settings.of_workgroup(self._athena, body["WorkGroup"])
        if created := found.get("CreationTime"):
            found["CreationTime"] = created.timestamp()
        return {"WorkGroup": found}

    def get_results(self, body: Body) -> dict[str, Any]:
        execution, size = self._find(body), body.get("MaxResults", PAGE)
        if not 1 <= size <= PAGE:
            raise invalid(f"MaxResults is more than maximum allowed length {PAGE}")
        if not execution.is_final:
            raise invalid(f"Query has not yet finished. Current state: {execution.state}")
        if execution.result is None or execution.state != "SUCCEEDED":
            raise invalid(
                f"Query did not finish successfully. Final query state: {execution.state}"
            )
        result = execution.result
        # Athena reads its answer from S3, too: somebody may have removed it.
        try:
            found = bool(result.manifest) or results.exists(self._s3, result.location)
        except ClientError as error:
            raise invalid(f"Access denied when reading from {result.location}") from error
        if not found:
            raise invalid("Could not find results")
        start = _offset(body.get("NextToken"), execution.id)
        page = [
            {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
            for row in result.all_rows[start : start + size]
        ]
        metadata = {"ColumnInfo": list(result.columns)}
        return {
            "UpdateCount": 0,
            "ResultSet": {"Rows": page, "ResultSetMetadata": metadata},
        } | _next(execution.id, result.all_rows, start + size)


def _reuse_minutes(body: Body) -> int | None:
    asked = (body.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    minutes: int = asked.get("MaxAgeInMinutes", 60)
    if not 0 <= minutes <= MAX_REUSE_MINUTES:
        raise invalid(f"MaxAgeInMinutes must be between 0 and {MAX_REUSE_MINUTES}")
    return minutes if asked.get("Enabled") else None


def _offset(token: str | None, of: str) -> int:
    """Return where a page starts; a token is good for what it was given for."""
    if token is None:
        return 0
    what, _, offset = token.rpartition("+")
    if what != of or not offset.isdecimal():
        raise invalid("Invalid NextToken")
    return int(offset)


def _next(of: str, items: Any, start: int) -> dict[str, str]:
    return {"NextToken": f"{of}+{start}"} if start < len(items) else {}


def _one_line_up(message: str) -> str:
    """Return a message with the position in the caller's own text."""
    return re.sub(r"^line (\d+)", lambda found: f"line {int(found[1]) - 1}", message)
