"""Athena's errors as the product's: of its API, and of queries that ended without an answer.

A query that failed says why in Trino's words (`COLUMN_NOT_FOUND: line 1:8: …`) or with a number
of Athena's own error catalogue (docs.aws.amazon.com/athena/latest/ug/error-reference.html).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mantissa.adapters.aws.errors import code_of, translated
from mantissa.adapters.trino_errors import clean, is_known, split_name, stopped, translate
from mantissa.errors import (
    AccessDenied,
    ConfigError,
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    MantissaError,
    StoreTransient,
)

if TYPE_CHECKING:
    from types_boto3_athena.type_defs import QueryExecutionTypeDef

USER = 2
"""`ErrorCategory` of what the query's author did wrong."""

_OUT_OF_RESOURCES = range(9)
_TIMED_OUT = frozenset({206, 210})
_CANCELLED = frozenset({1011, 1014})
_FILE_GONE = frozenset({1302})
_NOT_THE_USERS = frozenset({1010, 1012, 1013, 1102, 1104, 1105, 1304, 1305, 1308})
"""Internal errors among the numbers of users' errors."""
_REFUSED = range(1000, 1400)
_DENIED = frozenset({1500, 1501})

_SCAN_CUT_OFF = "bytes scanned limit"


@contextmanager
def asking(action: str, where: str) -> Iterator[None]:
    """Put what Athena's API answers in our words.

    Args:
        action: the IAM action, for example `athena:StartQueryExecution`.
        where: the workgroup.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _of_call(error, action, where) from error


def _of_call(error: Any, action: str, where: str) -> MantissaError:
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError) and code_of(error) == "InvalidRequestException":
        return _of_refusal(str(error.response["Error"].get("Message", "")), where)
    found = translated(error, action, where)
    if isinstance(found, ConfigError):
        return found
    if isinstance(found, StoreTransient):
        return EngineTransient(found.message, where=found.where, fix=found.fix)
    if isinstance(found, AccessDenied):
        return EngineRejected(found.message, where=found.where, fix=found.fix)
    return EngineRejected(found.message, where=found.where, fix=found.fix)


def _of_refusal(message: str, where: str) -> EngineError:
    """Return what a request means that Athena refused before it made a query of it."""
    name, text = split_name(message)
    if is_known(name):
        return translate(name, text)
    if message.startswith("line "):
        return translate("SYNTAX_ERROR", message)
    return EngineRejected(clean(name, message), where=where)


def failure(execution: QueryExecutionTypeDef) -> EngineError:
    """Return the error of a query that ended as FAILED or CANCELLED."""
    status = execution.get("Status", {})
    reason = status.get("StateChangeReason", "")
    if status.get("State") == "CANCELLED":
        return _of_cancelled(reason)
    name, text = split_name(reason)
    if is_known(name):
        return translate(name, text)
    error: Mapping[str, Any] = status.get("AthenaError", {})
    return _of_number(error, name, text)


def _of_cancelled(reason: str) -> EngineError:
    if _SCAN_CUT_OFF in reason.lower():
        return stopped("EXCEEDED_SCAN_LIMIT")
    return EngineTimedOut("the query was stopped before its end", fix="ask again")


def _of_number(error: Mapping[str, Any], name: str, text: str) -> EngineError:
    number, message = int(error.get("ErrorType", -1)), clean(name, text) or "no reason given"
    if number in _OUT_OF_RESOURCES:
        return EngineTimedOut(
            f"Athena's resources did not suffice: {message}",
            fix="narrow the time window or the columns",
        )
    if number in _TIMED_OUT:
        return stopped()
    if number in _CANCELLED:
        return _of_cancelled(text)
    if number in _DENIED:
        return translate("PERMISSION_DENIED", text)
    if number in _FILE_GONE or number in _NOT_THE_USERS:
        return EngineTransient(message)
    if number in _REFUSED:
        return EngineRejected(message)
    users = error.get("ErrorCategory") == USER and not error.get("Retryable", False)
    return EngineRejected(message) if users else EngineTransient(message)
