"""A person's query as a record in the state store, found by its id or among one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec

from mantissa.ask.quota import owner_key
from mantissa.errors import StoreError
from mantissa.ports import Item, Put, StateStore

TABLE = "queries"
INDEX = "query_history"
"""Keys `<owner>/<time, the latest first>-<query>`: one's own queries without reading others'."""

_LAST_MS = 9_999_999_999_999
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class JobState(StrEnum):
    """The life of a query: starting, running, then one of the others for good."""

    STARTING = "starting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = frozenset({JobState.STARTING, JobState.RUNNING})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a query gave no answer: the error's code and words."""

    code: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class QueryRecord:
    """What is kept of one query.

    Args:
        asked: the SQL as the person wrote it.
        sql: the SQL as it is run, written by the guard.
        deadline: when it is stopped if it has not ended by itself.
        job: the engine's name for it; empty until the engine has taken it.
        row_count: rows of the whole answer.
        seconds: how long the engine worked.
    """

    id: str
    owner: str
    asked: str
    sql: str
    tables: tuple[str, ...]
    estimated_bytes: int
    created_at: datetime
    deadline: datetime
    state: JobState = JobState.STARTING
    job: str = ""
    finished_at: datetime | None = None
    bytes_scanned: int = 0
    row_count: int = 0
    truncated: bool = False
    seconds: float = 0.0
    error: Failure | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more."""
        return self.state not in UNFINISHED


@dataclass(frozen=True, slots=True)
class Held:
    """A record with the version that it was read at."""

    record: QueryRecord
    version: int


def load(state: StateStore, query: str) -> Held | None:
    """Return one query, if there is one of that id."""
    item = state.get(TABLE, query)
    return None if item is None else Held(_record(item), item.version)


def write(record: QueryRecord, version: int | None) -> Put:
    """Return the write that keeps a query."""
    value: dict[str, Any] = msgspec.to_builtins(record)
    return Put(TABLE, record.id, value, version)


def index(record: QueryRecord) -> Put:
    """Return the write that puts a new query among its owner's."""
    age = _LAST_MS - (record.created_at - _EPOCH) // _MILLISECOND
    key = f"{owner_key(record.owner)}/{age:013d}-{record.id}"
    return Put(INDEX, key, {"query": record.id}, None)


def own(
    state: StateStore, owner: str, limit: int, after: str = ""
) -> tuple[list[QueryRecord], str]:
    """Return a person's queries, the latest first, and where to go on; empty at the end.

    Args:
        after: what an earlier call returned.
    """
    prefix = f"{owner_key(owner)}/"
    found = list(islice(state.query(INDEX, prefix, prefix + after), limit + 1))
    records = list(_records(state, found[:limit]))
    more = len(found) > limit
    return records, found[limit - 1].key.removeprefix(prefix) if more else ""


def _records(state: StateStore, entries: list[Item]) -> Iterator[QueryRecord]:
    for entry in entries:
        held = load(state, entry.value["query"])
        if held is not None:
            yield held.record


def _record(item: Item) -> QueryRecord:
    try:
        return msgspec.convert(item.value, QueryRecord)
    except msgspec.ValidationError as error:
        raise StoreError(
            f"a query's record cannot be read: {error}", where=f"{TABLE}/{item.key}"
        ) from error
