"""Trino's errors as the product's, by their names; Athena gives the same names before its messages.

Names and types are those of Trino's `StandardErrorCode` and of its Hive connector. A message may
quote values of the query or of the data; those are left out unless the quoted text is the name of
something that is not there, which is what the reader needs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mantissa.errors import (
    EngineError,
    EngineRejected,
    EngineTimedOut,
    EngineTransient,
    QueryTooLarge,
)

_BY_NAME: Mapping[str, type[EngineError]] = {
    # Stopped by a limit: fewer files, days or columns may be answered.
    "EXCEEDED_TIME_LIMIT": EngineTimedOut,
    "EXCEEDED_CPU_LIMIT": EngineTimedOut,
    "EXCEEDED_SCAN_LIMIT": EngineTimedOut,
    "EXCEEDED_GLOBAL_MEMORY_LIMIT": EngineTimedOut,
    "EXCEEDED_LOCAL_MEMORY_LIMIT": EngineTimedOut,
    "EXCEEDED_SPILL_LIMIT": EngineTimedOut,
    "EXCEEDED_TASK_DESCRIPTOR_STORAGE_CAPACITY": EngineTimedOut,
    "CLUSTER_OUT_OF_MEMORY": EngineTimedOut,
    "OUT_OF_SPILL_SPACE": EngineTimedOut,
    "HIVE_EXCEEDED_PARTITION_LIMIT": EngineTimedOut,
    "HIVE_EXCEEDED_SPLIT_BUFFERING_LIMIT": EngineTimedOut,
    "QUERY_TEXT_TOO_LARGE": QueryTooLarge,
    # Trino calls these its own or a user's fault; it is the expression that is too large.
    "COMPILER_ERROR": EngineRejected,
    "QUERY_HAS_TOO_MANY_STAGES": EngineRejected,
    "STACK_OVERFLOW": EngineRejected,
    "FUNCTION_IMPLEMENTATION_ERROR": EngineRejected,
    # What lies in the lake cannot be read as the catalog says.
    "HIVE_BAD_DATA": EngineRejected,
    "HIVE_INVALID_METADATA": EngineRejected,
    "HIVE_INVALID_PARTITION_VALUE": EngineRejected,
    "HIVE_INVALID_VIEW_DATA": EngineRejected,
    "HIVE_PARTITION_SCHEMA_MISMATCH": EngineRejected,
    "HIVE_UNSUPPORTED_FORMAT": EngineRejected,
    "HIVE_UNSERIALIZABLE_COLUMN_VALUE": EngineRejected,
    "UNSUPPORTED_TABLE_TYPE": EngineRejected,
    # A user's fault in Trino's eyes, but asking again may help.
    "QUERY_QUEUE_FULL": EngineTransient,
    "QUERY_REJECTED": EngineTransient,
    "ADMINISTRATIVELY_KILLED": EngineTransient,
    "ADMINISTRATIVELY_PREEMPTED": EngineTransient,
    "ABANDONED_QUERY": EngineTransient,
    "HIVE_PARTITION_DROPPED_DURING_QUERY": EngineTransient,
    "HIVE_TABLE_DROPPED_DURING_QUERY": EngineTransient,
}
_BY_TYPE: Mapping[str, type[EngineError]] = {
    "USER_ERROR": EngineRejected,
    "INSUFFICIENT_RESOURCES": EngineTimedOut,
    "INTERNAL_ERROR": EngineTransient,
    "EXTERNAL": EngineTransient,
}
"""What holds for the names that are not in the table above."""

_USER_NAMES = frozenset(
    {
        "ALREADY_EXISTS",
        "AMBIGUOUS_FUNCTION_CALL",
        "AMBIGUOUS_NAME",
        "CATALOG_NOT_FOUND",
        "COLUMN_ALIAS_NOT_ALLOWED",
        "COLUMN_NOT_FOUND",
        "COLUMN_TYPE_UNKNOWN",
        "CONSTRAINT_VIOLATION",
        "DIVISION_BY_ZERO",
        "DUPLICATE_COLUMN_NAME",
        "DUPLICATE_NAMED_QUERY",
        "EXPRESSION_NOT_AGGREGATE",
        "EXPRESSION_NOT_CONSTANT",
        "EXPRESSION_NOT_IN_DISTINCT",
        "EXPRESSION_NOT_SCALAR",
        "FUNCTION_NOT_AGGREGATE",
        "FUNCTION_NOT_FOUND",
        "FUNCTION_NOT_WINDOW",
        "GENERIC_USER_ERROR",
        "INVALID_ARGUMENTS",
        "INVALID_CAST_ARGUMENT",
        "INVALID_COLUMN_REFERENCE",
        "INVALID_FUNCTION_ARGUMENT",
        "INVALID_LIMIT_CLAUSE",
        "INVALID_LITERAL",
        "INVALID_ROW_FILTER",
        "INVALID_VIEW",
        "INVALID_WINDOW_FRAME",
        "JSON_INPUT_CONVERSION_ERROR",
        "JSON_VALUE_RESULT_ERROR",
        "MISMATCHED_COLUMN_ALIASES",
        "MISSING_CATALOG_NAME",
        "MISSING_COLUMN_NAME",
        "MISSING_GROUP_BY",
        "MISSING_ORDER_BY",
        "MISSING_OVER",
        "MISSING_SCHEMA_NAME",
        "NESTED_AGGREGATION",
        "NESTED_WINDOW",
        "NOT_FOUND",
        "NOT_SUPPORTED",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "PATH_EVALUATION_ERROR",
        "PERMISSION_DENIED",
        "SCHEMA_NOT_FOUND",
        "SUBQUERY_MULTIPLE_ROWS",
        "SYNTAX_ERROR",
        "TABLE_NOT_FOUND",
        "TOO_MANY_ARGUMENTS",
        "TOO_MANY_GROUPING_SETS",
        "TYPE_MISMATCH",
        "TYPE_NOT_FOUND",
        "UNSUPPORTED_SUBQUERY",
        "VIEW_IS_RECURSIVE",
        "VIEW_IS_STALE",
    }
)
"""Names of type USER_ERROR, for a message that comes without its type."""

_NAMES_THINGS = frozenset(
    {
        "AMBIGUOUS_NAME",
        "CATALOG_NOT_FOUND",
        "COLUMN_NOT_FOUND",
        "FUNCTION_NOT_FOUND",
        "HIVE_PARTITION_SCHEMA_MISMATCH",
        "INVALID_VIEW",
        "MISSING_COLUMN_NAME",
        "NOT_FOUND",
        "PERMISSION_DENIED",
        "SCHEMA_NOT_FOUND",
        "TABLE_NOT_FOUND",
        "TYPE_NOT_FOUND",
        "VIEW_IS_STALE",
    }
)
"""Errors whose quoted texts are names."""

_DENIED = frozenset({"PERMISSION_DENIED"})
_MEMORY = frozenset(name for name in _BY_NAME if "MEMORY" in name or "SPILL" in name)
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_NAME = re.compile(
    r"^(?:(?:[A-Za-z]+Exception|Query failed):\s*)*([A-Z][A-Z0-9_]{3,}):\s*(.*)$", re.S
)
MOST_CHARACTERS = 500
"""A message's length; Trino repeats whole expressions in some."""


