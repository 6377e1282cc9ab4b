"""One query's life: QUEUED, RUNNING, and one of SUCCEEDED, FAILED, CANCELLED for good."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from support.athena import statement as statements
from support.athena.results import NotWritten, Result, Writer
from support.athena.settings import ENGINE, Settings
from support.athena.statement import Statement
from support.athena.troubles import Fate
from support.athena.wire import Running, Session, Stopped, TrinoFailed

OVER_LIMIT = "Bytes scanned limit was exceeded"
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
# AWS's catalog of errors: a failure is the system's fault (1), the user's (2) or another's (3).
_CATEGORIES = {"USER_ERROR": 2, "EXTERNAL": 3}
_INSUFFICIENT = "INSUFFICIENT_RESOURCES"
_ENGINE, _RESOURCES, _USER, _NOT_WRITTEN = 200, 6, 1000, 401
_TYPES = {"COLUMN_NOT_FOUND": 1006, _INSUFFICIENT: _RESOURCES}
# Athena does not tell a column that is not there from one that may not be read.
_MAY_BE_DENIED = " or requester is not authorized to access requested resources"


@dataclass(frozen=True)
class Request:
    """What StartQueryExecution asked for, and the settings that apply to it."""

    statement: Statement
    settings: Settings
    workgroup: str
    database: str
    catalog: str
    parameters: tuple[str, ...] = ()
    reuse_minutes: int | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def same_as(self) -> tuple[Any, ...]:
        """What a result must have in common with the query that takes it over."""
        return (
            self.statement.text,
            self.parameters,
            self.database,
            self.catalog,
            self.workgroup,
            self.settings,
        )


class Execution:
    """One query execution; safe to look at while it runs."""

    def __init__(self, request: Request, session: Session, fate: Fate) -> None:
        self.id = str(uuid.uuid4())
        self.request, self.fate = request, fate
        self.state, self.reason, self.error = "QUEUED", "", {}
        self.submitted, self.completed = time.time(), 0.0
        self.result: Result | None = None
        self.reused = False
        sql = statements.to_execute(request.statement, request.parameters)
        self.trino = Running(session, sql)
        self._polls, self._seen = 0, threading.Condition()

    @property
    def location(self) -> str:
        """The whole S3 URI of the result."""
        at, kind = self.request.settings.location, self.request.statement
        if at.endswith((".csv", ".txt")):
            return at
        suffix = "" if kind.unload else ".csv" if kind.is_query else ".txt"
        return f"{at.rstrip('/')}/{self.id}{suffix}"

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def scanned(self) -> int:
        """Bytes read from S3; a reused result reads none."""
        return int(self.trino.stats.get("physicalInputBytes", 0))

    def poll(self) -> None:
        """Note that the caller has looked: an ordered delay is counted in looks."""
        with self._seen:
            self._polls += 1
            self._seen.notify_all()

    def stop(self) -> None:
        self._finish("CANCELLED", "Query cancelled by user")
        self.trino.stop()

    def reuse(self, earlier: Execution) -> None:
        """Take an earlier result over instead of running."""
        self.result, self.reused = earlier.result, True
        self._finish("SUCCEEDED")

    def run(self, writer: Writer) -> None:
        """Carry it out; every way that it can end is a state of its own."""
        try:
            self._await_polls(self.fate.queued_polls)
            self._enter("RUNNING")
            self._await_polls(self.fate.queued_polls + self.fate.running_polls)
            if self.fate.state:
                self._finish(self.fate.state, self.fate.reason, self.fate.error)
                return
            self._carry_out(writer)
        except Stopped:
            self._finish("CANCELLED", "Query cancelled by user")
        except TrinoFailed as failure:
            self._finish_failed(failure)
        except NotWritten as failure:
            self._finish("FAILED", str(failure), _error(2, _NOT_WRITTEN, str(failure)))
        except httpx.HTTPError as failure:
            reason = f"GENERIC_INTERNAL_ERROR: {failure!r}"
            self._finish("FAILED", reason, _error(1, _ENGINE, reason, retryable=True))
        finally:
            # Only a fault of this endpoint gets here undecided; its caller must not wait for ever.
            self._finish("FAILED", "INTERNAL: the endpoint of the tests broke", _BROKEN)

    def _carry_out(self, writer: Writer) -> None:
        kind = self.request.statement
        if not kind.is_supported:
            raise NotWritten(
                f"NOT_SUPPORTED: {kind.keyword} is not run here; DDL goes through Glue"
            )
        self.trino.run()
        cutoff = self.request.settings.cutoff
        if cutoff and self.scanned > cutoff:
            self._finish("CANCELLED", OVER_LIMIT)
            return
        columns, rows = self.trino.columns, self.trino.rows
        if kind.unload:
            self.result = writer.unload(self.location, kind.unload, columns, rows)
        elif kind.is_query:
            self.result = writer.query(self.location, columns, rows)
        else:
            self.result = writer.utility(self.location, columns, rows)
        self._finish("SUCCEEDED")

    def _await_polls(self, number: int) -> None:
        with self._seen:
            self._seen.wait_for(lambda: self._polls >= number or self.is_final)

    def _enter(self, state: str) -> None:
        with self._seen:
            if self.is_final:
                raise Stopped
            self.state = state

    def _finish(self, state: str, reason: str = "", error: Mapping[str, Any] | None = None) -> None:
        """Enter a final state; the first one stays."""
        with self._seen:
            if not self.is_final:
                self.completed, self.reason, self.error = time.time(), reason, dict(error or {})
                self.state = state
            self._seen.notify_all()

    def _finish_failed(self, failure: TrinoFailed) -> None:
        if failure.name == "EXCEEDED_SCAN_LIMIT":
            self._finish("CANCELLED", OVER_LIMIT)
            return
        denied = _MAY_BE_DENIED if failure.name == "COLUMN_NOT_FOUND" else ""
        reason = f"{failure.name}: {failure.message}{denied}"
        category = _CATEGORIES.get(failure.kind, 1)
        usual = _USER if category == 2 else _ENGINE
        number = _TYPES.get(failure.name, _TYPES.get(failure.kind, usual))
        retryable = failure.kind == _INSUFFICIENT
        self._finish("FAILED", reason, _error(category, number, reason, retryable))

    def describe(self) -> dict[str, Any]:
        """Return it as GetQueryExecution does."""
        request = self.request
        encryption = request.settings.encryption
        at = self.result.location if self.result else self.location
        described = {
            "QueryExecutionId": self.id,
            "Query": request.statement.text,
            "StatementType": request.statement.kind,
            "SubstatementType": _substatement(request.statement),
            "ResultConfiguration": {"OutputLocation": at}
            | ({"EncryptionConfiguration": encryption} if encryption else {}),
            "QueryExecutionContext": {"Database": request.database, "Catalog": request.catalog},
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": request.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": ENGINE,
                "EffectiveEngineVersion": ENGINE,
            },
        }
        if request.parameters:
            described["ExecutionParameters"] = list(request.parameters)
        if request.reuse_minutes is not None:
            age = {"Enabled": True, "MaxAgeInMinutes": request.reuse_minutes}
            described["ResultReuseConfiguration"] = {"ResultReuseByAgeConfiguration": age}
        return described

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.is_final:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.error:
            status["AthenaError"] = self.error
        return status

    def _statistics(self) -> dict[str, Any]:
        return self.timeline() | {
            "DataScannedInBytes": self.scanned,
            "ResultReuseInformation": {"ReusedPreviousResult": self.reused},
            **({"DataManifestLocation": m} if (m := self.result and self.result.manifest) else {}),
        }

    def timeline(self) -> dict[str, int]:
        """Return the milliseconds of each stage."""
        stats, end = self.trino.stats, self.completed or time.time()
        return {
            "EngineExecutionTimeInMillis": int(stats.get("elapsedTimeMillis", 0)),
            "QueryQueueTimeInMillis": int(stats.get("queuedTimeMillis", 0)),
            "QueryPlanningTimeInMillis": int(stats.get("planningTimeMillis", 0)),
            "ServicePreProcessingTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "TotalExecutionTimeInMillis": int((end - self.submitted) * 1000),
        }

    def runtime_statistics(self) -> dict[str, Any]:
        """Return it as GetQueryRuntimeStatistics does."""
        stats, rows = self.trino.stats, self.result.rows if self.result else ()
        return {
            "Timeline": self.timeline(),
            "Rows": {
                "InputRows": int(stats.get("processedRows", 0)),
                "InputBytes": self.scanned,
                "OutputRows": len(rows),
                "OutputBytes": sum(len(value or "") for row in rows for value in row),
            },
        }


def _error(category: int, number: int, message: str, retryable: bool = False) -> dict[str, Any]:
    return {
        "ErrorCategory": category,
        "ErrorType": number,
        "Retryable": retryable,
        "ErrorMessage": message,
    }


_BROKEN = _error(1, _ENGINE, "the endpoint of the tests broke")


def _substatement(statement: Statement) -> str:
    return "SELECT" if statement.keyword in ("WITH", "VALUES", "TABLE") else statement.keyword