def split_name(message: str) -> tuple[str, str]:
    """Return the error's name that stands before a message, or nothing, and the message."""
    found = _NAME.match(message)
    return (found[1], found[2]) if found else ("", message)


def is_known(name: str) -> bool:
    """Tell whether this is a name of Trino's errors that says what kind of error it is."""
    return name in _BY_NAME or name in _USER_NAMES


def translate(name: str, message: str, kind: str = "") -> EngineError:
    """Return the product's error.

    Args:
        name: Trino's name of the error, such as `COLUMN_NOT_FOUND`.
        kind: Trino's type of the error, such as `USER_ERROR`, if it came with one.
    """
    text = clean(name, message)
    cls = _class_of(name, kind)
    if cls is EngineTimedOut:
        return stopped(name, text)
    if name in _DENIED or "AccessDenied" in message or "Access Denied" in message:
        return EngineRejected(
            f"the engine may not read what the query needs: {text}",
            fix="give the engine's role access to the table, its files and their key",
        )
    return cls(text)


def _class_of(name: str, kind: str) -> type[EngineError]:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in _USER_NAMES:
        return EngineRejected
    return _BY_TYPE.get(kind, EngineTransient)


def stopped(name: str = "", text: str = "") -> EngineTimedOut:
    """Return the error of a query that a limit stopped."""
    if name in _MEMORY:
        return EngineTimedOut(
            "the query needed more memory than its limit",
            fix="narrow the time window or the columns, or raise the memory limit",
        )
    if name == "EXCEEDED_SCAN_LIMIT":
        return EngineTimedOut(
            "the query would read more bytes than its limit",
            fix="narrow the time window or the columns, or raise the limit",
        )
    if name in ("", "EXCEEDED_TIME_LIMIT", "EXCEEDED_CPU_LIMIT"):
        return EngineTimedOut(
            "the query ran longer than its time limit",
            fix="narrow the time window, or raise the time limit",
        )
    return EngineTimedOut(f"the engine's resources did not suffice: {text}")


def clean(name: str, message: str) -> str:
    """Return a message without quoted values, on one line."""
    words = message if name in _NAMES_THINGS else _QUOTED.sub("'…'", message)
    text = " ".join(words.split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
